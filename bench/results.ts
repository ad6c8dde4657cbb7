/** The form of a results file. */
import type { Machine } from "./machine.ts";
import type { Timing } from "./measure.ts";
import type { Sizes } from "./workload.ts";

/** Contenders that took turns with each other. */
export interface Group {
  readonly sizes: Sizes;
  readonly timings: readonly Timing[];
  /** The machine's load over the minute before the group was done. */
  readonly load: number;
  /** Contenders that were left out, and why. */
  readonly absent: Readonly<Record<string, string>>;
}

export interface Product {
  /** Rows, columns and inner size of the product. */
  readonly size: number;
  readonly timings: readonly Timing[];
}

/** What comes before the first step of an LSTM, and its steps. Times in ms. */
export interface Compilation {
  readonly sizes: Sizes;
  /** From the model to the training step as a graph, with gradient and update. */
  readonly derivation: number;
  /** Drawing the initial weights. */
  readonly weights: number;
  /** From the graph to a module that could run. */
  readonly compilation: number;
  /** The first run of it, when the engine still has its quickest and slowest code. */
  readonly firstStep: number;
  /** Of the module, which holds the whole training step. */
  readonly bytes: number;
  readonly timing: Timing;
}

export interface Results {
  readonly date: string;
  /** Of the repository; with "+" when files differed from it. */
  readonly commit: string;
  readonly quick: boolean;
  readonly machine: Machine;
  /** Load over the minute before the run began. */
  readonly loadBefore: number;
  /** Versions of the other frameworks that took part. */
  readonly peers: Readonly<Record<string, string>>;
  readonly training: readonly Group[];
  readonly products: readonly Product[];
  readonly cells: readonly Group[];
  readonly compilations: readonly Compilation[];
}
