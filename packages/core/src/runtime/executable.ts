/** What a graph becomes: something that runs, and keeps the graph's state in place between runs. */
import type { TensorData } from "../shape/tensor-data.js";

export type TensorsByName = Readonly<Record<string, TensorData>>;

export interface Executable {
  /** How many threads a run uses: what was asked for, or 1 where there are none to be had. */
  readonly threads: number;
  /**
   * One run: a value for every parameter that is not state; all outputs that are not next states. Symbols are bound to
   * the sizes of the inputs, which may differ from run to run. State changes only when the run succeeds.
   * Runs are made one after the other, in the order of the calls; the arrays of inputs are read when the run begins, and have
   * to stay as they are until its promise is settled. Throws RunError for inputs that are missing, unknown or do not fit.
   */
  run(inputs: TensorsByName): Promise<TensorsByName>;
  /** A copy of the state, by parameter name. */
  readState(): Promise<TensorsByName>;
  /** Replaces some or all of the state. Throws RunError for names or types that are not the state's. */
  writeState(state: TensorsByName): Promise<void>;
  /** Frees what it holds and ends its threads. A later run throws RunError. Unreachable executables are freed without it. */
  dispose(): void;
}
