/** linearRecurrence: the states of a recurrence that is linear element by element. */
import { sizesOf } from "../shape/tensor.js";
import { sameDims, withoutAxes } from "../shape/tensor-type.js";
import { mul } from "./arithmetic.js";
import { concat } from "./concat.js";
import type { Op, Value } from "./op.js";
import { dropOne, endOf, forEachLine, keepOne, padOne, prefixAttrs, startOf, type PrefixAttrs } from "./prefix.js";
import { forAllSteps } from "./reduce.js";
import { reshape } from "./reshape.js";
import { allFloat, existingAxis, filled, sameElementType } from "./rules.js";

export const linearRecurrence: Op<3, PrefixAttrs> = {
  kind: "op",
  name: "linearRecurrence",
  summary: "The states of h = a·h + b, element by element, along an axis; from the end backward with reverse.",
  formula:
    "out[.., t, ..] = h_t = a_t · h_{t-1} + b_t with h_{-1} = h0; with reverse h_{t+1} in place of h_{t-1}, from the end",
  operands: ["a", "b", "h0"],
  arity: 3,
  attrs: prefixAttrs,
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
  kernel: (_, attrs) => ({ kind: "prefix", ...attrs, initial: 2, next: (k, h, a, b) => k.madd(a, h, b) }),
  // The adjoint runs the other way: G_t = g_t + a_{t+1}·G_{t+1}. Taking h0 as one more element in front of
  // the line, with cotangent 0, gives all of G and d h0 at once, and needs no case for a line of length 0 or 1.
  vjp({ emit, cotangent: g, inputs: [a, , h0], output: h, attrs }) {
    const { axis, reverse } = attrs;
    const [start, end] = [startOf(attrs), endOf(attrs)];
    const none = filled(emit, h0.type, 0);
    const adjoint = emit(linearRecurrence, [padOne(emit, a, axis, end), padOne(emit, g, axis, start), none], {
      axis,
      reverse: !reverse,
    });
    const first = emit(reshape, [h0], { dims: a.type.dims.with(axis, 1) });
    const states = emit(concat, reverse ? [h, first] : [first, h], { axis });
    const ofB = dropOne(emit, adjoint, axis, start);
    const ofH0 = keepOne(emit, adjoint, axis, start);
    return [emit(mul, [ofB, dropOne(emit, states, axis, end)]), ofB, emit(reshape, [ofH0], { dims: h0.type.dims })];
  },
  stacked({ emit, inputs: [a, b, h0], isStacked, attrs: { axis, reverse }, length }) {
    const all = (value: Value, i: number): Value => forAllSteps(emit, value, isStacked[i], length);
    return emit(linearRecurrence, [all(a, 0), all(b, 1), all(h0, 2)], { axis: axis + 1, reverse });
  },
};
