/** What a training run tells while it goes on. */
import type { TensorData } from "@latchgrad/core";
import type { Baseline, Split } from "./tasks/task.js";

/** Metric values by name. */
export type Metrics = Readonly<Record<string, number>>;

/** One update was made. Loss and metrics are those of its batch, before the update. */
export interface StepEvent {
  readonly kind: "step";
  /** Number of this update, counted from 1 and over resumes. */
  readonly step: number;
  /** Of the whole run, as the config says. */
  readonly steps: number;
  readonly loss: number;
  readonly metrics: Metrics;
  readonly learningRate: number;
  /** 2-norm of all gradients together, before clipping. */
  readonly gradientNorm: number;
  /** A recent average over the time spent in steps; the only thing here that differs between equal runs. */
  readonly examplesPerSecond: number;
  /** Passes over the training data so far, including the one under way; undefined where data never end. */
  readonly epoch?: number | undefined;
}

/** The model, as it is after so many steps, on data that it does not learn from. */
export interface Evaluation {
  readonly split: Split;
  readonly step: number;
  readonly loss: number;
  readonly metrics: Metrics;
  /** Batches averaged over. */
  readonly batches: number;
  /** The task's first baseline that this model can be compared with, if any. */
  readonly baseline?: Baseline | undefined;
}

export interface EvaluationEvent extends Evaluation {
  readonly kind: "evaluation";
}

/** The run has ended; always the last event. */
export interface DoneEvent {
  readonly kind: "done";
  /** All steps were made; stopWhen was reached; the signal was aborted. */
  readonly reason: "steps" | "stopped" | "aborted";
  /** Updates made in all. */
  readonly step: number;
  readonly weights: Readonly<Record<string, TensorData>>;
  /** Everything needed to go on exactly from here: weights, optimizer state, step and key. */
  readonly state: Readonly<Record<string, TensorData>>;
  /** On the test part. Absent when aborted, because whoever aborts wants to leave. */
  readonly evaluation?: Evaluation | undefined;
}

export type TrainingEvent = StepEvent | EvaluationEvent | DoneEvent;
