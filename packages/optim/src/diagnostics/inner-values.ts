/** Named values of cells: of single examples over time, and how far open, how saturated and how lasting they are. */
import { BEGINS_PARAM } from "@latchgrad/layers";
import { portableLog, type LoopValue, type LoopView, type TensorData, type TensorsByName } from "@latchgrad/core";
import { batchSize } from "../evaluation.js";
import type { Batch } from "../data/batch.js";
import type { ExampleRecord, GatesRecord, RetentionRecord, ValueRange, ValuesRecord } from "./records.js";
import { forEachElement, recorded, rowAt, stackOf, type Stack } from "./steps.js";

/** The name of a trace. */
export const traceOf = (path: string): string => `trace.${path}`;

/** More rows and columns than anybody can see in a heat map. */
const MOST_STEPS = 512;
const MOST_UNITS = 128;
const MOST_FEATURES = 32;
/** Where a gate counts as shut or open, and tanh as saturated. */
const LOW: Readonly<Record<"unit" | "signed", number>> = { unit: 0.1, signed: -0.9 };
const HIGH = 0.9;

/** A value under the name that records have for it: a state's next value is called as the state. */
interface NamedValue {
  readonly name: string;
  readonly role: ValuesRecord["role"];
  readonly path: string;
  readonly range: ValueRange;
}

const rangeOf = (bounds: LoopValue["bounds"]): ValueRange => {
  if (bounds === undefined) return "any";
  const [least, greatest] = bounds;
  return least >= 0 && greatest <= 1 ? "unit" : least >= -1 && greatest <= 1 ? "signed" : "any";
};

/** The values of a loop that are recorded: all with a name, and the states after each step. */
export function recordedValues({ states, values }: LoopView): readonly NamedValue[] {
  const stateOf = new Map(states.map(({ name, next }) => [next, name]));
  const named = values.map(({ name, path, bounds }): NamedValue => ({
    name: stateOf.get(path) ?? name,
    role: stateOf.has(path) ? "state" : "inner",
    path,
    range: rangeOf(bounds),
  }));
  const known = new Set(named.map(({ path }) => path));
  const unnamed = states.flatMap(({ name, next }): readonly NamedValue[] =>
    known.has(next) ? [] : [{ name, role: "state", path: next, range: "any" }],
  );
  return [...named, ...unnamed];
}

/** Everything that has to be traced for a loop. */
export const tracedPaths = (loop: LoopView): readonly string[] => [
  ...recordedValues(loop).map(({ path }) => path),
  ...loop.states.flatMap(({ factor }) => (factor === undefined ? [] : [factor.path])),
];

const strideFor = (steps: number): number => Math.max(1, Math.ceil(steps / MOST_STEPS));

export function valuesRecords(
  loop: LoopView,
  step: number,
  traces: TensorsByName,
  lengths: TensorData | undefined,
  examples: readonly number[],
): readonly ValuesRecord[] {
  return recordedValues(loop).flatMap(({ name, role, path, range }) => {
    const stack = stackOf(traces[traceOf(path)], lengths);
    return examples
      .filter((example) => example < stack.batch)
      .map((example): ValuesRecord => {
        const every = strideFor(stack.lengths[example]);
        return {
          kind: "values",
          step,
          layer: loop.name,
          name,
          role,
          range,
          example,
          every,
          units: stack.units,
          values: rowsOf(stack, example, every),
        };
      });
  });
}

/** Every so many steps of an example, the first units of each. */
function rowsOf(stack: Stack, example: number, every: number): (number | null)[][] {
  const rows = Math.ceil(stack.lengths[example] / every);
  return Array.from({ length: rows }, (_, row) => {
    const start = rowAt(stack, row * every, example);
    return Array.from({ length: Math.min(stack.units, MOST_UNITS) }, (__, unit) => recorded(stack.data[start + unit]));
  });
}

interface Counted {
  readonly sum: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Values of each unit. */
  readonly count: number;
}

function countedUnits(stack: Stack, range: "unit" | "signed"): Counted {
  const [sum, low, high] = [0, 1, 2].map(() => new Float64Array(stack.units));
  forEachElement(stack, (value, unit) => {
    sum[unit] += value;
    if (value < LOW[range]) low[unit]++;
    if (value > HIGH) high[unit]++;
  });
  return { sum, low, high, count: stack.lengths.reduce((total, length) => total + length, 0) };
}

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

export function gatesRecords(
  loop: LoopView,
  step: number,
  traces: TensorsByName,
  lengths: TensorData | undefined,
): readonly GatesRecord[] {
  return recordedValues(loop).flatMap(({ name, path, range }): readonly GatesRecord[] => {
    if (range === "any") return [];
    const stack = stackOf(traces[traceOf(path)], lengths);
    const { sum, low, high, count } = countedUnits(stack, range);
    const all = count * stack.units;
    return [
      {
        kind: "gates",
        step,
        layer: loop.name,
        name,
        range,
        mean: recorded(total(sum) / all),
        low: recorded(total(low) / all),
        high: recorded(total(high) / all),
        units: Array.from(sum, (_, unit) => ({
          mean: recorded(sum[unit] / count),
          low: recorded(low[unit] / count),
          high: recorded(high[unit] / count),
        })),
      },
    ];
  });
}

/** Steps until half of a state is left that is multiplied with `factor` each time; NaN outside (0, 1). */
export const halfLifeOf = (factor: number): number =>
  factor > 0 && factor < 1 ? -Math.LN2 / portableLog(factor) : Number.NaN;

export function retentionRecords(
  loop: LoopView,
  step: number,
  traces: TensorsByName,
  lengths: TensorData | undefined,
): readonly RetentionRecord[] {
  return loop.states.flatMap(({ name, factor }): readonly RetentionRecord[] => {
    if (factor === undefined) return [];
    const stack = stackOf(traces[traceOf(factor.path)], lengths);
    const sum = new Float64Array(stack.units);
    forEachElement(stack, (value, unit) => {
      sum[unit] += value;
    });
    const count = stack.lengths.reduce((steps, length) => steps + length, 0);
    const described = (mean: number): { mean: number | null; halfLife: number | null } => ({
      mean: recorded(mean),
      halfLife: recorded(halfLifeOf(mean)),
    });
    return [
      {
        kind: "retention",
        step,
        layer: loop.name,
        state: name,
        ...(factor.name === undefined ? {} : { factor: factor.name }),
        ...described(total(sum) / (count * stack.units)),
        units: Array.from(sum, (each) => described(each / count)),
      },
    ];
  });
}

/** What the examples of values are; `inputs` names those of the batch that are inputs, the others are targets. */
export function exampleRecords(
  batch: Batch,
  inputs: readonly string[],
  lengths: TensorData | undefined,
  examples: readonly number[],
  step: number,
): readonly ExampleRecord[] {
  const stepsIn = Math.max(0, ...inputs.map((name) => batch[name].dims.at(1) ?? 0));
  return examples
    .filter((example) => example < batchSize(batch))
    .map((example): ExampleRecord => {
      const steps = Math.min(stepsIn, lengths?.data[example] ?? stepsIn);
      const every = strideFor(steps);
      const some = (isInput: boolean): Record<string, number[][]> =>
        Object.fromEntries(
          Object.entries(batch)
            .filter(([name]) => inputs.includes(name) === isInput && name !== BEGINS_PARAM)
            .flatMap(([name, tensor]) => {
              const rows = exampleRows(tensor, example, steps, every);
              return rows === undefined ? [] : [[name, rows]];
            }),
        );
      return { kind: "example", step, example, steps, every, inputs: some(true), targets: some(false) };
    });
}

/** An example of a tensor [B], [B, features], [B, T] or [B, T, features]: one row without a time axis; undefined where it is too wide. */
function exampleRows(
  { dims: [, ...dims], data }: TensorData,
  example: number,
  steps: number,
  every: number,
): number[][] | undefined {
  const isWhole = dims.length === 0;
  const [rows, ...features] = isWhole ? [1] : dims;
  const width = features.reduce((product, size) => product * size, 1);
  if (width > MOST_FEATURES) return undefined;
  const isOverTime = rows >= steps && rows > 1;
  const shown = isOverTime ? Math.ceil(steps / every) : Math.min(rows, MOST_STEPS);
  return Array.from({ length: shown }, (_, row) => {
    const start = (example * rows + row * (isOverTime ? every : 1)) * width;
    return Array.from(data.slice(start, start + width), (value) => Number(value.toPrecision(6)));
  });
}
