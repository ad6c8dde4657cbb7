/** Equations without states applied to values: what layers and losses that are written as equations share. */
import {
  elaborate,
  elaborateExample,
  elaborateFormula,
  formatType,
  joinPointer,
  numberOf,
  tensorOf,
  TRAIN,
  truthOf,
  type Dims,
  type FloatDType,
  type GraphBuilder,
  type NotationScope,
  type Quantity,
  type Value,
} from "@latchgrad/core";
import { refuse } from "../config/refuse.js";
import type { Initializer } from "../init/registry.js";
import type { Named, UniformSource } from "./cell.js";
import { readCellEquations, type EquationDocument, type PlacedDocument } from "./document-equations.js";
import { bindSizes, constants, initializerFrom, knownSizeFrom } from "./document-settings.js";

/** A document without states: its settings are numbers. */
export interface StatelessDocument extends Pick<EquationDocument, "params" | "functions" | "equations" | "output"> {
  readonly reads: EquationDocument["inputs"];
  readonly hyper: Named<number>;
}

export interface ApplyScope {
  readonly g: GraphBuilder;
  readonly kind: "layer" | "loss";
  readonly name: string;
  readonly pointer: string;
  readonly dtype: FloatDType;
  readonly training: boolean;
  weight(name: string, dims: readonly number[], initializer: Initializer, trainable: boolean): Value;
  readonly uniform?: UniformSource;
}

/** What the equations give, with the axes that all inputs have in front of those of one example. Throws ConfigError or ShapeError. */
export function applyEquations(scope: ApplyScope, document: StatelessDocument, inputs: readonly Value[]): Value {
  const { g, kind, name, pointer, dtype, training, uniform } = scope;
  const { reads, ...rest } = document;
  const placed: PlacedDocument = {
    kind,
    name,
    pointer,
    document: { ...rest, inputs: reads, context: {}, state: {}, cells: {}, once: [] },
  };
  const equations = readCellEquations(placed, new Map());
  const names = Object.keys(reads);
  const batch = batchOf(placed, inputs);
  const dims = Object.fromEntries(names.map((each, i) => [each, inputs[i].type.dims.slice(batch.length)]));
  const settings = new Map(Object.entries(document.hyper).map(([key, value]) => [key, numberOf(value)] as const));
  const sizes = bindSizes(equations, settings, { inputs: dims, context: {} }, pointer);
  const params = Object.entries(equations.params).map(([param, { shape, init }]): readonly [string, Quantity] => {
    const initializer = initializerFrom(init, sizes, joinPointer(pointer, "params", param, "init"));
    const weight = scope.weight(
      param,
      shape.map((size) => knownSizeFrom(size, sizes)),
      initializer,
      document.params[param].trainable,
    );
    return [param, tensorOf(weight, false)];
  });
  const notation: NotationScope = {
    g,
    dtype,
    batch,
    training,
    names: new Map([
      ...constants,
      ...sizes,
      ...params,
      ...names.map((each, i): readonly [string, Quantity] => [each, tensorOf(inputs[i], true)]),
      [TRAIN, truthOf(training)],
    ]),
    functions: equations.functions,
    cells: new Map(),
    states: new Map(),
    ...(uniform === undefined ? {} : { uniform }),
  };
  const defined = elaborate(equations.equations, notation);
  const output = elaborateFormula(equations.output, notation, defined);
  if (kind === "loss")
    return elaborateExample(equations.output, notation, defined, [], "what a loss gives for an example");
  if (output.kind === "tensor" && output.batched) return output.value;
  const own = output.kind === "tensor" ? output.value.type.dims : [];
  return elaborateExample(equations.output, notation, defined, own, "the output");
}

/** The axes that all inputs have in front; each has those of its shape behind them. */
function batchOf({ kind, document, pointer }: PlacedDocument, inputs: readonly Value[]): Dims {
  const ranks = Object.values(document.inputs).map((shape) => shape.length);
  if (inputs.length !== ranks.length)
    refuse("input-count", pointer, {
      problem: `the ${kind} reads one value for each name in "reads"`,
      expected: Object.keys(document.inputs).join(", "),
      received: String(inputs.length),
    });
  const fronts = inputs.map(({ type: { dims } }, i) => dims.slice(0, dims.length - ranks[i]));
  const [batch] = fronts;
  inputs.forEach(({ type }, i) => {
    if (type.dims.length < ranks[i] || fronts[i].join() !== batch.join())
      refuse("input-type", pointer, {
        problem: `what the ${kind} reads has the same axes in front of those of one example`,
        received: inputs.map((input) => formatType(input.type)).join(", "),
        hint: `"reads" gives the axes of one example, without batch and time`,
      });
  });
  return batch;
}
