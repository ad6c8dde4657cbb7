/** What the reader and the writer of safetensors files agree on: limits, and how the elements of each type lie in a file. */
import type { DType } from "@latchgrad/core";

/** Bytes in front of the header, which hold its length. */
export const LENGTH_BYTES = 8;
/** Longer headers are neither written nor read. */
export const LONGEST_HEADER = 100_000_000;
/** The one name of the header that is no tensor. */
export const METADATA = "__metadata__";

/** How elements are written: the type of the file for each of ours. */
export interface WrittenElement {
  /** What the header calls it. */
  readonly name: string;
  readonly bytes: number;
  readonly write: (view: DataView, offset: number, value: number) => void;
}

export const WRITTEN: Readonly<Record<DType, WrittenElement>> = {
  f64: { name: "F64", bytes: 8, write: (view, offset, value) => view.setFloat64(offset, value, true) },
  f32: { name: "F32", bytes: 4, write: (view, offset, value) => view.setFloat32(offset, value, true) },
  i32: { name: "I32", bytes: 4, write: (view, offset, value) => view.setInt32(offset, value, true) },
  u32: { name: "U32", bytes: 4, write: (view, offset, value) => view.setUint32(offset, value, true) },
  bool: { name: "BOOL", bytes: 1, write: (view, offset, value) => view.setUint8(offset, value === 0 ? 0 : 1) },
};

/** How elements of a file become numbers: each is a number of our type exactly, but for 64-bit integers that are too large. */
export interface ReadElement {
  readonly dtype: DType;
  readonly read: (view: DataView, offset: number) => number;
}

interface FileElement {
  readonly bits: number;
  /** Absent for types that a file may hold and nothing here can use. */
  readonly reading?: ReadElement;
}

const as = (bits: number, dtype: DType, read: ReadElement["read"]): FileElement => ({ bits, reading: { dtype, read } });

/** Every element type of the format, by its name in the header. */
const ELEMENTS = {
  F64: as(64, "f64", (view, offset) => view.getFloat64(offset, true)),
  F32: as(32, "f32", (view, offset) => view.getFloat32(offset, true)),
  F16: as(16, "f32", (view, offset) => shortFloat(view.getUint16(offset, true), 5)),
  BF16: as(16, "f32", (view, offset) => shortFloat(view.getUint16(offset, true), 8)),
  I64: as(64, "i32", (view, offset) => Number(view.getBigInt64(offset, true))),
  I32: as(32, "i32", (view, offset) => view.getInt32(offset, true)),
  I16: as(16, "i32", (view, offset) => view.getInt16(offset, true)),
  I8: as(8, "i32", (view, offset) => view.getInt8(offset)),
  U64: as(64, "u32", (view, offset) => Number(view.getBigUint64(offset, true))),
  U32: as(32, "u32", (view, offset) => view.getUint32(offset, true)),
  U16: as(16, "i32", (view, offset) => view.getUint16(offset, true)),
  U8: as(8, "i32", (view, offset) => view.getUint8(offset)),
  BOOL: as(8, "bool", (view, offset) => view.getUint8(offset)),
  C64: { bits: 64 },
  F8_E4M3: { bits: 8 },
  F8_E4M3FNUZ: { bits: 8 },
  F8_E5M2: { bits: 8 },
  F8_E5M2FNUZ: { bits: 8 },
  F8_E8M0: { bits: 8 },
  F6_E2M3: { bits: 6 },
  F6_E3M2: { bits: 6 },
  F4: { bits: 4 },
} as const satisfies Readonly<Record<string, FileElement>>;

export type ElementName = keyof typeof ELEMENTS;
export const elementNames = Object.keys(ELEMENTS);
export const isElementName = (name: string): name is ElementName => Object.hasOwn(ELEMENTS, name);
export const elementOf = (name: ElementName): FileElement => ELEMENTS[name];

/**
 * A float of 16 bits: the sign, so many bits of exponent, and the fraction, as IEEE 754 has them. A half has 5 bits of
 * exponent, a bfloat16 8.
 */
function shortFloat(bits: number, exponentBits: number): number {
  const fractionBits = 15 - exponentBits;
  const sign = bits >> 15 === 0 ? 1 : -1;
  const largest = 2 ** exponentBits - 1;
  const exponent = (bits >> fractionBits) & largest;
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = (largest - 1) / 2;
  if (exponent === largest) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}
