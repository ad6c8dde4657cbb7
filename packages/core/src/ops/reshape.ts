/** reshape and transpose: the same elements under other indices. */
import { integers, someDims } from "../ir/attrs.js";
import { elementCount, forEachOffset, stridesOf } from "../shape/strides.js";
import { sizesOf } from "../shape/tensor.js";
import { areValidDims, sizeOf, type Dims } from "../shape/tensor-type.js";
import type { Op } from "./op.js";
import { behindSteps } from "./rules.js";

export const reshape: Op<1, { readonly dims: Dims }> = {
  kind: "op",
  name: "reshape",
  summary: "The same elements in row-major order under other dims.",
  formula: "out[i] = x[i] for the flat index i",
  operands: ["x"],
  arity: 1,
  attrs: { dims: someDims },
  constraints: [
    { label: "C1", says: "dims of 0 or more", holds: (_, { dims }) => areValidDims(dims) },
    {
      label: "C2",
      says: "as many elements after as before",
      holds: ([x], { dims }) => sizeOf(x.dims) === sizeOf(dims),
    },
  ],
  traits: { cheap: true, linear: [[0]] },
  result: ([x], { dims }) => ({ dtype: x.dtype, dims }),
  evaluate: ([x]) => x.data,
  kernel: () => ({ kind: "reshape" }),
  vjp: ({ emit, cotangent: g, inputs: [x] }) => [emit(reshape, [g], { dims: x.type.dims })],
  stacked: ({ emit, inputs, attrs: { dims }, length }) => emit(reshape, inputs, { dims: [length, ...dims] }),
};

export const transpose: Op<1, { readonly order: readonly number[] }> = {
  kind: "op",
  name: "transpose",
  summary: "Axes in another order: axis k of the result is axis order[k] of x.",
  formula: "out[i_order[0], i_order[1], ...] = x[i0, i1, ...]",
  operands: ["x"],
  arity: 1,
  attrs: { order: integers },
  constraints: [
    {
      label: "C1",
      says: "order to name each axis of x once",
      holds: ([x], { order }) =>
        order.length === x.dims.length && [...order].sort((a, b) => a - b).every((axis, i) => axis === i),
    },
  ],
  traits: { cheap: true, linear: [[0]], view: true },
  result: ([x], { order }) => ({ dtype: x.dtype, dims: order.map((axis) => x.dims[axis]) }),
  evaluate([x], { order }, type) {
    const sizes = sizesOf(type);
    const out = new Float64Array(elementCount(sizes));
    const strides = stridesOf(sizesOf(x.type));
    forEachOffset(
      sizes,
      order.map((axis) => strides[axis]),
      0,
      (flat, offset) => (out[flat] = x.data[offset]),
    );
    return out;
  },
  kernel: (_, { order }) => ({
    kind: "view",
    starts: order.map(() => 0),
    reads: order.map((axis) => ({ axis, step: 1 })),
  }),
  vjp: ({ emit, cotangent: g, attrs: { order } }) => [
    emit(transpose, [g], { order: order.map((_, axis) => order.indexOf(axis)) }),
  ],
  stacked: ({ emit, inputs, attrs: { order } }) => emit(transpose, inputs, { order: behindSteps(order) }),
};
