/**
 * What stands between the gradient of a batch and the update: whether the batch
 * counts, and, where a step has several batches, the mean over them. All of
 * it is part of the step graph, so that a batch that does not count leaves no
 * trace in the state but its count.
 *
 * State, only where options need it: `count/skipped` i32 (batches left out),
 * `count/updates` i32 (updates made, which with skipped batches are fewer than
 * steps), `count/part` i32 (batches of the present step that are done),
 * `count/good` i32 (those of them that counted), `sum/<weight>`.
 */
import { i32, type GraphBuilder, type Value } from "@latchgrad/core";
import type { Gradients } from "./clipping.js";
import type { StateTensor } from "./optimizers/apply.js";
import { castTo, scalar } from "./scalars.js";

export interface GatherOptions {
  /** Batches per step. */
  readonly accumulate: number;
  /** Leave out batches whose loss or gradient is not finite. */
  readonly skip: boolean;
}

export const COUNTS = {
  skipped: "count/skipped",
  updates: "count/updates",
  part: "count/part",
  good: "count/good",
} as const;
const sumName = (weight: string): string => `sum/${weight}`;

/** What has to be kept from batch to batch, all zero before the first. */
export const gatheringState = (
  { accumulate, skip }: GatherOptions,
  weights: readonly StateTensor[],
): readonly StateTensor[] => {
  const counts = [
    ...(skip ? [COUNTS.skipped, COUNTS.updates] : []),
    ...(accumulate > 1 ? [COUNTS.part] : []),
    ...(accumulate > 1 && skip ? [COUNTS.good] : []),
  ];
  return [
    ...counts.map((name) => ({ name, type: i32() })),
    ...(accumulate > 1 ? weights.map(({ name, type }) => ({ name: sumName(name), type })) : []),
  ];
};

export interface Gathered {
  /** What the update follows. */
  readonly gradients: Gradients;
  /** bool: whether there is an update now. Absent: always. */
  readonly takes?: Value | undefined;
  /** bool: whether this batch is the last of its step. Absent: every batch is. */
  readonly isLast?: Value | undefined;
  /** Next values of what `gatheringState` names. */
  readonly next: Readonly<Record<string, Value>>;
}

interface BatchResults {
  /** What `gatheringState` names, as it is now. */
  readonly values: Readonly<Record<string, Value>>;
  readonly loss: Value;
  readonly gradients: Gradients;
}

/** Appends the gathering of one batch. */
export function gatherGradients(
  g: GraphBuilder,
  { accumulate, skip }: GatherOptions,
  { values, loss, gradients }: BatchResults,
): Gathered {
  const isGood = skip ? allFinite(g, [loss, ...Object.values(gradients)]) : undefined;
  const asCount = (truth: Value): Value => g.cast(truth, { dtype: "i32" });
  const countSkipped = (): Record<string, Value> =>
    isGood === undefined ? {} : { [COUNTS.skipped]: g.add(values[COUNTS.skipped], asCount(g.not(isGood))) };
  const countUpdate = (takes: Value): Record<string, Value> =>
    skip ? { [COUNTS.updates]: g.add(values[COUNTS.updates], asCount(takes)) } : {};
  if (accumulate === 1)
    return isGood === undefined
      ? { gradients, next: {} }
      : { gradients, takes: isGood, next: { ...countSkipped(), ...countUpdate(isGood) } };

  const done = g.add(values[COUNTS.part], 1);
  const isLast = g.eq(done, accumulate);
  const good = isGood === undefined ? undefined : g.add(values[COUNTS.good], asCount(isGood));
  const divisor = good === undefined ? g.constant({ dtype: "i32", dims: [], data: [accumulate] }) : g.max(good, 1);
  const sums = mapValues(gradients, (gradient, name) => {
    const sum = g.add(values[sumName(name)], gradient);
    return isGood === undefined ? sum : g.select(isGood, sum, values[sumName(name)]);
  });
  const takes = good === undefined ? isLast : g.and(isLast, g.lt(0, good));
  return {
    gradients: mapValues(sums, (sum) => g.div(sum, castTo(g, divisor, sum.type.dtype))),
    takes,
    isLast,
    next: {
      ...countSkipped(),
      ...countUpdate(takes),
      [COUNTS.part]: g.select(isLast, 0, done),
      ...(good === undefined ? {} : { [COUNTS.good]: g.select(isLast, 0, good) }),
      ...Object.fromEntries(Object.entries(sums).map(([name, sum]) => [sumName(name), g.select(isLast, 0, sum)])),
    },
  };
}

/** bool: whether no element is infinite or NaN; comparing is false for NaN. */
function allFinite(g: GraphBuilder, values: readonly Value[]): Value {
  const finite = values.map((value) => {
    const infinity = scalar(g, Number.POSITIVE_INFINITY, value.type.dtype);
    const wrong = g.select(g.lt(g.abs(value), infinity), 0, scalar(g, 1, value.type.dtype));
    return g.eq(g.reduceSum(wrong, { axes: value.type.dims.map((_, axis) => axis) }), 0);
  });
  return finite.reduce((all, one) => g.and(all, one));
}

const mapValues = (values: Gradients, change: (value: Value, name: string) => Value): Gradients =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value, name)]));
