/** Layers, loss and metrics put together into one graph. */
import {
  buildGraph,
  i32,
  isFloat,
  ShapeError,
  u32,
  uniform,
  type Graph,
  type GraphBuilder,
  type Issue,
  type TensorType,
  type Value,
} from "@latchgrad/core";
import { parseReference } from "../config/names.js";
import { refuse } from "../config/refuse.js";
import type { ModelConfig } from "../config/schema.js";
import type { LayerOutputs, LayerScope } from "../layers/layer.js";
import { layerDefinitionOf } from "../layers/registry.js";
import { parameterCount, type ParamSpec } from "../params.js";
import { buildObjective, objectivesOf } from "./results.js";
import { KEY_PARAM, STEP_PARAM, type Signature } from "./signature.js";
import { PREDICTION, type WiredLayer, type Wiring } from "./wiring.js";

/**
 * train: with loss and metrics, dropout active. eval: with loss and metrics, dropout off.
 * predict: the results alone, and no targets among the parameters.
 */
export type Mode = "train" | "eval" | "predict";

/** What became of one layer. */
export interface LayerSummary {
  readonly name: string;
  readonly type: string;
  /** JSON pointer. */
  readonly pointer: string;
  readonly inputs: readonly string[];
  readonly output: TensorType;
  /** Further outputs. */
  readonly more: Readonly<Record<string, TensorType>>;
  /** How many numbers its weights hold. */
  readonly parameters: number;
}

export interface Assembly {
  readonly graph: Graph;
  readonly params: readonly ParamSpec[];
  readonly layers: readonly LayerSummary[];
}

/**
 * The graph of a model, and the weights that it asks for. Weights that are known already are declared first, in
 * their order; without them, they are declared where a layer first asks.
 */
export function assemble(
  config: ModelConfig,
  signature: Signature,
  wiring: Wiring,
  mode: Mode,
  known: readonly ParamSpec[],
): Assembly {
  const { dtype } = config;
  const g = buildGraph(config.name);
  const params: ParamSpec[] = [...known];
  const weights = new Map(known.map((spec) => [spec.name, g.param(spec.name, spec.type, spec.origin)]));
  const declare = (types: Signature["inputs"]): ReadonlyMap<string, Value> =>
    new Map(Object.entries(types).map(([name, type]) => [name, inModelType(g, g.param(name, type), dtype)]));
  const inputs = declare(signature.inputs);
  const targets = declare(mode === "predict" ? {} : signature.targets);
  const values = new Map<string, LayerOutputs>([...inputs].map(([name, output]) => [name, { output }]));
  const random = randomSource(g);

  const find = (reference: string): Value | undefined => {
    const { source, output } = parseReference(reference);
    const outputs = values.get(source);
    return output === undefined ? outputs?.output : outputs?.more?.[output];
  };
  const resolve = (reference: string): Value => {
    const value = find(reference);
    if (value === undefined) throw new TypeError(`internal: ${reference} was not checked; please report this`);
    return value;
  };
  const scopeOf = ({ name, pointer }: WiredLayer): LayerScope => ({
    g,
    name,
    pointer,
    dtype,
    training: mode === "train",
    weight(path, dims, initializer) {
      const full = `${name}.${path}`;
      const existing = weights.get(full);
      if (existing !== undefined) return existing;
      checkWeightCount(params, dims, pointer);
      const spec: ParamSpec = { name: full, type: { dtype, dims }, initializer, origin: pointer };
      const weight = g.param(full, spec.type, pointer);
      params.push(spec);
      weights.set(full, weight);
      return weight;
    },
    find,
    cells: config.cells,
    uniform: (path, dims) => uniform(g, random().key, random().step, { stream: `${name}.${path}`, dims }),
    randomKey: (path) => g.randomBits(random().key, random().step, { stream: `${name}.${path}`, dims: [2] }),
  });

  const named = new Set(inputs.values());
  const layers = wiring.layers.map((layer): LayerSummary => {
    const outputs = buildAt(g, layer.pointer, () =>
      layerDefinitionOf(layer.config).build(scopeOf(layer), layer.config, layer.inputs.map(resolve)),
    );
    // A layer that hands on what it read (dropout outside training) does not rename it.
    if (!named.has(outputs.output)) g.named(layer.name, outputs.output);
    named.add(outputs.output);
    values.set(layer.name, outputs);
    return summaryOf(layer, outputs, params);
  });

  const results: Record<string, Value> = {};
  for (const [name, reference] of Object.entries(wiring.results)) results[name] = resolve(reference);
  if (mode !== "predict")
    for (const objective of objectivesOf(config))
      results[objective.name] = buildObjective(
        g,
        objective,
        resolve(objective.config.prediction ?? wiring.results[PREDICTION]),
        targets,
      );
  return { graph: g.build(results), params, layers };
}

/**
 * Numbers in all weights together. WebAssembly addresses 4 GiB; in f32, weights of 1 GiB with their gradient and the two
 * averages of Adam already fill it.
 */
const MOST_PARAMETERS = 2 ** 28;

/** Refuses a weight that makes a model too large for any memory, before someone tries to allocate it. */
function checkWeightCount(before: readonly ParamSpec[], dims: readonly number[], pointer: string): void {
  const count = parameterCount(before) + dims.reduce((product, size) => product * size, 1);
  if (count <= MOST_PARAMETERS) return;
  refuse("too-large", pointer, {
    problem: `the weights of a model hold at most ${MOST_PARAMETERS} numbers together`,
    received: `${count} up to this layer`,
  });
}

/** Runs `build` with the pointer as origin of its nodes, and of those errors that do not know where they arose. */
function buildAt<T>(g: GraphBuilder, pointer: string, build: () => T): T {
  try {
    return g.at(pointer, build);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new ShapeError(error.issues.map((issue) => ({ ...issue, at: withOrigin(issue.at, pointer) })));
  }
}

function withOrigin(at: Issue["at"], origin: string): Issue["at"] {
  if (at.kind === "node") return { ...at, origin: at.origin ?? origin };
  return at.kind === "value" ? { kind: "node", graph: "under construction", text: at.name, origin } : at;
}

/** Floats in the model's element type; a task need not know whether a model computes in f32 or f64. */
const inModelType = (g: GraphBuilder, value: Value, dtype: ModelConfig["dtype"]): Value =>
  isFloat(value.type.dtype) && value.type.dtype !== dtype ? g.cast(value, { dtype }) : value;

/** The run's key and the step, which become parameters of the graph when something first needs random numbers. */
function randomSource(g: GraphBuilder): () => { readonly key: Value; readonly step: Value } {
  let source: { readonly key: Value; readonly step: Value } | undefined;
  return () => (source ??= { key: g.param(KEY_PARAM, u32(2)), step: g.param(STEP_PARAM, i32()) });
}

function summaryOf(
  { name, pointer, config, inputs }: WiredLayer,
  { output, more = {} }: LayerOutputs,
  params: readonly ParamSpec[],
): LayerSummary {
  return {
    name,
    type: config.type,
    pointer,
    inputs,
    output: output.type,
    more: Object.fromEntries(Object.entries(more).map(([key, value]) => [key, value.type])),
    parameters: parameterCount(params.filter((param) => param.name.startsWith(`${name}.`))),
  };
}
