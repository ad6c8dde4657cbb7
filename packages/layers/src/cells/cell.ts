/**
 * What a cell is: one step of a recurrent network over named states. A cell says
 * nothing of time, direction or depth; `recurrent` adds those to any cell. Values are batched:
 * B examples side by side, each as the documentation of the cell describes one.
 */
import type { Dim, Dims, FloatDType, GraphBuilder, Origin, Value } from "@latchgrad/core";
import * as z from "zod";
import { initializerSchema, type Initializer } from "../init/registry.js";

export interface StateSpec {
  readonly name: string;
  /** Of one example; in the graph the batch comes first. */
  readonly dims: readonly number[];
  /** Every element before the first step, unless the layer says otherwise. Absent: 0. */
  readonly init?: number;
}

/** What a cell reads besides its states. */
export interface InputSpec {
  readonly name: string;
  /** How many axes one example has; 1 is a vector of features. */
  readonly rank: number;
}

export interface WeightSpec {
  /** Path below that of the cell, for example "Wf". */
  readonly name: string;
  readonly dims: readonly number[];
  readonly initializer: Initializer;
  /** False: training leaves it as it is. Absent: true. */
  readonly trainable?: boolean;
  /** JSON pointer of the declaration. Absent: that of the layer's cell. */
  readonly origin?: Origin;
}

/** Values by name: the states or the weights of a cell. */
export type Named<T> = Readonly<Record<string, T>>;

/** Numbers of type f32, uniform on [0, 1); the stream tells uses apart. */
export type UniformSource = (stream: string, dims: Dims) => Value;

/** What the inputs of a cell look like, for one example. */
export interface CellShapes {
  /** Of each input at one step. */
  readonly inputs: Named<readonly number[]>;
  /** Of each context; an encoder's length may be a symbol. */
  readonly context: Named<Dims>;
}

/** One run over a sequence, before its first step. */
export interface CellStartInput {
  /** The builder of the graph around the loop. */
  readonly g: GraphBuilder;
  readonly dtype: FloatDType;
  readonly batch: Dim;
  readonly shapes: CellShapes;
  readonly weights: Named<Value>;
  /** Each [B, ...]. */
  readonly context: Named<Value>;
  readonly training: boolean;
  /** Numbers for the whole sequence. Called while training only. */
  readonly uniform: UniformSource;
}

export interface CellStepInput {
  /** The builder of the loop's body. */
  readonly g: GraphBuilder;
  /** The inputs of this step, each [B, ...]. */
  readonly inputs: Named<Value>;
  /** The states before this step, each [B, ...]. */
  readonly state: Named<Value>;
  /** Index of the step, i32; or i32[B], where sequences go on and have had different numbers of steps. */
  readonly t: Value;
  /** Numbers for this step. Called while training only. */
  readonly uniform: UniformSource;
}

export interface CellStepResult {
  /** The states after this step, with the same names and types. */
  readonly state: Named<Value>;
  /** What the next layer sees, [B, ...]; usually one of the states. */
  readonly output: Value;
}

export type CellStep = (input: CellStepInput) => CellStepResult;

/** A cell with all its settings. */
export interface Cell {
  /** The names of its states, which no setting and no input changes. */
  readonly stateNames: readonly string[];
  /** What changes from step to step; the first is the output of the layer below. */
  readonly inputs: readonly InputSpec[];
  /** What stays the same over a sequence and comes from other layers. */
  readonly context: readonly InputSpec[];
  /** In the order of their names. */
  states(shapes: CellShapes): readonly StateSpec[];
  weights(shapes: CellShapes): readonly WeightSpec[];
  /** Computes what is needed once per sequence, and gives the step. */
  start(input: CellStartInput): CellStep;
}

/** The input of a cell that reads a vector of features. */
export const FEATURES: readonly InputSpec[] = [{ name: "x", rank: 1 }];

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
  units: sizeSchema.meta({ description: "Size of the state and of the output.", examples: [32] }),
  inputInit: initializerSchema
    .default("glorotUniform")
    .describe("Initial values of each weight matrix that multiplies the input."),
  recurrentInit: initializerSchema
    .default("orthogonal")
    .describe("Initial values of each weight matrix that multiplies the state."),
};
