/** Training runs from JSON documents. They run in this Node and others, in a worker of a page and on a page alike, and give what has to agree. */
import { compile } from "@latchgrad/core";
import { openTask, readExperiment, trainingStep, type ExperimentDocument } from "@latchgrad/optim";

const STEPS = 200;

/** Units and batch are such that the layer is worth sharing out. */
const adding: ExperimentDocument = {
  format: 1,
  name: "adding",
  task: { type: "adding", length: 20 },
  layers: [
    { name: "memory", type: "recurrent", cell: { type: "lstm", units: 48 }, output: "last" },
    { name: "sum", type: "dense", units: 1 },
  ],
  loss: { type: "meanSquaredError" },
  training: {
    optimizer: { type: "adam", learningRate: 0.01 },
    clip: { globalNorm: 1 },
    batch: 24,
    steps: STEPS,
    seed: "engines",
  },
};

/** Reductions in a loop with checkpoints, random numbers, a recurrence without a loop, and what decides by size. */
const copying: ExperimentDocument = {
  format: 1,
  name: "copying",
  task: { type: "copyMemory", delay: 5, count: 3 },
  layers: [
    { name: "first", type: "recurrent", cell: { type: "lstmLayerNorm", units: 20 }, checkpoint: "sqrt" },
    { name: "mask", type: "dropout", rate: 0.1 },
    { name: "second", type: "recurrent", cell: { type: "lru", units: 16 } },
    { name: "bend", type: "activation", function: "gelu" },
    { name: "symbol", type: "dense", units: 9 },
  ],
  loss: { type: "softmaxCrossEntropy" },
  training: {
    optimizer: { type: "adamW", learningRate: { type: "cosine", rate: 0.01, steps: STEPS }, weightDecay: 0.01 },
    clip: { globalNorm: 1 },
    batch: 16,
    steps: STEPS,
    seed: "engines",
  },
};

/** All in f64, attention over what a bidirectional layer says. */
const reversing: ExperimentDocument = {
  ...copying,
  name: "reversing",
  dtype: "f64",
  layers: [
    { name: "read", type: "recurrent", cell: { type: "gru", units: 8 }, direction: "bidirectional" },
    { name: "look", type: "attention", memory: "read", score: "additive" },
    { name: "symbol", type: "dense", units: 9 },
  ],
};

const documents = { adding, copying, reversing };
export type Training = keyof typeof documents;
export const TRAININGS: readonly Training[] = ["adding", "copying", "reversing"];

export interface Trained {
  /** Threads that the runs had. */
  readonly threads: number;
  /** The loss of each step. */
  readonly losses: readonly number[];
  /** Bits of every weight and moment at the end, by name. */
  readonly state: Readonly<Record<string, readonly number[]>>;
}

const bitsOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): readonly number[] =>
  Array.from(new Uint8Array(buffer, byteOffset, byteLength));

/** Trains 200 steps in `reproducible` precision; tells after each how many there were, and goes on when that is settled. */
export async function trainBits(
  name: Training,
  threads: number,
  onStep: (steps: number) => void | Promise<void> = () => undefined,
): Promise<Trained> {
  const { config, model } = readExperiment(documents[name]);
  const { training } = config;
  const task = await openTask(config.task, { seed: training.seed, dtype: config.dtype });
  const { graph, initialState } = trainingStep(model, training);
  const state = initialState(training.seed);
  const executable = await compile(graph, { precision: "reproducible", threads, state });
  const losses: number[] = [];
  for (let step = 0; step < training.steps; step++) {
    const { loss } = await executable.run(await task.batch("train", step, training.batch));
    losses.push(loss.data[0]);
    await onStep(step + 1);
  }
  const final = await executable.readState();
  executable.dispose();
  return {
    threads: executable.threads,
    losses,
    state: Object.fromEntries(Object.entries(final).map(([name, { data }]) => [name, bitsOf(data)])),
  };
}
