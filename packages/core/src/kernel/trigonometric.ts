/**
 * Sine and cosine for every finite f32. |x| = q·π/2 + r with |r| <= π/4; q mod 4 says which of
 * ±sin r, ±cos r it is. Up to 3000, r comes from π/2 in four parts (Cody & Waite 1980); beyond, from
 * |x|·2/π in fixed point (Payne & Hanek 1983). Coefficients as in exponential.ts.
 */
import { doubleConstant, fastTwoSum, multiply, type Double } from "./double-float.js";
import { ROUND_TO_WHOLE } from "./exponential.js";
import type { Lanes } from "./lanes.js";
import { f32, polynomial } from "./polynomial.js";
import { signBitOf } from "./sign.js";

/** (sin r / r - 1) / r² in powers of r²; relative error of the sine 2^-28. */
const TAIL_OF_SIN = [-0.16666655242443085, 0.008332187309861183, -0.00019517897453624755];
/** (cos r - 1 + r²/2) / r⁴ in powers of r²; relative error of the cosine 2^-33. */
const TAIL_OF_COS = [0.04166664555668831, -0.0013887309469282627, 2.4432332336398885e-5];

/** Below, the quotient q has at most 11 bits. */
const LARGE = 3000;
/**
 * π/2 = Σ parts. Three have at most 13 bits, so that q times each is exact. The first two are multiples of 2^-24, and so
 * are the differences after them, which are below 1 and therefore exact.
 */
const PARTS_OF_HALF_PI = [1.5703125, 0.0004838109016418457, 1.5890691429376602e-8, 2.5633440682570896e-12] as const;

interface Reduced<V> {
  /** The quotient in the low two bits, u32. */
  readonly quadrant: V;
  /** In double-float. */
  readonly r: Double<V>;
}

/** For 0 <= x <= LARGE. */
function reduceSmall<V>(k: Lanes<V>, x: V): Reduced<V> {
  const [first, second, third, fourth] = PARTS_OF_HALF_PI.map((part) => f32(k, part));
  const rounder = f32(k, ROUND_TO_WHOLE);
  const sum = k.madd(x, f32(k, 2 / Math.PI), rounder);
  const quotient = k.sub(sum, rounder);
  const exact = k.nmadd(quotient, second, k.nmadd(quotient, first, x));
  const small = k.mul(quotient, third);
  const high = k.sub(exact, small);
  const lost = k.sub(k.sub(exact, high), small);
  return { quadrant: k.bitcast(sum, "u32"), r: { high, low: k.nmadd(quotient, fourth, lost) } };
}

/** The first 208 bits of 2/π after the point. */
const TWO_OVER_PI = 0xa2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe51n;
const TWO_OVER_PI_BITS = 208;
/** Of the 96 bits of a window two are whole quadrants; more would be whole turns. */
const FRACTION_BITS = 94;
const WINDOWS = 16;

/** 2/π · 2^(8·(i-2)) modulo 4 as three 32-bit words, the highest first; for i = 0 .. 15. */
const windows = Array.from({ length: WINDOWS }, (_, i) => {
  const window = BigInt.asUintN(96, TWO_OVER_PI >> BigInt(TWO_OVER_PI_BITS - FRACTION_BITS - 8 * (i - 2)));
  return [64n, 32n, 0n].map((shift) => Number(BigInt.asUintN(32, window >> shift)));
});

/** The exponent field of 2^7. Every 8 binary orders have another window. */
const EXPONENT_OF_FIRST_WINDOW = 134;

/**
 * For x >= 2^7. x = m·2^(8·(i-2)) with a whole m below 2^31, so that the quotient modulo 4 is that of m and window i:
 * a product of whole numbers, of which the upper 64 of 96 bits are kept.
 */
function reduceLarge<V>(k: Lanes<V>, x: V): Reduced<V> {
  const u32 = (value: number): V => k.constant("u32", value);
  const bits = k.bitcast(x, "u32");
  const i = k.shiftRight(k.sub(k.shiftRight(bits, 23), u32(EXPONENT_OF_FIRST_WINDOW)), 3);
  const scaled = k.add(k.sub(bits, k.shiftLeft(i, 26)), u32(2 << 26));
  const m = k.convert(k.bitcast(scaled, "f32"), "u32");
  const [first, second, third] = windowAt(k, i);

  const middle = k.mul(m, second);
  const lower = k.add(middle, multiplyHigh(k, m, third));
  const carry = k.convert(k.lt(lower, middle), "u32");
  const upper = k.add(k.add(k.mul(m, first), multiplyHigh(k, m, second)), carry);

  // To the nearest quadrant; what is left is a signed fraction of one, in units of 2^-62.
  const quadrant = k.shiftRight(k.add(upper, u32(2 ** 29)), 30);
  const left = k.bitcast(k.sub(upper, k.shiftLeft(quadrant, 30)), "i32");
  const sign = k.shiftRight(left, 31);
  const high = k.bitcast(k.xor(left, sign), "u32");
  const low = k.xor(lower, k.bitcast(sign, "u32"));
  // Its magnitude as three f32 that are exact, of 24, 24 and 16 bits.
  const part = (whole: V, unit: number): V => k.mul(k.convert(k.bitcast(whole, "i32"), "f32"), f32(k, unit));
  const top = part(k.shiftRight(high, 8), 2 ** -22);
  const next = k.or(k.shiftLeft(k.and(high, u32(0xff)), 16), k.shiftRight(low, 16));
  const rest = k.add(part(next, 2 ** -46), part(k.and(low, u32(0xffff)), 2 ** -62));
  const r = multiply(k, fastTwoSum(k, top, rest), doubleConstant(k, Math.PI / 2));
  const signBit = k.shiftLeft(k.bitcast(sign, "u32"), 31);
  const signed = (magnitude: V): V => k.bitcast(k.xor(k.bitcast(magnitude, "u32"), signBit), "f32");
  return { quadrant, r: { high: signed(r.high), low: signed(r.low) } };
}

/** The three words of window `i`: halves the choice by each bit of i, from the highest. */
function windowAt<V>(k: Lanes<V>, i: V): readonly V[] {
  const choose = (from: number, size: number): readonly V[] => {
    if (size === 1) return windows[from].map((word) => k.constant("u32", word));
    const half = size / 2;
    const later = choose(from + half, half);
    const mask = masks[Math.log2(half)];
    return choose(from, half).map((word, j) => k.select(mask, word, later[j]));
  };
  const zero = k.constant("u32", 0);
  const masks = [1, 2, 4, 8].map((bit) => k.eq(k.and(i, k.constant("u32", bit)), zero));
  return choose(0, WINDOWS);
}

/** The upper 32 bits of the product of two u32, from products of their halves. */
function multiplyHigh<V>(k: Lanes<V>, x: V, y: V): V {
  const lowHalf = (word: V): V => k.and(word, k.constant("u32", 0xffff));
  const highHalf = (word: V): V => k.shiftRight(word, 16);
  const [xLow, xHigh, yLow, yHigh] = [lowHalf(x), highHalf(x), lowHalf(y), highHalf(y)];
  const cross = k.mul(xLow, yHigh);
  const middle = k.add(k.add(highHalf(k.mul(xLow, yLow)), lowHalf(cross)), k.mul(xHigh, yLow));
  return k.add(k.add(k.mul(xHigh, yHigh), highHalf(cross)), highHalf(middle));
}

/** r with the quadrant of |x|; r is NaN for infinities and NaN. */
function reduce<V>(k: Lanes<V>, x: V): Reduced<V> {
  const magnitude = k.abs(x);
  const small = reduceSmall(k, magnitude);
  const isLarge = k.lt(f32(k, LARGE), magnitude);
  const [quadrant, high, low] = k.rarely(isLarge, [small.quadrant, small.r.high, small.r.low], () => {
    const large = reduceLarge(k, magnitude);
    return [large.quadrant, large.r.high, large.r.low];
  });
  return { quadrant, r: { high: k.add(high, k.sub(magnitude, magnitude)), low } };
}

/** The sine of r + quadrant·π/2. */
function sineAt<V>(k: Lanes<V>, { quadrant, r }: Reduced<V>): V {
  const square = k.mul(r.high, r.high);
  const sine = k.add(r.high, k.madd(k.mul(r.high, square), polynomial(k, square, TAIL_OF_SIN), r.low));
  const tail = k.mul(k.mul(square, square), polynomial(k, square, TAIL_OF_COS));
  const cosine = k.add(k.nmadd(square, f32(k, 0.5), f32(k, 1)), tail);
  const one = k.constant("u32", 1);
  const isOdd = k.eq(k.and(quadrant, one), one);
  const sign = k.shiftLeft(k.shiftRight(quadrant, 1), 31);
  return k.bitcast(k.xor(k.bitcast(k.select(isOdd, cosine, sine), "u32"), sign), "f32");
}

/** sin x within 1.6 ulp. */
export function sinLane<V>(k: Lanes<V>, x: V): V {
  const sine = sineAt(k, reduce(k, x));
  return k.bitcast(k.xor(k.bitcast(sine, "u32"), signBitOf(k, x)), "f32");
}

/** cos x within 1.6 ulp. */
export function cosLane<V>(k: Lanes<V>, x: V): V {
  const { quadrant, r } = reduce(k, x);
  return sineAt(k, { quadrant: k.add(quadrant, k.constant("u32", 1)), r });
}
