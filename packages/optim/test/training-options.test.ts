// Options of the training step and of the run: each against its definition.
import { compile, evaluate, toTensor, type TensorData, type TensorsByName } from "@latchgrad/core";
import { initialParams } from "@latchgrad/layers";
import { describe, expect, test } from "vitest";
import type { Evaluation } from "../src/events.js";
import type { Experiment } from "../src/experiment.js";
import { openTask } from "../src/tasks/registry.js";
import { train } from "../src/trainer.js";
import { trainingStep, type StepGraph } from "../src/training-step.js";
import { UNWATCHED, watchEvaluation, type Watched } from "../src/watch.js";
import { checkpointsOf, doneOf, eventsOf, evaluationsOf, read, stepsOf, tinyAdding } from "./documents.js";
import { largestError } from "./support.js";

const f64 = { dtype: "f64" };
const stepOf = ({ model, config }: Experiment): StepGraph => trainingStep(model, config.training);
const batchesOf = async ({ config }: Experiment, count: number, size = 8): Promise<readonly TensorsByName[]> => {
  const task = await openTask(config.task, { seed: 1, dtype: config.dtype });
  return Promise.all(Array.from({ length: count }, async (_, i) => task.batch("train", i, size)));
};

/** The state after some batches, and the outputs of the last one. */
async function runBatches(
  { graph, initialState }: StepGraph,
  batches: readonly TensorsByName[],
): Promise<{ readonly state: TensorsByName; readonly outputs: TensorsByName }> {
  const executable = await compile(graph, { state: initialState("options") });
  let outputs: TensorsByName = {};
  for (const batch of batches) outputs = await executable.run(batch);
  return { state: await executable.readState(), outputs };
}

/** Several batches as one. */
const joined = (batches: readonly TensorsByName[]): TensorsByName =>
  Object.fromEntries(
    Object.entries(batches[0]).map(
      ([
        name,
        {
          dtype,
          dims: [, ...dims],
        },
      ]) => {
        const data = Float64Array.from(batches.flatMap((batch) => Array.from(batch[name].data)));
        return [name, { dtype, dims: [data.length / dims.reduce((a, b) => a * b, 1), ...dims], data }];
      },
    ),
  );

/** A batch in which one number is not finite. */
const spoiled = (batch: TensorsByName, value: number): TensorsByName => {
  const data = batch["x"].data.slice();
  data[3] = value;
  return { ...batch, x: { ...batch["x"], data } };
};

const weightsIn = (state: TensorsByName, { weights }: StepGraph): readonly TensorData[] =>
  weights.map((name) => state[name]);
const optimizerIn = (state: TensorsByName): TensorsByName =>
  Object.fromEntries(Object.entries(state).filter(([name]) => name.startsWith("adam.")));

describe("accumulate", () => {
  test("updates by the mean of several batches, as one batch of them all would", async () => {
    const once = read({}, f64);
    const parts = read({ accumulate: 3 }, f64);
    const batches = await batchesOf(once, 6, 4);
    const expected = await runBatches(stepOf(once), [joined(batches.slice(0, 3)), joined(batches.slice(3))]);
    const { state, outputs } = await runBatches(stepOf(parts), batches);
    for (const [name, { data }] of Object.entries(expected.state))
      expect(largestError(state[name].data, data), name).toBeLessThan(1e-13);
    expect(outputs["gradientNorm"].data[0]).toBeCloseTo(expected.outputs["gradientNorm"].data[0], 13);
    expect([state["step"].data[0], state["count/part"].data[0]]).toEqual([2, 0]);
    for (const name of stepOf(parts).weights)
      expect(Array.from(state[`sum/${name}`].data).every((x) => x === 0)).toBe(true);
  });

  test("changes nothing before the last batch of a step", async () => {
    const step = stepOf(read({ accumulate: 3 }));
    const batches = await batchesOf(read(), 2);
    const { state } = await runBatches(step, batches);
    expect(weightsIn(state, step)).toEqual(weightsIn(step.initialState("options"), step));
    expect([state["step"].data[0], state["count/part"].data[0]]).toEqual([0, 2]);
  });

  test("gives each batch of a step its own random numbers", async () => {
    const layers = [
      { name: "memory", type: "recurrent", cell: { type: "gru", units: 4 }, output: "last" },
      { type: "dropout", rate: 0.5 },
      { name: "sum", type: "dense", units: 1 },
    ];
    const executable = await compile(stepOf(read({ accumulate: 2 }, { layers })).graph, {
      state: stepOf(read({ accumulate: 2 }, { layers })).initialState("options"),
    });
    const [batch] = await batchesOf(read(), 1);
    const first = await executable.run(batch);
    const second = await executable.run(batch);
    expect(second["loss"].data[0]).not.toBe(first["loss"].data[0]);
  });

  test("tells the mean loss of a step, and counts examples of all its batches", async () => {
    const plain = stepsOf(await eventsOf(read({ optimizer: { type: "sgd", learningRate: 1e-30 }, steps: 4 })));
    const halves = stepsOf(
      await eventsOf(read({ optimizer: { type: "sgd", learningRate: 1e-30 }, steps: 2, accumulate: 2 })),
    );
    expect(halves.map(({ step }) => step)).toEqual([1, 2]);
    halves.forEach(({ loss, metrics }, i) => {
      const pair = plain.slice(2 * i, 2 * i + 2);
      expect(loss).toBe((pair[0].loss + pair[1].loss) / 2);
      expect(metrics["meanAbsoluteError"]).toBe(
        (pair[0].metrics["meanAbsoluteError"] + pair[1].metrics["meanAbsoluteError"]) / 2,
      );
    });
  });
});

describe("skipNonFinite", () => {
  const skipping = (more: object = {}): Experiment => read({ skipNonFinite: { atMost: 5 }, ...more });
  const bad = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

  test.each(bad)("a batch with %f leaves no trace in weights, optimizer and averages", async (value) => {
    const step = stepOf(skipping({ average: { decay: 0.5 } }));
    const batches = await batchesOf(read(), 3);
    const clean = await runBatches(step, batches);
    const { state, outputs } = await runBatches(step, [
      batches[0],
      spoiled(batches[1], value),
      spoiled(batches[2], value),
      batches[1],
      batches[2],
    ]);
    const { step: made, "count/skipped": skipped, ...rest } = state;
    const { step: cleanMade, "count/skipped": none, ...cleanRest } = clean.state;
    expect(rest).toEqual(cleanRest);
    expect([made, cleanMade, skipped, none].map(({ data }) => data[0])).toEqual([5, 3, 2, 0]);
    expect(outputs["skipped"].data[0]).toBe(2);
  });

  test("nothing else changes: without a bad batch the bits are those of a run without the option", async () => {
    const batches = await batchesOf(read(), 4);
    const plain = await runBatches(stepOf(read()), batches);
    const { state } = await runBatches(stepOf(skipping()), batches);
    expect(optimizerIn(state)).toEqual(optimizerIn(plain.state));
    expect(weightsIn(state, stepOf(read()))).toEqual(weightsIn(plain.state, stepOf(read())));
  });

  test("in a step of several batches the others make the update", async () => {
    const batches = await batchesOf(read({}, f64), 3, 4);
    const parts = stepOf(read({ accumulate: 3, skipNonFinite: { atMost: 5 } }, f64));
    const { state } = await runBatches(parts, [batches[0], spoiled(batches[1], Number.NaN), batches[2]]);
    const expected = await runBatches(stepOf(read({}, f64)), [joined([batches[0], batches[2]])]);
    for (const name of parts.weights)
      expect(largestError(state[name].data, expected.state[name].data), name).toBeLessThan(1e-13);
    const none = await runBatches(
      parts,
      batches.map((batch) => spoiled(batch, Number.NaN)),
    );
    expect(weightsIn(none.state, parts)).toEqual(weightsIn(parts.initialState("options"), parts));
    expect(
      [none.state["step"], none.state["count/updates"], none.state["count/good"]].map(({ data }) => data[0]),
    ).toEqual([1, 0, 0]);
  });

  test("the reference executor agrees", async () => {
    const step = stepOf(read({ accumulate: 2, skipNonFinite: { atMost: 5 } }, f64));
    const [batch] = await batchesOf(read({}, f64), 1);
    const tensors = (data: TensorsByName) =>
      Object.fromEntries(Object.entries(data).map(([name, value]) => [name, toTensor(value)]));
    const outputs = evaluate(step.graph, {
      ...tensors(step.initialState("options")),
      ...tensors(spoiled(batch, Number.NaN)),
    });
    expect(Array.from(outputs["next.count/skipped"].data)).toEqual([1]);
    expect(Array.from(outputs["next.sum/sum.W"].data)).toEqual([0, 0, 0, 0]);
  });

  test("steps tell what was left out, and too much of it stops the run", async () => {
    const events: unknown[] = [];
    const diverging = skipping({ optimizer: { type: "sgd", learningRate: 1e30 }, clip: undefined, steps: 50 });
    const run = (async () => {
      for (const event of await eventsOf(diverging)) events.push(event);
    })();
    await expect(run).rejects.toMatchObject({
      name: "RunError",
      issues: [
        { code: "run.too-many-skipped", at: { name: expect.stringMatching(/^step \d$/) as string }, received: "6" },
      ],
    });
    const few = read({
      optimizer: { type: "sgd", learningRate: 1e30 },
      clip: undefined,
      steps: 3,
      skipNonFinite: { atMost: 5 },
      evaluate: undefined,
    });
    await expect(eventsOf(few)).rejects.toMatchObject({
      issues: [{ code: "run.loss-not-finite" }, { code: "run.not-finite" }],
    });
  });
});

describe("average", () => {
  test("is decay · average + (1 - decay) · weights, from the initial weights on", async () => {
    const step = stepOf(read({ average: { decay: 0.75 } }, f64));
    const batches = await batchesOf(read({}, f64), 3);
    const initial = step.initialState("options");
    const expected = new Map(step.weights.map((name) => [name, Float64Array.from(initial[name].data)]));
    for (let count = 1; count <= 3; count++) {
      const { state } = await runBatches(step, batches.slice(0, count));
      for (const name of step.weights) {
        const before = expected.get(name) ?? expect.unreachable();
        const after = before.map((mean, i) => 0.75 * mean + 0.25 * state[name].data[i]);
        expected.set(name, after);
        expect(largestError(state[`average/${name}`].data, after), name).toBeLessThan(1e-15);
      }
      expect(step.modelWeights(state)["sum.W"]).toBe(state["average/sum.W"]);
    }
  });

  test("is the model that a run gives, and that evaluations judge", async () => {
    const done = doneOf(await eventsOf(read({ average: { decay: 0.9 } })));
    expect(done.weights["sum.W"]).toEqual(done.state.tensors["average/sum.W"]);
    const plain = doneOf(await eventsOf(read()));
    expect(done.state.tensors["sum.W"]).toEqual(plain.state.tensors["sum.W"]);
    expect(done.evaluation?.loss).not.toBe(plain.evaluation?.loss);
  });
});

describe("best", () => {
  const scored = (step: number, loss: number, metrics = {}): Evaluation => ({
    split: "validation",
    step,
    loss,
    metrics,
    batches: 1,
  });
  const follow = (experiment: Experiment, evaluations: readonly Evaluation[]): Watched =>
    evaluations.reduce((watched, evaluation) => watchEvaluation(experiment, watched, evaluation, {}), UNWATCHED);
  const losses = (experiment: Experiment, ...values: readonly number[]): Watched =>
    follow(
      experiment,
      values.map((loss, i) => scored(i + 1, loss)),
    );
  const watching = (best: object, more: object = {}, other: object = {}): Experiment =>
    read({ evaluate: { every: 1 }, best, ...more }, other);

  test("keeps the step and value of the lowest loss", () => {
    expect(losses(watching({}), 5, 3, 4, 3)).toEqual({ best: { step: 2, value: 3, weights: {} }, sinceBest: 2 });
  });

  test("a metric where more is better is compared the other way round", () => {
    const experiment = read(
      { evaluate: { every: 1 }, best: { metric: "accuracy" } },
      {
        task: { type: "temporalOrder", length: 20 },
        layers: [
          { name: "memory", type: "recurrent", cell: { type: "rnn", units: 2 }, output: "last" },
          { name: "order", type: "dense", units: 4 },
        ],
        loss: { type: "softmaxCrossEntropy" },
        metrics: [{ type: "accuracy" }],
      },
    );
    const values = [0.1, 0.9, 0.5].map((accuracy, i) => scored(i + 1, 1, { accuracy }));
    expect(follow(experiment, values).best).toEqual({ step: 2, value: 0.9, weights: {} });
  });

  test("a metric in equations says itself which side is better", () => {
    const score = { type: "equations", name: "score", equations: ["d = prediction - target"], output: "-abs(d)" };
    const best = (metric: object): number | undefined => {
      const experiment = watching({ metric: "score" }, {}, { metrics: [metric] });
      const values = [-3, -1, -2].map((value, i) => scored(i + 1, 1, { score: value }));
      return follow(experiment, values).best?.step;
    };
    expect([best(score), best({ ...score, better: "higher" })]).toEqual([1, 2]);
  });

  test("an improvement within the margin does not count", () => {
    expect(losses(watching({ margin: 0.5 }), 5, 4.6, 4.4).best?.step).toBe(3);
    expect(losses(watching({ margin: 0.5 }), 5, 4.6, 4.55).best?.step).toBe(1);
  });

  test("a value that is not finite is never the best", () => {
    expect(losses(watching({}), Number.NaN, Number.NEGATIVE_INFINITY).best).toBeUndefined();
    expect(losses(watching({}), Number.POSITIVE_INFINITY, 3).best?.value).toBe(3);
  });

  test("patience ends the run after so many evaluations without a better one", async () => {
    expect(losses(watching({ patience: 2 }), 5, 6, 4, 6, 5).ending).toBe("stale");
    expect(losses(watching({ patience: 2 }), 5, 6, 4, 6).ending).toBeUndefined();
    const still = watching({ patience: 3 }, { optimizer: { type: "sgd", learningRate: 1e-30 }, steps: 50 });
    expect(doneOf(await eventsOf(still))).toMatchObject({ reason: "stale", step: 4, best: { step: 1 } });
  });

  test("the run gives the weights that were best, and tests them", async () => {
    const restless = { optimizer: { type: "sgd", learningRate: 0.4 }, clip: undefined };
    const events = await eventsOf(watching({}, { ...restless, steps: 30 }));
    const done = doneOf(events);
    const validations = evaluationsOf(events).map(({ loss }) => loss);
    const lowest = validations.indexOf(Math.min(...validations)) + 1;
    expect(done.best).toMatchObject({ step: lowest, value: Math.min(...validations) });
    expect(done.evaluation?.step).toBe(lowest);
    const upTo = doneOf(await eventsOf(read({ ...restless, steps: lowest })));
    expect(done.weights).toEqual(upTo.weights);
    expect(done.evaluation?.loss).toBe(upTo.evaluation?.loss);
  });

  test("needs evaluations, and a metric that the model computes", () => {
    expect(() => read({ best: { metric: "acuracy" } })).toThrow(
      /config\.stop-without-evaluation[\s\S]*config\.unknown-name/,
    );
  });
});

describe("checkpoints", () => {
  test("are due at the beginning, at every so many steps and at the end, after the evaluation of that step", async () => {
    const events = await eventsOf(read({ steps: 5, evaluate: { every: 2 }, checkpoints: { every: 2 } }), {
      checkpoints: true,
    });
    expect(events.map(({ kind }) => kind).join(" ")).toBe(
      "checkpoint step step evaluation checkpoint step step evaluation checkpoint step checkpoint done",
    );
  });

  test("are not told of unless asked for, and cost nothing then", async () => {
    const events = await eventsOf(read({ steps: 3, checkpoints: { every: 1 } }));
    expect(events.map(({ kind }) => kind).join(" ")).toBe("step step step done");
  });

  test("hold at the beginning what a run begins with, and are not told of when its first step cannot be made", async () => {
    const experiment = read({ steps: 3 });
    const events = await eventsOf(experiment, { checkpoints: true });
    expect(events[0]).toMatchObject({ kind: "checkpoint", step: 0, state: { step: 0, sinceBest: 0, files: {} } });
    expect(checkpointsOf(events)[0].state.tensors["memory.Wr"]).toEqual(
      initialParams(experiment.model, "tests")["memory.Wr"],
    );

    const [memory, sum] = tinyAdding().layers;
    const infinite = read({}, { layers: [memory, { ...sum, biasInit: { type: "constant", value: 1e30 } }] });
    const told: string[] = [];
    const failing = (async () => {
      for await (const { kind } of train(infinite, { checkpoints: true })) told.push(kind);
    })();
    await expect(failing).rejects.toMatchObject({
      issues: [{ code: "run.loss-not-finite" }, { code: "run.not-finite" }],
    });
    expect(told).toEqual([]);
  });

  test("are due once more when the run is aborted", async () => {
    const events = await eventsOf(read(), { checkpoints: true, signal: AbortSignal.abort() });
    expect(events.map(({ kind }) => kind).join(" ")).toBe("checkpoint done");
  });
});
