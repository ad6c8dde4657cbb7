/** linearRecurrence and coupledRecurrence: the states of recurrences that are linear element by element, of one state or of several that enter each other. */
import type { LaneFunction } from "../kernel/kernel.js";
import { elementCount } from "../shape/strides.js";
import { sizesOf } from "../shape/tensor.js";
import { sameDims, withoutAxes } from "../shape/tensor-type.js";
import { mul } from "./arithmetic.js";
import { concat } from "./concat.js";
import type { Emit, Op, Value } from "./op.js";
import { dropOne, endOf, forEachLine, keepOne, padOne, prefixAttrs, startOf, type PrefixAttrs } from "./prefix.js";
import { forAllSteps } from "./reduce.js";
import { reshape, transpose } from "./reshape.js";
import { allFloat, existingAxis, filled, sameElementType } from "./rules.js";
import { slice } from "./slice.js";

/** h_i = Σ_j a[i][j]·h_j + b[i], of as many states as there are rows. */
interface Recurrence<T> {
  readonly a: readonly (readonly T[])[];
  readonly b: readonly T[];
  readonly h0: readonly T[];
}

/** Cotangents of all that a recurrence is made of, from its states and theirs. */
function pullRecurrence(
  emit: Emit,
  { a, h0 }: Recurrence<Value>,
  states: readonly Value[],
  cotangents: readonly Value[],
  attrs: PrefixAttrs,
): Recurrence<Value> {
  const { axis, reverse } = attrs;
  const [start, end] = [startOf(attrs), endOf(attrs)];
  // The adjoint runs the other way: G_t = g_t + a_{t+1}ᵀ·G_{t+1}. Taking h0 as one more element in front of
  // the line, with cotangent 0, gives all of G and d h0 at once, and needs no case for a line of length 0 or 1.
  const adjoint = emitRecurrence(
    emit,
    {
      a: a.map((_, j) => a.map((row) => padOne(emit, row[j], axis, end))),
      b: cotangents.map((g) => padOne(emit, g, axis, start)),
      h0: h0.map(({ type }) => filled(emit, type, 0)),
    },
    { axis, reverse: !reverse },
  );
  const before = states.map((h, j) => {
    const first = emit(reshape, [h0[j]], { dims: h.type.dims.with(axis, 1) });
    return dropOne(emit, emit(concat, reverse ? [h, first] : [first, h], { axis }), axis, end);
  });
  const ofB = adjoint.map((g) => dropOne(emit, g, axis, start));
  return {
    a: ofB.map((g) => before.map((h) => emit(mul, [g, h]))),
    b: ofB,
    h0: adjoint.map((g, j) => emit(reshape, [keepOne(emit, g, axis, start)], { dims: h0[j].type.dims })),
  };
}

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
  kernel: (_, attrs) => ({ kind: "prefix", ...attrs, initial: [2], next: [(k, h, a, b) => k.madd(a, h, b)] }),
  vjp({ emit, cotangent, inputs: [a, b, h0], output, attrs }) {
    const of = pullRecurrence(emit, { a: [[a]], b: [b], h0: [h0] }, [output], [cotangent], attrs);
    return [of.a[0][0], of.b[0], of.h0[0]];
  },
  stacked({ emit, inputs: [a, b, h0], isStacked, attrs: { axis, reverse }, length }) {
    const all = (value: Value, i: number): Value => forAllSteps(emit, value, isStacked[i], length);
    return emit(linearRecurrence, [all(a, 0), all(b, 1), all(h0, 2)], { axis: axis + 1, reverse });
  },
};

/** How many states `count` operands are for: n² + 2n. */
const statesOf = (count: number): number => Math.round(Math.sqrt(count + 1)) - 1;

/** The operands by what they are: a row by row, b, h0. */
function partsOf<T>(operands: readonly T[]): Recurrence<T> {
  const n = statesOf(operands.length);
  return {
    a: Array.from({ length: n }, (_, i) => operands.slice(i * n, (i + 1) * n)),
    b: operands.slice(n * n, -n),
    h0: operands.slice(-n),
  };
}

const operandsOf = <T>({ a, b, h0 }: Recurrence<T>): readonly T[] => [...a.flat(), ...b, ...h0];

/** The i-th of what lies along the first axis. */
function partOf(emit: Emit, value: Value, i: number): Value {
  const [, ...dims] = value.type.dims;
  const start = [i, ...dims.map(() => 0)];
  const one = emit(slice, [value], { start, limit: [i + 1, ...dims], step: start.map(() => 1) });
  return emit(reshape, [one], { dims });
}

/** The i-th of n next states: b + a_0·h_0 + a_1·h_1 + ..., summed from the left. */
const nextState =
  (n: number, i: number): LaneFunction =>
  (k, ...values) => {
    const [states, a, b] = [values.slice(0, n), values.slice(n + i * n, n + (i + 1) * n), values[n + n * n + i]];
    return states.reduce((sum, h, j) => k.madd(a[j], h, sum), b);
  };

export const coupledRecurrence: Op<"any", PrefixAttrs> = {
  kind: "op",
  name: "coupledRecurrence",
  summary:
    "linearRecurrence of n states that enter each other. Operands: the n² factors a_ij row by row, the n rests b_i, the n initial states.",
  formula:
    "out[i, .., t, ..] = h_i,t = Σ_j a_ij,t · h_j,t-1 + b_i,t with h_i,-1 = h0_i; with reverse h_j,t+1 in place of h_j,t-1, from the end",
  operands: ["x"],
  arity: "any",
  attrs: prefixAttrs,
  constraints: [
    {
      label: "C1",
      says: "n² + 2n operands for n of at least 2",
      holds: ({ length }) => statesOf(length) >= 2 && (statesOf(length) + 1) ** 2 === length + 1,
    },
    allFloat("C2"),
    sameElementType("C3"),
    {
      label: "C4",
      says: "factors and rests of equal dims",
      holds: (inputs) => inputs.slice(0, -statesOf(inputs.length)).every(({ dims }) => sameDims(dims, inputs[0].dims)),
    },
    existingAxis("C5"),
    {
      label: "C6",
      says: "initial states with the dims of the factors without the axis",
      holds: (inputs, { axis }) =>
        partsOf(inputs).h0.every(({ dims }) => sameDims(dims, withoutAxes(inputs[0].dims, [axis]))),
    },
  ],
  traits: {},
  result: (inputs) => ({ dtype: inputs[0].dtype, dims: [statesOf(inputs.length), ...inputs[0].dims] }),
  evaluate(inputs, attrs) {
    const { a, b, h0 } = partsOf(inputs);
    const [{ type }] = inputs;
    const count = elementCount(sizesOf(type));
    const out = new Float64Array(h0.length * count);
    const length = sizesOf(type)[attrs.axis];
    forEachLine(type, attrs, (first, step, line) => {
      let h = h0.map(({ data }) => data[line]);
      for (let t = 0, at = first; t < length; t++, at += step) {
        h = a.map((row, i) => row.reduce((sum, { data }, j) => sum + data[at] * h[j], b[i].data[at]));
        h.forEach((value, i) => (out[i * count + at] = value));
      }
    });
    return out;
  },
  kernel({ length }, attrs) {
    const n = statesOf(length);
    const initial = Array.from({ length: n }, (_, i) => length - n + i);
    return { kind: "prefix", ...attrs, initial, next: initial.map((_, i) => nextState(n, i)) };
  },
  vjp({ emit, cotangent, inputs, output, attrs }) {
    const recurrence = partsOf(inputs);
    const parts = (value: Value): readonly Value[] => recurrence.h0.map((_, i) => partOf(emit, value, i));
    return operandsOf(pullRecurrence(emit, recurrence, parts(output), parts(cotangent), attrs));
  },
  stacked({ emit, inputs, isStacked, attrs: { axis, reverse }, length }) {
    const all = inputs.map((value, i) => forAllSteps(emit, value, isStacked[i], length));
    const states = emit(coupledRecurrence, all, { axis: axis + 1, reverse });
    return emit(transpose, [states], { order: states.type.dims.map((_, i) => (i < 2 ? 1 - i : i)) });
  },
};

/** The states of a recurrence, of each over all steps. */
export function emitRecurrence(emit: Emit, recurrence: Recurrence<Value>, attrs: PrefixAttrs): readonly Value[] {
  const { a, b, h0 } = recurrence;
  if (h0.length === 1) return [emit(linearRecurrence, [a[0][0], b[0], h0[0]], attrs)];
  const states = emit(coupledRecurrence, operandsOf(recurrence), attrs);
  return h0.map((_, i) => partOf(emit, states, i));
}
