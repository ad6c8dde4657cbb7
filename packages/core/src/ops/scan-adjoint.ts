/**
 * Going back through one step of a loop: which cotangents are wanted, which
 * values of the step they need (the residuals), and the step itself.
 */
import { outputTypes, type Graph } from "../ir/graph.js";
import { isFloat, type TensorType } from "../shape/tensor-type.js";
import { add } from "./arithmetic.js";
import type { RegionScope, RegionVjpRule, SplitRegion, Value } from "./op.js";
import { filled } from "./rules.js";
import type { ScanAttrs } from "./scan-inputs.js";
import { bodyParams, type Loop } from "./scan-loop.js";

/** Which cotangents are wanted of the body's parameters, and which arrive at its ys. */
export interface Activity {
  readonly consts: readonly boolean[];
  readonly carries: readonly boolean[];
  readonly xs: readonly boolean[];
  readonly ys: readonly boolean[];
}

/** A loop with all that its derivative is made of. */
export interface Adjoint {
  readonly loop: Loop;
  readonly activity: Activity;
  readonly split: SplitRegion;
}

/** Cotangents on their way back, of the wanted carries, and the sums so far for the wanted consts. */
export interface Flow {
  readonly carries: readonly Value[];
  readonly consts: readonly Value[];
}

export interface StepCotangents extends Flow {
  readonly xs: readonly Value[];
}

export const pick = <T>(values: readonly T[], marks: readonly boolean[]): readonly T[] =>
  values.filter((_, i) => marks[i]);

/** Repeats `step` until no mark changes. */
function settle(
  start: readonly boolean[],
  step: (marks: readonly boolean[]) => readonly boolean[],
): readonly boolean[] {
  let marks = start;
  for (;;) {
    const next = step(marks);
    if (next.every((mark, i) => mark === marks[i])) return next;
    marks = next;
  }
}

export function findActivity(rule: RegionVjpRule<ScanAttrs>, loop: Loop): Activity {
  const { body, consts, carries, xs } = loop;
  const { attrs, active: given, live } = rule;
  const reaches = body.params.map((_, param) =>
    rule.dependent(
      body,
      body.params.map((__, i) => i === param),
    ),
  );
  const isFloatParam = (param: number): boolean => isFloat(body.params[param].type.dtype);
  // Consts and carries that lowering added (lengths, held ys) start from constants and are asked for nothing.
  const activeConsts = consts.map((_, i) => i < attrs.consts && given[i]);
  const activeXs = xs.map((_, i) => given[attrs.consts + attrs.carries + i]);
  const activeCarries = settle(
    carries.map((_, i) => i < attrs.carries && given[attrs.consts + i]),
    (marks) => {
      const sources = [...activeConsts, ...marks, ...activeXs, false];
      return marks.map((mark, i) => mark || sources.some((source, param) => source && reaches[param][i]));
    },
  );
  const active = [...activeConsts, ...activeCarries, ...activeXs, false];
  const ys = outputTypes(body)
    .slice(carries.length)
    .map(
      (type, j) =>
        live[attrs.carries + j] &&
        isFloat(type.dtype) &&
        active.some((mark, param) => mark && reaches[param][carries.length + j]),
    );
  const reachesLive = (param: number, liveCarries: readonly boolean[]): boolean =>
    [...liveCarries, ...ys].some((mark, output) => mark && reaches[param][output]);
  const liveCarries = settle(
    carries.map((_, i) => i < attrs.carries && live[i]),
    (marks) => marks.map((mark, i) => mark || reachesLive(consts.length + i, marks)),
  );
  const wantedCarries = carries.map((_, i) => activeCarries[i] && liveCarries[i] && isFloatParam(consts.length + i));
  const wanted = active.map((mark, param) => mark && isFloatParam(param) && reachesLive(param, wantedCarries));
  return {
    consts: wanted.slice(0, consts.length),
    carries: wantedCarries,
    xs: wanted.slice(consts.length + carries.length, -1),
    ys,
  };
}

/** For each carry: the y that is the same value as the next carry, or -1. Its stack, shifted by a step, holds the carries themselves. */
export const stackedCarries = (body: Graph, carries: number): readonly number[] =>
  body.outputs
    .slice(0, carries)
    .map((next) => body.outputs.slice(carries).findIndex((output) => output.value === next.value));

export function adjointOf(rule: RegionVjpRule<ScanAttrs>, loop: Loop, activity: Activity): Adjoint {
  const { body, consts, carries, xs } = loop;
  const split = rule.split(body, {
    active: [...activity.consts, ...activity.carries, ...activity.xs, false],
    live: [...activity.carries, ...activity.ys],
    freeParams: [
      ...consts.map(() => true),
      ...stackedCarries(body, carries.length).map((y) => y >= 0),
      ...xs.map(() => true),
      true,
    ],
    freeOutputs: body.outputs.map((_, i) => i >= carries.length),
    outputBefore: body.params.map((_, param) => {
      const carry = param - consts.length;
      return carry >= 0 && carry < carries.length ? carry : undefined;
    }),
  });
  return { loop, activity, split };
}

/** The types of the wanted parts of a step. */
export function wantedTypes({
  loop,
  activity,
}: Adjoint): Record<"consts" | "carries" | "xs" | "ys", readonly TensorType[]> {
  const { consts, carries, xs } = bodyParams(loop);
  const types = (params: readonly { readonly type: TensorType }[]): readonly TensorType[] =>
    params.map((param) => param.type);
  return {
    consts: pick(types(consts), activity.consts),
    carries: pick(types(carries), activity.carries),
    xs: pick(types(xs), activity.xs),
    ys: pick(outputTypes(loop.body).slice(carries.length), activity.ys),
  };
}

/** Goes back through one step. `ys`: cotangents of the live ys, undefined where none arrived. */
export function stepBack(
  { emit, inline }: RegionScope,
  adjoint: Adjoint,
  residuals: readonly Value[],
  flow: Flow,
  ys: readonly (Value | undefined)[],
): StepCotangents {
  const types = wantedTypes(adjoint);
  const asked = ys.map((y, i) => y ?? filled(emit, types.ys[i], 0));
  const results = inline(adjoint.split.backward, [...residuals, ...flow.carries, ...asked]);
  const firstX = flow.consts.length + flow.carries.length;
  return {
    consts: flow.consts.map((sum, i) => emit(add, [sum, results[i]])),
    carries: results.slice(flow.consts.length, firstX),
    xs: results.slice(firstX),
  };
}
