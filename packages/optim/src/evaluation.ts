/** Evaluation: loss and metrics of a model over several batches of a split. */
import {
  compile,
  portableExp,
  portableLog,
  type Executable,
  type Precision,
  type TensorsByName,
} from "@latchgrad/core";
import { objectiveDefinitionOf } from "@latchgrad/layers";
import type { Evaluation } from "./events.js";
import { evaluationBatches, type Experiment } from "./experiment.js";
import type { Baseline, Batch, Split } from "./data/batch.js";
import type { OpenFile } from "./data/file-bytes.js";
import type { Fitted } from "./data/fitted.js";
import { isStream, openTask } from "./tasks/registry.js";
import type { Task } from "./tasks/task.js";
import { metricNames, zeros } from "./training-step.js";

export interface Evaluator {
  /** The first batches of a split, as many as the config says or `batches`, with these weights; `step` only says when it was. */
  evaluate(split: Split, weights: TensorsByName, step: number, batches?: number): Promise<Evaluation>;
  dispose(): void;
}

export interface EvaluateOptions {
  /** Default: test. */
  readonly split?: Split | undefined;
  /** Batches at most. Default: as many as the evaluations of a training. */
  readonly batches?: number | undefined;
  /** "fast" when absent. */
  readonly precision?: Precision | undefined;
  /** Needed by tasks that read files. */
  readonly openFile?: OpenFile | undefined;
  /** What was fitted to the data of the training. Absent: it is fitted again, to the files as they are now. */
  readonly fitted?: Fitted | undefined;
  /** Updates that made the weights, for the result. Default 0. */
  readonly step?: number | undefined;
}

/**
 * Loss and metrics of a trained model on a split of its task, as a training gives them at its end: with the same precision the
 * same bits. Throws ConfigError where the task's data cannot be read, RunError where the loss is not a finite number.
 */
export async function evaluateModel(
  experiment: Experiment,
  weights: TensorsByName,
  { split = "test", batches, precision = "fast", openFile, fitted, step = 0 }: EvaluateOptions = {},
): Promise<Evaluation> {
  const { training, task: taskConfig, dtype } = experiment.config;
  const task = await openTask(taskConfig, { seed: training.seed, dtype, openFile, fitted });
  const evaluator = await makeEvaluator(experiment, task, precision);
  try {
    return await evaluator.evaluate(split, weights, step, batches);
  } finally {
    evaluator.dispose();
  }
}

/** The part of a batch that a graph reads: a model need not use everything that its task offers. */
export const usedInputs = (batch: Batch, used: ReadonlySet<string>): Batch =>
  Object.fromEntries(Object.entries(batch).filter(([name]) => used.has(name)));

/** Prepares evaluation of an experiment's model on its task. */
export async function makeEvaluator(experiment: Experiment, task: Task, precision: Precision): Promise<Evaluator> {
  const { config, model } = experiment;
  const { graph: whole, carries } = isStream(config.task)
    ? model.graphOfParts("eval")
    : { graph: model.graph("eval"), carries: [] };
  const reported = ["loss", ...metricNames(model)];
  const handedOver = whole.state.map(({ next }) => next);
  // Nobody looks at predictions here, so they are not computed any further than loss and metrics need them.
  const graph = { ...whole, outputs: whole.outputs.filter(({ name }) => [...reported, ...handedOver].includes(name)) };
  const used = new Set(graph.params.map((param) => param.name));
  // Every evaluation begins with the first batch, of which all streams begin.
  const state = Object.fromEntries(carries.map(({ name, type }) => [name, zeros(type, config.training.batch)]));
  const executable: Executable = await compile(graph, { state, precision, checkFinite: ["loss"] });
  const averages = averagesOf(experiment);

  async function evaluate(
    split: Split,
    weights: TensorsByName,
    step: number,
    wanted = evaluationBatches(config.training),
  ): Promise<Evaluation> {
    const { batch: size } = config.training;
    const batches = Math.min(wanted, task.batchesPerEpoch(split, size) ?? wanted);
    const sums: Record<string, number> = Object.fromEntries(reported.map((name) => [name, 0]));
    let examples = 0;
    for (let index = 0; index < batches; index++) {
      const batch = await task.batch(split, index, size);
      const count = batchSize(batch);
      const outputs = await executable.run({ ...usedInputs(weights, used), ...usedInputs(batch, used) });
      for (const name of reported) sums[name] += count * averages(name).before(outputs[name].data[0]);
      examples += count;
    }
    const { loss, ...metrics } = Object.fromEntries(
      reported.map((name) => [name, averages(name).after(sums[name] / examples)]),
    );
    const baseline = findBaseline(task.baselines(split), lossType(experiment), reported);
    return { split, step, loss, metrics, batches, baseline };
  }
  return {
    evaluate,
    dispose: () => {
      executable.dispose();
    },
  };
}

/** The number of examples: the size of the first axis of all inputs and targets. */
export const batchSize = (batch: Batch): number => Object.values(batch)[0].dims[0];

export interface Average {
  before(value: number): number;
  after(mean: number): number;
}
const ARITHMETIC: Average = { before: (value) => value, after: (mean) => mean };
const GEOMETRIC: Average = { before: portableLog, after: portableExp };

/** How values of several batches become one: what is an exponential of a mean is averaged before the exponential. */
export function averagesOf({ model }: Experiment): (name: string) => Average {
  const geometric = new Set(
    model.objectives
      .filter(({ config }) => objectiveDefinitionOf(config).average === "geometric")
      .map(({ name }) => name),
  );
  return (name) => (geometric.has(name) ? GEOMETRIC : ARITHMETIC);
}

/** The type of the only loss; undefined where the loss is a sum, or weighted, which no baseline is meant for. */
export function lossType({ model }: Experiment): string | undefined {
  const [first, ...others] = model.objectives.filter(({ kind }) => kind === "loss");
  return others.length === 0 && first.weight === 1 ? first.config.type : undefined;
}

/** The first baseline about something that the model reports; one of the loss needs the loss that it is meant for. */
export const findBaseline = (
  baselines: readonly Baseline[],
  type: string | undefined,
  reported: readonly string[],
): Baseline | undefined =>
  baselines.find(({ metric, loss }) => reported.includes(metric) && (loss === undefined || loss === type));
