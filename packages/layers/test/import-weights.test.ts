// Weights of PyTorch and Keras models, imported by their mappings: our model then gives what theirs gave.
import { readFileSync } from "node:fs";
import { compile, type DType, type TensorData } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import {
  buildModel,
  importWeights,
  mappings,
  readMapping,
  readModelConfig,
  type ImportedWeights,
  type Model,
  type ModelDocument,
} from "../src/index";
import { documentOf, expectClose, readFixture, type Stored } from "./support";

interface ImportCase {
  readonly name: string;
  readonly mapping: keyof typeof mappings;
  readonly places: Readonly<Record<string, string>>;
  readonly layers: ModelDocument["layers"];
  readonly x: Stored & { readonly dtype: DType };
  readonly y: Stored;
}

/** Both sides compute in f32, with sums in another order. The largest difference in these cases is below 6e-7. */
const TOLERANCE = 1e-6;

const cases = readFixture<ImportCase>("weights/imports.json");
const caseOf = (name: string): ImportCase => {
  const found = cases.find((each) => each.name === name);
  return found ?? expect.fail(`there is no case ${name}`);
};
const fileOf = (name: string): Uint8Array =>
  readFileSync(new URL(`fixtures/weights/${name}.safetensors`, import.meta.url));

function modelFor({ x, y }: ImportCase, layers: ModelDocument["layers"], rest: Partial<ModelDocument> = {}): Model {
  const document = documentOf(layers, { dtype: "f32", ...rest });
  return buildModel(readModelConfig(document), {
    inputs: { x: { dtype: x.dtype, dims: ["B", "T", ...x.dims.slice(2)] } },
    targets: { y: { dtype: "f32", dims: ["B", "T", ...y.dims.slice(2)] } },
  });
}

/** Imports a file into a model, and holds what the model then gives against what the other system gave. */
async function expectSameOutput(fixture: ImportCase, model: Model, document: object): Promise<ImportedWeights> {
  const imported = importWeights(fileOf(fixture.name), readMapping(document), model);
  const { dtype, dims, data } = fixture.x;
  const x: TensorData = { dtype, dims, data: dtype === "i32" ? Int32Array.from(data) : Float32Array.from(data) };
  const executable = await compile(model.graph("predict"));
  const { prediction } = await executable.run({ ...imported.weights, x });
  expect(prediction.dims).toEqual(fixture.y.dims);
  expectClose(prediction.data, fixture.y.data, TOLERANCE, fixture.name);
  return imported;
}

describe("outputs after an import equal those of the other system", () => {
  test.each(cases.map((fixture) => [fixture.name, fixture] as const))("%s", async (_, fixture) => {
    const { mapping, places, layers } = fixture;
    const document = { format: 1, extends: mapping, layers: places };
    const { weights, others } = await expectSameOutput(fixture, modelFor(fixture, layers), document);
    expect(Object.values(weights).every(({ dtype }) => dtype === "f32")).toBe(true);
    expect(others).toEqual([]);
  });

  test("biases that the source does without are zero, and named", async () => {
    const fixture = caseOf("keras-gru-reset-before");
    const document = { format: 1, extends: fixture.mapping, layers: fixture.places };
    const { zeros } = await expectSameOutput(fixture, modelFor(fixture, fixture.layers), document);
    expect(zeros).toEqual(["memory.br", "memory.bz", "memory.bn", "out.b"]);
  });

  test("a cell of the document's own equations, whose gates are joined in another order, by a mapping of its own", async () => {
    const fixture = caseOf("pytorch-bfloat16");
    const gate = (number: number): object => ({ block: number, of: 4 });
    const joined = (name: string): object => ({
      concat: [1, 0, 3, 2].map((number) => ({ tensor: `${name}_l0`, steps: [gate(number)] })),
      steps: ["transpose"],
    });
    const mapping = {
      format: 1,
      rules: [
        {
          layer: { cell: { type: "joined" } },
          weights: {
            W: joined("weight_ih"),
            U: joined("weight_hh"),
            b: {
              concat: [1, 0, 3, 2].map((number) => ({
                sum: ["bias_ih_l0", "bias_hh_l0"],
                steps: [gate(number)],
              })),
            },
          },
        },
      ],
    };
    const model = modelFor(fixture, [{ name: "memory", type: "recurrent", cell: { type: "joined", units: 4 } }], {
      cells: {
        joined: {
          state: { h: ["units"], c: ["units"] },
          params: {
            W: { shape: ["input", "4*units"], init: "glorotUniform" },
            U: { shape: ["units", "4*units"], init: "orthogonal" },
            b: { shape: ["4*units"], init: "zeros" },
          },
          equations: [
            "f, i, o, g = split(x @ W + h @ U + b, 4)",
            "c' = sigmoid(f) * c + sigmoid(i) * tanh(g)",
            "h' = sigmoid(o) * tanh(c')",
          ],
          output: "h'",
        },
      },
    });
    await expectSameOutput(fixture, model, mapping);
  });

  test("a model in f64 gets the same numbers", () => {
    const fixture = caseOf("pytorch-gru");
    const { layers } = fixture;
    const narrow = importWeights(fileOf(fixture.name), readMapping(mappings.pytorch), modelFor(fixture, layers));
    const wide = modelFor(fixture, layers, { dtype: "f64" });
    const { weights } = importWeights(fileOf(fixture.name), readMapping(mappings.pytorch), wide);
    expect(weights["memory.Wr"]).toMatchObject({
      dtype: "f64",
      data: Float64Array.from(narrow.weights["memory.Wr"].data),
    });
  });
});
