/**
 * What large numbers leave when multiples of π/2 are taken away, from |x|·2/π in fixed point (Payne & Hanek, Radian Reduction for
 * Trigonometric Functions, 1983): of the digits of 2/π only those count that do not give whole turns, and those that
 * a difference may cancel.
 */
import { doubleConstant, doubleConstantOf, fastTwoSum, multiply, type Double } from "./double-float.js";
import { constantsLike, formatOf } from "./float-format.js";
import type { Lanes } from "./lanes.js";

export interface Reduced<V> {
  /** The quotient in the low two bits, a whole number of as many bits as x. */
  readonly quadrant: V;
  /** In double-float. */
  readonly r: Double<V>;
}

const HALF_PI = doubleConstantOf(Math.PI / 2, 6.123233995736766e-17);

/** The digits of 2/π after the point. */
const TWO_OVER_PI = BigInt(
  "0x" +
    "a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921cfe" +
    "1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980fef2f" +
    "118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d08560330",
);
const TWO_OVER_PI_BITS = 1176;

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
export function reduceLargeF32<V>(k: Lanes<V>, x: V): Reduced<V> {
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
  const part = (whole: V, unit: number): V => k.mul(k.convert(k.bitcast(whole, "i32"), "f32"), k.constant("f32", unit));
  const top = part(k.shiftRight(high, 8), 2 ** -22);
  const next = k.or(k.shiftLeft(k.and(high, u32(0xff)), 16), k.shiftRight(low, 16));
  const rest = k.add(part(next, 2 ** -46), part(k.and(low, u32(0xffff)), 2 ** -62));
  const r = multiply(k, fastTwoSum(k, top, rest), doubleConstant(k, top, HALF_PI));
  const signBit = k.shiftLeft(k.bitcast(sign, "u32"), 31);
  const signed = (magnitude: V): V => k.bitcast(k.xor(k.bitcast(magnitude, "u32"), signBit), "f32");
  return { quadrant: k.bitcast(quadrant, "i32"), r: { high: signed(r.high), low: signed(r.low) } };
}

/** The three words of window `i`: halves the choice by each bit of i, from the highest. */
function windowAt<V>(k: Lanes<V>, i: V): readonly V[] {
  const choose = (from: number, size: number): readonly V[] => {
    if (size === 1) return windows[from].map((word) => k.constant("u32", word));
    const half = size / 2;
    const later = choose(from + half, half);
    const mask = masks[31 - Math.clz32(half)];
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

/** Bits of a digit of f64: products of two digits are exact, and so are sums of some products. */
const DIGIT_BITS = 24;
const RADIX = 2 ** DIGIT_BITS;
const digitAt = (i: number): number =>
  Number(BigInt.asUintN(DIGIT_BITS, TWO_OVER_PI >> BigInt(TWO_OVER_PI_BITS - DIGIT_BITS * (i + 1))));
/** Digits of x, the first of which is whole; and of the product, the first of which is whole, the last for its carry only. */
const DIGITS_OF_X = 4;
const DIGITS_OF_PRODUCT = 8;
const WINDOW = DIGITS_OF_X + DIGITS_OF_PRODUCT - 1;
/** Exponents reach to 1023, so that digits of 2/π are left out up to the 42nd. */
const SHIFTS = [32, 16, 8, 4, 2, 1];
const MOST_SHIFT = 42;
/** Those before the point are 0. */
const DIGITS = Array.from({ length: MOST_SHIFT + WINDOW }, (_, i) => (i < DIGITS_OF_X ? 0 : digitAt(i - DIGITS_OF_X)));

/** For x >= 1. x = x'·2^(24·i) with x' in [1, 2^24), so that the quotient modulo 4 is that of x' and the window of digits at i. */
export function reduceLargeF64<V>(k: Lanes<V>, x: V): Reduced<V> {
  const { bits, mantissaBits, exponentBias, roundToWhole } = formatOf(k, x);
  const constant = constantsLike(k, x);
  const radix = constant(RADIX);
  const bitsOfX = k.bitcast(x, bits);
  const biased = k.convert(k.shiftRight(bitsOfX, mantissaBits), "f64");
  // The half keeps the product from falling below a whole number.
  const i = k.floor(k.mul(k.sub(biased, constant(exponentBias - 0.5)), constant(1 / DIGIT_BITS)));
  const shift = k.bitcast(k.madd(i, constant(DIGIT_BITS), constant(roundToWhole)), bits);
  let rest = k.bitcast(k.sub(bitsOfX, k.shiftLeft(shift, mantissaBits)), "f64");
  const digitsOfX = Array.from({ length: DIGITS_OF_X }, () => {
    const digit = k.floor(rest);
    rest = k.mul(k.sub(rest, digit), radix);
    return digit;
  });

  const window = windowOfDigits(k, i);
  let carry = constant(0);
  const digits: V[] = [];
  for (let c = DIGITS_OF_PRODUCT - 1; c >= 0; c--) {
    const column = digitsOfX.reduce(
      (sum, digit, p) => k.add(sum, k.mul(digit, window[c - p + DIGITS_OF_X - 1])),
      carry,
    );
    carry = k.floor(k.mul(column, constant(1 / RADIX)));
    digits[c] = k.sub(column, k.mul(carry, radix));
  }
  // To the nearest quadrant; what is left is a signed fraction of one, in parts of 48 bits.
  const [whole, first, ...others] = digits;
  const isAbove = k.le(constant(RADIX / 2), first);
  const quadrant = k.add(whole, k.select(isAbove, constant(1), constant(0)));
  const signed = k.sub(first, k.select(isAbove, radix, constant(0)));
  const part = (high: V, low: V, unit: number): V =>
    k.add(k.mul(high, constant(unit)), k.mul(low, constant(unit / RADIX)));
  const top = fastTwoSum(k, part(signed, others[0], 1 / RADIX), part(others[1], others[2], 2 ** (-3 * DIGIT_BITS)));
  const fraction = fastTwoSum(k, top.high, k.add(top.low, part(others[3], others[4], 2 ** (-5 * DIGIT_BITS))));
  return {
    quadrant: k.bitcast(k.add(quadrant, constant(roundToWhole)), bits),
    r: multiply(k, fraction, doubleConstant(k, x, HALF_PI)),
  };
}

/** The digits from the i-th on: shifts by each power of two in i, from the highest. */
function windowOfDigits<V>(k: Lanes<V>, i: V): readonly V[] {
  const constant = constantsLike(k, i);
  let rest = i;
  let digits: readonly V[] = DIGITS.map(constant);
  for (const shift of SHIFTS) {
    const by = constant(shift);
    const isShifted = k.le(by, rest);
    rest = k.select(isShifted, k.sub(rest, by), rest);
    const from = digits;
    digits = Array.from({ length: Math.min(from.length, WINDOW + shift - 1) }, (_, at) =>
      at + shift < from.length ? k.select(isShifted, from[at + shift], from[at]) : from[at],
    );
  }
  return digits;
}
