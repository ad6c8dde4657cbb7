/**
 * e^x and what is made of it. All split x = n·ln2 + r with |r| <= ln2/2, so that e^x = 2^n · e^r
 * (Cody & Waite, Software Manual for the Elementary Functions, 1980), and take e^r from one
 * polynomial. Coefficients: minimax for the relative error by Remez exchange in 160 bits, each rounded to f32 from the
 * lowest power up and the rest fitted again. Errors are in units of the last place over all f32, see elementary.test.ts.
 */
import type { Lanes } from "./lanes.js";
import { f32, polynomial } from "./polynomial.js";
import { withSignOf } from "./sign.js";

/** Adding it leaves the nearest whole number in the low bits of the sum: there, neighbouring f32 differ by 1. */
export const ROUND_TO_WHOLE = 1.5 * 2 ** 23;
const EXPONENT_BIAS = 127;
const MANTISSA_BITS = 23;

/** ln 2 in two parts: the first has few bits, so that n times it is exact; the second repairs the rest. */
export const LN2_HIGH = 0.693145751953125;
export const LN2_LOW = Math.LN2 - LN2_HIGH;

/** (e^r - 1 - r) / r² for |r| <= ln2/2; relative error of e^r - 1: 2^-26. */
const TAIL_OF_EXP = [
  0.4999999701976776, 0.16666539013385773, 0.04166774824261665, 0.008367087692022324, 0.0013837857404723763,
];
/** e^r for |r| <= ln2/2; relative error 2^-28. */
const EXP = [
  1, 1, 0.4999999403953552, 0.16666516661643982, 0.04166810214519501, 0.00836916547268629, 0.0013838323066011071,
];

interface Split<V> {
  /** As f32 and, plus an offset, in the low 9 bits of an i32. */
  readonly n: V;
  readonly bits: V;
}

/** n, the whole number nearest to x·factor. No conversion to an integer is needed, which is slow in WebAssembly. */
function wholePart<V>(k: Lanes<V>, x: V, factor: number, offset: number): Split<V> {
  const rounder = f32(k, ROUND_TO_WHOLE + offset);
  const sum = k.madd(x, f32(k, factor), rounder);
  return { n: k.sub(sum, rounder), bits: k.bitcast(sum, "i32") };
}

/** x - n·ln2 */
const remainder = <V>(k: Lanes<V>, x: V, n: V): V => k.nmadd(n, f32(k, LN2_LOW), k.nmadd(n, f32(k, LN2_HIGH), x));

/** 2^m, where the low 8 bits hold m + 127: they become the exponent, and everything above falls out. */
const powerOfTwo = <V>(k: Lanes<V>, bits: V): V => k.bitcast(k.shiftLeft(bits, MANTISSA_BITS), "f32");

/**
 * 2^n as two factors, for n from -252 to 256, where the low 9 bits hold n + 254. A result that is multiplied
 * by one after the other overflows and goes through the subnormal numbers as it should, with one rounding.
 */
export function twoFactors<V>(k: Lanes<V>, bits: V): readonly [V, V] {
  const first = k.shiftLeft(k.shiftRight(bits, 1), MANTISSA_BITS);
  const second = k.sub(k.shiftLeft(bits, MANTISSA_BITS), first);
  return [k.bitcast(first, "f32"), k.bitcast(second, "f32")];
}

/** What to add to n in the low bits for twoFactors. */
export const TWO_BIASES = 2 * EXPONENT_BIAS;

/** e^x within 1.2 ulp, also where the result is subnormal. */
export function expLane<V>(k: Lanes<V>, x: V): V {
  // Below it is 0 and above it is infinite, by the last multiplication.
  const clamped = k.lesser(k.greater(x, f32(k, -104)), f32(k, 89));
  const { n, bits } = wholePart(k, clamped, Math.LOG2E, TWO_BIASES);
  const [first, second] = twoFactors(k, bits);
  return k.mul(k.mul(polynomial(k, remainder(k, clamped, n), EXP), first), second);
}

/** e^x - 1 within 1.7 ulp: 2^n·q + (2^n - 1), where q = e^r - 1 = r + r²·tail. */
export function expm1Lane<V>(k: Lanes<V>, x: V): V {
  const clamped = k.lesser(k.greater(x, f32(k, -30)), f32(k, 89));
  // Half of 2^n, because 2^128 is not finite but e^x may be.
  const { n, bits } = wholePart(k, clamped, Math.LOG2E, EXPONENT_BIAS - 1);
  const r = remainder(k, clamped, n);
  const q = k.madd(k.mul(r, r), polynomial(k, r, TAIL_OF_EXP), r);
  const half = powerOfTwo(k, bits);
  const result = k.madd(q, half, k.sub(half, f32(k, 0.5)));
  // With n = 0, q itself: half of a subnormal number may lose its last bit. The sums that make q lose the sign of -0.
  const isUnscaled = k.eq(n, f32(k, 0));
  const unscaled = k.select(k.eq(x, f32(k, 0)), x, q);
  return k.select(isUnscaled, unscaled, k.add(result, result));
}

/** (1 - e^-r - r) / r² */
const TAIL_OF_FALL = TAIL_OF_EXP.map((coefficient, i) => (i % 2 === 0 ? -coefficient : coefficient));

/** 1 - e^-r for |r| <= ln2/2, accurate relative to itself. */
const fallOf = <V>(k: Lanes<V>, r: V): V => k.madd(k.mul(r, r), polynomial(k, r, TAIL_OF_FALL), r);

/** Keeps numerator and denominator of the sigmoid normal numbers between the bounds of x. */
const SIGMOID_SCALE = 64;

/**
 * 1 / (1 + e^-x) within 2 ulp, also where it is subnormal: e^-x = 2^n·(1 - q), and the denominator is the larger of 1
 * and 2^n plus all that is small beside it, which rounds only once where that matters. All is taken 2^-64 times.
 */
export function sigmoidLane<V>(k: Lanes<V>, x: V): V {
  const clamped = k.lesser(k.greater(x, f32(k, -104)), f32(k, 40));
  const { n, bits } = wholePart(k, clamped, -Math.LOG2E, EXPONENT_BIAS - SIGMOID_SCALE);
  const q = fallOf(k, k.madd(n, f32(k, LN2_LOW), k.madd(n, f32(k, LN2_HIGH), clamped)));
  const scale = powerOfTwo(k, bits);
  const one = f32(k, 2 ** -SIGMOID_SCALE);
  const small = k.nmadd(q, scale, k.lesser(scale, one));
  return k.div(one, k.add(k.greater(scale, one), small));
}

/**
 * tanh within 1.96 ulp: (1 - E) / (1 + E) with E = e^-2|x| = 2^n·(1 - q). 1 - 2^n is exact and q accurate relative
 * to itself, so nothing cancels near 0. |n| <= 29, so ln2 in one part is good enough.
 */
export function tanhLane<V>(k: Lanes<V>, x: V): V {
  const magnitude = k.abs(x);
  const double = k.lesser(k.add(magnitude, magnitude), f32(k, 20));
  const { n, bits } = wholePart(k, double, -Math.LOG2E, EXPONENT_BIAS);
  const q = fallOf(k, k.madd(n, f32(k, Math.LN2), double));
  const scale = powerOfTwo(k, bits);
  const one = f32(k, 1);
  const above = k.madd(q, scale, k.sub(one, scale));
  const below = k.nmadd(q, scale, k.add(one, scale));
  return withSignOf(k, k.div(above, below), x);
}
