/** Power, remainder, sign and reciprocal root. */
import { doubleConstant, fastTwoSum, multiply, twoProduct, type Double } from "./double-float.js";
import { ROUND_TO_WHOLE, TWO_BIASES, twoFactors } from "./exponential.js";
import type { Lanes } from "./lanes.js";
import { binaryPartsOfAny } from "./logarithm.js";
import { f32, polynomial } from "./polynomial.js";

/** 2^r for |r| <= 1/2; relative error 2^-26. */
const EXP2 = [
  1, 0.6931471824645996, 0.24022594094276428, 0.055503662675619125, 0.009625442326068878, 0.0013387914514169097,
  0.00013333765673451126,
];
/** log2 m = s·(A + s²·(A/3 + s²·tail(s²))), s = (m-1)/(m+1), A = 2/ln2; relative error 2^-36. */
const A = 2 * Math.LOG2E;
const TAIL_OF_LOG2 = [0.5770801901817322, 0.4118499159812927, 0.33782097697257996];

/** log2 of a positive finite number, relative to itself to about 2^-35. */
function log2Of<V>(k: Lanes<V>, x: V): Double<V> {
  const one = f32(k, 1);
  const { mantissa, exponent } = binaryPartsOfAny(k, x);
  const f = k.sub(mantissa, one);
  const divisor = fastTwoSum(k, f32(k, 2), f);
  const s = quotient(k, f, divisor);
  const square = multiply(k, s, s);
  const tail = k.mul(k.mul(square.high, square.high), polynomial(k, square.high, TAIL_OF_LOG2));
  const third = multiply(k, square, doubleConstant(k, A / 3));
  const leading = doubleConstant(k, A);
  const inner = fastTwoSum(k, third.high, tail);
  const sum = fastTwoSum(k, leading.high, inner.high);
  const low = k.add(k.add(sum.low, inner.low), k.add(leading.low, third.low));
  const fraction = multiply(k, s, fastTwoSum(k, sum.high, low));
  const whole = fastTwoSum(k, exponent, fraction.high);
  return fastTwoSum(k, whole.high, k.add(whole.low, fraction.low));
}

/** x / y to about 46 bits: the rounded quotient, and the remainder that it leaves divided once more. */
function quotient<V>(k: Lanes<V>, x: V, y: Double<V>): Double<V> {
  const high = k.div(x, y.high);
  const product = twoProduct(k, high, y.high);
  const left = k.sub(k.sub(k.sub(x, product.high), product.low), k.mul(high, y.low));
  return { high, low: k.div(left, y.high) };
}

/** 2^e. */
function exp2Of<V>(k: Lanes<V>, e: Double<V>): V {
  // The result is 0 or infinite beyond; the low part must not be large there either.
  const high = k.lesser(k.greater(e.high, f32(k, -160)), f32(k, 130));
  const low = k.lesser(k.greater(e.low, f32(k, -(2 ** -16))), f32(k, 2 ** -16));
  const rounder = f32(k, ROUND_TO_WHOLE + TWO_BIASES);
  const sum = k.add(high, rounder);
  const r = k.add(k.sub(high, k.sub(sum, rounder)), low);
  const [first, second] = twoFactors(k, k.bitcast(sum, "i32"));
  return k.mul(k.mul(polynomial(k, r, EXP2), first), second);
}

/**
 * x^y within 1.3 ulp, as 2^(y · log2|x|) with logarithm and product in double-float. Special values as JavaScript has them:
 * x^0 is 1 even for NaN, 1^∞ and 1^NaN are NaN, a negative base needs a whole exponent, and an odd one keeps the sign.
 */
export function powLane<V>(k: Lanes<V>, x: V, y: V): V {
  const zero = f32(k, 0);
  const one = f32(k, 1);
  const infinity = f32(k, Infinity);
  const magnitude = k.abs(x);
  // Beyond 2^40 every power of a number other than 1 has run out of range, and products are still finite.
  const limit = 2 ** 40;
  const exponent = k.lesser(k.greater(y, f32(k, -limit)), f32(k, limit));
  const power = exp2Of(k, multiply(k, log2Of(k, magnitude), { high: exponent, low: zero }));

  const isZero = k.eq(magnitude, zero);
  const isInfinite = k.eq(magnitude, infinity);
  const vanishes = k.xor(isZero, k.lt(y, zero));
  const limits = k.select(vanishes, zero, infinity);
  const unsigned = k.select(k.or(isZero, isInfinite), limits, power);

  const half = k.mul(y, f32(k, 0.5));
  const isWhole = k.eq(k.trunc(y), y);
  const isOdd = k.and(isWhole, k.not(k.eq(k.trunc(half), half)));
  const isNegative = k.lt(k.bitcast(x, "i32"), k.constant("i32", 0));
  const signed = k.select(k.and(isNegative, isOdd), k.neg(unsigned), unsigned);

  const hasNoRoot = k.and(k.lt(x, zero), k.not(k.or(isWhole, isInfinite)));
  const isUndecided = k.and(k.eq(magnitude, one), k.eq(k.abs(y), infinity));
  const isNumber = k.and(k.eq(x, x), k.eq(y, y));
  const isNan = k.or(k.or(hasNoRoot, isUndecided), k.not(isNumber));
  return k.select(k.eq(y, zero), one, k.select(isNan, f32(k, NaN), signed));
}

/** 1/√x within 1.5 ulp: two roundings. */
export const rsqrtLane = <V>(k: Lanes<V>, x: V): V => k.div(k.constant(k.typeOf(x), 1), k.sqrt(x));
