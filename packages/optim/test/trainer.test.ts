import { toTensorData, type TensorData } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
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
  test("a loss that is not finite names its step", async () => {
    const run = eventsOf(read({ optimizer: { type: "sgd", learningRate: 1e30 }, clip: undefined, steps: 50 }));
    await expect(run).rejects.toMatchObject({
      name: "RunError",
      issues: [
        {
          code: "run.loss-not-finite",
          at: { kind: "value", name: expect.stringMatching(/^loss of step \d+$/) as string },
        },
      ],
    });
  });

  test("so does a loss that becomes infinite by the last update, at the evaluation", async () => {
    const run = eventsOf(read({ optimizer: { type: "sgd", learningRate: 1e30 }, clip: undefined, steps: 1 }));
    await expect(run).rejects.toMatchObject({
      issues: [
        { code: "run.loss-not-finite", at: { kind: "value", name: "loss of the test evaluation after step 1" } },
      ],
    });
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
