/**
 * The training step: forward, backward, clipping, update and metrics as one
 * graph with state, which can be printed, saved and compiled as a whole.
 *
 * State, each with its next value as the output `next.<name>`: the weights by
 * name (those that are not trained never change), what the optimizer keeps (`adam.mean/memory.Wf`), `step` i32 (updates
 * done so far) and `key` u32[2] (the root of all random numbers; it never
 * changes); with further options, what gathering.ts and averaging.ts name, and
 * `carry/<layer>.<state>`, what streams hand over. All
 * other parameters are the inputs and targets of the task.
 * Outputs: `loss` and the metrics before the update, `learningRate`,
 * `gradientNorm`, the 2-norm of all gradients before clipping, and `skipped`,
 * how many batches were left out so far, where batches may be.
 */
import {
  buildGraph,
  gradient,
  isFloat,
  toTensorData,
  u32,
  type Graph,
  type GraphBuilder,
  type TensorData,
  type TensorsByName,
  type TensorType,
  type Value,
} from "@latchgrad/core";
import { initialParams, KEY_PARAM, randomNumbers, STEP_PARAM, type Model, type Seed } from "@latchgrad/layers";
import { averageName, averageWeights, averagingState, type AverageConfig } from "./averaging.js";
import { clipGradients, globalNorm, type ClipConfig } from "./clipping.js";
import { COUNTS, gatherGradients, gatheringState, type GatherOptions } from "./gathering.js";
import { applyOptimizer, nextName, optimizerState, stepType, type StateTensor } from "./optimizers/apply.js";
import { OPTIMIZER_POINTER } from "./optimizers/optimizer.js";
import type { OptimizerConfig } from "./optimizers/registry.js";
import { castTo } from "./scalars.js";
import type { WeightGroup } from "./weight-groups.js";

export interface StepOptions {
  readonly optimizer: OptimizerConfig;
  readonly clip?: ClipConfig | undefined;
  /** Batches per step; 1 when absent. */
  readonly accumulate?: number | undefined;
  /** Present: batches whose loss or gradient is not finite are left out. */
  readonly skipNonFinite?: object | undefined;
  readonly average?: AverageConfig | undefined;
  /** Weights with options of their own. */
  readonly groups?: readonly WeightGroup[] | undefined;
  /** Present: batches are parts of so many streams, and what layers carry goes from each to the next. Gradients end where a part begins. */
  readonly streams?: number | undefined;
}

export interface StepGraph {
  readonly graph: Graph;
  /** Names of the state that are weights; the rest serves training only. */
  readonly weights: readonly string[];
  /** Names of the outputs that are metrics of the model. */
  readonly metrics: readonly string[];
  /**
   * Outputs without which training cannot go on: the loss, next weights and sums of gradients. An infinite gradient may be no
   * more than squares too large for f32, and clipping makes it harmless.
   */
  readonly mustBeFinite: readonly string[];
  /** The weights to evaluate and to keep as the model: the averages, where there are averages. */
  modelWeights(state: TensorsByName): TensorsByName;
  /** The state of a new run: initial weights and root key from the seed, zeros elsewhere. */
  initialState(seed: Seed): TensorsByName;
}

const KEY_TYPE: TensorType = u32(2);
/** Where the options of clipping stand in an experiment. */
const CLIP_POINTER = "/training/clip";
const ACCUMULATE_POINTER = "/training/accumulate";
const AVERAGE_POINTER = "/training/average";

/** Outputs of every step, besides the losses and metrics of the model. */
export const STEP_RESULTS: readonly string[] = ["learningRate", "gradientNorm", "skipped"];

/** Names of a model's outputs that are numbers for people to watch, besides the loss. */
export const metricNames = (model: Model): readonly string[] =>
  model.objectives.map(({ name }) => name).filter((name) => name !== "loss");

/** The training step of a model. Throws DifferentiationError where the loss has no derivative. */
export function trainingStep(model: Model, options: StepOptions): StepGraph {
  const { optimizer, clip, groups, average } = options;
  const gathering: GatherOptions = {
    accumulate: options.accumulate ?? 1,
    skip: options.skipNonFinite !== undefined,
  };
  const { graph: forward, carries } =
    options.streams === undefined ? { graph: model.graph("train"), carries: [] } : model.graphOfParts("train");
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
  const gathered = gatheringState(gathering, trained);
  for (const state of gathered) held[state.name] = declare(state, ACCUMULATE_POINTER);
  const averages = average === undefined ? [] : averagingState(trained);
  for (const state of averages) held[state.name] = declare(state, AVERAGE_POINTER);
  for (const carry of carries) held[carry.name] = declare(carry);
  held[STEP_PARAM] = declare({ name: STEP_PARAM, type: stepType }, OPTIMIZER_POINTER);
  held[KEY_PARAM] = declare({ name: KEY_PARAM, type: KEY_TYPE });

  const given: Readonly<Record<string, Value>> = { ...held, [STEP_PARAM]: batchNumber(g, gathering, held) };
  const results = g.inline(
    both,
    both.params.map((param) => (Object.hasOwn(given, param.name) ? given[param.name] : declare(param))),
  );
  const outputs = Object.fromEntries(both.outputs.map(({ name }, i) => [name, results[i]]));
  const gradients = Object.fromEntries(trained.map(({ name }) => [name, outputs[`grad.${name}`]]));
  const gather = g.at(ACCUMULATE_POINTER, () =>
    gatherGradients(g, gathering, { values: held, loss: outputs["loss"], gradients }),
  );
  const clipped = g.at(CLIP_POINTER, () => clippedGradients(g, clip, gather.gradients));
  const { next, learningRate } = g.at(OPTIMIZER_POINTER, () =>
    applyOptimizer(g, optimizer, {
      params: trained,
      groups,
      values: held,
      gradients: clipped.gradients,
      step: held[STEP_PARAM],
      updates: gathering.skip ? held[COUNTS.updates] : undefined,
    }),
  );
  const averaged =
    average === undefined ? {} : g.at(AVERAGE_POINTER, () => averageWeights(g, average, trained, held, next));
  const nextStep = g.at(OPTIMIZER_POINTER, () =>
    g.add(held[STEP_PARAM], gather.isLast === undefined ? 1 : castTo(g, gather.isLast, "i32")),
  );
  // Weights that are not trained stay as they are, as the key does.
  const nextState: Readonly<Record<string, Value>> = {
    ...held,
    ...whereTaken(g, gather.takes, { ...next, ...averaged }, held),
    ...gather.next,
    // What is carried goes on with every batch, whether or not it is the last of its step.
    ...Object.fromEntries(carries.map(({ name }) => [name, outputs[nextName(name)]])),
    [STEP_PARAM]: nextStep,
  };

  const graph = g.build(
    {
      ...Object.fromEntries(["loss", ...metrics].map((name) => [name, outputs[name]])),
      learningRate,
      gradientNorm: clipped.norm,
      ...(gathering.skip ? { skipped: nextState[COUNTS.skipped] } : {}),
      ...Object.fromEntries(Object.keys(held).map((name) => [nextName(name), nextState[name]])),
    },
    Object.keys(held).map((param) => ({ param, next: nextName(param) })),
  );
  const averagedNames = new Map(average === undefined ? [] : trained.map(({ name }) => [name, averageName(name)]));
  return {
    graph,
    weights: weights.map(({ name }) => name),
    metrics,
    mustBeFinite: [
      "loss",
      ...[...weights, ...gathered].filter(({ type }) => isFloat(type.dtype)).map(({ name }) => nextName(name)),
    ],
    modelWeights: (state) =>
      Object.fromEntries(weights.map(({ name }) => [name, state[averagedNames.get(name) ?? name]])),
    initialState(seed) {
      const initial = initialParams(model, seed);
      return {
        ...initial,
        ...Object.fromEntries([...kept, ...gathered].map(({ name, type }) => [name, zeros(type)])),
        ...Object.fromEntries(carries.map(({ name, type }) => [name, zeros(type, options.streams)])),
        ...Object.fromEntries([...averagedNames].map(([name, averaged]) => [averaged, initial[name]])),
        [STEP_PARAM]: zeros(stepType),
        [KEY_PARAM]: rootKey(seed),
      };
    },
  };
}

/** The number of the batch, which random numbers depend on, so that two batches of one step do not get the same ones. */
function batchNumber(g: GraphBuilder, { accumulate }: GatherOptions, held: Readonly<Record<string, Value>>): Value {
  const step = held[STEP_PARAM];
  return accumulate === 1 ? step : g.add(g.mul(step, accumulate), held[COUNTS.part]);
}

/** The next state where `takes` holds, else the state as it is. */
const whereTaken = (
  g: GraphBuilder,
  takes: Value | undefined,
  next: Readonly<Record<string, Value>>,
  held: Readonly<Record<string, Value>>,
): Readonly<Record<string, Value>> =>
  takes === undefined
    ? next
    : Object.fromEntries(Object.entries(next).map(([name, value]) => [name, g.select(takes, value, held[name])]));

interface Clipped {
  readonly gradients: Readonly<Record<string, Value>>;
  readonly norm: Value;
}

function clippedGradients(g: GraphBuilder, clip: ClipConfig | undefined, gradients: Clipped["gradients"]): Clipped {
  const norm = g.named("gradientNorm", globalNorm(g, gradients));
  return { norm, gradients: clip === undefined ? gradients : clipGradients(g, clip, gradients, norm) };
}

/** Zeros for state, of whose dims only the number of streams can be open. */
export function zeros({ dtype, dims }: TensorType, streams?: number): TensorData {
  const sizes = dims.map((dim) => (typeof dim === "number" ? dim : Number(streams)));
  return toTensorData({
    type: { dtype, dims: sizes },
    data: new Float64Array(sizes.reduce((product, size) => product * size, 1)),
  });
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
