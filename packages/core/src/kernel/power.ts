/** Power, remainder, sign and reciprocal root. */
import type { FloatDType } from "../shape/tensor-type.js";
import { doubleConstant, doubleConstantOf, fastTwoSum, multiply, twoProduct, type Double } from "./double-float.js";
import { twoBiases, twoFactors } from "./exponential.js";
import { constantsLike, formatOf } from "./float-format.js";
import type { Lanes } from "./lanes.js";
import { binaryPartsOfAny } from "./logarithm.js";
import { polynomial } from "./polynomial.js";

/** log2 m = s·(A + s²·(A/3 + s²·tail(s²))), s = (m-1)/(m+1), A = 2/ln2. */
const A = doubleConstantOf(2 * Math.LOG2E, 4.0710547481862066e-17);
const THIRD_OF_A = doubleConstantOf((2 * Math.LOG2E) / 3, 5.0577616648125907e-17);

/** What differs between the types. */
interface Facts {
  readonly tailOfLog2: readonly number[];
  /** 2^r for |r| <= 1/2. */
  readonly exp2: readonly number[];
  /** Beyond, 2^e is 0 or infinite. */
  readonly least: number;
  readonly largest: number;
  /** No low part of an exponent between these is larger. */
  readonly largestLow: number;
  /** Beyond, every power of a number other than 1 has run out of range, and products are still finite. */
  readonly largestExponent: number;
}

const FACTS: Readonly<Record<FloatDType, Facts>> = {
  f32: {
    // Relative error 2^-36.
    tailOfLog2: [0.5770801901817322, 0.4118499159812927, 0.33782097697257996],
    // Relative error 2^-26.
    exp2: [
      1, 0.6931471824645996, 0.24022594094276428, 0.055503662675619125, 0.009625442326068878, 0.0013387914514169097,
      0.00013333765673451126,
    ],
    least: -160,
    largest: 130,
    largestLow: 2 ** -16,
    largestExponent: 2 ** 40,
  },
  f64: {
    // Relative error 2^-76.
    tailOfLog2: [
      0.5770780163555854, 0.4121985831110886, 0.3205988979880141, 0.26230818733791705, 0.2219532515790376,
      0.19235033636471308, 0.17002047735185413, 0.14644908092025982, 0.1865315575771607,
    ],
    // Relative error 2^-59.
    exp2: [
      1, 0.6931471805599453, 0.2402265069591007, 0.05550410866482338, 0.009618129107630232, 0.001333355814603317,
      0.00015403530388883018, 1.5252734167145808e-5, 1.3215491334613492e-6, 1.0177932217671675e-7, 7.052949232724185e-9,
      4.4733194946019723e-10, 2.8726882392943213e-11,
    ],
    least: -1100,
    largest: 1030,
    largestLow: 2 ** -42,
    largestExponent: 2 ** 64,
  },
};

/** log2 of a positive finite number, relative to itself to about 2^-35, and of f64 to 2^-65. */
function log2Of<V>(k: Lanes<V>, x: V): Double<V> {
  const constant = constantsLike(k, x);
  const { mantissa, exponent } = binaryPartsOfAny(k, x);
  const f = k.sub(mantissa, constant(1));
  const divisor = fastTwoSum(k, constant(2), f);
  const s = quotient(k, f, divisor);
  const square = multiply(k, s, s);
  const tail = k.mul(
    k.mul(square.high, square.high),
    polynomial(k, square.high, FACTS[formatOf(k, x).dtype].tailOfLog2),
  );
  const third = multiply(k, square, doubleConstant(k, x, THIRD_OF_A));
  const leading = doubleConstant(k, x, A);
  const inner = fastTwoSum(k, third.high, tail);
  const sum = fastTwoSum(k, leading.high, inner.high);
  const low = k.add(k.add(sum.low, inner.low), k.add(leading.low, third.low));
  const fraction = multiply(k, s, fastTwoSum(k, sum.high, low));
  const whole = fastTwoSum(k, exponent, fraction.high);
  return fastTwoSum(k, whole.high, k.add(whole.low, fraction.low));
}

/** x / y to about twice the digits: the rounded quotient, and the remainder that it leaves divided once more. */
function quotient<V>(k: Lanes<V>, x: V, y: Double<V>): Double<V> {
  const high = k.div(x, y.high);
  const product = twoProduct(k, high, y.high);
  const left = k.sub(k.sub(k.sub(x, product.high), product.low), k.mul(high, y.low));
  return { high, low: k.div(left, y.high) };
}

/** 2^e. */
function exp2Of<V>(k: Lanes<V>, e: Double<V>): V {
  const format = formatOf(k, e.high);
  const constant = constantsLike(k, e.high);
  const { least, largest, largestLow, exp2 } = FACTS[format.dtype];
  // The result is 0 or infinite beyond; the low part must not be large there either.
  const high = k.lesser(k.greater(e.high, constant(least)), constant(largest));
  const low = k.lesser(k.greater(e.low, constant(-largestLow)), constant(largestLow));
  const rounder = constant(format.roundToWhole + twoBiases(format));
  const sum = k.add(high, rounder);
  const r = k.add(k.sub(high, k.sub(sum, rounder)), low);
  const [first, second] = twoFactors(k, k.bitcast(sum, format.bits), format);
  return k.mul(k.mul(polynomial(k, r, exp2), first), second);
}

/**
 * x^y within 1.4 ulp, as 2^(y · log2|x|) with logarithm and product in double-float. Special values as JavaScript has them:
 * x^0 is 1 even for NaN, 1^∞ and 1^NaN are NaN, a negative base needs a whole exponent, and an odd one keeps the sign.
 */
export function powLane<V>(k: Lanes<V>, x: V, y: V): V {
  const { dtype, bits } = formatOf(k, x);
  const constant = constantsLike(k, x);
  const zero = constant(0);
  const one = constant(1);
  const infinity = constant(Infinity);
  const magnitude = k.abs(x);
  const limit = FACTS[dtype].largestExponent;
  const exponent = k.lesser(k.greater(y, constant(-limit)), constant(limit));
  const power = exp2Of(k, multiply(k, log2Of(k, magnitude), { high: exponent, low: zero }));

  const isZero = k.eq(magnitude, zero);
  const isInfinite = k.eq(magnitude, infinity);
  const vanishes = k.xor(isZero, k.lt(y, zero));
  const limits = k.select(vanishes, zero, infinity);
  const unsigned = k.select(k.or(isZero, isInfinite), limits, power);

  const half = k.mul(y, constant(0.5));
  const isWhole = k.eq(k.trunc(y), y);
  const isOdd = k.and(isWhole, k.not(k.eq(k.trunc(half), half)));
  const isNegative = k.lt(k.bitcast(x, bits), k.constant(bits, 0));
  const signed = k.select(k.and(isNegative, isOdd), k.neg(unsigned), unsigned);

  const hasNoRoot = k.and(k.lt(x, zero), k.not(k.or(isWhole, isInfinite)));
  const isUndecided = k.and(k.eq(magnitude, one), k.eq(k.abs(y), infinity));
  const isNumber = k.and(k.eq(x, x), k.eq(y, y));
  const isNan = k.or(k.or(hasNoRoot, isUndecided), k.not(isNumber));
  return k.select(k.eq(y, zero), one, k.select(isNan, constant(NaN), signed));
}

/** 1/√x within 1.5 ulp: two roundings. */
export const rsqrtLane = <V>(k: Lanes<V>, x: V): V => k.div(k.constant(k.typeOf(x), 1), k.sqrt(x));
