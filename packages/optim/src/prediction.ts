/** A trained model at work: predictions for batches of whole sequences, and for sequences that come in parts, step by step. */
import { compile, valueTypes, type Graph, type Precision, type TensorsByName, type TensorType } from "@latchgrad/core";
import { BEGINS_PARAM, type Model } from "@latchgrad/layers";
import { BESIDES } from "./data/columns.js";
import { zeros } from "./training-step.js";

export interface PredictionOptions {
  /** How sums of products are rounded; "fast" when absent. */
  readonly precision?: Precision | undefined;
  /** How many threads share each run. Default 1. */
  readonly threads?: number | undefined;
}

/** What a model reads and gives, by name; the batch B comes first, and for sequences the time T second. */
export interface Served {
  /** Those that the model reads; it need not read all that its task offers. */
  readonly inputs: Readonly<Record<string, TensorType>>;
  /** "prediction" and the further outputs of the config. */
  readonly outputs: Readonly<Record<string, TensorType>>;
  /** Frees what it holds. */
  dispose(): void;
}

export interface Predictor extends Served {
  /** The outputs for a batch. `lengths`, where the model reads them, may be left out: then every step counts. Throws RunError. */
  predict(inputs: TensorsByName): Promise<TensorsByName>;
}

export interface ModelStream extends Served {
  /**
   * The outputs for the next part of the sequences, of one step or more; what layers carry from step to step is kept for the
   * part after. After an error, it is as it was before. Throws RunError.
   */
  next(inputs: TensorsByName): Promise<TensorsByName>;
  /** The next part begins new sequences. */
  restart(): void;
}

/** Name of the input that says how long each sequence is. */
export const LENGTHS_INPUT = BESIDES.lengths;

/** Whether a value of a model has the axis of time, which comes behind the batch and is of any size. */
export const isSequence = ({ dims }: TensorType): boolean => dims.length > 1 && typeof dims[1] === "string";

/** Prepares a model with these weights for batches of whole sequences. Rejects with CompileError. */
export async function openPredictor(
  model: Model,
  weights: TensorsByName,
  { precision = "fast", threads = 1 }: PredictionOptions = {},
): Promise<Predictor> {
  const graph = model.graph("predict");
  const executable = await compile(graph, { precision, threads });
  const served = servedBy(graph, model);
  const held = readBy(graph, weights);
  return {
    ...served,
    predict: async (inputs) => executable.run({ ...held, ...withLengths(served.inputs, inputs) }),
    dispose: () => {
      executable.dispose();
    },
  };
}

/**
 * Prepares a model with these weights for `batch` sequences that come in parts. Rejects with ConfigError where a layer needs whole
 * sequences, and names it; with CompileError where the model cannot be compiled.
 */
export async function openStream(
  model: Model,
  weights: TensorsByName,
  { precision = "fast", threads = 1, batch = 1 }: PredictionOptions & { readonly batch?: number | undefined } = {},
): Promise<ModelStream> {
  const { graph, carries } = model.graphOfParts("predict");
  const state = Object.fromEntries(carries.map(({ name, type }) => [name, zeros(type, batch)]));
  const executable = await compile(graph, { state, precision, threads });
  const served = servedBy(graph, model);
  const held = readBy(graph, weights);
  let begins = true;
  return {
    ...served,
    async next(inputs) {
      const data = new Uint8Array(batch).fill(begins ? 1 : 0);
      const outputs = await executable.run({
        ...held,
        ...withLengths(served.inputs, inputs),
        [BEGINS_PARAM]: { dtype: "bool", dims: [batch], data },
      });
      begins = false;
      return outputs;
    },
    restart() {
      begins = true;
    },
    dispose: () => {
      executable.dispose();
    },
  };
}

function servedBy(graph: Graph, { params }: Model): Pick<Served, "inputs" | "outputs"> {
  const types = valueTypes(graph);
  const own = new Set([...params.map(({ name }) => name), ...graph.state.map(({ param }) => param), BEGINS_PARAM]);
  const next = new Set(graph.state.map((pair) => pair.next));
  return {
    inputs: Object.fromEntries(graph.params.filter(({ name }) => !own.has(name)).map(({ name, type }) => [name, type])),
    outputs: Object.fromEntries(
      graph.outputs.filter(({ name }) => !next.has(name)).map(({ name, value }) => [name, types[value]]),
    ),
  };
}

/** Of the weights those that a graph reads. */
const readBy = (graph: Graph, weights: TensorsByName): TensorsByName =>
  Object.fromEntries(graph.params.flatMap(({ name }) => (Object.hasOwn(weights, name) ? [[name, weights[name]]] : [])));

/** The inputs, with lengths that let every step count where lengths are read and none are given. */
function withLengths(types: Served["inputs"], inputs: TensorsByName): TensorsByName {
  if (!Object.hasOwn(types, LENGTHS_INPUT) || Object.hasOwn(inputs, LENGTHS_INPUT)) return inputs;
  const sequence = Object.entries(inputs).find(([name]) => Object.hasOwn(types, name) && isSequence(types[name]));
  if (sequence === undefined) return inputs;
  const [batch, steps] = sequence[1].dims;
  return { ...inputs, [LENGTHS_INPUT]: { dtype: "i32", dims: [batch], data: new Int32Array(batch).fill(steps) } };
}
