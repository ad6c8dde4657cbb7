/**
 * What a task is: where examples come from. One object with its name, its
 * source, its options, the types of its inputs and targets, and its batches as
 * a pure function of (seed, split, index), so that a run can go on at any step
 * as if it had never stopped. Adding one touches its file, a line of the
 * registry, and a test case.
 */
import type { FloatDType, TensorData } from "@latchgrad/core";
import type { Signature } from "@latchgrad/layers";
import type * as z from "zod";
import type { Baseline, Batch, Split } from "../data/batch.js";
import type { DataContext } from "../data/context.js";
import type { TaskData } from "../data/task-data.js";

/** Gives the text of a file that a config names, by the path written there. Throws when it cannot. */
export type ReadFile = (path: string) => string | Promise<string>;

/** A task ready to give batches. */
export interface Task {
  /**
   * Batch `index` (0, 1, ...) of a split: a pure function of the seed and the arguments. It has `size` examples, or
   * fewer where an epoch of finite data ends. Validation and test batches begin again after the last. What has to be read
   * from files comes later.
   */
  batch(split: Split, index: number, size: number): Batch | Promise<Batch>;
  /** Batches until the data of a split begin again; undefined where examples are made without end. */
  batchesPerEpoch(split: Split, size: number): number | undefined;
  /** Scores to compare with, the most telling first. */
  baselines(split: Split): readonly Baseline[];
  /**
   * i32 of the first dims of the first target, [B] or [B, T]: how many steps before an answer is read the farthest input lies
   * that it needs; -1 where it needs none from before. Absent: the task does not know.
   */
  distances?(batch: Batch): TensorData;
  /** What was found in files. Absent where examples are made. */
  readonly data?: TaskData | undefined;
}

export interface TaskDefinition<S extends z.ZodType = z.ZodType> {
  readonly type: string;
  /** One sentence. */
  readonly summary: string;
  /** Where it was published. */
  readonly source: string;
  /** The loss and the metrics that are usual for it; a config may choose others. */
  readonly usual: { readonly loss: string; readonly metrics: readonly string[] };
  readonly schema: S;
  /** Types of inputs and targets; B is the batch size, T the number of time steps. */
  signature(options: z.output<S>, dtype: FloatDType): Signature;
  open(options: z.output<S>, context: DataContext): Task | Promise<Task>;
  /** The options for sequences of another length, as the option of the task counts it. Absent: the task has none. */
  atLength?(options: z.output<S>, length: number): z.output<S>;
}

/** A task whose examples are made when asked for, so that it has no epochs. */
export const endlessTask = (
  batch: (split: Split, index: number, size: number) => Batch,
  ...baselines: readonly Baseline[]
): Task => ({
  batch,
  batchesPerEpoch: () => undefined,
  baselines: () => baselines,
});
