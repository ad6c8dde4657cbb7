/**
 * Truncated backpropagation through time, BPTT(k2; k1) of Williams & Peng (1990),
 * "An efficient gradient-based algorithm for on-line training of recurrent
 * network trajectories". The steps are cut into windows of k1, counted from the
 * last step visited. What is asked of a window's ys reaches back to the k2-th
 * step before the window's end and no further. Where k2 > k1, the cotangents of up
 * to ceil(k2/k1) windows travel side by side, in "lanes".
 */
import type { Dim } from "../shape/dim.js";
import { i32 } from "../shape/tensor-type.js";
import { add, div, max, mul, sub } from "./arithmetic.js";
import { and, eq, le, lt, or, select } from "./compare.js";
import { constant, size } from "./constant.js";
import type { RegionScope, Value } from "./op.js";
import { mod } from "./power.js";
import { broadcast, reduceSum } from "./reduce.js";
import { reshape } from "./reshape.js";
import { filled } from "./rules.js";
import { stepBack, wantedTypes, type Adjoint, type Flow, type StepCotangents } from "./scan-adjoint.js";
import { intConstant, namedTypes, runLoop } from "./scan-loop.js";
import { pad } from "./slice.js";

export interface Truncation {
  /** k1, in steps. */
  readonly window: number;
  /** k2, in steps. */
  readonly reach: number;
  readonly lanes: number;
  /** Of the whole loop, also when it runs in chunks. */
  readonly total: Dim;
  readonly reverse: boolean;
}

export const truncationOf = ([window, reach]: readonly number[], total: Dim, reverse: boolean): Truncation => ({
  window,
  reach,
  lanes: Math.ceil(reach / window),
  total,
  reverse,
});

/** Cotangents of the final carries belong to the last window, which has lane 0. */
export function enterLanes({ emit }: RegionScope, carries: readonly Value[], { lanes }: Truncation): readonly Value[] {
  if (lanes === 1) return carries;
  return carries.map((carry) => {
    const { dims, dtype } = carry.type;
    const none = [0, ...dims.map(() => 0)];
    const zero = emit(constant, [], { dtype, dims: [], data: [0] });
    const lane = emit(reshape, [carry], { dims: [1, ...dims] });
    return emit(pad, [lane, zero], { low: none, high: [lanes - 1, ...dims.map(() => 0)], interior: none });
  });
}

export const leaveLanes = (
  { emit }: RegionScope,
  carries: readonly Value[],
  { lanes }: Truncation,
): readonly Value[] => (lanes === 1 ? carries : carries.map((carry) => emit(reduceSum, [carry], { axes: [0] })));

/** Whether, at step t, cotangents of ys enter a lane, and whether those of carries leave it toward the step before. */
function masks(
  { emit }: RegionScope,
  t: Value,
  lane: Value,
  { window, reach, lanes, total, reverse }: Truncation,
): { readonly enters: Value; readonly leaves: Value } {
  const int = (value: number): Value => intConstant(emit, value);
  const lastStep = emit(sub, [emit(size, [], { dtype: "i32", dim: total }), int(1)]);
  // Steps that the loop had still to go; below zero in the padding of a last chunk.
  const remaining = reverse ? t : emit(sub, [lastStep, t]);
  const counted = emit(max, [remaining, int(0)]);
  const current = emit(div, [counted, int(window)]);
  // How many windows ago the one that uses this lane began.
  const age = emit(mod, [emit(sub, [current, lane]), int(lanes)]);
  const end = emit(add, [emit(mul, [emit(sub, [current, age]), int(window)]), int(reach)]);
  return {
    enters: emit(and, [emit(eq, [age, int(0)]), emit(lt, [counted, end])]),
    // The initial carries are not a step: nothing is cut off in front of the first one.
    leaves: emit(or, [emit(lt, [emit(add, [remaining, int(1)]), end]), emit(le, [lastStep, remaining])]),
  };
}

/** `value` where the scalar `condition` holds, else zero. */
function zeroUnless({ emit }: RegionScope, condition: Value, value: Value): Value {
  const mask = emit(broadcast, [condition], { dims: value.type.dims, axes: [] });
  return emit(select, [mask, value, filled(emit, value.type, 0)]);
}

function stepBackInLane(
  scope: RegionScope,
  adjoint: Adjoint,
  truncation: Truncation,
  t: Value,
  lane: Value,
  residuals: readonly Value[],
  flow: Flow,
  ys: readonly (Value | undefined)[],
): StepCotangents {
  const { enters, leaves } = masks(scope, t, lane, truncation);
  const entering = ys.map((y) => (y === undefined ? undefined : zeroUnless(scope, enters, y)));
  const result = stepBack(scope, adjoint, residuals, flow, entering);
  return { ...result, carries: result.carries.map((carry) => zeroUnless(scope, leaves, carry)) };
}

/** Goes back through step t in all lanes. With several, the carries of `flow` and of the result have lanes as first axis. */
export function stepBackTruncated(
  scope: RegionScope,
  adjoint: Adjoint,
  truncation: Truncation,
  t: Value,
  residuals: readonly Value[],
  flow: Flow,
  ys: readonly (Value | undefined)[],
): StepCotangents {
  const { emit } = scope;
  if (truncation.lanes === 1)
    return stepBackInLane(scope, adjoint, truncation, t, intConstant(emit, 0), residuals, flow, ys);

  // One lane after the other, as an inner loop: sums are its carries, lanes its steps.
  const types = wantedTypes(adjoint);
  const arrived = ys.filter((y) => y !== undefined);
  const shared = [t, ...residuals, ...arrived];
  const sums = [...flow.consts, ...types.xs.map((type) => filled(emit, type, 0))];
  const constCount = flow.consts.length;
  const body = scope.region(
    "lanes",
    [
      ...namedTypes(
        "shared",
        shared.map((value) => value.type),
      ),
      ...namedTypes(
        "sum",
        sums.map((value) => value.type),
      ),
      ...namedTypes("carry", types.carries),
      { name: "lane", type: i32() },
    ],
    (inner, args) => {
      const given = args.slice(1, shared.length);
      const running = args.slice(shared.length, shared.length + sums.length);
      const arriving = given.slice(residuals.length);
      let next = 0;
      const result = stepBackInLane(
        inner,
        adjoint,
        truncation,
        args[0],
        args[args.length - 1],
        given.slice(0, residuals.length),
        { carries: args.slice(shared.length + sums.length, -1), consts: running.slice(0, constCount) },
        ys.map((y) => (y === undefined ? undefined : arriving[next++])),
      );
      const xs = result.xs.map((x, i) => inner.emit(add, [running[constCount + i], x]));
      return [...result.consts, ...xs, ...result.carries];
    },
  );
  const { finals, ys: carries } = runLoop(scope, {
    scan: adjoint.loop.scan,
    body,
    consts: shared,
    carries: sums,
    xs: flow.carries,
    length: truncation.lanes,
    reverse: false,
  });
  return { carries, consts: finals.slice(0, constCount), xs: finals.slice(constCount) };
}
