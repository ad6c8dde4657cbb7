/** Sources without operands: constant, iota and size. (Parameters and inputs of a graph are its `params`.) */
import { aDim, aDType, anInteger, numbers, someDims } from "../ir/attrs.js";
import { indexOf } from "../kernel/indices.js";
import { isSymbol, type Dim } from "../shape/dim.js";
import { elementCount, forEachOffset } from "../shape/strides.js";
import { sizesOf } from "../shape/tensor.js";
import { areValidDims, sizeOf, type Dims, type DType } from "../shape/tensor-type.js";
import type { Op } from "./op.js";

export type ConstantAttrs = { readonly dtype: DType; readonly dims: Dims; readonly data: readonly number[] };

const RANGES: Readonly<Record<DType, (value: number) => boolean>> = {
  f32: () => true,
  f64: () => true,
  i32: (value) => value === (value | 0),
  u32: (value) => value === value >>> 0,
  bool: (value) => value === 0 || value === 1,
};

export const constant: Op<0, ConstantAttrs> = {
  kind: "op",
  name: "constant",
  summary: "A tensor known when the graph is built: all elements, or one number for all of them.",
  formula: "out[i] = data[i], or data[0] for every i when data has one element",
  operands: [],
  arity: 0,
  attrs: { dtype: aDType, dims: someDims, data: numbers },
  constraints: [
    { label: "C1", says: "dims of 0 or more", holds: (_, { dims }) => areValidDims(dims) },
    {
      label: "C2",
      says: "data of one element, or of as many as dims hold",
      holds: (_, { dims, data }) => data.length === 1 || data.length === sizeOf(dims),
    },
    {
      label: "C3",
      says: "elements that the type can hold",
      holds: (_, { dtype, data }) => data.every(RANGES[dtype]),
      hint: "i32 and u32 hold whole numbers in their range, bool holds 0 and 1",
    },
  ],
  traits: { cheap: true },
  result: (_, { dtype, dims }) => ({ dtype, dims }),
  evaluate: (_, { data }, type) =>
    data.length === 1 ? new Float64Array(sizeOf(type.dims) as number).fill(data[0]) : Float64Array.from(data),
  kernel: (_, { data }) => ({ kind: "constant", data }),
  vjp: () => [],
};

export type IotaAttrs = { readonly dtype: DType; readonly dims: Dims; readonly axis: number };

export const iota: Op<0, IotaAttrs> = {
  kind: "op",
  name: "iota",
  summary: "Each element is its own index along one axis.",
  formula: "out[i0, i1, ...] = i_axis",
  operands: [],
  arity: 0,
  attrs: { dtype: aDType, dims: someDims, axis: anInteger },
  constraints: [
    { label: "C1", says: "dims of 0 or more", holds: (_, { dims }) => areValidDims(dims) },
    {
      label: "C2",
      says: "axis to be an axis of the result",
      holds: (_, { dims, axis }) => axis >= 0 && axis < dims.length,
    },
    { label: "C3", says: "a type of numbers, not bool", holds: (_, { dtype }) => dtype !== "bool" },
  ],
  traits: { cheap: true },
  result: (_, { dtype, dims }) => ({ dtype, dims }),
  evaluate(_, { axis }, type) {
    const sizes = sizesOf(type);
    const out = new Float64Array(sizeOf(type.dims) as number);
    forEachOffset(
      sizes,
      sizes.map((__, i) => (i === axis ? 1 : 0)),
      0,
      (flat, index) => (out[flat] = index),
    );
    return out;
  },
  kernel: (_, { dtype, axis }, type) => ({
    kind: "loops",
    write(code) {
      const sizes = sizesOf(type);
      const outer = elementCount(sizes.slice(0, axis));
      const inner = elementCount(sizes.slice(axis + 1));
      code.each(outer, (row) => {
        code.each(sizes[axis], (index) => {
          const value = code.lanes.convert(index, dtype);
          code.each(inner, (column) => {
            code.write(indexOf(code.lanes, 0, [row, sizes[axis] * inner], [index, inner], [column, 1]), value);
          });
        });
      });
    },
  }),
  vjp: () => [],
};

export type SizeAttrs = { readonly dtype: DType; readonly dim: Dim };

export const size: Op<0, SizeAttrs> = {
  kind: "op",
  name: "size",
  summary: "The value of a dim as a scalar, once symbols are bound: the batch size B, the length T.",
  formula: "out = dim",
  operands: [],
  arity: 0,
  attrs: { dtype: aDType, dim: aDim },
  constraints: [
    { label: "C1", says: "a type of numbers, not bool", holds: (_, { dtype }) => dtype !== "bool" },
    { label: "C2", says: "a dim of 0 or more", holds: (_, { dim }) => isSymbol(dim) || areValidDims([dim]) },
  ],
  traits: { cheap: true },
  result: (_, { dtype }) => ({ dtype, dims: [] }),
  evaluate: (_, { dim }) => Float64Array.of(dim as number),
  kernel: (_, { dim }) => ({ kind: "constant", data: [dim as number] }),
  vjp: () => [],
};
