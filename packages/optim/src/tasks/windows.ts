/**
 * Finite data as batches: one long sequence is cut into three stretches, one
 * per split, and each stretch into windows of equal length. Training shuffles
 * the windows anew in every epoch, from a place that also varies, so that the
 * borders between windows do not stay the same. Or windows are in the order of
 * the data, for models that keep their state from one to the next.
 */
import { ConfigError } from "@latchgrad/core";
import { BEGINS_PARAM, type Seed } from "@latchgrad/layers";
import * as z from "zod";
import { randomAt, randomOrder } from "./random.js";
import { SPLITS, type Batch, type Split } from "../data/batch.js";
import type { Task } from "./task.js";

const share = z.number().gt(0).max(0.4);
/** Options of a task with finite data: how much is kept for watching and for the end. */
export const splitFields = {
  validation: share.default(0.1).describe("Share of the data, after the training part, that is used to watch a run."),
  test: share.default(0.1).describe("Share of the data, at its end, that is used for the final result."),
};
/** Options of a task whose data are one long sequence. */
export const orderFields = {
  order: z
    .enum(["shuffled", "stream"])
    .default("shuffled")
    .describe(
      "shuffled: each sequence of a batch is read from an empty memory. stream: a batch has stretches of the data side by side and goes on where the one before ended, with the state handed over; gradients reach back to the beginning of the batch (truncated backpropagation through time).",
    ),
};
export type WindowOrder = "shuffled" | "stream";

export interface Shares {
  readonly validation: number;
  readonly test: number;
}

/** Places `from` up to `to`, not included. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The three parts of `count` places: training first, test last. */
export function stretchesOf(count: number, { validation, test }: Shares): Readonly<Record<Split, Stretch>> {
  const testFrom = count - Math.floor(count * test);
  const validationFrom = testFrom - Math.floor(count * validation);
  return {
    train: { from: 0, to: validationFrom },
    validation: { from: validationFrom, to: testFrom },
    test: { from: testFrom, to: count },
  };
}

export interface WindowPlan {
  readonly seed: Seed;
  /** Name of the task, so that two tasks do not share an order. */
  readonly task: string;
  readonly stretches: Readonly<Record<Split, Stretch>>;
  /** Places in a window. */
  readonly length: number;
  readonly order: WindowOrder;
  /** A window at s may look at places s to s + length - 1 + ahead. */
  readonly ahead: number;
}

/** The first places of the windows of each batch, and how many batches there are. */
export interface Windows {
  starts(split: Split, index: number, size: number): readonly number[];
  /** What a batch has besides inputs and targets: of streams, whether they begin with it. */
  besides(split: Split, index: number, size: number): Batch;
  readonly batchesPerEpoch: Task["batchesPerEpoch"];
}

/** Throws ConfigError when a stretch is too short for one window. */
export function windowsOf(plan: WindowPlan): Windows {
  const { stretches, length } = plan;
  const room = (split: Split): number => stretches[split].to - stretches[split].from - plan.ahead;
  const tooShort = SPLITS.filter((split) => room(split) < length);
  if (tooShort.length > 0) throw tooLittleData(length, Math.min(...SPLITS.map(room)), tooShort);
  return plan.order === "stream" ? streamsOf(plan, room) : shuffledWindows(plan, room);
}

/** A batch of `size` has as many streams side by side, and goes on where the one before it ended. Throws ConfigError where they are too short. */
function streamsOf({ seed, task, stretches, length }: WindowPlan, room: (split: Split) => number): Windows {
  const batchesPerEpoch = (split: Split, size: number): number => {
    const count = Math.floor(room(split) / size / length);
    if (count > 0) return count;
    throw new ConfigError([
      {
        code: "config.too-little-data",
        problem: "every stream of a batch holds at least one window",
        at: { kind: "config", pointer: "/training/batch" },
        expected: `at most ${Math.floor(room(split) / length)}, as the ${split} part is`,
        received: String(size),
        hint: "choose a smaller batch, a smaller length, or more data",
      },
    ]);
  };
  return {
    batchesPerEpoch,
    starts(split, index, size) {
      const perEpoch = batchesPerEpoch(split, size);
      const inEpoch = index % perEpoch;
      const spare = room(split) - size * perEpoch * length;
      // The borders between windows vary from epoch to epoch, as those of shuffled windows do.
      const shift =
        split === "train" ? randomAt(seed, task, "stream", (index - inEpoch) / perEpoch).integer(0, spare) : 0;
      const first = stretches[split].from + shift + inEpoch * length;
      return Array.from({ length: size }, (_, b) => first + b * perEpoch * length);
    },
    besides(split, index, size) {
      const begins = index % batchesPerEpoch(split, size) === 0;
      return { [BEGINS_PARAM]: { dtype: "bool", dims: [size], data: new Uint8Array(size).fill(Number(begins)) } };
    },
  };
}

function shuffledWindows({ seed, task, stretches, length }: WindowPlan, room: (split: Split) => number): Windows {
  const fitting = (split: Split): number => Math.floor(room(split) / length);
  // One window less in training leaves room for a first place that varies by a whole window.
  const counts: Readonly<Record<Split, number>> = {
    train: Math.max(1, fitting("train") - 1),
    validation: fitting("validation"),
    test: fitting("test"),
  };
  const batchesPerEpoch = (split: Split, size: number): number => Math.ceil(counts[split] / size);

  let latest: { readonly epoch: number; readonly starts: readonly number[] } | undefined;
  /** All training windows of an epoch in their order; the latest is kept, because batches come in sequence. */
  function trainingStarts(epoch: number): readonly number[] {
    if (latest?.epoch !== epoch) {
      const random = randomAt(seed, task, "order", epoch);
      const first = stretches.train.from + random.integer(0, room("train") - counts.train * length);
      latest = { epoch, starts: Array.from(randomOrder(counts.train, random), (n) => first + n * length) };
    }
    return latest.starts;
  }
  const heldOutStarts = (split: Split): readonly number[] =>
    Array.from({ length: counts[split] }, (_, n) => stretches[split].from + n * length);

  return {
    batchesPerEpoch,
    besides: () => ({}),
    starts(split, index, size) {
      const perEpoch = batchesPerEpoch(split, size);
      const inEpoch = index % perEpoch;
      const all = split === "train" ? trainingStarts((index - inEpoch) / perEpoch) : heldOutStarts(split);
      return all.slice(inEpoch * size, (inEpoch + 1) * size);
    },
  };
}

const tooLittleData = (length: number, longest: number, tooShort: readonly Split[]): ConfigError =>
  new ConfigError([
    {
      code: "config.too-little-data",
      problem: "every part of the data holds at least one window",
      at: { kind: "config", pointer: "/task/length" },
      expected: longest < 1 ? "more data" : `at most ${longest}, as the data are`,
      received: `${length}, too long for: ${tooShort.join(", ")}`,
      hint: "choose a smaller length, larger parts, or more data",
    },
  ]);
