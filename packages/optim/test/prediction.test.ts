// Models at work: whole sequences against the reference executor, and parts against whole sequences.
import { ConfigError, evaluate, toTensor, type TensorData, type TensorsByName } from "@latchgrad/core";
import { initialParams } from "@latchgrad/layers";
import { describe, expect, test } from "vitest";
import { openPredictor, openStream } from "../src/prediction.js";
import { openTask } from "../src/tasks/registry.js";
import { read } from "./documents.js";
import { largestError } from "./support.js";

const perStep = {
  layers: [
    { name: "memory", type: "recurrent", cell: { type: "lstm", units: 4 } },
    { name: "answer", type: "dense", units: 6 },
  ],
  loss: { type: "softmaxCrossEntropy" },
  metrics: [],
  task: { type: "copyMemory", delay: 3, symbols: 4, count: 2 },
};

/** Steps of every sequence from one on, [B, T, ...]. */
function stepsOf({ dtype, dims, data }: TensorData, from: number, to: number): TensorData {
  const [batch, time, ...rest] = dims;
  const size = rest.reduce((product, dim) => product * dim, 1);
  const part = Float32Array.from({ length: batch * (to - from) * size }, (_, i) => {
    const b = Math.floor(i / ((to - from) * size));
    return data[(b * time + from) * size + (i % ((to - from) * size))];
  });
  return { dtype, dims: [batch, to - from, ...rest], data: part };
}

async function modelAtWork(other: object) {
  const experiment = read({}, other);
  const task = await openTask(experiment.config.task, { seed: "work", dtype: "f32" });
  const { x } = await task.batch("test", 0, 3);
  return { model: experiment.model, weights: initialParams(experiment.model, "work"), x };
}

describe("whole sequences", () => {
  test("get what the reference executor says", async () => {
    const { model, weights, x } = await modelAtWork(perStep);
    const predictor = await openPredictor(model, weights);
    const { prediction } = await predictor.predict({ x });
    predictor.dispose();
    const inputs: TensorsByName = { ...weights, x };
    const graph = model.graph("predict");
    const expected = evaluate(
      graph,
      Object.fromEntries(graph.params.map(({ name }) => [name, toTensor(inputs[name])])),
    );
    expect(largestError(prediction.data, expected["prediction"].data)).toBeLessThan(1e-5);
  });

  test("count in full where the model reads lengths and none are given", async () => {
    const other = { task: { type: "adding", variant: "1997", length: 20 } };
    const { model, weights, x } = await modelAtWork(other);
    const predictor = await openPredictor(model, weights);
    expect(Object.keys(predictor.inputs)).toEqual(["x", "lengths"]);
    const [batch, steps] = x.dims;
    const lengths: TensorData = { dtype: "i32", dims: [batch], data: new Int32Array(batch).fill(steps) };
    expect(await predictor.predict({ x })).toEqual(await predictor.predict({ x, lengths }));
    predictor.dispose();
  });
});

describe("sequences in parts", () => {
  test.each([[[1, 2, 3, 4, 5]], [[3]], [[1, 5]]])(
    "that end at %o and at the end give the bits of the whole",
    async (ends) => {
      const { model, weights, x } = await modelAtWork(perStep);
      const options = { precision: "reproducible", batch: 3 } as const;
      const whole = await openPredictor(model, weights, options);
      const { prediction } = await whole.predict({ x });
      const stream = await openStream(model, weights, options);
      // The second time round, what the first has left behind must not be seen.
      for (let round = 0; round < 2; round++) {
        let from = 0;
        for (const to of [...ends, x.dims[1]]) {
          const part = await stream.next({ x: stepsOf(x, from, to) });
          expect(part["prediction"]).toEqual(stepsOf(prediction, from, to));
          from = to;
        }
        stream.restart();
      }
      for (const each of [whole, stream]) each.dispose();
    },
  );

  test("are as before after a part that does not fit", async () => {
    const { model, weights, x } = await modelAtWork(perStep);
    const options = { precision: "reproducible", batch: 3 } as const;
    const [broken, sound] = [await openStream(model, weights, options), await openStream(model, weights, options)];
    for (const each of [broken, sound]) await each.next({ x: stepsOf(x, 0, 2) });
    await expect(broken.next({ x: { ...x, dims: [1, 1, 1] } })).rejects.toThrow("run.input");
    expect(await broken.next({ x: stepsOf(x, 2, 4) })).toEqual(await sound.next({ x: stepsOf(x, 2, 4) }));
    for (const each of [broken, sound]) each.dispose();
  });

  test("are refused by a layer that needs the whole, by name", async () => {
    const [memory, answer] = perStep.layers;
    const { model, weights } = await modelAtWork({
      ...perStep,
      layers: [{ ...memory, direction: "bidirectional" }, answer],
    });
    const failure: unknown = await openStream(model, weights).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    expect(String(failure)).toContain('"memory" needs the whole of it');
  });
});
