// A small model around any document of the library, with values for all that its graphs read.
import { f64, i32, valueTypes, type DType, type Tensor, type TensorType } from "@latchgrad/core";
import { readdirSync, readFileSync } from "node:fs";
import { cellDocumentSchema, type CellDocument, type Model, type ModelDocument } from "../../src/index";
import { documentOf, modelOf, numbers, tensor, weightsOf } from "../support";

const folder = new URL("../../cells/", import.meta.url);

/** Every document of the library by its name. */
export const library: ReadonlyMap<string, CellDocument> = new Map(
  readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => [
      file.slice(0, -".json".length),
      cellDocumentSchema.parse(JSON.parse(readFileSync(new URL(file, folder), "utf8"))),
    ]),
);

export const BATCH = 2;
export const TIME = 5;
const UNITS = 4;
/** Sizes that documents leave open, other than the input's. */
const OPEN_SIZES: Readonly<Record<string, number>> = { height: 2, width: 3, channels: 2, positions: 3, features: 2 };
const INPUT = 3;

/** Settings without which a cell has no derivative that a difference could confirm. */
const SETTINGS: Readonly<Record<string, object>> = { lstm1997: { truncated: 0 } };

type Size = number | string;
const sizeOf = (size: Size): number => (typeof size === "number" ? size : (OPEN_SIZES[size] ?? INPUT));
const count = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

export interface SmallModel {
  readonly model: Model;
  /** Names of what the layer reads step by step, [B, T, ...]. */
  readonly sequences: readonly string[];
  /** Names of the states. */
  readonly states: readonly string[];
  /** Weights, inputs and targets, in f64. */
  readonly values: Readonly<Record<string, Tensor>>;
}

export interface Wishes {
  readonly dtype?: "f64" | "f32";
  /** Further keys of the layer. */
  readonly layer?: object;
  /** Whether the model reads lengths and, of all states, what they are at first. */
  readonly reads?: { readonly lengths?: boolean; readonly states?: boolean };
}

/** One recurrent layer of the cell. Its outputs are the prediction, and the final states are outputs by their names. */
export function smallModel(name: string, { dtype = "f64", layer = {}, reads = {} }: Wishes = {}): SmallModel {
  const document = library.get(name) as CellDocument;
  const sequences = Object.keys(document.inputs);
  const context = Object.keys(document.context);
  const type = (dims: readonly (number | string)[]): TensorType => ({ dtype, dims });
  const inputTypes = Object.fromEntries([
    ...sequences.map((key) => [key, type(["B", "T", ...document.inputs[key].map(sizeOf)])] as const),
    ...context.map((key) => [key, type(["B", ...document.context[key].map(sizeOf)])] as const),
  ]);
  const settings = SETTINGS[name] ?? {};
  const recurrent = (more: object): ModelDocument["layers"][number] => ({
    type: "recurrent",
    name: "run",
    inputs: sequences,
    cell: { type: name, units: UNITS, ...settings },
    ...(context.length === 0 ? {} : { context: Object.fromEntries(context.map((key) => [key, key])) }),
    lengths: reads.lengths === true ? "lengths" : false,
    ...more,
  });
  const lengths: Readonly<Record<string, TensorType>> = reads.lengths === true ? { lengths: i32("B") } : {};

  // What the cell gives out is known once it was built, by a model whose target does not depend on it.
  const probe = modelOf(
    documentOf([recurrent({ output: "last" }), { type: "flatten" }, { type: "dense", units: 1 }], {
      dtype,
      outputs: { out: "run", ...finalStates(document) },
    }),
    { inputs: { ...inputTypes, ...lengths }, targets: { y: type(["B", 1]) } },
  ).graph("predict");
  const typeOf = (output: string): TensorType =>
    valueTypes(probe)[probe.outputs.find((each) => each.name === output)?.value ?? 0];
  const states = Object.keys(finalStates(document));
  const givenStates = reads.states === true ? Object.fromEntries(states.map((state) => [state, typeOf(state)])) : {};
  const [, ...outDims] = typeOf("out").dims;

  const model = modelOf(
    documentOf(
      [
        recurrent({
          ...(reads.states === true
            ? { initialState: Object.fromEntries(states.map((state) => [stateOf(state), `start_${state}`])) }
            : {}),
          ...layer,
        }),
      ],
      { dtype, outputs: finalStates(document) },
    ),
    {
      inputs: {
        ...inputTypes,
        ...lengths,
        ...Object.fromEntries(Object.entries(givenStates).map(([state, given]) => [`start_${state}`, given])),
      },
      targets: { y: type(["B", "T", ...outDims]) },
    },
  );
  const sizes: Readonly<Record<string, number>> = { B: BATCH, T: TIME };
  const values: Record<string, Tensor> = {};
  const dimsOf = (dims: TensorType["dims"]): readonly number[] =>
    dims.map((dim) => (typeof dim === "number" ? dim : sizes[dim]));
  let seed = 1;
  const fill = (key: string, { dims }: TensorType, as: DType = "f64"): void => {
    const bound = dimsOf(dims);
    values[key] = tensor(as, bound, numbers(count(bound), (seed += 37)));
  };
  for (const [key, given] of Object.entries({ ...inputTypes, y: f64("B", "T", ...outDims) })) fill(key, given);
  for (const [state, given] of Object.entries(givenStates)) fill(`start_${state}`, given);
  // Not the initial weights alone, of which some are 0 and would hide what they multiply.
  for (const [key, { type: of, data }] of Object.entries(weightsOf(model))) {
    const noise = numbers(data.length, (seed += 37));
    values[key] = { type: { ...of, dtype: "f64" }, data: data.map((value, i) => value + 0.2 * noise[i]) };
  }
  if (reads.lengths === true) values["lengths"] = tensor("i32", [BATCH], [TIME, 3]);
  values["key"] = tensor("u32", [2], [1, 2]);
  values["step"] = tensor("i32", [], [3]);
  return { model, sequences, states, values };
}

/** Output names for the final states, which may be those of cells inside. */
const finalStates = (document: CellDocument): Readonly<Record<string, string>> =>
  Object.fromEntries(statesOf(document).map((state) => [outputOf(state), `run.${state}`]));

/** Outputs are called by plain names. */
const outputOf = (state: string): string => state.replace(".", "__");
const stateOf = (output: string): string => output.replace("__", ".");

/** The states of a document; cells inside are LSTMs. */
const statesOf = ({ state, cells }: CellDocument): readonly string[] => [
  ...Object.keys(state),
  ...Object.keys(cells).flatMap((inner) => [`${inner}.h`, `${inner}.c`]),
];
