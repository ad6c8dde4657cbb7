/**
 * The training step: forward, backward, clipping, update and metrics as one
 * graph with state, which can be printed, saved and compiled as a whole.
 *
 * State, each with its next value as the output `next.<name>`: the weights by
 * name (those that are not trained never change), what the optimizer keeps (`adam.mean/memory.Wf`), `step` i32 (updates
 * done so far) and `key` u32[2] (the root of all random numbers; it never
 * changes). All other parameters are the inputs and targets of the task.
 * Outputs: `loss` and the metrics before the update, `learningRate`, and
 * `gradientNorm`, the 2-norm of all gradients before clipping.
 */
import {
  buildGraph,
  gradient,
  u32,
  type Graph,
  type GraphBuilder,
  type TensorData,
  type TensorType,
  type Value,
} from "@latchgrad/core";
import { initialParams, KEY_PARAM, randomNumbers, STEP_PARAM, type Model, type Seed } from "@latchgrad/layers";
import { clipGradients, globalNorm, type ClipConfig } from "./clipping.js";
import { applyOptimizer, nextName, optimizerState, stepType, type StateTensor } from "./optimizers/apply.js";
import { OPTIMIZER_POINTER } from "./optimizers/optimizer.js";
import type { OptimizerConfig } from "./optimizers/registry.js";
import type { WeightGroup } from "./weight-groups.js";

export interface StepOptions {
  readonly optimizer: OptimizerConfig;
  readonly clip?: ClipConfig | undefined;
  /** Weights with options of their own. */
  readonly groups?: readonly WeightGroup[] | undefined;
}

export interface StepGraph {
  readonly graph: Graph;
  /** Names of the state that are weights; the rest serves training only. */
  readonly weights: readonly string[];
  /** Names of the outputs that are metrics of the model. */
  readonly metrics: readonly string[];
  /** The state of a new run: initial weights and root key from the seed, zeros elsewhere. */
  initialState(seed: Seed): Readonly<Record<string, TensorData>>;
}

const KEY_TYPE: TensorType = u32(2);
/** Where the options of clipping stand in an experiment. */
const CLIP_POINTER = "/training/clip";

/** Outputs of every step, besides the losses and metrics of the model. */
export const STEP_RESULTS: readonly string[] = ["learningRate", "gradientNorm"];

/** Names of a model's outputs that are numbers for people to watch, besides the loss. */
export const metricNames = (model: Model): readonly string[] =>
  model.objectives.map(({ name }) => name).filter((name) => name !== "loss");

/** The training step of a model. Throws DifferentiationError where the loss has no derivative. */
export function trainingStep(model: Model, { optimizer, clip, groups }: StepOptions): StepGraph {
  const forward = model.graph("train");
  const weights: readonly StateTensor[] = model.params.map(({ name, type }) => ({ name, type }));
  const trained: readonly StateTensor[] = model.params
    .filter(({ trainable }) => trainable)
    .map(({ name, type }) => ({ name, type }));
  const both = gradient(forward, { of: "loss", wrt: trained.map(({ name }) => name) });
  const metrics = metricNames(model);

  const g = buildGraph(`${forward.name}.step`);
  const kept = g.at(OPTIMIZER_POINTER, () => optimizerState(optimizer, trained));
  const origins = new Map(forward.params.map(({ name, origin }) => [name, origin]));
  const declare = ({ name, type }: StateTensor, origin?: string): Value =>
    g.param(name, type, origins.get(name) ?? origin);
  const held: Record<string, Value> = {};
  for (const weight of weights) held[weight.name] = declare(weight);
  for (const state of kept) held[state.name] = declare(state, OPTIMIZER_POINTER);
  held[STEP_PARAM] = declare({ name: STEP_PARAM, type: stepType }, OPTIMIZER_POINTER);
  held[KEY_PARAM] = declare({ name: KEY_PARAM, type: KEY_TYPE });

  const results = g.inline(
    both,
    both.params.map((param) => (Object.hasOwn(held, param.name) ? held[param.name] : declare(param))),
  );
  const outputs = Object.fromEntries(both.outputs.map(({ name }, i) => [name, results[i]]));
  const gradients = Object.fromEntries(trained.map(({ name }) => [name, outputs[`grad.${name}`]]));
  const clipped = g.at(CLIP_POINTER, () => clippedGradients(g, clip, gradients));
  const { next, learningRate } = g.at(OPTIMIZER_POINTER, () =>
    applyOptimizer(g, optimizer, {
      params: trained,
      groups,
      values: held,
      gradients: clipped.gradients,
      step: held[STEP_PARAM],
    }),
  );
  const nextStep = g.at(OPTIMIZER_POINTER, () => g.add(held[STEP_PARAM], 1));
  // Weights that are not trained stay as they are, as the key does.
  const nextState: Readonly<Record<string, Value>> = { ...held, ...next, [STEP_PARAM]: nextStep };

  const graph = g.build(
    {
      ...Object.fromEntries(["loss", ...metrics].map((name) => [name, outputs[name]])),
      learningRate,
      gradientNorm: clipped.norm,
      ...Object.fromEntries(Object.keys(held).map((name) => [nextName(name), nextState[name]])),
    },
    Object.keys(held).map((param) => ({ param, next: nextName(param) })),
  );
  return {
    graph,
    weights: weights.map(({ name }) => name),
    metrics,
    initialState: (seed) => ({
      ...initialParams(model, seed),
      ...Object.fromEntries(kept.map(({ name, type }) => [name, zeros(type)])),
      [STEP_PARAM]: { dtype: "i32", dims: [], data: Int32Array.of(0) },
      [KEY_PARAM]: rootKey(seed),
    }),
  };
}

interface Clipped {
  readonly gradients: Readonly<Record<string, Value>>;
  readonly norm: Value;
}

function clippedGradients(g: GraphBuilder, clip: ClipConfig | undefined, gradients: Clipped["gradients"]): Clipped {
  const norm = g.named("gradientNorm", globalNorm(g, gradients));
  return { norm, gradients: clip === undefined ? gradients : clipGradients(g, clip, gradients, norm) };
}

/** Zeros for state, whose dims are always known. */
function zeros({ dtype, dims }: TensorType): TensorData {
  const sizes = dims.map(Number);
  const count = sizes.reduce((product, size) => product * size, 1);
  return { dtype, dims: sizes, data: dtype === "f64" ? new Float64Array(count) : new Float32Array(count) };
}

/** The key that the random numbers of a run come from: 64 bits that depend on the seed only. */
function rootKey(seed: Seed): TensorData {
  const numbers = randomNumbers(seed, "/key");
  return {
    dtype: "u32",
    dims: [2],
    data: Uint32Array.from({ length: 2 }, () => Math.floor(numbers.uniform() * 2 ** 32)),
  };
}
