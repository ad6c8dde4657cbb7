/** Values of a loop over time, as a traced run returns them: which rows belong to an example, and numbers about them. */
import type { TensorData } from "@latchgrad/core";

/** A stack [T, B, ...] of which example b has steps 0 to lengths[b] - 1. */
export interface Stack {
  readonly data: TensorData["data"];
  readonly steps: number;
  readonly batch: number;
  /** Elements of one example at one step. */
  readonly units: number;
  readonly lengths: readonly number[];
}

/** Throws nothing: lengths beyond the stack count as all of it. */
export function stackOf({ data, dims }: TensorData, lengths: TensorData | undefined): Stack {
  const [steps, batch, ...rest] = dims;
  return {
    data,
    steps,
    batch,
    units: rest.reduce((product, size) => product * size, 1),
    lengths: Array.from({ length: batch }, (_, b) => Math.min(steps, Math.max(0, lengths?.data[b] ?? steps))),
  };
}

/** Place of the first element of an example at a step. */
export const rowAt = ({ batch, units }: Stack, t: number, b: number): number => (t * batch + b) * units;

/** Sum of the squares of an example at a step. */
export function squareNorm(stack: Stack, t: number, b: number): number {
  const start = rowAt(stack, t, b);
  let sum = 0;
  for (let i = start; i < start + stack.units; i++) sum += stack.data[i] * stack.data[i];
  return sum;
}

/** Calls `look` for every element of a step that its example has. */
export function forEachElement(stack: Stack, look: (value: number, unit: number) => void): void {
  stack.lengths.forEach((length, b) => {
    for (let t = 0; t < length; t++) {
      const start = rowAt(stack, t, b);
      for (let unit = 0; unit < stack.units; unit++) look(stack.data[start + unit], unit);
    }
  });
}

const DIGITS = 5;

/** As it is recorded: 5 significant digits, null where it is not finite. */
export const recorded = (value: number): number | null =>
  Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) : null;
