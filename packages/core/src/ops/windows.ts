/**
 * windows and overlapAdd, each other's transpose: what convolution and pooling are made of. windows repeats nothing in
 * memory; overlapAdd puts windows back in their places and adds up where they meet.
 */
import { integers, someDims } from "../ir/attrs.js";
import { addDims, ceilDivDim, isAtLeast, type Dim } from "../shape/dim.js";
import { elementCount, forEachOffset, stridesOf } from "../shape/strides.js";
import { sizesOf } from "../shape/tensor.js";
import type { Dims, TensorType } from "../shape/tensor-type.js";
import type { Op } from "./op.js";
import { allNumeric, areIncreasing, behindSteps, haveLength, wrapTo } from "./rules.js";

export type WindowSteps = {
  readonly axes: readonly number[];
  readonly steps: readonly number[];
  readonly dilations: readonly number[];
};

export type WindowAttrs = WindowSteps & { readonly sizes: readonly number[] };
export type OverlapAttrs = WindowSteps & { readonly lengths: Dims };

const arePositive = (...lists: readonly (readonly number[])[]): boolean => lists.flat().every((count) => count >= 1);

/** Elements from the first of a window to behind its last. */
const extentOf = (size: number, dilation: number): number => (size - 1) * dilation + 1;

/** How many windows of that extent begin inside `dim` and end there too. */
const positionsIn = (dim: Dim, extent: number, step: number): Dim => ceilDivDim(addDims(dim, 1 - extent), step);

/** Distances in x, or in the result of overlapAdd, along every axis of the windows. */
function windowStrides(whole: TensorType, { axes, steps, dilations }: WindowSteps): readonly number[] {
  const strides = stridesOf(sizesOf(whole));
  return [
    ...strides.map((stride, axis) => stride * (steps[axes.indexOf(axis)] ?? 1)),
    ...axes.map((axis, i) => strides[axis] * dilations[i]),
  ];
}

export const windows: Op<1, WindowAttrs> = {
  kind: "op",
  name: "windows",
  summary:
    "All windows of given sizes along axes: each axis becomes that of the windows' positions, and the axes of the elements in a window follow at the end.",
  formula: "out[.., i, .., k] = x[.., steps·i + dilations·k, ..] on each of the axes",
  operands: ["x"],
  arity: 1,
  attrs: { axes: integers, sizes: integers, steps: integers, dilations: integers },
  constraints: [
    {
      label: "C1",
      says: "axes in increasing order, each an axis of x",
      holds: ([x], { axes }) => areIncreasing(axes, x.dims.length),
    },
    {
      label: "C2",
      says: "sizes, steps and dilations of at least 1, one of each for each of the axes",
      holds: (_, { axes, sizes, steps, dilations }) =>
        haveLength(axes.length, sizes, steps, dilations) && arePositive(sizes, steps, dilations),
    },
    {
      label: "C3",
      says: "room for a window on each of the axes, for every size that a symbol may have",
      holds: ([x], { axes, sizes, dilations }) =>
        axes.every((axis, i) => isAtLeast(x.dims[axis], extentOf(sizes[i], dilations[i]))),
      hint: "pad x first; a window reaches over (size - 1) · dilation + 1 elements",
    },
  ],
  traits: { cheap: true, linear: [[0]] },
  result: ([x], { axes, sizes, steps, dilations }) => ({
    dtype: x.dtype,
    dims: [
      ...axes.reduce<Dims>(
        (dims, axis, i) => dims.with(axis, positionsIn(dims[axis], extentOf(sizes[i], dilations[i]), steps[i])),
        x.dims,
      ),
      ...sizes,
    ],
  }),
  evaluate([x], attrs, type) {
    const sizes = sizesOf(type);
    const out = new Float64Array(elementCount(sizes));
    forEachOffset(sizes, windowStrides(x.type, attrs), 0, (flat, offset) => (out[flat] = x.data[offset]));
    return out;
  },
  kernel: ([x], { axes, steps, dilations }) => ({
    kind: "view",
    starts: x.dims.map(() => 0),
    reads: [
      ...x.dims.map((_, axis) => ({ axis, step: steps[axes.indexOf(axis)] ?? 1 })),
      ...axes.map((axis, i) => ({ axis, step: dilations[i] })),
    ],
  }),
  vjp: ({ emit, cotangent: g, inputs: [x], attrs: { axes, steps, dilations } }) => [
    emit(overlapAdd, [g], { axes, steps, dilations, lengths: axes.map((axis) => x.type.dims[axis]) }),
  ],
  stacked: ({ emit, inputs, attrs: { axes, ...rest } }) =>
    emit(windows, inputs, { axes: behindSteps(axes).slice(1), ...rest }),
};

/** Sizes of the windows that overlapAdd is given: its operand's last dims. */
const givenSizes = (x: TensorType, axes: readonly number[]): Dims => x.dims.slice(x.dims.length - axes.length);

export const overlapAdd: Op<1, OverlapAttrs> = {
  kind: "op",
  name: "overlapAdd",
  summary:
    "The transpose of windows: windows put back in their places, and added up where they overlap; 0 where none is.",
  formula: "out[.., n, ..] = Σ x[.., i, .., k] over all i, k with steps·i + dilations·k = n on each of the axes",
  operands: ["x"],
  arity: 1,
  attrs: { axes: integers, steps: integers, dilations: integers, lengths: someDims },
  constraints: [
    allNumeric("C1"),
    {
      label: "C2",
      says: "axes in increasing order, each an axis of x in front of the windows' own, which are as many",
      holds: ([x], { axes }) => areIncreasing(axes, x.dims.length - axes.length),
    },
    {
      label: "C3",
      says: "steps and dilations of at least 1, and a length, for each of the axes",
      holds: (_, { axes, steps, dilations, lengths }) =>
        haveLength(axes.length, steps, dilations, lengths) && arePositive(steps, dilations),
    },
    {
      label: "C4",
      says: "as many windows, of a known size, as windows takes from those lengths",
      holds: ([x], { axes, steps, dilations, lengths }) =>
        givenSizes(x, axes).every((size, i) => {
          if (typeof size !== "number" || size < 1) return false;
          const extent = extentOf(size, dilations[i]);
          return isAtLeast(lengths[i], extent) && x.dims[axes[i]] === positionsIn(lengths[i], extent, steps[i]);
        }),
    },
  ],
  traits: { linear: [[0]] },
  result: ([x], { axes, lengths }) => ({
    dtype: x.dtype,
    dims: axes.reduce<Dims>((dims, axis, i) => dims.with(axis, lengths[i]), x.dims.slice(0, -axes.length || undefined)),
  }),
  evaluate([x], attrs, type) {
    const out = new Float64Array(elementCount(sizesOf(type)));
    forEachOffset(sizesOf(x.type), windowStrides(type, attrs), 0, (flat, offset) => (out[offset] += x.data[flat]));
    return out.map(wrapTo(type.dtype));
  },
  kernel: (_, { axes, steps, dilations }) => ({ kind: "overlap", axes, steps, dilations }),
  vjp: ({ emit, cotangent: g, inputs: [x], attrs: { axes, steps, dilations } }) => [
    emit(windows, [g], { axes, sizes: givenSizes(x.type, axes) as readonly number[], steps, dilations }),
  ],
  stacked: ({ emit, inputs, attrs: { axes, ...rest } }) =>
    emit(overlapAdd, inputs, { axes: behindSteps(axes).slice(1), ...rest }),
};
