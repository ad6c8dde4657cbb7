// A trained experiment in two files: read as its document and its weights, which go on where they were.
import { CheckpointError, compile, type TensorData } from "@latchgrad/core";
import { encodeSafetensors, initialParams } from "@latchgrad/layers";
import { expect, test } from "vitest";
import { readExperiment, readExperimentFolder } from "../src/index.js";
import { tinyAdding } from "./documents.js";

const { config, model } = readExperiment(tinyAdding());
const weights = initialParams(model, "any");
const folder = {
  config: new TextEncoder().encode(JSON.stringify(config)),
  weights: encodeSafetensors(weights),
};

test("a folder is read as the experiment and the weights that were written", async () => {
  const ready = readExperimentFolder(folder);
  expect(ready.experiment.config).toEqual(config);
  expect(ready.weights).toEqual(weights);
  const x: TensorData = { dtype: "f32", dims: [2, 4, 2], data: Float32Array.from({ length: 16 }, (_, i) => i / 16) };
  const run = async (values: typeof weights): Promise<ArrayLike<number>> => {
    const executable = await compile(ready.experiment.model.graph("predict"), { precision: "reproducible" });
    return (await executable.run({ ...values, x })).prediction.data;
  };
  expect(await run(ready.weights)).toEqual(await run(weights));
});

test("a folder whose weights are those of another model is refused", () => {
  const { "sum.b": _, ...rest } = weights;
  expect(() => readExperimentFolder({ ...folder, weights: encodeSafetensors(rest) })).toThrow(CheckpointError);
});
