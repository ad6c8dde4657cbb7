/** The type of a tensor: element type and dims, and its spelling, `f32[B,T,8]`. */
import { bindDim, multiplyDims, parseDim, type Dim, type DimBindings } from "./dim.js";

export const DTYPES = ["f32", "f64", "i32", "u32", "bool"] as const;
export type DType = (typeof DTYPES)[number];
export type FloatDType = "f32" | "f64";
export type Dims = readonly Dim[];

export interface TensorType {
  readonly dtype: DType;
  /** Row-major: the last axis is contiguous. No dims: a scalar. */
  readonly dims: Dims;
}

const typeOf =
  (dtype: DType) =>
  (...dims: Dims): TensorType => ({ dtype, dims });

export const f32 = typeOf("f32");
export const f64 = typeOf("f64");
export const i32 = typeOf("i32");
export const u32 = typeOf("u32");
export const bool = typeOf("bool");

export const isFloat = <T extends string>(dtype: T): dtype is T & FloatDType => dtype === "f32" || dtype === "f64";
export const isInteger = (dtype: DType): boolean => dtype === "i32" || dtype === "u32";

export function sameDims(a: Dims, b: Dims): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}
export const sameType = (a: TensorType, b: TensorType): boolean => a.dtype === b.dtype && sameDims(a.dims, b.dims);

/** Number of elements. */
export const sizeOf = (dims: Dims): Dim => multiplyDims(...dims);
export const bindDims = (dims: Dims, bindings: DimBindings): Dims => dims.map((dim) => bindDim(dim, bindings));
export const withoutAxes = (dims: Dims, axes: readonly number[]): Dims =>
  dims.filter((_, axis) => !axes.includes(axis));
/** True when every known dim is a whole number of elements, 0 included; symbolic dims are checked once they are bound. */
export const areValidDims = (dims: Dims): boolean =>
  dims.every((dim) => typeof dim === "string" || (Number.isSafeInteger(dim) && dim >= 0));

export const formatDims = (dims: Dims): string => `[${dims.join(",")}]`;
export const formatType = ({ dtype, dims }: TensorType): string => dtype + (dims.length === 0 ? "" : formatDims(dims));

const TYPE = /^(f32|f64|i32|u32|bool)(?:\[(.*)\])?$/s;

/** The type that `text` spells, or undefined when it spells none. */
export function parseType(text: string): TensorType | undefined {
  const match = TYPE.exec(text.trim());
  if (match === null) return undefined;
  const dtype = match[1] as DType;
  if (match[2] === undefined) return { dtype, dims: [] };
  const dims = match[2].split(",").map((part) => parseDim(part.trim()));
  return dims.every((dim) => dim !== undefined) ? { dtype, dims } : undefined;
}
