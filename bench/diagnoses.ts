/**
 * `npm run diagnoses`: what the diagnostics of a run cost (docs/diagnostics.md): training steps of an LSTM on the adding problem, with
 * nothing recorded, and with a diagnosis of each kind after every step. The contenders take turns; the difference of medians is one
 * diagnosis. `--units 128` measures one size only.
 */
import { readExperiment, train } from "@latchgrad/optim";
import { parseArgs } from "node:util";
import { contenderOf, measure, type Contender, type Effort } from "./measure.ts";

const LENGTH = 64;
const BATCH = 32;
const NOTHING = "nothing";
const KINDS: Readonly<Record<string, readonly string[]>> = {
  [NOTHING]: [],
  gradientFlow: ["gradientFlow"],
  values: ["values"],
  gates: ["gates"],
  memory: ["memory"],
  updates: ["updates"],
  "all but memory": ["gradientFlow", "values", "gates", "updates"],
  all: ["gradientFlow", "values", "gates", "memory", "updates"],
};

const documentOf = (units: number, kinds: readonly string[]): object => ({
  format: 1,
  name: "diagnosed",
  task: { type: "adding", length: LENGTH },
  layers: [
    { name: "memory", type: "recurrent", cell: { type: "lstm", units }, output: "last" },
    { name: "sum", type: "dense", units: 1 },
  ],
  loss: { type: "meanSquaredError" },
  training: {
    optimizer: { type: "adam", learningRate: 0.01 },
    clip: { globalNorm: 1 },
    batch: BATCH,
    steps: 1_000_000,
    seed: 1,
    ...(kinds.length === 0 ? {} : { diagnose: { every: 1, kinds } }),
  },
});

/** A contender whose step is one of the training, with the diagnosis behind it. */
const contender = (name: string, units: number): Contender =>
  contenderOf(name, () => {
    const events = train(readExperiment(documentOf(units, KINDS[name])));
    const step = async (): Promise<void> => {
      for (;;) {
        const { value, done } = await events.next();
        if (done === true) throw new Error("the run has ended");
        // The diagnosis of a step comes with the next call, so every call has one.
        if (value.kind === "step") return;
      }
    };
    return Promise.resolve({ step, stop: () => void events.return() });
  });

const { values } = parseArgs({ options: { units: { type: "string", multiple: true, default: ["32", "128"] } } });
const effort: Effort = { rounds: 5, turn: 400, slow: 2500, patience: 15_000 };
console.log("units | what | step with it, ms | one diagnosis, ms | share of 100 steps");
console.log("--: | --- | --: | --: | --:");
for (const units of values.units.map(Number)) {
  const { timings } = await measure(
    Object.keys(KINDS).map((name) => contender(name, units)),
    effort,
  );
  const plain = timings.find(({ name }) => name === NOTHING)?.median ?? Number.NaN;
  for (const { name, median } of timings) {
    const cost = median - plain;
    const share = name === NOTHING ? "" : `${((100 * cost) / (100 * plain)).toFixed(1)} %`;
    console.log(`${units} | ${name} | ${median.toFixed(2)} | ${name === NOTHING ? "" : cost.toFixed(2)} | ${share}`);
  }
}
