/** Signs of numbers, -0 included. */
import type { Lanes } from "./lanes.js";

const SIGN_BIT = 2 ** 31;

/** The sign bit of an f32 alone, as u32. */
export const signBitOf = <V>(k: Lanes<V>, x: V): V => k.and(k.bitcast(x, "u32"), k.constant("u32", SIGN_BIT));

/** `magnitude`, which is not negative, with the sign bit of `x`; both f32. */
export const withSignOf = <V>(k: Lanes<V>, magnitude: V, x: V): V =>
  k.bitcast(k.or(k.bitcast(magnitude, "u32"), signBitOf(k, x)), "f32");

/** -1, 0 or 1 in the type of x; -0 and NaN stay. */
export function signLane<V>(k: Lanes<V>, x: V): V {
  const dtype = k.typeOf(x);
  const zero = k.constant(dtype, 0);
  const nonPositive = dtype === "u32" ? x : k.select(k.lt(x, zero), k.constant(dtype, -1), x);
  return k.select(k.lt(zero, x), k.constant(dtype, 1), nonPositive);
}
