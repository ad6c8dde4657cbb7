/**
 * What a run is between two steps, as data: whoever has it can go on exactly
 * there, with the same bits as if the run had never stopped.
 */
import type { TensorsByName } from "@latchgrad/core";

/** The best model so far, by the value that the config's `best` names. */
export interface Best {
  /** Updates that made it. */
  readonly step: number;
  readonly value: number;
  readonly weights: TensorsByName;
}

/** All steps were made; stopWhen was reached; nothing got better for as long as best.patience says. */
export type Ending = "steps" | "stopped" | "stale";

export interface RunState {
  /** Steps made. It is the data position too: batches are functions of the seed and the step. */
  readonly step: number;
  /** The state of the step graph: weights, what the optimizer keeps, counts, and the root of all random numbers. */
  readonly tensors: TensorsByName;
  readonly best?: Best | undefined;
  /** Evaluations since the best one. */
  readonly sinceBest: number;
  /** Present once an evaluation has ended the run before its last step. */
  readonly ending?: Exclude<Ending, "steps"> | undefined;
  /** SHA-256 of each file that the task read, by the name that the config has for it. */
  readonly files: Readonly<Record<string, string>>;
}
