/**
 * dynamicSlice and dynamicUpdateSlice: a window whose place is known only when the graph runs.
 * The start is moved so that the window lies inside, as in XLA, so no start is an error.
 */
import { someDims, type NoAttrs } from "../ir/attrs.js";
import { eachOffset, indexOf } from "../kernel/indices.js";
import type { LoopCode } from "../kernel/kernel.js";
import { isAtLeast } from "../shape/dim.js";
import { elementCount, forEachOffset, stridesOf } from "../shape/strides.js";
import { sizesOf, type Tensor } from "../shape/tensor.js";
import type { Dims, TensorType } from "../shape/tensor-type.js";
import type { Op } from "./op.js";
import { filled } from "./rules.js";

const isStartOf = (start: TensorType, x: TensorType): boolean =>
  start.dtype === "i32" && start.dims.length === 1 && start.dims[0] === x.dims.length;

const fitsInside = (sizes: Dims, dims: Dims): boolean =>
  sizes.length === dims.length && sizes.every((size, axis) => isAtLeast(size, 0) && isAtLeast(dims[axis], size));

/** Calls visit(flat index in the window, offset in x) for every element of the window. */
function forEachInWindow(
  x: TensorType,
  start: Tensor,
  windowSizes: readonly number[],
  visit: (inWindow: number, inX: number) => void,
): void {
  const strides = stridesOf(sizesOf(x));
  const first = sizesOf(x).reduce((sum, size, axis) => {
    const moved = Math.max(0, Math.min(start.data[axis], size - windowSizes[axis]));
    return sum + moved * strides[axis];
  }, 0);
  forEachOffset(windowSizes, strides, first, visit);
}

/** The same as loops; operand number `operand` is the start. */
function eachInWindow<V>(
  code: LoopCode<V>,
  x: TensorType,
  operand: number,
  windowSizes: readonly number[],
  visit: (inWindow: V, inX: V) => void,
): void {
  const { lanes } = code;
  const strides = stridesOf(sizesOf(x));
  const starts = sizesOf(x).map((size, axis): readonly [V, number] => {
    const start = code.load(operand, lanes.constant("i32", axis));
    const last = lanes.constant("i32", size - windowSizes[axis]);
    return [lanes.max(lanes.constant("i32", 0), lanes.min(start, last)), strides[axis]];
  });
  eachOffset(code, windowSizes, strides, indexOf(lanes, 0, ...starts), visit);
}

export const dynamicSlice: Op<2, { readonly sizes: Dims }> = {
  kind: "op",
  name: "dynamicSlice",
  summary: "The window of given sizes at a computed start, which is moved so that the window lies inside x.",
  formula: "out[i0, ...] = x[clamp(start[0], 0, dim0 - sizes[0]) + i0, ...]",
  operands: ["x", "start"],
  arity: 2,
  attrs: { sizes: someDims },
  constraints: [
    {
      label: "C1",
      says: "start of type i32 with one element for each axis of x",
      holds: ([x, start]) => isStartOf(start, x),
    },
    {
      label: "C2",
      says: "one size for each axis of x, from 0 to its dim",
      holds: ([x], { sizes }) => fitsInside(sizes, x.dims),
    },
  ],
  traits: { cheap: true },
  result: ([x], { sizes }) => ({ dtype: x.dtype, dims: sizes }),
  evaluate([x, start], _, type) {
    const sizes = sizesOf(type);
    const out = new Float64Array(elementCount(sizes));
    forEachInWindow(x.type, start, sizes, (to, from) => (out[to] = x.data[from]));
    return out;
  },
  kernel: ([x], _, type) => ({
    kind: "loops",
    write(code) {
      eachInWindow(code, x, 1, sizesOf(type), (to, from) => {
        code.write(to, code.load(0, from));
      });
    },
  }),
  vjp: ({ emit, cotangent: g, inputs: [x, start] }) => [
    emit(dynamicUpdateSlice, [filled(emit, x.type, 0), g, start]),
    null,
  ],
};

export const dynamicUpdateSlice: Op<3, NoAttrs> = {
  kind: "op",
  name: "dynamicUpdateSlice",
  summary: "A tensor with the window at a computed start replaced; the start is moved so that the window lies inside.",
  formula: "out[clamp(start[0], 0, dim0 - size0) + i0, ...] = update[i0, ...], and x elsewhere",
  operands: ["x", "update", "start"],
  arity: 3,
  attrs: {},
  constraints: [
    {
      label: "C1",
      says: "start of type i32 with one element for each axis of x",
      holds: ([x, , start]) => isStartOf(start, x),
    },
    { label: "C2", says: "x and update of one element type", holds: ([x, update]) => x.dtype === update.dtype },
    { label: "C3", says: "an update that fits into x", holds: ([x, update]) => fitsInside(update.dims, x.dims) },
  ],
  traits: { cheap: true },
  result: ([x]) => x,
  evaluate([x, update, start]) {
    const out = Float64Array.from(x.data);
    forEachInWindow(x.type, start, sizesOf(update.type), (from, to) => (out[to] = update.data[from]));
    return out;
  },
  kernel: ([x, update]) => ({
    kind: "update",
    write(code) {
      eachInWindow(code, x, 2, sizesOf(update), (from, to) => {
        code.write(to, code.load(1, from));
      });
    },
  }),
  vjp: ({ emit, cotangent: g, inputs: [, update, start] }) => [
    emit(dynamicUpdateSlice, [g, filled(emit, update.type, 0), start]),
    emit(dynamicSlice, [g, start], { sizes: update.type.dims }),
    null,
  ],
};
