/** The form of a results file. */
import type { Machine } from "./machine.ts";
import type { Timing } from "./measure.ts";
import type { CellType, Sizes } from "./workload.ts";

/** Contenders that took turns with each other. */
export interface Group {
  readonly sizes: Sizes;
  readonly timings: readonly Timing[];
  /** The machine's load over the minute before the group was done. */
  readonly load: number;
  /** Contenders that were left out, and why. */
  readonly absent: Readonly<Record<string, string>>;
}

export interface ProductSizes {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

export interface Product {
  readonly sizes: ProductSizes;
  readonly timings: readonly Timing[];
}

/** What comes before the first step of an LSTM, and its steps. Times in ms, medians of some compilations. */
export interface Compilation {
  readonly sizes: Sizes;
  /** From the model to the training step as a graph, with gradient and update. */
  readonly derivation: number;
  /** Drawing the initial weights. */
  readonly weights: number;
  /** From the graph to a module that could run. */
  readonly compilation: number;
  /** Derivation and compilation of the slowest time, which for the first size is the first compilation of the process. */
  readonly longest: number;
  /** The first run of it, when the engine still has its quickest and slowest code. */
  readonly firstStep: number;
  /** Of the module, which holds the whole training step. */
  readonly bytes: number;
  readonly timing: Timing;
}

/** The plan of a training step, bytes. */
export interface PlannedMemory {
  readonly cell: CellType;
  readonly sizes: Sizes;
  readonly checkpoint: string;
  /** All that a run takes. */
  readonly bytes: number;
  /** What is alive at the widest moment. */
  readonly alive: number;
}

/** A training step without checkpoints, and with them. */
export interface Checkpointing {
  readonly cell: CellType;
  readonly sizes: Sizes;
  readonly forms: readonly { readonly checkpoint: string; readonly bytes: number; readonly timing: Timing }[];
}

/** Bytes in the process before and after many runs: on V8's heap, and outside of it. */
export interface HeapUse {
  readonly sizes: Sizes;
  readonly runs: number;
  readonly heapBefore: number;
  readonly heapAfter: number;
  readonly outsideBefore: number;
  readonly outsideAfter: number;
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
  readonly plans: readonly PlannedMemory[];
  /** Absent in results from before they were measured. */
  readonly checkpoints?: readonly Checkpointing[];
  readonly heap: HeapUse;
  /** From the beginning to the end of the run, seconds. */
  readonly seconds: number;
}
