/**
 * What a cell is: one step of a recurrent network over named states. A cell says
 * nothing of time, direction or depth; `recurrent` adds those to any cell. Values are batched:
 * B examples side by side, each as the documentation of the cell describes one.
 */
import type { GraphBuilder, Value } from "@latchgrad/core";
import * as z from "zod";
import { initializerSchema, type Initializer } from "../init/registry.js";

export interface StateSpec {
  readonly name: string;
  /** Of one example; in the graph the batch comes first. */
  readonly dims: readonly number[];
}

export interface WeightSpec {
  /** Path below that of the cell, for example "Wf". */
  readonly name: string;
  readonly dims: readonly number[];
  readonly initializer: Initializer;
}

/** Values by name: the states or the weights of a cell. */
export type Named<T> = Readonly<Record<string, T>>;

export interface CellStepInput {
  /** The builder of the loop's body. */
  readonly g: GraphBuilder;
  /** The input of this step, [B, ...]. */
  readonly x: Value;
  /** The states before this step, each [B, ...]. */
  readonly state: Named<Value>;
  readonly weights: Named<Value>;
  /** Index of the step, i32. */
  readonly t: Value;
}

export interface CellStepResult {
  /** The states after this step, with the same names and types. */
  readonly state: Named<Value>;
  /** What the next layer sees, [B, ...]; usually one of the states. */
  readonly output: Value;
}

/** A cell with all its settings. */
export interface Cell {
  readonly states: readonly StateSpec[];
  /** How many axes the input of one example has at one step; 1 is a vector of features. */
  readonly inputRank: number;
  /** The weights for an input of these dims (of one example at one step). */
  weights(inputDims: readonly number[]): readonly WeightSpec[];
  step(input: CellStepInput): CellStepResult;
}

/** A kind of cell that configs can name. */
export interface CellDefinition<S extends z.ZodObject = z.ZodObject> {
  readonly type: string;
  /** One sentence, with its source. */
  readonly summary: string;
  readonly schema: S;
  make(config: z.output<S>): Cell;
}

/** Ties the type of `make`'s config to the schema. */
export const defineCell = <S extends z.ZodObject>(definition: CellDefinition<S>): typeof definition => definition;

/** More units than any machine can train, and few enough that sizes stay exact integers. */
export const LARGEST_SIZE = 1_000_000;

/** A size in a config: a whole number from 1. */
export const sizeSchema = z.int().min(1).max(LARGEST_SIZE);

/** Settings that all gated cells share. */
export const commonCellFields = {
  units: sizeSchema.describe("Size of the state and of the output."),
  inputInit: initializerSchema
    .default("glorotUniform")
    .describe("Initial values of each weight matrix that multiplies the input."),
  recurrentInit: initializerSchema
    .default("orthogonal")
    .describe("Initial values of each weight matrix that multiplies the state."),
};
