/**
 * Numbers of about 48 bits as an unevaluated sum of two f32, high + low with |low| <= ulp(high)/2, for
 * the steps of elementary functions that f32 is too coarse for. Only single additions and multiplications: a
 * fused multiply-add would give other low parts. Dekker 1971; Knuth, The Art of Computer Programming 4.2.2.
 */
import type { Lanes } from "./lanes.js";
import { f32 } from "./polynomial.js";

export interface Double<V> {
  readonly high: V;
  readonly low: V;
}

/** A constant, to 48 bits. */
export const doubleConstant = <V>(k: Lanes<V>, value: number): Double<V> => ({
  high: f32(k, value),
  low: f32(k, value - Math.fround(value)),
});

/** x + y exactly, when |x| >= |y| or x = 0. */
export function fastTwoSum<V>(k: Lanes<V>, x: V, y: V): Double<V> {
  const high = k.add(x, y);
  return { high, low: k.sub(y, k.sub(high, x)) };
}

/** The upper 12 bits of the 24, and the rest; products of halves are exact. Cutting bits cannot overflow, as scaling could. */
export function halves<V>(k: Lanes<V>, x: V): Double<V> {
  const high = k.bitcast(k.and(k.bitcast(x, "u32"), k.constant("u32", 0xfffff000)), "f32");
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

/** The product of two, to about 46 bits. */
export function multiply<V>(k: Lanes<V>, x: Double<V>, y: Double<V>): Double<V> {
  const { high, low } = twoProduct(k, x.high, y.high);
  const cross = k.add(k.mul(x.high, y.low), k.mul(x.low, y.high));
  return fastTwoSum(k, high, k.add(low, cross));
}
