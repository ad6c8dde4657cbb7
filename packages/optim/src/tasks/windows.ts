/**
 * Finite data as batches: a long sequence is cut into three stretches, one
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
  /** The stretches of each part, in the order of the data; no window goes from one to another. */
  readonly stretches: Readonly<Record<Split, readonly Stretch[]>>;
  /** Places in a window. */
  readonly length: number;
  /** From the beginning of a window to that of the next one; absent: its length. Streams have no other. */
  readonly stride?: number | undefined;
  readonly order: WindowOrder;
  /** A window at s may look at places s to s + length - 1 + ahead. */
  readonly ahead: number;
}

/** The first places of the windows of each batch, and how many batches there are. */
export interface Windows {
  starts(split: Split, index: number, size: number): readonly number[];
  /** What a batch has besides inputs and targets: of streams, which of them begin with it. */
  besides(split: Split, index: number, size: number): Batch;
  readonly batchesPerEpoch: Task["batchesPerEpoch"];
}

/** Throws ConfigError when a part has no stretch that is long enough for one window. */
export function windowsOf(plan: WindowPlan): Windows {
  const { stretches, length } = plan;
  const longest = (split: Split): number =>
    stretches[split].reduce((most, stretch) => Math.max(most, roomIn(stretch, plan)), 0);
  const tooShort = SPLITS.filter((split) => longest(split) < length);
  if (tooShort.length > 0) throw tooLittleData(length, Math.min(...SPLITS.map(longest)), tooShort);
  return plan.order === "stream" ? streamsOf(plan) : shuffledWindows(plan);
}

/** Places where windows may be. */
const roomIn = ({ from, to }: Stretch, { ahead }: WindowPlan): number => to - from - ahead;

/** Windows that fit into a stretch. */
function fitting(stretch: Stretch, plan: WindowPlan): number {
  const { length, stride = length } = plan;
  const spare = roomIn(stretch, plan) - length;
  return spare < 0 ? 0 : Math.floor(spare / stride) + 1;
}

/** A batch of `size` has as many streams side by side, and goes on where the one before it ended. Throws ConfigError where they are too short. */
function streamsOf(plan: WindowPlan): Windows {
  const { seed, task, stretches, length } = plan;
  const batchesPerEpoch = (split: Split, size: number): number => {
    const all = stretches[split].reduce((sum, stretch) => sum + fitting(stretch, plan), 0);
    const count = Math.floor(all / size);
    if (count > 0) return count;
    throw new ConfigError([
      {
        code: "config.too-little-data",
        problem: "every stream of a batch holds at least one window",
        at: { kind: "config", pointer: "/training/batch" },
        expected: `at most ${all}, as the ${split} part is`,
        received: String(size),
        hint: "choose a smaller batch, a smaller length, or more data",
      },
    ]);
  };

  /** The windows of an epoch in the order of the data, and which of them are the first of their stretch. */
  function windowsIn(split: Split, epoch: number, count: number): EpochOfStreams {
    // The borders between windows vary from epoch to epoch, as those of shuffled windows do.
    const random = randomAt(seed, task, "stream", epoch);
    const starts: number[] = [];
    const firsts = new Set<number>();
    for (const stretch of stretches[split]) {
      const here = Math.min(fitting(stretch, plan), count - starts.length);
      if (here === 0) continue;
      const shift = split === "train" ? random.integer(0, roomIn(stretch, plan) - here * length) : 0;
      firsts.add(starts.length);
      for (let n = 0; n < here; n++) starts.push(stretch.from + shift + n * length);
    }
    return { starts, firsts };
  }
  const windowsOfEpoch = latestOf(windowsIn);
  return {
    batchesPerEpoch,
    starts(split, index, size) {
      const perEpoch = batchesPerEpoch(split, size);
      const inEpoch = index % perEpoch;
      const { starts } = windowsOfEpoch(split, (index - inEpoch) / perEpoch, size * perEpoch);
      return Array.from({ length: size }, (_, b) => starts[b * perEpoch + inEpoch]);
    },
    besides(split, index, size) {
      const perEpoch = batchesPerEpoch(split, size);
      const inEpoch = index % perEpoch;
      const { firsts } = windowsOfEpoch(split, (index - inEpoch) / perEpoch, size * perEpoch);
      const begins = Uint8Array.from({ length: size }, (_, b) =>
        Number(inEpoch === 0 || firsts.has(b * perEpoch + inEpoch)),
      );
      return { [BEGINS_PARAM]: { dtype: "bool", dims: [size], data: begins } };
    },
  };
}

interface EpochOfStreams {
  readonly starts: readonly number[];
  readonly firsts: ReadonlySet<number>;
}

/** The same function, which keeps its latest result for each part, because batches come in sequence. */
function latestOf<T>(make: (split: Split, epoch: number, count: number) => T): typeof make {
  const latest: Partial<Record<Split, { readonly epoch: number; readonly count: number; readonly value: T }>> = {};
  return (split, epoch, count) => {
    const known = latest[split];
    if (known?.epoch === epoch && known.count === count) return known.value;
    const value = make(split, epoch, count);
    latest[split] = { epoch, count, value };
    return value;
  };
}

function shuffledWindows(plan: WindowPlan): Windows {
  const { seed, task, stretches, length, stride = length } = plan;
  /** One window less in training leaves room for a first place that varies by a whole window. */
  const countIn = (split: Split, stretch: Stretch): number => {
    const all = fitting(stretch, plan);
    return split === "train" ? Math.min(all, Math.max(1, all - 1)) : all;
  };
  const countOf = (split: Split): number => stretches[split].reduce((sum, stretch) => sum + countIn(split, stretch), 0);
  const counts: Readonly<Record<Split, number>> = {
    train: countOf("train"),
    validation: countOf("validation"),
    test: countOf("test"),
  };
  const batchesPerEpoch = (split: Split, size: number): number => Math.ceil(counts[split] / size);

  /** All windows of an epoch in their order; only those of training depend on it. */
  function windowsIn(split: Split, epoch: number): readonly number[] {
    const random = randomAt(seed, task, "order", epoch);
    const starts: number[] = [];
    for (const stretch of stretches[split]) {
      const count = countIn(split, stretch);
      if (count === 0) continue;
      const span = (count - 1) * stride + length;
      const shift = split === "train" ? random.integer(0, roomIn(stretch, plan) - span) : 0;
      for (let n = 0; n < count; n++) starts.push(stretch.from + shift + n * stride);
    }
    return split === "train" ? Array.from(randomOrder(starts.length, random), (n) => starts[n]) : starts;
  }
  const windowsOfEpoch = latestOf(windowsIn);
  return {
    batchesPerEpoch,
    besides: () => ({}),
    starts(split, index, size) {
      const perEpoch = batchesPerEpoch(split, size);
      const inEpoch = index % perEpoch;
      const epoch = split === "train" ? (index - inEpoch) / perEpoch : 0;
      return windowsOfEpoch(split, epoch, counts[split]).slice(inEpoch * size, (inEpoch + 1) * size);
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

/** One stretch per part, as a list. */
export const asLists = ({ train, validation, test }: Readonly<Record<Split, Stretch>>): WindowPlan["stretches"] => ({
  train: [train],
  validation: [validation],
  test: [test],
});
