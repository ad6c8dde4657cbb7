/**
 * Numbers of twice the digits as an unevaluated sum of two floats, high + low with |low| <= ulp(high)/2, for
 * the steps of elementary functions that one float is too coarse for. Only single additions and multiplications: a
 * fused multiply-add would give other low parts. Dekker 1971; Knuth, The Art of Computer Programming 4.2.2.
 */
import type { FloatDType } from "../shape/tensor-type.js";
import { constantsLike, formatOf } from "./float-format.js";
import type { Lanes } from "./lanes.js";

export interface Double<V> {
  readonly high: V;
  readonly low: V;
}

/** The upper and the lower half of a constant, for each type. */
export type DoubleConstant = Readonly<Record<FloatDType, Double<number>>>;

/** A constant that is the sum of two f64. */
export const doubleConstantOf = (high: number, low: number): DoubleConstant => ({
  f32: { high: Math.fround(high), low: high - Math.fround(high) },
  f64: { high, low },
});

/** The constant in the type of x. */
export function doubleConstant<V>(k: Lanes<V>, x: V, value: DoubleConstant): Double<V> {
  const constant = constantsLike(k, x);
  const { high, low } = value[formatOf(k, x).dtype];
  return { high: constant(high), low: constant(low) };
}

/** x + y exactly, when |x| >= |y| or x = 0. */
export function fastTwoSum<V>(k: Lanes<V>, x: V, y: V): Double<V> {
  const high = k.add(x, y);
  return { high, low: k.sub(y, k.sub(high, x)) };
}

/**
 * Bits of the upper half, and what is added before the others are cut off. f32 has 24, so 12 are cut, which cannot overflow
 * as scaling could. The 53 of f64 are rounded to 26, because 27 are too many for exact products; within 2^-27 of the largest that overflows.
 */
const HALVES: Readonly<Record<FloatDType, { readonly mask: number; readonly round: number | undefined }>> = {
  f32: { mask: -(2 ** 12), round: undefined },
  f64: { mask: -(2 ** 27), round: 2 ** 26 },
};

/** The upper half of the bits, and the rest; products of halves are exact. */
export function halves<V>(k: Lanes<V>, x: V): Double<V> {
  const { dtype, bits } = formatOf(k, x);
  const { mask, round } = HALVES[dtype];
  const whole = k.bitcast(x, bits);
  const rounded = round === undefined ? whole : k.add(whole, k.constant(bits, round));
  const high = k.bitcast(k.and(rounded, k.constant(bits, mask)), dtype);
  return { high, low: k.sub(x, high) };
}

/** x·y exactly, unless the low part is subnormal. */
export function twoProduct<V>(k: Lanes<V>, x: V, y: V): Double<V> {
  const high = k.mul(x, y);
  const a = halves(k, x);
  const b = halves(k, y);
  const upper = k.sub(k.mul(a.high, b.high), high);
  const middle = k.add(k.add(upper, k.mul(a.high, b.low)), k.mul(a.low, b.high));
  return { high, low: k.add(middle, k.mul(a.low, b.low)) };
}

/** The product of two, to about two bits less than both have. */
export function multiply<V>(k: Lanes<V>, x: Double<V>, y: Double<V>): Double<V> {
  const { high, low } = twoProduct(k, x.high, y.high);
  const cross = k.add(k.mul(x.high, y.low), k.mul(x.low, y.high));
  return fastTwoSum(k, high, k.add(low, cross));
}
