/**
 * The training loop: batches in, events out. It has no hidden state: what a
 * step depends on is the executable's state and the step number, so the same
 * seed gives the same bits, whether or not a run was stopped in between.
 */
import { compile, RunError, type Executable, type TensorData } from "@latchgrad/core";
import { batchSize, makeEvaluator, usedInputs, type Evaluator } from "./evaluation.js";
import type { DoneEvent, Evaluation, StepEvent, TrainingEvent } from "./events.js";
import type { Experiment, TrainingConfig } from "./experiment.js";
import { openTask } from "./tasks/registry.js";
import type { ReadFile, Task } from "./tasks/task.js";
import { makeThroughput, type Throughput } from "./throughput.js";
import { trainingStep, type StepGraph } from "./training-step.js";

export interface TrainOptions {
  /** Ends the run between two steps, with the event done and reason "aborted". */
  readonly signal?: AbortSignal | undefined;
  /** Needed by tasks that read files. */
  readonly readFile?: ReadFile | undefined;
  /** How many threads share each step; see `compile`. Nothing in the run depends on it. Default 1. */
  readonly threads?: number | undefined;
  /** The `state` of an earlier run of the same experiment, which then goes on exactly where it ended. */
  readonly state?: Readonly<Record<string, TensorData>> | undefined;
}

interface Run {
  readonly training: TrainingConfig;
  readonly task: Task;
  readonly step: StepGraph;
  readonly executable: Executable;
  readonly evaluator: Evaluator;
  /** Inputs and targets that the step reads. */
  readonly used: ReadonlySet<string>;
  readonly throughput: Throughput;
}

/** How long the loop keeps the thread before timers and signals get a turn. It changes when things happen, never what. */
const LONGEST_TURN_MS = 20;

/**
 * Trains the model of an experiment. Events come in the order step, evaluation (where one is due), ..., done.
 * Nothing runs between the consumer's requests, and leaving the loop early frees everything.
 * Throws RunError when a loss is not a finite number or a gradient is not a number, ConfigError when the task's data cannot be read.
 */
export async function* train(experiment: Experiment, options: TrainOptions = {}): AsyncGenerator<TrainingEvent, void> {
  const run = await startRun(experiment, options);
  try {
    yield* runSteps(run, options);
  } finally {
    run.executable.dispose();
    run.evaluator.dispose();
  }
}

async function startRun(experiment: Experiment, { readFile, state, threads = 1 }: TrainOptions): Promise<Run> {
  const { training, dtype } = experiment.config;
  const task = await openTask(experiment.config.task, { seed: training.seed, dtype, readFile });
  const step = trainingStep(experiment.model, training);
  const executable = await compile(step.graph, { threads, state: state ?? step.initialState(training.seed) });
  return {
    training,
    task,
    step,
    executable,
    evaluator: await makeEvaluator(experiment, task),
    used: new Set(step.graph.params.map((param) => param.name)),
    throughput: makeThroughput(),
  };
}

async function* runSteps(run: Run, { signal, state }: TrainOptions): AsyncGenerator<TrainingEvent, void> {
  const { training } = run;
  let done = state === undefined ? 0 : state.step.data[0];
  let turnBegan = performance.now();
  let reason: DoneEvent["reason"] = "steps";
  while (done < training.steps) {
    if (performance.now() - turnBegan > LONGEST_TURN_MS) {
      await nextTurn();
      turnBegan = performance.now();
    }
    if (signal?.aborted === true) {
      reason = "aborted";
      break;
    }
    yield await makeStep(run, done);
    done++;
    if (training.evaluate === undefined || done % training.evaluate.every !== 0) continue;
    const evaluation = await evaluateNow(run, "validation", done);
    yield { kind: "evaluation", ...evaluation };
    if (isReached(training, evaluation)) {
      reason = "stopped";
      break;
    }
  }
  const evaluation = reason === "aborted" ? undefined : await evaluateNow(run, "test", done);
  const finalState = await run.executable.readState();
  yield { kind: "done", reason, step: done, weights: weightsOf(run, finalState), state: finalState, evaluation };
}

/** One update, from `done` updates to one more. */
async function makeStep({ training, task, step, executable, used, throughput }: Run, done: number): Promise<StepEvent> {
  const began = performance.now();
  const batch = task.batch("train", done, training.batch);
  const outputs = await executable.run(usedInputs(batch, used));
  const numberOf = (name: string): number => outputs[name].data[0];
  const loss = numberOf("loss");
  const gradientNorm = numberOf("gradientNorm");
  const number = done + 1;
  checkNumber(loss, Number.isFinite(loss), "loss", `step ${number}`);
  // An infinite norm may be no more than squares too large for f32, and clipping makes it harmless; NaN ruins all weights.
  checkNumber(gradientNorm, !Number.isNaN(gradientNorm), "gradient", `step ${number}`);
  const perEpoch = task.batchesPerEpoch("train", training.batch);
  return {
    kind: "step",
    step: number,
    steps: training.steps,
    loss,
    metrics: Object.fromEntries(step.metrics.map((name) => [name, numberOf(name)])),
    learningRate: numberOf("learningRate"),
    gradientNorm,
    examplesPerSecond: throughput.add(batchSize(batch), performance.now() - began),
    epoch: perEpoch === undefined ? undefined : Math.floor(done / perEpoch) + 1,
  };
}

/** Stops a run whose numbers have become meaningless, and says where that showed first. */
function checkNumber(value: number, isGood: boolean, quantity: "loss" | "gradient", place: string): void {
  if (isGood) return;
  throw new RunError([
    {
      code: `run.${quantity}-not-finite`,
      problem: `the ${quantity} is a finite number`,
      at: { kind: "value", name: `${quantity} of ${place}` },
      received: String(value),
      hint: "try a lower learning rate, or clip gradients",
    },
  ]);
}

async function evaluateNow(run: Run, split: "validation" | "test", step: number): Promise<Evaluation> {
  const evaluation = await run.evaluator.evaluate(split, weightsOf(run, await run.executable.readState()), step);
  checkNumber(evaluation.loss, Number.isFinite(evaluation.loss), "loss", `the ${split} evaluation after step ${step}`);
  return evaluation;
}

const weightsOf = ({ step }: Run, state: Readonly<Record<string, TensorData>>): Readonly<Record<string, TensorData>> =>
  Object.fromEntries(step.weights.map((name) => [name, state[name]]));

function isReached({ stopWhen }: TrainingConfig, { loss, metrics }: Evaluation): boolean {
  if (stopWhen === undefined) return false;
  const value = stopWhen.metric === "loss" ? loss : metrics[stopWhen.metric];
  const { below, above } = stopWhen;
  return (below !== undefined && value < below) || (above !== undefined && value > above);
}

/** Lets timers, signals and input have their turn: awaiting settled promises alone would starve them. */
const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
