/**
 * scan: the loop. One body graph, run once per step, with values carried from
 * step to step. The only op over time; everything recurrent is built on it.
 *
 *   body:    (consts..., carries..., xs_t..., t) → (carries'..., ys_t...)
 *   inputs:  consts..., initial carries..., xs..., lengths (only when there are any)
 *   results: final carries..., ys...
 *
 * xs and ys are stacked along a new first axis of `length` steps. t is the index
 * on that axis, also with `reverse`, which visits the steps from the last to the first.
 *
 * With lengths, example b of the batch (the first axis of every carry and y)
 * takes part only in steps t < lengths[b]. In the others its carries stay as they
 * are, and its ys are zero ("zero") or those of the step visited before ("hold"; zero before any).
 *
 * checkpoint and truncate do not change results. checkpoint says what is in memory at a time: N steps, where N is
 * more than 1, which is what executors compute together and the derivative (see scan-vjp.ts) stores; with 1, what a step
 * computes never leaves it. truncate says how far back the derivative reaches.
 */
import { aBoolean, aDim, anInteger, integers, oneOf } from "../ir/attrs.js";
import { outputTypes, type Graph } from "../ir/graph.js";
import { isAtLeast, type Dim } from "../shape/dim.js";
import { elementCount } from "../shape/strides.js";
import { sizesOf, type Tensor } from "../shape/tensor.js";
import { sameDims, sameType, type TensorType } from "../shape/tensor-type.js";
import type { Dependent, RegionOp, RunRegion } from "./op.js";
import { scanInputs, type ScanAttrs } from "./scan-inputs.js";
import { chunkedSteps, chunksOf, runInChunks } from "./scan-chunks.js";
import { lowerLengths, runLoop } from "./scan-loop.js";
import { scanVjp } from "./scan-vjp.js";

const typesMatch = (types: readonly TensorType[], wanted: readonly TensorType[]): boolean =>
  types.length === wanted.length && types.every((type, i) => sameType(type, wanted[i]));

const paramTypes = (body: Graph, from: number, to: number): readonly TensorType[] =>
  body.params.slice(from, to).map((param) => param.type);

const stacked = (type: TensorType, length: Dim): TensorType => ({ dtype: type.dtype, dims: [length, ...type.dims] });

/** Copies the row of every example whose step is padding from `before` to `after`; null: zeros. */
function keepPaddedRows(after: Float64Array, before: Float64Array | null, lengths: Tensor, t: number): void {
  const row = after.length / lengths.data.length;
  for (let b = 0; b < lengths.data.length; b++) {
    if (t < lengths.data[b]) continue;
    for (let i = b * row; i < (b + 1) * row; i++) after[i] = before === null ? 0 : before[i];
  }
}

function evaluateScan(
  inputs: readonly Tensor[],
  [body]: readonly Graph[],
  attrs: ScanAttrs,
  run: RunRegion,
  types: readonly TensorType[],
): readonly Float64Array[] {
  const { consts, carries: initial, xs, lengths } = scanInputs(inputs, attrs);
  const steps = attrs.length as number;
  const stacks = types.slice(attrs.carries).map((type) => new Float64Array(elementCount(sizesOf(type))));
  const stepOf = (x: Tensor, t: number): Tensor => {
    const row = x.data.length / steps;
    return {
      type: { dtype: x.type.dtype, dims: x.type.dims.slice(1) },
      data: x.data.subarray(t * row, (t + 1) * row),
    };
  };
  let carries = initial;
  let before: readonly Float64Array[] | undefined;
  for (let i = 0; i < steps; i++) {
    const t = attrs.reverse ? steps - 1 - i : i;
    const index: Tensor = { type: { dtype: "i32", dims: [] }, data: Float64Array.of(t) };
    const results = run(body, [...consts, ...carries, ...xs.map((x) => stepOf(x, t)), index]);
    // Results may be the very arrays that went in; what is written to below must be a copy.
    const next = results.map((result) => (lengths === undefined ? result.data : result.data.slice()));
    const ys = next.slice(attrs.carries);
    if (lengths !== undefined) {
      carries.forEach((carry, k) => {
        keepPaddedRows(next[k], carry.data, lengths, t);
      });
      ys.forEach((y, k) => {
        keepPaddedRows(y, attrs.lengths === "hold" && before !== undefined ? before[k] : null, lengths, t);
      });
    }
    ys.forEach((y, k) => {
      stacks[k].set(y, t * y.length);
    });
    before = ys;
    carries = carries.map(({ type }, k) => ({ type, data: next[k] }));
  }
  return [...carries.map((carry) => carry.data), ...stacks];
}

/** A mark on a carry spreads to whatever the body makes of it, until nothing changes. */
function scanDependence(
  marked: readonly boolean[],
  [body]: readonly Graph[],
  attrs: ScanAttrs,
  dependent: Dependent,
): readonly boolean[] {
  const { consts, carries, xs, lengths } = scanInputs(marked, attrs);
  if (lengths === true) return body.outputs.map(() => true);
  let current = carries;
  for (;;) {
    const outputs = dependent(body, [...consts, ...current, ...xs, false]);
    const next = current.map((mark, i) => mark || outputs[i]);
    if (next.every((mark, i) => mark === current[i])) return [...next, ...outputs.slice(attrs.carries)];
    current = next;
  }
}

export const scan: RegionOp<ScanAttrs> = {
  kind: "region",
  name: "scan",
  summary: "Runs a body graph once per step, handing carries from step to step and stacking what each step returns.",
  formula: "out: (carries_t+1, ys_t) = body(consts, carries_t, xs_t, t) for t = 0 .. length-1",
  attrs: {
    consts: anInteger,
    carries: anInteger,
    length: aDim,
    reverse: aBoolean,
    lengths: oneOf("none", "zero", "hold"),
    checkpoint: aDim,
    truncate: integers,
  },
  constraints: [
    { label: "C1", says: "one region, the body", holds: (_, regions) => regions.length === 1 },
    {
      label: "C2",
      says: "a body with one parameter per input, and the step index i32 as the last",
      holds: (inputs, [body], attrs) =>
        attrs.consts >= 0 &&
        attrs.carries >= 0 &&
        attrs.consts + attrs.carries < body.params.length &&
        sameType(body.params[body.params.length - 1].type, { dtype: "i32", dims: [] }) &&
        inputs.length === body.params.length - (attrs.lengths === "none" ? 1 : 0),
    },
    {
      label: "C3",
      says: "consts of the types of the body's parameters",
      holds: (inputs, [body], attrs) => typesMatch(scanInputs(inputs, attrs).consts, paramTypes(body, 0, attrs.consts)),
    },
    {
      label: "C4",
      says: "initial carries of the types of the body's parameters",
      holds: (inputs, [body], attrs) =>
        typesMatch(scanInputs(inputs, attrs).carries, paramTypes(body, attrs.consts, attrs.consts + attrs.carries)),
      hint: "the initial state needs the same dims and element type as the state inside the loop",
    },
    {
      label: "C5",
      says: "xs with length as first axis, followed by the dims of the body's parameters",
      holds: (inputs, [body], attrs) =>
        typesMatch(
          scanInputs(inputs, attrs).xs,
          paramTypes(body, attrs.consts + attrs.carries, body.params.length - 1).map((type) =>
            stacked(type, attrs.length),
          ),
        ),
      hint: "the first axis of xs is time",
    },
    {
      label: "C6",
      says: "a body that returns each carry with the type that it came in",
      holds: (_, [body], attrs) =>
        typesMatch(
          outputTypes(body).slice(0, attrs.carries),
          paramTypes(body, attrs.consts, attrs.consts + attrs.carries),
        ),
      hint: "the next state needs the same dims and element type as the state",
    },
    { label: "C7", says: "at least one step", holds: (_, __, { length }) => isAtLeast(length, 1) },
    {
      label: "C8",
      says: "lengths of type i32[B], with B the first axis of every carry and y",
      holds(inputs, [body], attrs) {
        const { lengths } = scanInputs(inputs, attrs);
        if (lengths === undefined) return true;
        return (
          lengths.dtype === "i32" &&
          lengths.dims.length === 1 &&
          outputTypes(body).every((type) => sameDims(type.dims.slice(0, 1), lengths.dims))
        );
      },
    },
    {
      label: "C9",
      says: "checkpoint of 0 (none) or more steps",
      holds: (_, __, { checkpoint }) => isAtLeast(checkpoint, 0),
    },
    {
      label: "C10",
      says: "truncate to be empty or [k1, k2], both 1 or more",
      holds: (_, __, { truncate }) =>
        truncate.length === 0 || (truncate.length === 2 && truncate.every((steps) => steps >= 1)),
    },
  ],
  traits: {},
  results: (_, [body], attrs) =>
    outputTypes(body).map((type, i) => (i < attrs.carries ? type : stacked(type, attrs.length))),
  evaluate: evaluateScan,
  structure: (_, { consts, carries, length, reverse }) => ({ kind: "loop", consts, carries, count: length, reverse }),
  reshaped: (attrs, consts, carries) => ({ ...attrs, consts, carries }),
  skipsSteps: ({ lengths }) => lengths !== "none",
  keepsStepsApart: ({ checkpoint }) => checkpoint === 1,
  stepInChunks({ checkpoint }, region, node, chunk, step) {
    const chunks = checkpoint === 1 ? chunkedSteps(region, node) : undefined;
    // Steps beyond the end repeat the last one.
    return chunks === undefined ? undefined : Math.min(chunk * chunks.steps + step, chunks.total - 1);
  },
  dependence: scanDependence,
  expand(scope, inputs, [body], attrs) {
    if (attrs.lengths === "none") return undefined;
    const loop = lowerLengths(scope, scan, inputs, body, attrs);
    const { finals, ys } = runLoop(scope, { ...loop, checkpoint: attrs.checkpoint });
    return [...finals.slice(0, attrs.carries), ...ys];
  },
  inChunks(attrs) {
    const { length, checkpoint } = attrs;
    if (attrs.lengths !== "none" || checkpoint === 0 || checkpoint === 1) return undefined;
    return (scope, inputs, [body]) => {
      const loop = lowerLengths(scope, scan, inputs, body, attrs);
      const { finals, ys } = isAtLeast(checkpoint, length)
        ? runLoop(scope, loop)
        : runInChunks(scope, loop, chunksOf(length, checkpoint));
      return [...finals, ...ys];
    };
  },
  vjp: (rule) => scanVjp(rule),
};
