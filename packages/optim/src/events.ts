/** What a training run tells while it goes on. */
import type { TensorsByName } from "@latchgrad/core";
import type { DiagnosticRecord } from "./diagnostics/records.js";
import type { Best, Ending, RunState } from "./run-state.js";
import type { Baseline, Split } from "./data/batch.js";

/** Metric values by name. */
export type Metrics = Readonly<Record<string, number>>;

/** One step was made. Loss and metrics are those of its batches, before the update; NaN where all of them were left out. */
export interface StepEvent {
  readonly kind: "step";
  /** Number of this step, counted from 1 and over resumes. */
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
  /** Batches of this step that were left out, because their loss or gradient was not finite; absent where there were none. */
  readonly skipped?: number | undefined;
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

/** The network was looked into, as the config's `diagnose` asks for. */
export interface DiagnosisEvent {
  readonly kind: "diagnosis";
  /** Steps made before it; 0: the initial weights. */
  readonly step: number;
  readonly records: readonly DiagnosticRecord[];
}

/** A checkpoint is due. The run waits until the next event is asked for, so that whoever saves it can take the time. */
export interface CheckpointEvent {
  readonly kind: "checkpoint";
  readonly step: number;
  readonly state: RunState;
}

/** The run has ended; always the last event. */
export interface DoneEvent {
  readonly kind: "done";
  readonly reason: Ending | "aborted";
  /** Steps made in all. */
  readonly step: number;
  /** The model: the best one where the config asks for it, else the last; averages where there are averages. */
  readonly weights: TensorsByName;
  /** What the weights were best at, where the config asks for the best. */
  readonly best?: Best | undefined;
  /** Everything needed to go on exactly from here. */
  readonly state: RunState;
  /** On the test part. Absent when aborted, because whoever aborts wants to leave. */
  readonly evaluation?: Evaluation | undefined;
}

export type TrainingEvent = StepEvent | EvaluationEvent | DiagnosisEvent | CheckpointEvent | DoneEvent;
