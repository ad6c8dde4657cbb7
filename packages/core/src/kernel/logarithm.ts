/**
 * Natural logarithms: x = 2^e · m with m in [√½, √2), ln x = e·ln2 + ln m, ln m from one polynomial
 * in f = m - 1 (the arrangement of Moshier's Cephes). Coefficients as in exponential.ts.
 */
import { LN2_HIGH, LN2_LOW } from "./exponential.js";
import type { Lanes } from "./lanes.js";
import { f32, polynomial } from "./polynomial.js";

const SQRT_HALF_BITS = 0x3f3504f3;
const MANTISSA_BITS = 23;
const MANTISSA = 2 ** MANTISSA_BITS - 1;
const LEAST_NORMAL = 2 ** -126;

/** (ln(1+f) - f + f²/2) / f³; relative error of the logarithm 2^-27. */
const TAIL_OF_LOG = [
  0.3333331346511841, -0.2500016689300537, 0.20002222061157227, -0.1665937304496765, 0.1420963853597641,
  -0.12550675868988037, 0.12103001773357391, -0.109001025557518, 0.053491588681936264,
];

export interface Binary<V> {
  /** In [√½, √2). */
  readonly mantissa: V;
  /** As f32. */
  readonly exponent: V;
}

/** A positive normal number as mantissa · 2^exponent. */
export function binaryParts<V>(k: Lanes<V>, x: V): Binary<V> {
  const rootHalf = k.constant("i32", SQRT_HALF_BITS);
  const above = k.sub(k.bitcast(x, "i32"), rootHalf);
  const mantissa = k.add(k.and(above, k.constant("i32", MANTISSA)), rootHalf);
  return {
    mantissa: k.bitcast(mantissa, "f32"),
    exponent: k.convert(k.shiftRight(above, MANTISSA_BITS), "f32"),
  };
}

/** The same for every positive finite number: subnormal numbers are scaled up first. */
export function binaryPartsOfAny<V>(k: Lanes<V>, x: V): Binary<V> {
  const isSubnormal = k.lt(x, f32(k, LEAST_NORMAL));
  const scaled = k.select(isSubnormal, k.mul(x, f32(k, 2 ** MANTISSA_BITS)), x);
  const { mantissa, exponent } = binaryParts(k, scaled);
  const shift = k.select(isSubnormal, f32(k, MANTISSA_BITS), f32(k, 0));
  return { mantissa, exponent: k.sub(exponent, shift) };
}

/** ln(m·2^e) + low, where low is small beside 1. */
function logOf<V>(k: Lanes<V>, { mantissa, exponent }: Binary<V>, low?: V): V {
  const f = k.sub(mantissa, f32(k, 1));
  const square = k.mul(f, f);
  const cubed = k.mul(square, f);
  const tail = polynomial(k, f, TAIL_OF_LOG);
  const rest = k.madd(cubed, tail, k.mul(exponent, f32(k, LN2_LOW)));
  // From the smallest to the largest, so that only the last sum rounds a large number.
  const small = k.nmadd(square, f32(k, 0.5), low === undefined ? rest : k.add(rest, low));
  return k.madd(exponent, f32(k, LN2_HIGH), k.add(f, small));
}

/** `result` for 0 < from < ∞, -∞ for 0, NaN below; ∞ and NaN as they are. */
function withLimits<V>(k: Lanes<V>, from: V, result: V): V {
  const zero = f32(k, 0);
  const finite = k.select(k.lt(from, f32(k, Infinity)), result, from);
  const atMostZero = k.select(k.eq(from, zero), f32(k, -Infinity), f32(k, NaN));
  return k.select(k.lt(zero, from), finite, atMostZero);
}

/** ln x within 0.9 ulp. */
export const logLane = <V>(k: Lanes<V>, x: V): V => withLimits(k, x, logOf(k, binaryPartsOfAny(k, x)));

/**
 * ln(1 + x) within 0.9 ulp. The sum u = 1 + x is rounded by c, found exactly (Knuth's two-sum); ln(u + c) is
 * ln u + c/u but for terms of c².
 */
export function log1pLane<V>(k: Lanes<V>, x: V): V {
  const one = f32(k, 1);
  const u = k.add(one, x);
  const added = k.sub(u, one);
  const c = k.add(k.sub(one, k.sub(u, added)), k.sub(x, added));
  const result = withLimits(k, u, logOf(k, binaryParts(k, u), k.div(c, u)));
  // Where x is 0 the sums have lost its sign.
  return k.select(k.eq(x, f32(k, 0)), x, result);
}
