/**
 * The adding problem: a sequence of random values, two of them marked; the
 * answer is their sum. It needs memory over the whole sequence and nothing else.
 */
import { i32, type TensorData } from "@latchgrad/core";
import * as z from "zod";
import { randomAt, type Random } from "./random.js";
import { floatTensor, integerTensor, type Batch } from "../data/batch.js";
import type { DataContext } from "../data/context.js";
import { endlessTask, type TaskDefinition } from "./task.js";

/** Shortest sequence of the variant of 1997: its first marker lies within the first ten pairs and before the last one. */
const SHORTEST_1997 = 20;

const schema = z
  .strictObject({
    type: z.literal("adding"),
    length: z
      .int()
      .min(2)
      .max(100_000)
      .meta({ description: "Number of time steps T; in the variant of 1997 the shortest length.", examples: [50] }),
    variant: z
      .enum(["modern", "1997"])
      .default("modern")
      .describe("Values in [0, 1] and their sum, or the scaled task of 1997 with lengths from T to 1.1 T."),
  })
  .refine(({ variant, length }) => variant === "modern" || length >= SHORTEST_1997, {
    path: ["length"],
    error: `length is at least ${SHORTEST_1997} in the variant of 1997`,
  });
type Options = z.output<typeof schema>;

/** A sequence [T,2] of (value, marker) to be written in place, at an offset into a batch. */
interface Sequence {
  readonly data: TensorData["data"];
  /** Index of the first element. */
  readonly start: number;
  readonly length: number;
}

const setPair = ({ data, start }: Sequence, t: number, value: number, marker: number): void => {
  data[start + 2 * t] = value;
  data[start + 2 * t + 1] = marker;
};
const valueAt = ({ data, start }: Sequence, t: number): number => data[start + 2 * t];

/** Values uniform on [0, 1), one marker in each half; returns the sum of the two marked values as they were stored. */
function modernSequence(sequence: Sequence, random: Random): number {
  const { length } = sequence;
  const half = Math.floor(length / 2);
  const marked = [random.integer(0, half - 1), random.integer(half, length - 1)];
  for (let t = 0; t < length; t++) setPair(sequence, t, random.between(0, 1), marked.includes(t) ? 1 : 0);
  return valueAt(sequence, marked[0]) + valueAt(sequence, marked[1]);
}

/**
 * Values uniform on [-1, 1); one marker 1 in the first ten pairs, then one in the first shortest/2 - 1 pairs that
 * are still unmarked; the first and the last pair have marker -1. Should a mark fall on the first pair, its value
 * counts as 0, as the paper has it. Returns 0.5 + (X1 + X2) / 4.
 */
function sequenceOf1997(sequence: Sequence, shortest: number, random: Random): number {
  const { length } = sequence;
  const first = random.integer(0, 9);
  const unmarked = random.integer(0, Math.floor(shortest / 2) - 2);
  const second = unmarked < first ? unmarked : unmarked + 1;
  for (let t = 0; t < length; t++) {
    const isEnd = t === 0 || t === length - 1;
    setPair(sequence, t, random.between(-1, 1), isEnd ? -1 : t === first || t === second ? 1 : 0);
  }
  const counted = [first, second].map((t) => (t === 0 ? 0 : valueAt(sequence, t)));
  return 0.5 + (counted[0] + counted[1]) / 4;
}

/** E[Xi²] is 1/3, or 0 in the rare case that the mark falls on the first pair. */
function variance1997(shortest: number): number {
  const firstIsCounted = 9 / 10;
  const secondIsCounted = 1 - firstIsCounted / (Math.floor(shortest / 2) - 1);
  return (firstIsCounted + secondIsCounted) / 3 / 16;
}

function openModern({ length }: Options, { seed, dtype }: DataContext): ReturnType<typeof endlessTask> {
  return endlessTask(
    (split, index, size) => {
      const random = randomAt(seed, "adding", split, index);
      const x = floatTensor(dtype, size, length, 2);
      const y = floatTensor(dtype, size, 1);
      for (let b = 0; b < size; b++)
        y.data[b] = modernSequence({ data: x.data, start: b * length * 2, length }, random);
      return { x, y };
    },
    {
      metric: "loss",
      loss: "meanSquaredError",
      // The variance of a sum of two values uniform on [0, 1].
      value: 1 / 6,
      says: "always answering 1, the mean of all sums",
    },
  );
}

function open1997({ length: shortest }: Options, { seed, dtype }: DataContext): ReturnType<typeof endlessTask> {
  const longest = shortest + Math.floor(shortest / 10);
  return endlessTask(
    (split, index, size) => {
      const random = randomAt(seed, "adding-1997", split, index);
      const x = floatTensor(dtype, size, longest, 2);
      const y = floatTensor(dtype, size, 1);
      const lengths = integerTensor(size);
      for (let b = 0; b < size; b++) {
        const length = random.integer(shortest, longest);
        lengths.data[b] = length;
        y.data[b] = sequenceOf1997({ data: x.data, start: b * longest * 2, length }, shortest, random);
      }
      return { x, lengths, y };
    },
    {
      metric: "loss",
      loss: "meanSquaredError",
      value: variance1997(shortest),
      says: "always answering 0.5, the mean of all targets",
    },
  );
}

/** From the first of the two marked pairs to the last step. */
function distances({ x, lengths }: Batch): TensorData {
  const [count, steps] = x.dims;
  const found = integerTensor(count);
  for (let b = 0; b < count; b++) {
    let first = 0;
    while (first < steps && x.data[(b * steps + first) * 2 + 1] !== 1) first++;
    // Batches of the modern variant have no lengths.
    found.data[b] = (lengths as TensorData | undefined)?.data[b] ?? steps;
    found.data[b] -= 1 + first;
  }
  return found;
}

export const adding: TaskDefinition<typeof schema> = {
  type: "adding",
  summary: "Add the two marked values of a random sequence.",
  source:
    "Hochreiter & Schmidhuber 1997, Long short-term memory, experiment 4; modern form: Le, Jaitly & Hinton 2015, section 4.1",
  usual: { loss: "meanSquaredError", metrics: [] },
  schema,
  signature: ({ variant }, dtype) => ({
    inputs: { x: { dtype, dims: ["B", "T", 2] }, ...(variant === "1997" ? { lengths: i32("B") } : {}) },
    targets: { y: { dtype, dims: ["B", 1] } },
  }),
  open: (options, context) => ({
    ...(options.variant === "modern" ? openModern(options, context) : open1997(options, context)),
    distances,
  }),
  atLength: (options, length) => ({ ...options, length }),
};
