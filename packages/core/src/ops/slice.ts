/** slice and pad, each other's transpose. Bounds may be symbolic: they must then hold for every positive binding. */
import { integers, someDims } from "../ir/attrs.js";
import { addDims, ceilDivDim, isAtLeast, multiplyDims, subtractDims, type Dim } from "../shape/dim.js";
import { elementCount, forEachOffset, stridesOf } from "../shape/strides.js";
import { sizesOf } from "../shape/tensor.js";
import { type Dims } from "../shape/tensor-type.js";
import { sub } from "./arithmetic.js";
import { select } from "./compare.js";
import { constant } from "./constant.js";
import type { Op, Value } from "./op.js";
import { broadcast, forAllSteps, reduceSum } from "./reduce.js";
import { allAxes, filled, haveLength, scalarLike } from "./rules.js";

export type SliceAttrs = { readonly start: Dims; readonly limit: Dims; readonly step: readonly number[] };

/** The length with gaps of `step - 1` between elements is a polynomial in the length only if it is surely 0 or surely not. */
const isSurelyEmptyOrNot = (length: Dim): boolean => length === 0 || isAtLeast(length, 1);

export const slice: Op<1, SliceAttrs> = {
  kind: "op",
  name: "slice",
  summary: "The part of a tensor from start to before limit on each axis, taking every step-th element.",
  formula: "out[i0, i1, ...] = x[start[0] + step[0]·i0, start[1] + step[1]·i1, ...]",
  operands: ["x"],
  arity: 1,
  attrs: { start: someDims, limit: someDims, step: integers },
  constraints: [
    {
      label: "C1",
      says: "one entry of start, limit and step for each axis of x",
      holds: ([x], { start, limit, step }) => haveLength(x.dims.length, start, limit, step),
    },
    { label: "C2", says: "steps of at least 1", holds: (_, { step }) => step.every((by) => by >= 1) },
    {
      label: "C3",
      says: "0 ≤ start ≤ limit ≤ dim on each axis, for every size that a symbol may have",
      holds: ([x], { start, limit }) =>
        x.dims.every(
          (dim, axis) =>
            isAtLeast(start[axis], 0) && isAtLeast(limit[axis], start[axis]) && isAtLeast(dim, limit[axis]),
        ),
      hint: "a symbol may be as small as 1",
    },
    {
      label: "C4",
      says: "a range that is surely empty or surely not, on axes with a step above 1",
      holds: (_, { start, limit, step }) =>
        step.every((by, axis) => by === 1 || isSurelyEmptyOrNot(subtractDims(limit[axis], start[axis]))),
    },
  ],
  traits: { cheap: true, linear: [[0]], view: true },
  result: ([x], { start, limit, step }) => ({
    dtype: x.dtype,
    dims: step.map((by, axis) => ceilDivDim(subtractDims(limit[axis], start[axis]), by)),
  }),
  evaluate([x], { start, step }, type) {
    const sizes = sizesOf(type);
    const out = new Float64Array(elementCount(sizes));
    const from = stridesOf(sizesOf(x.type));
    const first = from.reduce((sum, stride, axis) => sum + stride * (start[axis] as number), 0);
    const strides = from.map((stride, axis) => stride * step[axis]);
    forEachOffset(sizes, strides, first, (flat, offset) => (out[flat] = x.data[offset]));
    return out;
  },
  kernel: (_, { start, step }) => ({
    kind: "view",
    starts: start as readonly number[],
    reads: step.map((by, axis) => ({ axis, step: by })),
  }),
  vjp({ emit, cotangent: g, inputs: [x], attrs: { start, step } }) {
    const interior = step.map((by, axis) => (g.type.dims[axis] === 0 ? 0 : by - 1));
    const high = x.type.dims.map((dim, axis) =>
      subtractDims(dim, addDims(start[axis], spacedLength(g.type.dims[axis], interior[axis]))),
    );
    return [emit(pad, [g, filled(emit, scalarLike(g.type), 0)], { low: start, high, interior })];
  },
  stacked: ({ emit, inputs, attrs: { start, limit, step }, length }) =>
    emit(slice, inputs, { start: [0, ...start], limit: [length, ...limit], step: [1, ...step] }),
};

/** The length of `length` elements with `interior` others between neighbours. */
const spacedLength = (length: Dim, interior: number): Dim =>
  length === 0 ? 0 : subtractDims(multiplyDims(length, interior + 1), interior);

export type PadAttrs = { readonly low: Dims; readonly high: Dims; readonly interior: readonly number[] };

export const pad: Op<2, PadAttrs> = {
  kind: "op",
  name: "pad",
  summary:
    "A tensor with `low` copies of a value before it, `high` after it and `interior` between neighbours, per axis.",
  formula: "out[low[0] + (1 + interior[0])·i0, ...] = x[i0, ...], and value elsewhere",
  operands: ["x", "value"],
  arity: 2,
  attrs: { low: someDims, high: someDims, interior: integers },
  constraints: [
    {
      label: "C1",
      says: "a scalar value of the element type of x",
      holds: ([x, value]) => value.dims.length === 0 && value.dtype === x.dtype,
    },
    {
      label: "C2",
      says: "one entry of low, high and interior for each axis of x",
      holds: ([x], { low, high, interior }) => haveLength(x.dims.length, low, high, interior),
    },
    {
      label: "C3",
      says: "low, high and interior of at least 0, for every size that a symbol may have",
      holds: (_, { low, high, interior }) => [...low, ...high, ...interior].every((count) => isAtLeast(count, 0)),
      hint: "to remove elements, use slice",
    },
    {
      label: "C4",
      says: "a length that is surely 0 or surely not, on axes with an interior",
      holds: ([x], { interior }) => x.dims.every((dim, axis) => interior[axis] === 0 || isSurelyEmptyOrNot(dim)),
    },
  ],
  traits: { cheap: true, linear: [[0, 1]] },
  result: ([x], { low, high, interior }) => ({
    dtype: x.dtype,
    dims: x.dims.map((dim, axis) => addDims(low[axis], spacedLength(dim, interior[axis]), high[axis])),
  }),
  evaluate([x, value], { low, interior }, type) {
    const to = stridesOf(sizesOf(type));
    const out = new Float64Array(elementCount(sizesOf(type))).fill(value.data[0]);
    const first = to.reduce((sum, stride, axis) => sum + stride * (low[axis] as number), 0);
    const strides = to.map((stride, axis) => stride * (interior[axis] + 1));
    forEachOffset(sizesOf(x.type), strides, first, (flat, offset) => (out[offset] = x.data[flat]));
    return out;
  },
  kernel: (_, { low, interior }) => ({
    kind: "place",
    placements: [{ low: low as readonly number[], spacing: interior.map((gap) => gap + 1) }],
    fill: 1,
  }),
  // The value receives what does not fall on an element of x.
  vjp({ emit, cotangent: g, inputs: [x], attrs: { low, interior } }) {
    const dims = x.type.dims;
    const limit = dims.map((dim, axis) => addDims(low[axis], spacedLength(dim, interior[axis])));
    const step = dims.map((dim, axis) => (dim === 0 ? 1 : interior[axis] + 1));
    const ofX = emit(slice, [g], { start: low, limit, step });
    const axes = allAxes(dims.length);
    return [ofX, emit(sub, [emit(reduceSum, [g], { axes }), emit(reduceSum, [ofX], { axes })])];
  },
  stacked({ emit, inputs: [x, value], isStacked: [xIsStacked, valueIsStacked], attrs, length }) {
    const all = { low: [0, ...attrs.low], high: [0, ...attrs.high], interior: [0, ...attrs.interior] };
    const padded = (elements: Value, around: Value): Value => emit(pad, [elements, around], all);
    const steps = forAllSteps(emit, x, xIsStacked, length);
    if (!valueIsStacked) return padded(steps, value);
    // Another value in every step: it is chosen where a padded mask says so.
    const flag = (truth: number, dims: Dims): Value => emit(constant, [], { dtype: "bool", dims, data: [truth] });
    const inside = padded(flag(1, steps.type.dims), flag(0, []));
    const { dims } = inside.type;
    const zeros = padded(steps, filled(emit, scalarLike(x.type), 0));
    return emit(select, [inside, zeros, emit(broadcast, [value], { dims, axes: [0] })]);
  },
};
