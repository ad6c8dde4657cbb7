/** What equations are elaborated in: the graph under construction and what names mean there. */
import type { Value } from "../ops/op.js";
import type { Dims } from "../shape/tensor-type.js";
import type { FunctionEquation } from "./parse.js";
import type { Quantity, TensorScope } from "./quantity.js";

/** A cell that equations call by name. */
export interface InnerCell {
  /** Names and shapes, in the order of the arguments. */
  readonly inputs: readonly { readonly name: string; readonly dims: Dims }[];
  readonly states: readonly { readonly name: string; readonly dims: Dims }[];
  /** Appends one step. Inputs and states are batched tensors of the declared shapes. */
  step(
    inputs: readonly Value[],
    states: Readonly<Record<string, Value>>,
  ): { readonly output: Value; readonly states: Readonly<Record<string, Value>> };
}

export interface NotationScope extends TensorScope {
  /** Whether dropout drops. */
  readonly training: boolean;
  /** What names stand for: parameters, states, inputs, settings. */
  readonly names: ReadonlyMap<string, Quantity>;
  readonly functions: ReadonlyMap<string, FunctionEquation>;
  readonly cells: ReadonlyMap<string, InnerCell>;
  /** Shapes of the states that the equations give next values, for one example. */
  readonly states: ReadonlyMap<string, Dims>;
  /** Random numbers of type f32, uniform on [0, 1); the stream tells uses apart. Needed only while training. */
  uniform?(stream: string, dims: Dims): Value;
}

/** Steps of elaboration, calls of functions and passes of repetitions counted one by one: more than any equations of a person take. */
export const MOST_OPERATIONS = 50_000;

/** Calls of functions in functions. */
export const DEEPEST_CALLS = 20;

/** The state of one elaboration: where it is, and what it has used up. */
export interface Work {
  readonly scope: NotationScope;
  /** All names visible at this place. */
  readonly names: ReadonlyMap<string, Quantity>;
  /** Shared by everything that one elaboration does. */
  readonly spent: { operations: number };
  readonly depth: number;
  /** Gives each use of random numbers a stream of its own. */
  stream(): string;
  /** Receives the next values of the states of a cell that is called. */
  define(name: string, quantity: Quantity): void;
}
