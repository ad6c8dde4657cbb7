/** broadcast and reduceSum, each other's transpose; reduceMax and argmax. */
import { anInteger, integers, someDims } from "../ir/attrs.js";
import { indexOf } from "../kernel/indices.js";
import type { Lanes } from "../kernel/lanes.js";
import { axisOfParts, joinParts, PARTS } from "../kernel/parts.js";
import { isFloat, sameDims, sizeOf, withoutAxes, type Dims, type DType } from "../shape/tensor-type.js";
import type { Dim } from "../shape/dim.js";
import { elementCount, forEachOffset, stridesOf } from "../shape/strides.js";
import { sizesOf, type Tensor } from "../shape/tensor.js";
import { div, mul } from "./arithmetic.js";
import { cast, eq } from "./compare.js";
import type { Emit, Op, Value } from "./op.js";
import { allNumeric, areIncreasing, behindSteps, existingAxis, increasingAxes, wrapTo } from "./rules.js";

export type BroadcastAttrs = { readonly dims: Dims; readonly axes: readonly number[] };

export const broadcast: Op<1, BroadcastAttrs> = {
  kind: "op",
  name: "broadcast",
  summary: "Repeats a tensor along new axes; axes gives the place of each axis of x in the result.",
  formula: "out[i0, i1, ...] = x[i_axes[0], i_axes[1], ...]",
  operands: ["x"],
  arity: 1,
  attrs: { dims: someDims, axes: integers },
  constraints: [
    {
      label: "C1",
      says: "one entry of axes for each axis of x",
      holds: ([x], { axes }) => axes.length === x.dims.length,
    },
    {
      label: "C2",
      says: "axes in increasing order, each an axis of the result",
      holds: (_, { axes, dims }) => areIncreasing(axes, dims.length),
    },
    {
      label: "C3",
      says: "dims that agree with x on those axes",
      holds: ([x], { axes, dims }) =>
        sameDims(
          x.dims,
          axes.map((axis) => dims[axis]),
        ),
    },
  ],
  traits: { cheap: true, linear: [[0]], view: true },
  result: ([x], { dims }) => ({ dtype: x.dtype, dims }),
  evaluate([x], { axes }, type) {
    const out = new Float64Array(sizeOf(type.dims) as number);
    const from = stridesOf(sizesOf(x.type));
    const strides = new Array<number>(type.dims.length).fill(0);
    axes.forEach((axis, i) => (strides[axis] = from[i]));
    forEachOffset(sizesOf(type), strides, 0, (flat, offset) => (out[flat] = x.data[offset]));
    return out;
  },
  kernel: (_, { dims, axes }) => ({
    kind: "view",
    starts: axes.map(() => 0),
    reads: dims.map((__, axis) => (axes.includes(axis) ? { axis: axes.indexOf(axis), step: 1 } : "repeat")),
  }),
  vjp: ({ emit, cotangent: g, attrs: { axes } }) => [
    emit(reduceSum, [g], { axes: complementOf(axes, g.type.dims.length) }),
  ],
  stacked: ({ emit, inputs, attrs: { dims, axes }, length }) =>
    emit(broadcast, inputs, { dims: [length, ...dims], axes: behindSteps(axes) }),
};

/** A value for all steps of a loop, for a rule of `stacked`: as it is where it has them, else repeated. */
export const forAllSteps = (emit: Emit, value: Value, isStacked: boolean, length: Dim): Value =>
  isStacked
    ? value
    : emit(broadcast, [value], {
        dims: [length, ...value.type.dims],
        axes: value.type.dims.map((_, axis) => axis + 1),
      });

/** The axes that `axes` does not name, increasing. */
const complementOf = (axes: readonly number[], rank: number): number[] =>
  Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !axes.includes(axis));

export type AxesAttrs = { readonly axes: readonly number[] };

/** Calls visit(offset in x, flat index in the result) for every element of x, in row-major order. */
function forEachReduced(x: Tensor, axes: readonly number[], visit: (from: number, to: number) => void): void {
  const sizes = sizesOf(x.type);
  const kept = complementOf(axes, sizes.length);
  const keptStrides = stridesOf(kept.map((axis) => sizes[axis]));
  const strides = new Array<number>(sizes.length).fill(0);
  kept.forEach((axis, i) => (strides[axis] = keptStrides[i]));
  forEachOffset(sizes, strides, 0, visit);
}

/** A reduced tensor repeated over the axes that were reduced. */
const spread = (emit: Emit, value: Value, dims: Dims, axes: readonly number[]): Value =>
  emit(broadcast, [value], { dims, axes: complementOf(axes, dims.length) });

export const reduceSum: Op<1, AxesAttrs> = {
  kind: "op",
  name: "reduceSum",
  summary: "Sum over axes, which the result no longer has; 0 over no elements.",
  formula: "out[rest] = Σ_axes x[...]",
  operands: ["x"],
  arity: 1,
  attrs: { axes: integers },
  constraints: [allNumeric("C1"), increasingAxes("C2")],
  traits: { linear: [[0]] },
  result: ([x], { axes }) => ({ dtype: x.dtype, dims: withoutAxes(x.dims, axes) }),
  evaluate([x], { axes }, type) {
    const sizes = sizesOf(x.type);
    const last = axisOfParts(axes.map((axis) => sizes[axis]));
    const step = last === undefined ? 1 : stridesOf(sizes)[axes[last]];
    const size = last === undefined ? 1 : sizes[axes[last]];
    const parts = new Float64Array(elementCount(sizesOf(type)) * PARTS);
    forEachReduced(x, axes, (from, to) => {
      const index = Math.floor(from / step) % size;
      parts[to * PARTS + (index % PARTS)] += x.data[from];
    });
    return new Float64Array(parts.length / PARTS)
      .map((_, to) => joinParts([...parts.subarray(to * PARTS, (to + 1) * PARTS)], (a, b) => a + b))
      .map(wrapTo(type.dtype));
  },
  kernel: (_, { axes }) => ({ kind: "reduce", axes, initial: 0, combine: (k, x, y) => k.add(x, y) }),
  vjp: ({ emit, cotangent: g, inputs: [x], attrs: { axes } }) => [spread(emit, g, x.type.dims, axes)],
  stacked: ({ emit, inputs, attrs: { axes } }) => emit(reduceSum, inputs, { axes: axes.map((axis) => axis + 1) }),
  summed: ({ emit, inputs, attrs: { axes } }) => emit(reduceSum, inputs, { axes: behindSteps(axes) }),
};

/** The maximum of no elements. */
const LEAST: Readonly<Record<DType, number>> = { i32: -(2 ** 31), u32: 0, bool: 0, f32: -Infinity, f64: -Infinity };

export const reduceMax: Op<1, AxesAttrs> = {
  kind: "op",
  name: "reduceMax",
  summary: "Maximum over axes; -inf (for integers the least one) over no elements, NaN when one is NaN.",
  formula: "out[rest] = max_axes x[...]",
  operands: ["x"],
  arity: 1,
  attrs: { axes: integers },
  constraints: [allNumeric("C1"), increasingAxes("C2")],
  traits: { kinked: true },
  result: ([x], { axes }) => ({ dtype: x.dtype, dims: withoutAxes(x.dims, axes) }),
  evaluate([x], { axes }, type) {
    const out = new Float64Array(elementCount(sizesOf(type))).fill(LEAST[type.dtype]);
    forEachReduced(x, axes, (from, to) => (out[to] = Math.max(out[to], x.data[from])));
    return out;
  },
  kernel: (_, { axes }, { dtype }) => ({
    kind: "reduce",
    axes,
    initial: LEAST[dtype],
    combine: (k, x, y) => k.max(x, y),
  }),
  // Elements that tie for the maximum share the cotangent equally.
  vjp({ emit, cotangent: g, inputs: [x], output: y, attrs: { axes } }) {
    const winner = emit(eq, [x, spread(emit, y, x.type.dims, axes)]);
    const isMax = emit(cast, [winner], { dtype: x.type.dtype });
    const share = emit(div, [g, emit(reduceSum, [isMax], { axes })]);
    return [emit(mul, [isMax, spread(emit, share, x.type.dims, axes)])];
  },
  stacked: ({ emit, inputs, attrs: { axes } }) => emit(reduceMax, inputs, { axes: axes.map((axis) => axis + 1) }),
};

/** Whether a value found later replaces the best one so far, as in argmax's definition. */
function isBetter<V>(k: Lanes<V>, value: V, best: V): V {
  const isMore = k.lt(best, value);
  if (!isFloat(k.typeOf(value))) return isMore;
  const isFirstNaN = k.and(k.not(k.eq(value, value)), k.eq(best, best));
  return k.or(isMore, isFirstNaN);
}

export const argmax: Op<1, { readonly axis: number }> = {
  kind: "op",
  name: "argmax",
  summary: "Index of the first maximum along an axis, which the result no longer has.",
  formula: "out[rest] = the least i with x[.., i, ..] = max_axis x",
  operands: ["x"],
  arity: 1,
  attrs: { axis: anInteger },
  constraints: [
    allNumeric("C1"),
    existingAxis("C2"),
    { label: "C3", says: "at least one element along the axis", holds: ([x], { axis }) => x.dims[axis] !== 0 },
  ],
  traits: {},
  result: ([x], { axis }) => ({ dtype: "i32", dims: withoutAxes(x.dims, [axis]) }),
  evaluate([x], { axis }, type) {
    const out = new Float64Array(elementCount(sizesOf(type)));
    const best = new Float64Array(out.length).fill(-Infinity);
    const stride = stridesOf(sizesOf(x.type))[axis];
    const length = sizesOf(x.type)[axis];
    forEachReduced(x, [axis], (from, to) => {
      // NaN counts as the maximum, as in reduceMax; the first one found stays.
      const value = x.data[from];
      if (value > best[to] || (Number.isNaN(value) && !Number.isNaN(best[to]))) {
        best[to] = value;
        out[to] = Math.floor(from / stride) % length;
      }
    });
    return out;
  },
  kernel: ([x], { axis }) => ({
    kind: "loops",
    write(code) {
      const { lanes } = code;
      const sizes = sizesOf(x);
      const inner = stridesOf(sizes)[axis];
      code.each(elementCount(sizes.slice(0, axis)), (row) => {
        code.each(inner, (column) => {
          const first = indexOf(lanes, 0, [row, sizes[axis] * inner], [column, 1]);
          const best = code.variable(code.load(0, first));
          const place = code.variable(lanes.constant("i32", 0));
          code.loop(sizes[axis], (index) => {
            const value = code.load(0, indexOf(lanes, 0, [first, 1], [index, inner]));
            const better = isBetter(lanes, value, best.get());
            best.set(lanes.select(better, value, best.get()));
            place.set(lanes.select(better, index, place.get()));
          });
          code.write(indexOf(lanes, 0, [row, inner], [column, 1]), place.get());
        });
      });
    },
  }),
  vjp: () => [null],
};
