import { RunError, toTensorData, type TensorData } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { TrainingError } from "../src/failure.js";
import { train } from "../src/trainer.js";
import { doneOf, eventsOf, evaluationsOf, read, stepsOf } from "./documents.js";

/** All that must not differ between equal runs. */
const lossesOf = (events: Parameters<typeof stepsOf>[0]): readonly number[] => stepsOf(events).map(({ loss }) => loss);

describe("events", () => {
  test("come as step, evaluation where it is due, and done", async () => {
    const events = await eventsOf(read({ steps: 5, evaluate: { every: 2, batches: 2 } }));
    expect(events.map(({ kind }) => kind).join(" ")).toBe("step step evaluation step step evaluation step done");
    expect(stepsOf(events).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5]);
    expect(evaluationsOf(events).map(({ step, split, batches }) => [step, split, batches])).toEqual([
      [2, "validation", 2],
      [4, "validation", 2],
    ]);
  });

  test("tell loss, metrics, rate, norm and speed of a step", async () => {
    const [first] = stepsOf(await eventsOf(read({ steps: 1 })));
    expect(first).toMatchObject({ step: 1, steps: 1, learningRate: Math.fround(0.02), epoch: undefined });
    for (const value of [first.loss, first.gradientNorm, first.examplesPerSecond]) expect(value).toBeGreaterThan(0);
    expect(Object.keys(first.metrics)).toEqual(["meanAbsoluteError"]);
  });

  test("end with weights, state and the result on the test part beside the baseline", async () => {
    const experiment = read({ steps: 3 });
    const done = doneOf(await eventsOf(experiment));
    expect(done).toMatchObject({ reason: "steps", step: 3 });
    expect(Object.keys(done.weights)).toEqual(experiment.model.params.map(({ name }) => name));
    expect(done.state).toMatchObject({ step: 3, tensors: { step: { data: Int32Array.of(3) } } });
    expect(done.evaluation).toMatchObject({ split: "test", step: 3, batches: 10 });
    expect(done.evaluation?.baseline).toMatchObject({ metric: "loss", value: 1 / 6 });
  });

  test("the baseline is left out where the loss is another than it is meant for", async () => {
    const experiment = read({ steps: 1 }, { loss: { type: "meanAbsoluteError" }, metrics: [] });
    expect(doneOf(await eventsOf(experiment)).evaluation?.baseline).toBeUndefined();
  });

  test("count epochs of finite data, whose last batch may be smaller", async () => {
    const events = await eventsOf(
      read(
        { steps: 5, batch: 4 },
        {
          task: { type: "mackeyGlass", length: 9, ahead: 1, samples: 100 },
          layers: [
            { name: "memory", type: "recurrent", cell: { type: "rnn", units: 2 } },
            { name: "next", type: "dense", units: 1 },
          ],
        },
      ),
    );
    expect(stepsOf(events).map(({ epoch }) => epoch)).toEqual([1, 1, 2, 2, 3]);
    expect(doneOf(events).evaluation?.batches).toBe(1);
  });
});

describe("the same document gives the same bits", () => {
  test("twice", async () => {
    const [first, second] = [await eventsOf(read()), await eventsOf(read())];
    expect(lossesOf(second)).toEqual(lossesOf(first));
    expect(doneOf(second).state).toEqual(doneOf(first).state);
  });

  test("whether or not it is evaluated in between", async () => {
    const plain = doneOf(await eventsOf(read()));
    const watched = doneOf(await eventsOf(read({ evaluate: { every: 1, batches: 1 } })));
    expect(watched.state).toEqual(plain.state);
  });

  test("whether or not it was stopped and went on", async () => {
    const whole = doneOf(await eventsOf(read()));
    const half = doneOf(await eventsOf(read({ steps: 5 })));
    const rest = await eventsOf(read(), { state: half.state });
    expect(stepsOf(rest)[0].step).toBe(6);
    expect(doneOf(rest).state).toEqual(whole.state);
  });

  test("and another seed gives others", async () => {
    const [first, second] = [await eventsOf(read()), await eventsOf(read({ seed: "other" }))];
    expect(lossesOf(second)).not.toEqual(lossesOf(first));
  });
});

describe("leaving early", () => {
  test("an abort ends the run between two steps, with the state as it is then", async () => {
    const controller = new AbortController();
    const events = [];
    for await (const event of train(read(), { signal: controller.signal })) {
      events.push(event);
      if (event.kind === "step" && event.step === 4) controller.abort();
    }
    const done = doneOf(events);
    expect(done).toMatchObject({ reason: "aborted", step: 4 });
    expect(done.evaluation).toBeUndefined();
    expect(done.state).toEqual(doneOf(await eventsOf(read({ steps: 4 }))).state);
  });

  test("an abort before the start gives the initial state", async () => {
    const events = await eventsOf(read(), { signal: AbortSignal.abort() });
    expect(events.map(({ kind }) => kind)).toEqual(["done"]);
    expect(doneOf(events)).toMatchObject({ reason: "aborted", step: 0 });
  });

  test("timers have their turn during a long run, so that an abort from one arrives", async () => {
    const controller = new AbortController();
    setTimeout(() => {
      controller.abort();
    }, 30);
    const done = doneOf(await eventsOf(read({ steps: 1_000_000 }), { signal: controller.signal }));
    expect(done.reason).toBe("aborted");
  });

  test("breaking out of the loop is enough", async () => {
    for await (const event of train(read({ steps: 1_000_000 }))) if (event.kind === "step" && event.step === 2) break;
  });

  test("stopWhen ends the run at the evaluation that reaches it", async () => {
    const events = await eventsOf(
      read({ steps: 50, evaluate: { every: 3 }, stopWhen: { metric: "meanAbsoluteError", below: 100 } }),
    );
    expect(doneOf(events)).toMatchObject({ reason: "stopped", step: 3, evaluation: { split: "test" } });
  });
});

describe("errors", () => {
  const exploding = { optimizer: { type: "sgd", learningRate: 1e30 }, clip: undefined, steps: 50 };
  const failureOf = async (...run: Parameters<typeof eventsOf>): Promise<TrainingError> => {
    const error = await eventsOf(...run).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TrainingError);
    return error as TrainingError;
  };

  test("a loss that is not finite names its step, and the node where that began", async () => {
    const error = await failureOf(read(exploding));
    expect(error).toBeInstanceOf(RunError);
    const [run, node] = error.issues;
    expect(run).toMatchObject({ code: "run.loss-not-finite", at: { name: `loss of step ${error.step + 1}` } });
    expect(node).toMatchObject({ code: "run.not-finite", at: { kind: "node", origin: error.found.origin } });
    expect(error.found).toMatchObject({ output: "loss", pass: "forward" });
    expect(error.found.origin).toMatch(/^\/(layers|loss)/);
    expect(error.found.index.length).toBeGreaterThan(0);
  });

  test("weights that would become infinite or NaN are not taken: the state is that of the last good step", async () => {
    // 1e38 times a gradient of more than 4 is beyond f32, while loss and gradient are as usual.
    const experiment = read({ ...exploding, optimizer: { type: "sgd", learningRate: 3e38 } });
    const error = await failureOf(experiment);
    expect(error.issues[0].code).toBe("run.gradient-not-finite");
    expect(error.found).toMatchObject({ output: expect.stringMatching(/^next\./) as string, pass: "backward" });
    expect(error.found.origin).toMatch(/^\/training\/optimizer/);
    expect(error.step).toBe(0);
    const begun = doneOf(await eventsOf(experiment, { signal: AbortSignal.abort() }));
    expect(error.state).toEqual(begun.state);
  });

  test("the state of the error is that after the last good step, and training goes on from it", async () => {
    // From the fifth step on the rate is infinite.
    const rate = { type: "step", rate: 0.1, every: 4, factor: 1e39 };
    const error = await failureOf(read({ optimizer: { type: "sgd", learningRate: rate }, steps: 12 }));
    expect(error.step).toBe(4);
    expect(error.found.origin).toMatch(/^\/training\/optimizer/);
    const plain = { optimizer: { type: "sgd", learningRate: 0.1 } };
    expect(error.state).toEqual(doneOf(await eventsOf(read({ ...plain, steps: 4 }))).state);
    const [rest, whole] = [await eventsOf(read(plain), { state: error.state }), await eventsOf(read(plain))];
    expect(stepsOf(rest)[0].step).toBe(5);
    expect(doneOf(rest).state).toEqual(doneOf(whole).state);
  });

  test("between two batches of a step there is no state to go on from", async () => {
    const infinite = { optimizer: { type: "sgd", learningRate: 3e38 }, clip: undefined, accumulate: 2, steps: 3 };
    const error = await failureOf(read(infinite));
    expect(error.step).toBe(0);
    expect(error.state).toBeUndefined();
  });

  test("a loss that becomes infinite by the last update is found at the evaluation", async () => {
    const error = await failureOf(read({ ...exploding, steps: 1 }));
    expect(error.issues[0]).toMatchObject({
      code: "run.loss-not-finite",
      at: { kind: "value", name: "loss of the test evaluation after step 1" },
    });
    expect(error.step).toBe(1);
    expect(error.state?.step).toBe(1);
    expect(error.found.pass).toBe("forward");
  });

  test("a weight that is NaN already is named as the state that it is", async () => {
    const { state } = doneOf(await eventsOf(read(), { signal: AbortSignal.abort() }));
    const [[name, weight]] = Object.entries(state.tensors);
    const data = Float32Array.from(weight.data);
    data[1] = NaN;
    const tensors = { ...state.tensors, [name]: { ...weight, data } };
    const error = await failureOf(read(), { state: { ...state, tensors } });
    expect(error.found).toMatchObject({ name, value: NaN, origin: "/layers/0" });
    expect(error.issues[1].at).toEqual({ kind: "value", name: `state ${name}` });
  });

  test("in f64 it is the same", async () => {
    const error = await failureOf(
      read({ ...exploding, optimizer: { type: "sgd", learningRate: 1e200 } }, { dtype: "f64" }),
    );
    expect(error.issues.map(({ code }) => code)).toEqual(["run.loss-not-finite", "run.not-finite"]);
    expect(error.found.pass).toBe("forward");
  });

  test("a state of another model is refused", async () => {
    const { state } = doneOf(await eventsOf(read({ steps: 1 })));
    const wrong: TensorData = toTensorData({ type: { dtype: "f32", dims: [1] }, data: Float64Array.of(1) });
    const other = { ...state, tensors: { ...state.tensors, "sum.W": wrong } };
    await expect(eventsOf(read(), { state: other })).rejects.toMatchObject({ name: "RunError" });
  });

  test("a file that may not be read is a ConfigError", async () => {
    const task = { type: "textCharacters", files: ["a.txt"], length: 4, symbols: 4, encoding: "oneHot" };
    const text = {
      task,
      layers: [{ name: "next", type: "dense", units: 4 }],
      loss: { type: "softmaxCrossEntropy" },
      metrics: [],
    };
    await expect(eventsOf(read({}, text))).rejects.toMatchObject({ name: "ConfigError" });
    const done = doneOf(await eventsOf(read({ steps: 1 }, text), { readFile: () => "abc".repeat(100) }));
    expect(done.evaluation?.baseline?.metric).toBe("loss");
  });
});

test("a small model learns: the loss falls well below the baseline", async () => {
  const done = doneOf(await eventsOf(read({ steps: 150, batch: 32 })));
  expect(done.evaluation?.loss).toBeLessThan(0.03);
});
