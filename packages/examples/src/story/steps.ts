/** The four steps of the LSTM cell for one unit in one time step, by hand: with the numbers as they are shown. */
import { four } from "./numbers.js";
import type { Traced, UnitWeights } from "./results.js";

/** A weighted sum as it is written down. */
export interface WeightedSum {
  /** Pairs of value and weight: the inputs, then the units of the step before. */
  readonly terms: readonly (readonly [value: number, weight: number])[];
  readonly bias: number;
  readonly sum: number;
}

export interface HandCalculation {
  readonly time: number;
  readonly f: number;
  readonly i: number;
  readonly g: number;
  readonly o: number;
  readonly sums: Readonly<Record<"f" | "i" | "g" | "o", WeightedSum>>;
  readonly before: number;
  readonly c: number;
  readonly h: number;
  /** What the run recorded for the same unit and step. */
  readonly recorded: { readonly c: number; readonly h: number };
}

/** A number as the page shows it: whoever computes with the page's numbers gets the page's results. */
const shown = (value: number): number => Number(four(value));
const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

/** The steps of the time that have a mark. */
export const markedSteps = ({ example }: Traced): readonly number[] =>
  Object.values(example.inputs)[0]?.flatMap(([, mark], t) => (mark === 1 ? [t] : [])) ?? [];

/** The value of a unit at a time. Throws where the results have none. */
export function valueAt({ values }: Traced, name: string, time: number, unit: number): number {
  const value = values.find((record) => record.name === name)?.values[time]?.[unit];
  if (typeof value !== "number") throw new TypeError(`the results have no ${name} of unit ${unit} at step ${time}`);
  return value;
}

export function calculate(traced: Traced, time: number): HandCalculation {
  const { unit, weights, example } = traced;
  const inputs = Object.values(example.inputs)[0]?.[time] ?? [];
  const states = weights.f.state.map((_, k) => (time === 0 ? 0 : valueAt(traced, "h", time - 1, k)));
  const sumOf = ({ input, state, bias }: UnitWeights): WeightedSum => {
    const terms = [
      ...inputs.map((x, k) => [x, input[k] ?? 0] as const),
      ...states.map((h, k) => [h, state[k] ?? 0] as const),
    ].map(([value, weight]) => [shown(value), shown(weight)] as const);
    const sum = terms.reduce((total, [value, weight]) => total + value * weight, shown(bias));
    return { terms, bias: shown(bias), sum: shown(sum) };
  };
  const sums = { f: sumOf(weights.f), i: sumOf(weights.i), g: sumOf(weights.g), o: sumOf(weights.o) };
  const [f, i, o] = [sums.f, sums.i, sums.o].map(({ sum }) => shown(sigmoid(sum))) as [number, number, number];
  const g = shown(Math.tanh(sums.g.sum));
  const before = shown(time === 0 ? 0 : valueAt(traced, "c", time - 1, unit));
  const c = shown(f * before + i * g);
  const h = shown(o * Math.tanh(c));
  const recorded = { c: valueAt(traced, "c", time, unit), h: valueAt(traced, "h", time, unit) };
  return { time, f, i, g, o, sums, before, c, h, recorded };
}

/** A weighted sum in lines: each product, and what they come to. */
export function sumLines(name: string, { terms, bias, sum }: WeightedSum): readonly string[] {
  const products = terms.map(([value, weight]) => `${inBrackets(value)}·${inBrackets(weight)}`);
  return [
    `${name} = ${products.slice(0, 2).join(" + ")}`,
    `    + ${products.slice(2).join(" + ")}`,
    `    + ${inBrackets(bias)} = ${four(sum)}`,
  ];
}

const inBrackets = (value: number): string => (value < 0 ? `(${four(value)})` : four(value));
