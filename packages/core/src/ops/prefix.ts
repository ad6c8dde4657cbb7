/** Prefix operations: each element of the result depends on those before it along an axis. */
import { aBoolean, anInteger } from "../ir/attrs.js";
import { indexOf } from "../kernel/indices.js";
import type { LoopCode } from "../kernel/kernel.js";
import { addDims, type Dim } from "../shape/dim.js";
import { elementCount, stridesOf } from "../shape/strides.js";
import { sizesOf } from "../shape/tensor.js";
import { sameDims, withoutAxes, type TensorType } from "../shape/tensor-type.js";
import { mul } from "./arithmetic.js";
import { concat } from "./concat.js";
import type { Emit, Op, Value } from "./op.js";
import { reshape } from "./reshape.js";
import { allFloat, allNumeric, existingAxis, filled, sameElementType, scalarLike, wrapTo } from "./rules.js";
import { pad, slice } from "./slice.js";

export type PrefixAttrs = { readonly axis: number; readonly reverse: boolean };

/** Calls visit(offset of a line's first element in walking order, step to its next, line number) for each line along the axis. */
function forEachLine(
  type: TensorType,
  { axis, reverse }: PrefixAttrs,
  visit: (first: number, step: number, line: number) => void,
): void {
  const sizes = sizesOf(type);
  const stride = stridesOf(sizes)[axis];
  const outer = elementCount(sizes.slice(0, axis));
  for (let row = 0; row < outer; row++)
    for (let inner = 0; inner < stride; inner++) {
      const start = row * sizes[axis] * stride + inner;
      visit(reverse ? start + (sizes[axis] - 1) * stride : start, reverse ? -stride : stride, row * stride + inner);
    }
}

/**
 * Loops over the states along the axis: `first` gives the first one of a line, `next` each other from the one before;
 * `at` is the place of the element in tensors of the type. All lines go forward together, which reads memory in order.
 */
function writeStates<V>(
  code: LoopCode<V>,
  type: TensorType,
  { axis, reverse }: PrefixAttrs,
  first: (at: V, line: V) => V,
  next: (at: V, before: V) => V,
): void {
  const { lanes } = code;
  const sizes = sizesOf(type);
  const length = sizes[axis];
  const inner = stridesOf(sizes)[axis];
  if (length === 0) return;
  code.each(elementCount(sizes.slice(0, axis)), (row) => {
    const start = indexOf(lanes, reverse ? (length - 1) * inner : 0, [row, length * inner]);
    const step = reverse ? -inner : inner;
    code.each(inner, (column) => {
      const at = lanes.add(start, column);
      code.write(at, first(at, indexOf(lanes, 0, [row, inner], [column, 1])));
    });
    code.loop(length - 1, (i) => {
      const before = indexOf(lanes, 0, [start, 1], [i, step]);
      code.each(inner, (column) => {
        const from = lanes.add(before, column);
        const at = indexOf(lanes, step, [from, 1]);
        code.write(at, next(at, code.read(from)));
      });
    });
  });
}

export const cumsum: Op<1, PrefixAttrs> = {
  kind: "op",
  name: "cumsum",
  summary: "Sum of all elements up to each one along an axis, itself included; from the end backward with reverse.",
  formula: "out[.., i, ..] = Σ_{j ≤ i} x[.., j, ..], with reverse Σ_{j ≥ i}",
  operands: ["x"],
  arity: 1,
  attrs: { axis: anInteger, reverse: aBoolean },
  constraints: [allNumeric("C1"), existingAxis("C2")],
  traits: {},
  result: ([x]) => x,
  evaluate([x], attrs, type) {
    const out = new Float64Array(x.data.length);
    const length = sizesOf(type)[attrs.axis];
    forEachLine(type, attrs, (first, step) => {
      let sum = 0;
      for (let i = 0; i < length; i++) out[first + i * step] = sum += x.data[first + i * step];
    });
    return out.map(wrapTo(type.dtype));
  },
  kernel: (_, attrs, type) => ({
    kind: "loops",
    write(code) {
      writeStates(
        code,
        type,
        attrs,
        (at) => code.load(0, at),
        (at, before) => code.lanes.add(before, code.load(0, at)),
      );
    },
  }),
  vjp: ({ emit, cotangent: g, attrs: { axis, reverse } }) => [emit(cumsum, [g], { axis, reverse: !reverse })],
};

export const linearRecurrence: Op<3, PrefixAttrs> = {
  kind: "op",
  name: "linearRecurrence",
  summary: "The states of h = a·h + b, element by element, along an axis; from the end backward with reverse.",
  formula:
    "out[.., t, ..] = h_t = a_t · h_{t-1} + b_t with h_{-1} = h0; with reverse h_{t+1} in place of h_{t-1}, from the end",
  operands: ["a", "b", "h0"],
  arity: 3,
  attrs: { axis: anInteger, reverse: aBoolean },
  constraints: [
    allFloat("C1"),
    sameElementType("C2"),
    { label: "C3", says: "a and b of equal dims", holds: ([a, b]) => sameDims(a.dims, b.dims) },
    existingAxis("C4"),
    {
      label: "C5",
      says: "h0 with the dims of a without the axis",
      holds: ([a, , h0], { axis }) => sameDims(h0.dims, withoutAxes(a.dims, [axis])),
    },
  ],
  traits: {},
  result: ([a]) => a,
  evaluate([a, b, h0], attrs, type) {
    const out = new Float64Array(a.data.length);
    const length = sizesOf(type)[attrs.axis];
    forEachLine(type, attrs, (first, step, line) => {
      let h = h0.data[line];
      for (let i = 0, at = first; i < length; i++, at += step) out[at] = h = a.data[at] * h + b.data[at];
    });
    return out;
  },
  kernel: (_, attrs, type) => ({
    kind: "loops",
    write(code) {
      writeStates(
        code,
        type,
        attrs,
        (at, line) => code.lanes.madd(code.load(0, at), code.load(2, line), code.load(1, at)),
        (at, before) => code.lanes.madd(code.load(0, at), before, code.load(1, at)),
      );
    },
  }),
  // The adjoint runs the other way: G_t = g_t + a_{t+1}·G_{t+1}. Taking h0 as one more element in front of
  // the line, with cotangent 0, gives all of G and d h0 at once, and needs no case for a line of length 0 or 1.
  vjp({ emit, cotangent: g, inputs: [a, , h0], output: h, attrs: { axis, reverse } }) {
    const end: End = reverse ? "high" : "low";
    const opposite: End = reverse ? "low" : "high";
    const none = filled(emit, h0.type, 0);
    const adjoint = emit(linearRecurrence, [padOne(emit, a, axis, opposite), padOne(emit, g, axis, end), none], {
      axis,
      reverse: !reverse,
    });
    const first = emit(reshape, [h0], { dims: a.type.dims.with(axis, 1) });
    const states = emit(concat, reverse ? [h, first] : [first, h], { axis });
    const ofB = dropOne(emit, adjoint, axis, end);
    const ofH0 = keepOne(emit, adjoint, axis, end);
    return [
      emit(mul, [ofB, dropOne(emit, states, axis, opposite)]),
      ofB,
      emit(reshape, [ofH0], { dims: h0.type.dims }),
    ];
  },
};

type End = "low" | "high";

/** One element of 0 added at an end of an axis. */
function padOne(emit: Emit, value: Value, axis: number, end: End): Value {
  const none = new Array<number>(value.type.dims.length).fill(0);
  const one = none.with(axis, 1);
  return emit(pad, [value, filled(emit, scalarLike(value.type), 0)], {
    low: end === "low" ? one : none,
    high: end === "high" ? one : none,
    interior: none,
  });
}

function range(emit: Emit, value: Value, axis: number, from: Dim, to: Dim): Value {
  const { dims } = value.type;
  return emit(slice, [value], {
    start: new Array<Dim>(dims.length).fill(0).with(axis, from),
    limit: dims.with(axis, to),
    step: new Array<number>(dims.length).fill(1),
  });
}

/** All elements along an axis but the one at an end. */
const dropOne = (emit: Emit, value: Value, axis: number, end: End): Value => {
  const length = value.type.dims[axis];
  return end === "low" ? range(emit, value, axis, 1, length) : range(emit, value, axis, 0, addDims(length, -1));
};

/** Only the element at an end of an axis. */
const keepOne = (emit: Emit, value: Value, axis: number, end: End): Value => {
  const length = value.type.dims[axis];
  return end === "low" ? range(emit, value, axis, 0, 1) : range(emit, value, axis, addDims(length, -1), length);
};
