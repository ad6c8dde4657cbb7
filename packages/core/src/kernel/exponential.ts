/**
 * e^x and what is made of it, for f32 and f64. All split x = n·ln2 + r with |r| <= ln2/2, so that e^x = 2^n · e^r
 * (Cody & Waite, Software Manual for the Elementary Functions, 1980), and take e^r from one
 * polynomial. Coefficients: minimax for the relative error by Remez exchange in 160 bits or more, each rounded from the
 * lowest power up and the rest fitted again. Errors are in units of the last place, over all f32 and over samples of f64, see
 * elementary.test.ts.
 */
import type { FloatDType } from "../shape/tensor-type.js";
import { constantsLike, formatOf, type FloatFormat } from "./float-format.js";
import type { Lanes } from "./lanes.js";
import { polynomial } from "./polynomial.js";
import { withSignOf } from "./sign.js";

/** What differs between the types, beside their format. */
interface Facts {
  /** ln 2 in two parts: the first has few bits, so that n times it is exact; the second repairs the rest. */
  readonly ln2High: number;
  readonly ln2Low: number;
  /** e^r for |r| <= ln2/2. */
  readonly exp: readonly number[];
  /** (e^r - 1 - r) / r² for |r| <= ln2/2. */
  readonly tailOfExp: readonly number[];
  /** (1 - e^-r - r) / r² */
  readonly tailOfFall: readonly number[];
  /** Below, e^x is 0, by the last multiplication; and above it is infinite. */
  readonly least: number;
  readonly largest: number;
  /** e^x - 1 is -1 below. */
  readonly leastOfExpm1: number;
  /** 1 + e^-x is 1 above; of tanh, 2x. */
  readonly largestOfSigmoid: number;
  readonly largestOfTanh: number;
  /** A power of two that keeps numerator and denominator of the sigmoid normal numbers between the bounds of x. */
  readonly sigmoidScale: number;
  /** ln 2 in as many parts as tanh needs, whose |n| is small. */
  readonly ln2OfTanh: readonly number[];
}

const fallOfTail = (tail: readonly number[]): readonly number[] =>
  tail.map((coefficient, i) => (i % 2 === 0 ? -coefficient : coefficient));

const F32_LN2_HIGH = 0.693145751953125;
/** Relative error of e^r - 1: 2^-26. */
const F32_TAIL_OF_EXP = [
  0.4999999701976776, 0.16666539013385773, 0.04166774824261665, 0.008367087692022324, 0.0013837857404723763,
];
const F64_LN2_HIGH = 0.693147180559663;
const F64_LN2_LOW = 2.8235290563031577e-13;
/** Relative error of e^r - 1: 2^-57.7. */
const F64_TAIL_OF_EXP = [
  0.5, 0.16666666666666677, 0.04166666666666671, 0.00833333333332122, 0.001388888888883948, 0.00019841269887879527,
  2.4801587466983007e-5, 2.7557241496158005e-6, 2.755709541707792e-7, 2.5110405653585228e-8, 2.0991860053630222e-9,
];

const FACTS: Readonly<Record<FloatDType, Facts>> = {
  f32: {
    ln2High: F32_LN2_HIGH,
    ln2Low: Math.LN2 - F32_LN2_HIGH,
    // Relative error 2^-28.
    exp: [
      1, 1, 0.4999999403953552, 0.16666516661643982, 0.04166810214519501, 0.00836916547268629, 0.0013838323066011071,
    ],
    tailOfExp: F32_TAIL_OF_EXP,
    tailOfFall: fallOfTail(F32_TAIL_OF_EXP),
    least: -104,
    largest: 89,
    leastOfExpm1: -30,
    largestOfSigmoid: 40,
    largestOfTanh: 20,
    sigmoidScale: 64,
    // |n| <= 29, so one part is good enough.
    ln2OfTanh: [Math.LN2],
  },
  f64: {
    ln2High: F64_LN2_HIGH,
    ln2Low: F64_LN2_LOW,
    // Relative error 2^-60.
    exp: [
      1, 1, 0.5, 0.16666666666666688, 0.041666666666666824, 0.00833333333331392, 0.0013888888888778151,
      0.0001984126990318068, 2.480158755642993e-5, 2.755722909590729e-6, 2.755707604011509e-7, 2.511365228937024e-8,
      2.097114444216623e-9,
    ],
    tailOfExp: F64_TAIL_OF_EXP,
    tailOfFall: fallOfTail(F64_TAIL_OF_EXP),
    least: -746,
    largest: 710,
    leastOfExpm1: -50,
    largestOfSigmoid: 50,
    largestOfTanh: 50,
    sigmoidScale: 512,
    ln2OfTanh: [F64_LN2_HIGH, F64_LN2_LOW],
  },
};

const factsOf = <V>(k: Lanes<V>, x: V): Facts => FACTS[formatOf(k, x).dtype];

/** ln 2 in two parts, as the type of x has them. */
export function ln2Parts<V>(k: Lanes<V>, x: V): readonly [high: V, low: V] {
  const { ln2High, ln2Low } = factsOf(k, x);
  const constant = constantsLike(k, x);
  return [constant(ln2High), constant(ln2Low)];
}

interface Split<V> {
  /** As a float and, plus an offset, in the low bits of a whole number, one more than an exponent has. */
  readonly n: V;
  readonly bits: V;
}

/** n, the whole number nearest to x·factor. No conversion to an integer is needed, which is slow in WebAssembly. */
function wholePart<V>(k: Lanes<V>, x: V, factor: number, offset: number): Split<V> {
  const { roundToWhole, bits } = formatOf(k, x);
  const constant = constantsLike(k, x);
  const rounder = constant(roundToWhole + offset);
  const sum = k.madd(x, constant(factor), rounder);
  return { n: k.sub(sum, rounder), bits: k.bitcast(sum, bits) };
}

/** x - n·ln2 */
function remainder<V>(k: Lanes<V>, x: V, n: V): V {
  const [high, low] = ln2Parts(k, x);
  return k.nmadd(n, low, k.nmadd(n, high, x));
}

/** 2^m, where the low bits, as many as an exponent has, hold m plus its bias: everything above falls out. */
const powerOfTwo = <V>(k: Lanes<V>, bits: V, { mantissaBits, dtype }: FloatFormat): V =>
  k.bitcast(k.shiftLeft(bits, mantissaBits), dtype);

/**
 * 2^n as two factors, where the low bits, one more than an exponent has, hold n plus twice its bias. A result that is multiplied
 * by one after the other overflows and goes through the subnormal numbers as it should, with one rounding.
 */
export function twoFactors<V>(k: Lanes<V>, bits: V, { mantissaBits, dtype }: FloatFormat): readonly [V, V] {
  const first = k.shiftLeft(k.shiftRight(bits, 1), mantissaBits);
  const second = k.sub(k.shiftLeft(bits, mantissaBits), first);
  return [k.bitcast(first, dtype), k.bitcast(second, dtype)];
}

/** What to add to n in the low bits for twoFactors. */
export const twoBiases = ({ exponentBias }: FloatFormat): number => 2 * exponentBias;

/** e^x within 1.2 ulp, also where the result is subnormal. */
export function expLane<V>(k: Lanes<V>, x: V): V {
  const format = formatOf(k, x);
  const constant = constantsLike(k, x);
  const { least, largest, exp } = factsOf(k, x);
  const clamped = k.lesser(k.greater(x, constant(least)), constant(largest));
  const { n, bits } = wholePart(k, clamped, Math.LOG2E, twoBiases(format));
  const [first, second] = twoFactors(k, bits, format);
  return k.mul(k.mul(polynomial(k, remainder(k, clamped, n), exp), first), second);
}

/** e^x - 1 within 1.7 ulp: 2^n·q + (2^n - 1), where q = e^r - 1 = r + r²·tail. */
export function expm1Lane<V>(k: Lanes<V>, x: V): V {
  const format = formatOf(k, x);
  const constant = constantsLike(k, x);
  const { leastOfExpm1, largest, tailOfExp } = factsOf(k, x);
  const clamped = k.lesser(k.greater(x, constant(leastOfExpm1)), constant(largest));
  // Half of 2^n, because the power above the largest number is not finite but e^x may be.
  const { n, bits } = wholePart(k, clamped, Math.LOG2E, format.exponentBias - 1);
  const r = remainder(k, clamped, n);
  const q = k.madd(k.mul(r, r), polynomial(k, r, tailOfExp), r);
  const half = powerOfTwo(k, bits, format);
  const result = k.madd(q, half, k.sub(half, constant(0.5)));
  // With n = 0, q itself: half of a subnormal number may lose its last bit. The sums that make q lose the sign of -0.
  const isUnscaled = k.eq(n, constant(0));
  const unscaled = k.select(k.eq(x, constant(0)), x, q);
  return k.select(isUnscaled, unscaled, k.add(result, result));
}

/** 1 - e^-r for |r| <= ln2/2, accurate relative to itself. */
const fallOf = <V>(k: Lanes<V>, r: V): V => k.madd(k.mul(r, r), polynomial(k, r, factsOf(k, r).tailOfFall), r);

/**
 * 1 / (1 + e^-x) within 2 ulp, also where it is subnormal: e^-x = 2^n·(1 - q), and the denominator is the larger of 1
 * and 2^n plus all that is small beside it, which rounds only once where that matters. All is scaled down.
 */
export function sigmoidLane<V>(k: Lanes<V>, x: V): V {
  const format = formatOf(k, x);
  const constant = constantsLike(k, x);
  const { least, largestOfSigmoid, sigmoidScale } = factsOf(k, x);
  const clamped = k.lesser(k.greater(x, constant(least)), constant(largestOfSigmoid));
  const { n, bits } = wholePart(k, clamped, -Math.LOG2E, format.exponentBias - sigmoidScale);
  const [high, low] = ln2Parts(k, x);
  const q = fallOf(k, k.madd(n, low, k.madd(n, high, clamped)));
  const scale = powerOfTwo(k, bits, format);
  const one = constant(2 ** -sigmoidScale);
  const small = k.nmadd(q, scale, k.lesser(scale, one));
  return k.div(one, k.add(k.greater(scale, one), small));
}

/**
 * tanh within 1.96 ulp: (1 - E) / (1 + E) with E = e^-2|x| = 2^n·(1 - q). 1 - 2^n is exact and q accurate relative
 * to itself, so nothing cancels near 0.
 */
export function tanhLane<V>(k: Lanes<V>, x: V): V {
  const format = formatOf(k, x);
  const constant = constantsLike(k, x);
  const { largestOfTanh, ln2OfTanh } = factsOf(k, x);
  const magnitude = k.abs(x);
  const double = k.lesser(k.add(magnitude, magnitude), constant(largestOfTanh));
  const { n, bits } = wholePart(k, double, -Math.LOG2E, format.exponentBias);
  const q = fallOf(
    k,
    ln2OfTanh.reduce((r, part) => k.madd(n, constant(part), r), double),
  );
  const scale = powerOfTwo(k, bits, format);
  const one = constant(1);
  const above = k.madd(q, scale, k.sub(one, scale));
  const below = k.nmadd(q, scale, k.add(one, scale));
  return withSignOf(k, k.div(above, below), x);
}
