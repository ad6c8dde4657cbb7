/** Small experiments for tests: they differ in one thing and run in milliseconds. */
import { readExperiment, type Experiment, type ExperimentDocument } from "../src/experiment.js";
import { train, type TrainOptions } from "../src/trainer.js";
import type { CheckpointEvent, DoneEvent, EvaluationEvent, StepEvent, TrainingEvent } from "../src/events.js";

/** An object without the keys that are undefined: JSON has no such value. */
const withoutUndefined = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));

/** Adding with a tiny GRU. A part given as undefined is left out. */
export const tinyAdding = (training: object = {}, other: object = {}): ExperimentDocument =>
  ({
    format: 1,
    name: "tiny",
    layers: [
      { name: "memory", type: "recurrent", cell: { type: "gru", units: 4 }, output: "last" },
      { name: "sum", type: "dense", units: 1 },
    ],
    loss: { type: "meanSquaredError" },
    metrics: [{ type: "meanAbsoluteError" }],
    task: { type: "adding", length: 4 },
    training: withoutUndefined({
      optimizer: { type: "adam", learningRate: 0.02 },
      clip: { globalNorm: 1 },
      batch: 8,
      steps: 12,
      seed: "tests",
      ...training,
    }),
    ...other,
  }) as ExperimentDocument;

export const read = (training: object = {}, other: object = {}): Experiment =>
  readExperiment(tinyAdding(training, other));

export async function eventsOf(experiment: Experiment, options: TrainOptions = {}): Promise<readonly TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  for await (const event of train(experiment, options)) events.push(event);
  return events;
}

export const stepsOf = (events: readonly TrainingEvent[]): readonly StepEvent[] =>
  events.filter((event) => event.kind === "step");
export const evaluationsOf = (events: readonly TrainingEvent[]): readonly EvaluationEvent[] =>
  events.filter((event) => event.kind === "evaluation");

export const checkpointsOf = (events: readonly TrainingEvent[]): readonly CheckpointEvent[] =>
  events.filter((event) => event.kind === "checkpoint");

export function doneOf(events: readonly TrainingEvent[]): DoneEvent {
  const last = events.at(-1);
  if (last?.kind !== "done") throw new Error("the last event is not done");
  return last;
}
