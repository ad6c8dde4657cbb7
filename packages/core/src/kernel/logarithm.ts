/**
 * Natural logarithms of f32 and f64: x = 2^e · m with m in [√½, √2), ln x = e·ln2 + ln m, ln m from one polynomial
 * in f = m - 1 (the arrangement of Moshier's Cephes). Coefficients as in exponential.ts.
 */
import type { FloatDType } from "../shape/tensor-type.js";
import { ln2Parts } from "./exponential.js";
import { constantsLike, formatOf } from "./float-format.js";
import type { Lanes } from "./lanes.js";
import { polynomial } from "./polynomial.js";

/** The bits of √½, of f64 the upper half of them. */
const SQRT_HALF_BITS: Readonly<Record<FloatDType, number>> = { f32: 0x3f3504f3, f64: 0x3fe6a09e * 2 ** 32 };

/** (ln(1+f) - f + f²/2) / f³; relative error of the logarithm 2^-27, and 2^-59. */
const TAIL_OF_LOG: Readonly<Record<FloatDType, readonly number[]>> = {
  f32: [
    0.3333331346511841, -0.2500016689300537, 0.20002222061157227, -0.1665937304496765, 0.1420963853597641,
    -0.12550675868988037, 0.12103001773357391, -0.109001025557518, 0.053491588681936264,
  ],
  f64: [
    0.33333333333333454, -0.24999999999998926, 0.19999999999945645, -0.16666666666912314, 0.14285714293902782,
    -0.12499999982299426, 0.11111110512460201, -0.10000000364944484, 0.09090933614095814, -0.08333346419204186,
    0.07691712846450288, -0.07141986433443037, 0.06675155071522425, -0.06269960793062739, 0.05817903818365636,
    -0.05325835844055681, 0.0541427130166279, -0.06276703244379013, 0.057031501135092914, -0.02431898167965499,
  ],
};

export interface Binary<V> {
  /** In [√½, √2). */
  readonly mantissa: V;
  /** As a float. */
  readonly exponent: V;
}

/** A positive normal number as mantissa · 2^exponent. */
export function binaryParts<V>(k: Lanes<V>, x: V): Binary<V> {
  const { dtype, bits, mantissaBits } = formatOf(k, x);
  const rootHalf = k.constant(bits, SQRT_HALF_BITS[dtype]);
  const above = k.sub(k.bitcast(x, bits), rootHalf);
  const mantissa = k.add(k.and(above, k.constant(bits, 2 ** mantissaBits - 1)), rootHalf);
  return {
    mantissa: k.bitcast(mantissa, dtype),
    exponent: k.convert(k.shiftRight(above, mantissaBits), dtype),
  };
}

/** The same for every positive finite number: subnormal numbers are scaled up first. */
export function binaryPartsOfAny<V>(k: Lanes<V>, x: V): Binary<V> {
  const { leastNormal, mantissaBits } = formatOf(k, x);
  const constant = constantsLike(k, x);
  const isSubnormal = k.lt(x, constant(leastNormal));
  const scaled = k.select(isSubnormal, k.mul(x, constant(2 ** mantissaBits)), x);
  const { mantissa, exponent } = binaryParts(k, scaled);
  const shift = k.select(isSubnormal, constant(mantissaBits), constant(0));
  return { mantissa, exponent: k.sub(exponent, shift) };
}

/** ln(m·2^e) + low, where low is small beside 1. */
function logOf<V>(k: Lanes<V>, { mantissa, exponent }: Binary<V>, low?: V): V {
  const constant = constantsLike(k, mantissa);
  const [ln2High, ln2Low] = ln2Parts(k, mantissa);
  const f = k.sub(mantissa, constant(1));
  const square = k.mul(f, f);
  const cubed = k.mul(square, f);
  const tail = polynomial(k, f, TAIL_OF_LOG[formatOf(k, mantissa).dtype]);
  const rest = k.madd(cubed, tail, k.mul(exponent, ln2Low));
  // From the smallest to the largest, so that only the last sum rounds a large number.
  const small = k.nmadd(square, constant(0.5), low === undefined ? rest : k.add(rest, low));
  return k.madd(exponent, ln2High, k.add(f, small));
}

/** `result` for 0 < from < ∞, -∞ for 0, NaN below; ∞ and NaN as they are. */
function withLimits<V>(k: Lanes<V>, from: V, result: V): V {
  const constant = constantsLike(k, from);
  const zero = constant(0);
  const finite = k.select(k.lt(from, constant(Infinity)), result, from);
  const atMostZero = k.select(k.eq(from, zero), constant(-Infinity), constant(NaN));
  return k.select(k.lt(zero, from), finite, atMostZero);
}

/** ln x within 0.9 ulp. */
export const logLane = <V>(k: Lanes<V>, x: V): V => withLimits(k, x, logOf(k, binaryPartsOfAny(k, x)));

/**
 * ln(1 + x) within 0.9 ulp. The sum u = 1 + x is rounded by c, found exactly (Knuth's two-sum); ln(u + c) is
 * ln u + c/u but for terms of c².
 */
export function log1pLane<V>(k: Lanes<V>, x: V): V {
  const constant = constantsLike(k, x);
  const one = constant(1);
  const u = k.add(one, x);
  const added = k.sub(u, one);
  const c = k.add(k.sub(one, k.sub(u, added)), k.sub(x, added));
  const result = withLimits(k, u, logOf(k, binaryParts(k, u), k.div(c, u)));
  // Where x is 0 the sums have lost its sign.
  return k.select(k.eq(x, constant(0)), x, result);
}
