/** Signs of numbers, -0 included. */
import { formatOf } from "./float-format.js";
import type { Lanes } from "./lanes.js";

/** The sign bit of a float alone, as a whole number of as many bits. */
export function signBitOf<V>(k: Lanes<V>, x: V): V {
  const { bits, signBit } = formatOf(k, x);
  return k.and(k.bitcast(x, bits), k.constant(bits, signBit));
}

/** `magnitude`, which is not negative, with the sign bit of `x`; both floats of one type. */
export function withSignOf<V>(k: Lanes<V>, magnitude: V, x: V): V {
  const { dtype, bits } = formatOf(k, x);
  return k.bitcast(k.or(k.bitcast(magnitude, bits), signBitOf(k, x)), dtype);
}

/** -1, 0 or 1 in the type of x; -0 and NaN stay. */
export function signLane<V>(k: Lanes<V>, x: V): V {
  const dtype = k.typeOf(x);
  const zero = k.constant(dtype, 0);
  const nonPositive = dtype === "u32" ? x : k.select(k.lt(x, zero), k.constant(dtype, -1), x);
  return k.select(k.lt(zero, x), k.constant(dtype, 1), nonPositive);
}
