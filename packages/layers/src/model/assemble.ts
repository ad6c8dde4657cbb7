/** Layers, loss and metrics put together into one graph. */
import {
  buildGraph,
  formatType,
  i32,
  isFloat,
  ShapeError,
  u32,
  uniform,
  type Dims,
  type Graph,
  type GraphBuilder,
  type Issue,
  type TensorType,
  type Value,
} from "@latchgrad/core";
import type { ModelConfig } from "../config/schema.js";
import type { LayerOutputs, LayerScope } from "../layers/layer.js";
import { layerDefinitionOf } from "../layers/registry.js";
import { parameterCount, type ParamSpec } from "../params.js";
import { carriesInParts, NO_CARRIES, type Carries, type CarrySpec } from "./carries.js";
import { buildObjective, LOSS, sumOfLosses } from "./results.js";
import { KEY_PARAM, STEP_PARAM, type Signature } from "./signature.js";
import { makeWeights } from "./weights.js";
import { formatReference, type Reference, type WiredLayer, type Wiring } from "./wiring.js";

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
  /** What it reads, with groups and repetitions spelled out. */
  readonly inputs: readonly string[];
  readonly output: TensorType;
  /** Further outputs. */
  readonly more: Readonly<Record<string, TensorType>>;
  /** How many numbers its weights hold. */
  readonly parameters: number;
  /** The layer whose weights it uses once more; absent: it has its own, or none. */
  readonly shares?: string;
  /** Weights of other layers that it uses, by the names of its own. */
  readonly ties: Readonly<Record<string, string>>;
}

export interface Assembly {
  readonly graph: Graph;
  readonly params: readonly ParamSpec[];
  readonly layers: readonly LayerSummary[];
  /** What parts of sequences hand over; nothing in a graph of whole ones. */
  readonly carries: readonly CarrySpec[];
}

/**
 * The graph of a model, and the weights that it asks for. Weights that are known already are declared first, in
 * their order; without them, they are declared where a layer first asks. `inParts`: sequences come in parts, and the
 * graph has the state of carries.ts; a ConfigError names each layer that cannot work so.
 */
export function assemble(
  config: ModelConfig,
  signature: Signature,
  wiring: Wiring,
  mode: Mode,
  known: readonly ParamSpec[],
  inParts = false,
): Assembly {
  const { dtype } = config;
  const g = buildGraph(config.name);
  const weights = makeWeights(g, dtype, known);
  const declare = (types: Signature["inputs"]): ReadonlyMap<string, Value> =>
    new Map(Object.entries(types).map(([name, type]) => [name, inModelType(g, g.param(name, type), dtype)]));
  const inputs = declare(signature.inputs);
  const targets = declare(mode === "predict" ? pick(signature.targets, wiring.targetsRead) : signature.targets);
  const values = new Map<string, LayerOutputs>([...targets, ...inputs].map(([name, output]) => [name, { output }]));
  const random = randomSource(g);

  const resolve = (reference: Reference): Value => {
    const outputs = values.get(reference.source);
    const value = reference.output === undefined ? outputs?.output : outputs?.more?.[reference.output];
    if (value !== undefined) return value;
    throw new TypeError(`internal: ${formatReference(reference)} was not checked; please report this`);
  };
  const [batch, time] = inputs.get(wiring.mainInput)?.type.dims ?? [];
  const parts = inParts ? carriesInParts(g, batch, time) : undefined;
  const carries = parts ?? NO_CARRIES;
  const scopeOf = (layer: WiredLayer): LayerScope => ({
    g,
    name: layer.name,
    pointer: layer.pointer,
    dtype,
    training: mode === "train",
    time,
    stepsBefore: carries.stepsBefore(),
    carry: (path, initial) => carries.carry(`${layer.name}.${path}`, initial),
    needsWhole: (received) => {
      carries.needsWhole(layer.pointer, layer.name, received);
    },
    weight: (path, dims, initializer, trainable = true) =>
      weights.weightOf(layer, { path, dims, initializer, trainable: trainable && layer.trainable }),
    find(reference) {
      const found = layer.besides.get(reference);
      return found === undefined ? inputs.get(reference) : resolve(found);
    },
    cells: config.cells,
    uniform: (path, dims) => uniform(g, random().key, random().step, { stream: `${layer.name}.${path}`, dims }),
    randomKey: (path) => g.randomBits(random().key, random().step, { stream: `${layer.name}.${path}`, dims: [2] }),
  });

  const named = new Set<Value>([...inputs.values(), ...targets.values()]);
  const layers = wiring.layers.map((layer): LayerSummary => {
    const outputs = buildAt(g, layer.pointer, () =>
      layerDefinitionOf(layer.config).build(scopeOf(layer), layer.config, layer.inputs.map(resolve)),
    );
    weights.checkTies(layer);
    if (inParts) checkSteps(layer, outputs, [batch, time], carries);
    // A layer that hands on what it read (dropout outside training) does not rename it.
    if (!named.has(outputs.output)) g.named(layer.name, outputs.output);
    named.add(outputs.output);
    values.set(layer.name, outputs);
    return summaryOf(layer, outputs, weights.params);
  });

  const results: Record<string, Value> = {};
  for (const [name, reference] of Object.entries(wiring.results)) results[name] = resolve(reference);
  if (mode !== "predict") Object.assign(results, buildObjectives(g, wiring, resolve, targets));
  const handed = parts?.finish();
  return {
    graph: g.build({ ...results, ...handed?.outputs }, handed?.state),
    params: weights.params,
    layers,
    carries: handed?.carries ?? [],
  };
}

/** A layer that works step by step leaves the axis of the steps where it is, and as long as it is. */
function checkSteps(
  { name, pointer }: WiredLayer,
  { output, more = {} }: LayerOutputs,
  axes: Dims,
  carries: Carries,
): void {
  const isKept = ({ dims }: TensorType): boolean => dims.every((dim, i) => typeof dim === "number" || dim === axes[i]);
  const other = [output, ...Object.values(more)].find(({ type }) => !isKept(type));
  if (other !== undefined) carries.needsWhole(pointer, name, `an output of type ${formatType(other.type)}`);
}

/** The loss, the losses that it is the sum of if there are several, and the metrics. */
function buildObjectives(
  g: GraphBuilder,
  { objectives }: Wiring,
  resolve: (reference: Reference) => Value,
  targets: ReadonlyMap<string, Value>,
): Readonly<Record<string, Value>> {
  const built = objectives.map(({ objective, prediction }) => ({
    ...objective,
    value: buildObjective(g, objective, resolve(prediction), targets),
  }));
  const losses = built.filter(({ kind }) => kind === "loss");
  const loss = g.at("/loss", () => sumOfLosses(g, losses));
  if (losses.every(({ value }) => value !== loss)) g.named(LOSS, loss);
  return {
    [LOSS]: loss,
    ...Object.fromEntries(built.flatMap(({ name, value }) => (name === LOSS ? [] : [[name, value]]))),
  };
}

const pick = (types: Signature["targets"], names: readonly string[]): Signature["targets"] =>
  Object.fromEntries(names.map((name) => [name, types[name]]));

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
  { name, weights, pointer, config, inputs, ties }: WiredLayer,
  { output, more = {} }: LayerOutputs,
  params: readonly ParamSpec[],
): LayerSummary {
  return {
    name,
    type: config.type,
    pointer,
    inputs: inputs.map(formatReference),
    output: output.type,
    more: Object.fromEntries(Object.entries(more).map(([key, value]) => [key, value.type])),
    parameters: parameterCount(params.filter((param) => param.name.startsWith(`${name}.`))),
    ...(weights === name ? {} : { shares: weights }),
    ties: Object.fromEntries([...ties].map(([own, { weight }]) => [own, weight])),
  };
}
