/** Quotients and remainders of every numeric type. An integer divided by 0 gives 0; integers wrap. */
import { twoProduct } from "./double-float.js";
import type { Lanes } from "./lanes.js";
import { isFloat, type FloatDType } from "../shape/tensor-type.js";
import { constantsLike, formatOf } from "./float-format.js";

/** x / y; for integers rounded toward zero. */
export function divLane<V>(k: Lanes<V>, x: V, y: V): V {
  const dtype = k.typeOf(x);
  if (isFloat(dtype)) return k.div(x, y);
  const isZero = k.eq(y, k.constant(dtype, 0));
  return k.select(isZero, k.constant(dtype, 0), wholeQuotient(k, x, y));
}

/** x - y·⌊x/y⌋, which has the sign of y. */
export function modLane<V>(k: Lanes<V>, x: V, y: V): V {
  const dtype = k.typeOf(x);
  if (isFloat(dtype)) return remainder(k, x, y);
  const zero = k.constant(dtype, 0);
  const left = k.sub(x, k.mul(wholeQuotient(k, x, y), y));
  // Division toward zero leaves the sign of x.
  const isOpposite = dtype === "i32" && k.lt(k.xor(left, y), zero);
  const result =
    isOpposite === false ? left : k.select(k.and(isOpposite, k.not(k.eq(left, zero))), k.add(left, y), left);
  return k.select(k.eq(y, zero), zero, result);
}

/** x / y toward zero for i32 and u32; anything for y = 0. */
function wholeQuotient<V>(k: Lanes<V>, x: V, y: V): V {
  if (k.typeOf(x) === "u32") return quotientOfUnsigned(k, x, y);
  const magnitude = k.bitcast(quotientOfUnsigned(k, k.bitcast(k.abs(x), "u32"), k.bitcast(k.abs(y), "u32")), "i32");
  const isNegative = k.lt(k.xor(x, y), k.constant("i32", 0));
  return k.select(isNegative, k.neg(magnitude), magnitude);
}

/**
 * Long division in base 2^20 or so, by multiplying with a reciprocal that is a little too small: so no digit is too large.
 * Conversions and products each err by 2^-24; the first digit leaves less than 2^13·y, the second less than 2·y.
 */
function quotientOfUnsigned<V>(k: Lanes<V>, x: V, y: V): V {
  const reciprocal = k.div(k.constant("f32", 1 - 2 ** -21), k.convert(y, "f32"));
  const digitOf = (rest: V): V => k.convert(k.mul(k.convert(rest, "f32"), reciprocal), "u32");
  const first = digitOf(x);
  const afterFirst = k.sub(x, k.mul(first, y));
  const second = digitOf(afterFirst);
  const afterSecond = k.sub(afterFirst, k.mul(second, y));
  const last = k.convert(k.le(y, afterSecond), "u32");
  return k.add(k.add(first, second), last);
}

/** Quotients up to here are found at once. */
const WHOLE: Readonly<Record<FloatDType, number>> = { f32: 2 ** 23, f64: 2 ** 52 };
/** Divisions before that, each of which leaves a quotient smaller by a factor of 2^24, of f64 by 2^53. */
const LONG_DIVISIONS = 3;

/**
 * The floored remainder of floats, correctly rounded where |x/y| < 2^95, of f64 where it is below 2^211; NaN where y is 0 or
 * infinite or x is infinite. What a rounded quotient leaves is itself a float and found exactly. Of larger quotients the last whole
 * digit means nothing, because the floats next to x lie 2^71·y apart: they give 0, or NaN where the quotient overflows.
 */
function remainder<V>(k: Lanes<V>, x: V, y: V): V {
  const constant = constantsLike(k, x);
  const zero = constant(0);
  const leave = (rest: V): V => {
    const { high, low } = twoProduct(k, k.trunc(k.div(rest, y)), y);
    return k.sub(k.sub(rest, high), low);
  };
  const isLong = k.le(constant(WHOLE[formatOf(k, x).dtype]), k.abs(k.div(x, y)));
  const [start] = k.rarely(isLong, [x], () => {
    let rest = x;
    for (let i = 0; i < LONG_DIVISIONS; i++) rest = leave(rest);
    return [rest];
  });
  // Of a smaller x nothing is taken away, also where y is too large to be split in halves; an infinite y gives NaN.
  const rest = k.select(k.lt(k.abs(x), k.abs(y)), k.add(x, k.mul(y, zero)), leave(start));
  // Its sign is that of x, or the other where the quotient was rounded up to a whole number: in both cases y mends it.
  const isOpposite = k.or(k.and(k.lt(rest, zero), k.lt(zero, y)), k.and(k.lt(zero, rest), k.lt(y, zero)));
  const corrected = k.select(isOpposite, k.add(rest, y), rest);
  return k.select(k.lt(k.abs(y), k.abs(corrected)), k.mul(x, zero), corrected);
}
