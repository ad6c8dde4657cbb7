/** What the runs of the story gave: everything that its page and pictures are made of, as one JSON document. */
import type { ExampleRecord, MemoryRecord, ValuesRecord } from "@latchgrad/optim";

/** One training of the comparison by length. */
export interface ComparedRun {
  readonly cell: string;
  readonly length: number;
  readonly seed: number;
  /** Mean squared error on sequences never seen. */
  readonly loss: number;
  /** By how far back the farther of the two numbers lies, after the training. */
  readonly memory: readonly Pick<MemoryRecord["bins"][number], "from" | "to" | "value">[];
  /** Half-lives of the units in steps, after the training; absent where nothing multiplies the state. */
  readonly halfLives?: readonly (number | null)[] | undefined;
}

/** How the gradient goes back through time in one network. */
export interface Flow {
  readonly cell: string;
  readonly state: string;
  /** Updates that made the weights: 0, or all. */
  readonly step: number;
  /** By time step. */
  readonly norms: readonly (number | null)[];
  /** The factor by which the gradient changes in each step back. */
  readonly perStep: number | null;
}

/** A training with gradients that explode. */
export interface ExplodingRun {
  readonly optimizer: string;
  readonly isClipped: boolean;
  /** Absent where the run ended with an error. */
  readonly loss?: number | undefined;
  /** What the error says. */
  readonly error?: string | undefined;
  /** Of every tenth update, from the first on. */
  readonly gradientNorms: readonly (number | null)[];
  /** Of the training batches of the same updates. */
  readonly losses: readonly (number | null)[];
}

/** Weights that lead to one unit. */
export interface UnitWeights {
  /** From each feature of the input. */
  readonly input: readonly number[];
  /** From each unit of the step before. */
  readonly state: readonly number[];
  readonly bias: number;
}

/** A small LSTM, looked at closely. */
export interface Traced {
  readonly loss: number;
  /** The unit that the page explains, counted from 0. */
  readonly unit: number;
  /** Its weights: of the forget gate, the input gate, the candidate and the output gate. */
  readonly weights: Readonly<Record<"f" | "i" | "g" | "o", UnitWeights>>;
  readonly halfLives: readonly (number | null)[];
  readonly example: ExampleRecord;
  readonly values: readonly ValuesRecord[];
}

export interface StoryResults {
  /** The error of always answering 1, the mean of all sums. */
  readonly baseline: number;
  readonly units: number;
  readonly steps: number;
  readonly compared: readonly ComparedRun[];
  /** Length of the sequences that `flows` are of. */
  readonly flowLength: number;
  readonly flows: readonly Flow[];
  readonly exploding: readonly ExplodingRun[];
  readonly traced: Traced;
  readonly variants: readonly { readonly cell: string; readonly seed: number; readonly loss: number }[];
}
