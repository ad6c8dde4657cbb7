/** The two formats of floats, as lane functions take them apart: IEEE 754 binary32 and binary64. */
import type { FloatDType } from "../shape/tensor-type.js";
import type { Lanes } from "./lanes.js";

export interface FloatFormat {
  readonly dtype: FloatDType;
  /** The whole numbers with as many bits. */
  readonly bits: "i32" | "i64";
  /** Those behind the point. */
  readonly mantissaBits: number;
  readonly exponentBias: number;
  readonly signBit: number;
  /** Adding it leaves the nearest whole number in the low bits of the sum: there, neighbouring floats differ by 1. */
  readonly roundToWhole: number;
  readonly leastNormal: number;
}

const FORMATS: Readonly<Record<FloatDType, FloatFormat>> = {
  f32: {
    dtype: "f32",
    bits: "i32",
    mantissaBits: 23,
    exponentBias: 127,
    signBit: -(2 ** 31),
    roundToWhole: 1.5 * 2 ** 23,
    leastNormal: 2 ** -126,
  },
  f64: {
    dtype: "f64",
    bits: "i64",
    mantissaBits: 52,
    exponentBias: 1023,
    signBit: -(2 ** 63),
    roundToWhole: 1.5 * 2 ** 52,
    leastNormal: 2 ** -1022,
  },
};

/** The format of a value, which is a float. */
export const formatOf = <V>(k: Lanes<V>, x: V): FloatFormat => FORMATS[k.typeOf(x) as FloatDType];

/** Constants of the type of a value. */
export const constantsLike =
  <V>(k: Lanes<V>, x: V) =>
  (value: number): V =>
    k.constant(k.typeOf(x), value);
