/**
 * What a function of the notation is: one object with its name, its parameters, a sentence, and what it appends to a graph.
 * The check of calls and the reference page read the same object.
 */
import type { Value } from "../../ops/op.js";
import type { Dims } from "../../shape/tensor-type.js";
import type { Quantity, TensorQuantity, TensorScope } from "../quantity.js";
import type { Facts } from "../source.js";

export interface Parameter {
  readonly name: string;
  /** Given by default; written in the signature. Absent: the caller has to give it. */
  readonly standard?: string;
  /** Takes all further arguments; the last parameter only. */
  readonly rest?: true;
  /** Only by name, because by its place it would mean something else. */
  readonly named?: true;
  /** Sizes in brackets, [units, 4]. Absent: a value. */
  readonly sizes?: true;
}

/** One call, with its arguments by parameter. */
export interface Call extends TensorScope {
  readonly training: boolean;
  has(parameter: string): boolean;
  quantity(parameter: string): Quantity;
  /** All values of the rest parameter. */
  rest(parameter: string): readonly Quantity[];
  /** The argument as a tensor of floats, or of whole numbers or conditions if it is one. */
  tensor(parameter: string): TensorQuantity;
  /** As a tensor of floats. */
  floats(parameter: string): TensorQuantity;
  /** A number that is known while the graph is built, or the default. */
  number(parameter: string, standard?: number): number;
  /** Sizes in brackets. */
  sizes(parameter: string): Dims;
  /** Dims of one example. */
  dims(tensor: TensorQuantity): Dims;
  /** Place of an axis of one example in the graph's tensor; the axis is an argument, or the default. */
  axis(parameter: string, tensor: TensorQuantity, standard: number): number;
  /** Places of all axes of one example. */
  allAxes(tensor: TensorQuantity): readonly number[];
  /** Tensors of one type with equal dims; refuses the call where sizes differ. */
  align(quantities: readonly Quantity[]): { readonly values: readonly Value[]; readonly batched: boolean };
  /** Random numbers of type f32, uniform on [0, 1), for this call alone. While training only. */
  uniform(dims: Dims): Value;
  /** Stops at a parameter's argument, or at the whole call. */
  refuse(facts: Facts, parameter?: string): never;
  /** Texts and shapes of arguments, for messages. */
  describe(...parameters: readonly string[]): string;
}

export interface NotationFunction {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** One sentence, without a period at the end of formulas. */
  readonly summary: string;
  apply(call: Call): Quantity;
}

/** As it is written: "softmax(v, axis = -1)". */
export const signatureOf = ({ name, parameters }: NotationFunction): string =>
  `${name}(${parameters
    .map(({ name: parameter, standard, rest, sizes }) => {
      const written = sizes === true ? `[${parameter}, ...]` : parameter;
      return (standard === undefined ? written : `${written} = ${standard}`) + (rest === true ? ", ..." : "");
    })
    .join(", ")})`;
