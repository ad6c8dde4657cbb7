/** What batches are made of, and the parts of the data that they come from. */
import type { FloatDType, TensorData } from "@latchgrad/core";

export const SPLITS = ["train", "validation", "test"] as const;
/** Examples to learn from, to watch while learning, and to report at the end. No finite data are in two splits, and no random numbers. */
export type Split = (typeof SPLITS)[number];

/** Inputs and targets by name, as the task's signature declares them. */
export type Batch = Readonly<Record<string, TensorData>>;

/** A score that needs no learning, to judge results by. */
export interface Baseline {
  /** What it compares with: "loss" or the name of a metric. */
  readonly metric: string;
  /** The loss type for which a baseline of "loss" is meant. */
  readonly loss?: string | undefined;
  readonly value: number;
  /** How that score is reached, in plain words. */
  readonly says: string;
}

/** A tensor of float zeros to be filled. */
export const floatTensor = (dtype: FloatDType, ...dims: readonly number[]): TensorData => ({
  dtype,
  dims,
  data: dtype === "f32" ? new Float32Array(count(dims)) : new Float64Array(count(dims)),
});

/** A tensor of i32 zeros to be filled. */
export const integerTensor = (...dims: readonly number[]): TensorData => ({
  dtype: "i32",
  dims,
  data: new Int32Array(count(dims)),
});

const count = (dims: readonly number[]): number => dims.reduce((product, size) => product * size, 1);
