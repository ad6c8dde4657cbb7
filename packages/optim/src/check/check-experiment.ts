/** A model looked at before it is trained: gradients against differences, loops, saturation, memory. */
import {
  loopStates,
  memoryOf,
  toTensor,
  type DerivativePlace,
  type Graph,
  type Issue,
  type LoopStates,
  type Tensors,
} from "@latchgrad/core";
import {
  describeModel,
  initialParams,
  KEY_PARAM,
  STEP_PARAM,
  type Model,
  type ModelDescription,
} from "@latchgrad/layers";
import { experimentStep, readExperiment, type Experiment } from "../experiment.js";
import { openTask } from "../tasks/registry.js";
import type { Batch } from "../data/batch.js";
import type { OpenFile } from "../data/file-bytes.js";
import { checkpointSaving, isWorthTelling, sizesOfBatch, type CheckpointSaving } from "../checkpoint-saving.js";
import { reportGradients, type StoppedGradient, type WeightGradient } from "./gradients.js";
import { saturatedValues, type SaturatedValue } from "./saturation.js";

export type { CheckpointSaving } from "../checkpoint-saving.js";
export type { SaturatedValue } from "./saturation.js";
export type { StoppedGradient, WeightGradient } from "./gradients.js";

export interface CheckOptions {
  /** Elements of each weight that are compared. Default 3. */
  readonly samples?: number | undefined;
  /** Needed by tasks that read files. */
  readonly openFile?: OpenFile | undefined;
}

export interface WeightCheck extends WeightGradient {
  readonly dims: readonly number[];
}

export interface ExperimentCheck {
  readonly experiment: Experiment;
  readonly description: ModelDescription;
  /** What is wrong; nothing: the model can be trained. */
  readonly problems: readonly Issue[];
  /** Examples that gradients were checked on, and their loss near the initial weights. */
  readonly examples: number;
  readonly loss: number;
  /** Of the weights that are trained. */
  readonly weights: readonly WeightCheck[];
  readonly frozen: readonly string[];
  readonly stops: readonly StoppedGradient[];
  readonly places: readonly DerivativePlace[];
  readonly loops: readonly LoopStates[];
  readonly saturated: readonly SaturatedValue[];
  /** Bytes of a training step with the batch of the config. */
  readonly memory: {
    readonly bytes: number;
    readonly alive: number;
    /** With checkpoints, where they would save a tenth or more. */
    readonly withCheckpoints?: CheckpointSaving;
  };
}

const EXAMPLES = 2;
/** Weights that begin at 0 would hide what they multiply, and lie on the kinks of others. */
const MOVE = 0.02;

/**
 * Checks the experiment in a JSON value. Gradients are those of the loss in f64 on two examples of the task, by the reference executor, at
 * the initial weights moved by up to 0.02. Throws LatchgradError for what cannot be built or differentiated, or whose data cannot be read.
 */
export async function checkExperiment(
  document: unknown,
  { samples = 3, openFile }: CheckOptions = {},
): Promise<ExperimentCheck> {
  const experiment = readExperiment(document);
  const { config, model } = experiment;
  const { seed, batch: size } = config.training;
  const exact = readExperiment({ ...(document as object), dtype: "f64" }).model;
  const task = await openTask(config.task, { seed, dtype: "f64", openFile });
  const batch = await task.batch("train", 0, EXAMPLES);
  const sizes = sizesOfBatch(model, await task.batch("train", 0, size));
  const inputs = inputsOf(exact, batch, seed);
  const trained = exact.params.filter(({ trainable }) => trainable);
  const train = justLoss(exact.graph("train"));
  const evaluation = justLoss(exact.graph("eval"));
  const wrt = trained.map(({ name }) => name);
  const report = reportGradients(train, wrt, readBy(train, near(inputs, wrt)), samples);
  const memory = memoryOf(experimentStep(experiment).graph, sizes);
  const saving = checkpointSaving(experiment, sizes);
  const weights = report.weights.map((each, i): WeightCheck => ({ ...each, dims: trained[i].type.dims }));
  return {
    experiment,
    description: describeModel(model),
    problems: problemsOf(report.loss, weights, model),
    examples: EXAMPLES,
    loss: report.loss,
    weights,
    frozen: model.params.filter(({ trainable }) => !trainable).map(({ name }) => name),
    stops: report.stops,
    places: report.places,
    loops: loopStates(model.graph("eval"), sizes),
    saturated: saturatedValues(evaluation, readBy(evaluation, inputs)),
    memory: {
      bytes: memory.bytes,
      alive: memory.alive,
      ...(isWorthTelling(saving, memory.bytes) ? { withCheckpoints: saving } : {}),
    },
  };
}

const readBy = (graph: Graph, inputs: Tensors): Tensors =>
  Object.fromEntries(graph.params.map(({ name }) => [name, inputs[name]]));

const justLoss = (graph: Graph): Graph => ({ ...graph, outputs: graph.outputs.filter(({ name }) => name === "loss") });

function inputsOf(model: Model, batch: Batch, seed: Parameters<typeof initialParams>[1]): Tensors {
  const values = Object.entries({ ...batch, ...initialParams(model, seed) });
  return {
    ...Object.fromEntries(values.map(([name, value]) => [name, toTensor(value)])),
    [KEY_PARAM]: { type: { dtype: "u32", dims: [2] }, data: Float64Array.of(1, 2) },
    [STEP_PARAM]: { type: { dtype: "i32", dims: [] }, data: Float64Array.of(0) },
  };
}

/** Numbers from -1 to 1 that follow no simple pattern: parts of the multiples of the golden section. */
const spread = (n: number): number => 2 * ((n * 0.6180339887498949) % 1) - 1;

/** A point near by, the same every time. */
const near = (inputs: Tensors, weights: readonly string[]): Tensors => ({
  ...inputs,
  ...Object.fromEntries(
    weights.map((name, k) => {
      const { type, data } = inputs[name];
      return [name, { type, data: data.map((value, i) => value + MOVE * spread(i + 7 * k + 1)) }];
    }),
  ),
});

function problemsOf(loss: number, weights: readonly WeightCheck[], { params }: Model): readonly Issue[] {
  const originOf = (weight: string): string => params.find(({ name }) => name === weight)?.origin ?? "";
  if (!Number.isFinite(loss))
    return [
      {
        code: "check.loss",
        problem: "the loss of the first examples is a finite number",
        at: { kind: "config", pointer: "/loss" },
        received: String(loss),
        hint: "compile with checkFinite, or train, to see where it arises",
      },
    ];
  return weights
    .filter(({ agrees }) => !agrees)
    .map(({ name, worst, gradient, difference }) => ({
      code: "check.gradient",
      problem: `the gradient of "${name}" is its central difference`,
      at: { kind: "config", pointer: originOf(name) },
      expected: `${difference} at element ${worst}`,
      received: String(gradient),
      hint: "a function that jumps or has a kink at this point has no gradient there; otherwise please report this",
    }));
}
