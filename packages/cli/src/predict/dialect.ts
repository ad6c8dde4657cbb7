/**
 * How rows of a file and a model understand each other. A model of a task whose data are rows speaks in their columns: numbers in their own
 * units, classes by name. Any other speaks in the names and shapes of its inputs.
 */
import type { Issue, TensorsByName } from "@latchgrad/core";
import type { FileBytes } from "@latchgrad/optim";
import type { Nested } from "./example.js";

export const ROW_FORMATS = ["jsonl", "csv"] as const;
/** JSON lines, or a table with commas. */
export type RowFormat = (typeof ROW_FORMATS)[number];

/** The text of one line, and its number from 1. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

/** What was read: a sequence, or in a stream the next part of one. */
export interface Heard<S> {
  /** What the answer is called by; undefined where the rows say nothing. */
  readonly id: unknown;
  readonly steps: number;
  readonly sequence: S;
  /** Why it cannot be used; none where it can, and `sequence` is meaningless where there are some. */
  readonly issues: readonly Issue[];
}

/** The answers to one sequence by output of the model, without batch and padding. */
export type Answers = Readonly<Record<string, Nested>>;

export interface Dialect<S> {
  /** The sequences of a file, in their order. Throws where the file as a whole cannot be understood. */
  sequences(path: string, file: FileBytes): AsyncIterable<Heard<S>>;
  /** The parts of sequences as they come, each read when it is asked for; undefined where the next one begins a new sequence. */
  parts(path: string, source: NodeJS.ReadableStream): AsyncIterable<Heard<S> | undefined>;
  /** Sequences with the same text can share a batch. */
  shape(heard: Heard<S>): string;
  /** The inputs for a batch of sequences, or of parts. */
  encode(batch: readonly Heard<S>[]): TensorsByName;
  /** The rows that answer a sequence or a part; the first answer in a table comes with the header. */
  answer(heard: Heard<S>, answers: Answers): string;
}
