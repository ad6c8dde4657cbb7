/** A short training run from a JSON document. It runs in Node, in a worker of a page and on a page alike, and gives what has to agree. */
import { compile } from "@latchgrad/core";
import { openTask, readExperiment, trainingStep, type ExperimentDocument } from "@latchgrad/optim";

/** Units and batch are such that the layer is worth sharing out. */
const document: ExperimentDocument = {
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
    steps: 60,
    seed: "browser",
  },
};

export interface Trained {
  /** Threads that the runs had. */
  readonly threads: number;
  /** Bits of the loss of each step. */
  readonly losses: readonly number[];
  /** Bits of every weight and moment at the end, by name. */
  readonly state: Readonly<Record<string, readonly number[]>>;
}

const bitsOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): readonly number[] =>
  Array.from(new Uint8Array(buffer, byteOffset, byteLength));

/** Trains in `reproducible` precision and tells after each step how many there were. */
export async function trainBits(threads: number, onStep: (steps: number) => void = () => undefined): Promise<Trained> {
  const { config, model } = readExperiment(document);
  const { training } = config;
  const task = await openTask(config.task, { seed: training.seed, dtype: config.dtype });
  const { graph, initialState } = trainingStep(model, training);
  const state = initialState(training.seed);
  const executable = await compile(graph, { precision: "reproducible", threads, state });
  const losses: number[] = [];
  for (let step = 0; step < training.steps; step++) {
    const { loss } = await executable.run(await task.batch("train", step, training.batch));
    losses.push(...bitsOf(loss.data));
    onStep(step + 1);
  }
  const final = await executable.readState();
  executable.dispose();
  return {
    threads: executable.threads,
    losses,
    state: Object.fromEntries(Object.entries(final).map(([name, { data }]) => [name, bitsOf(data)])),
  };
}
