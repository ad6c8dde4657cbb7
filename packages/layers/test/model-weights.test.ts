// The files of a model: read as a model that is ready, or refused with everything that is wrong.
import { compile, f32, type TensorData } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import {
  buildModel,
  encodeSafetensors,
  initialParams,
  readModelConfig,
  readModelFolder,
  readWeights,
  type ModelDocument,
} from "../src/index";
import { documentOf, issuesOf } from "./support";

const document: ModelDocument = documentOf(
  [
    { name: "memory", type: "recurrent", cell: { type: "rnn", units: 3 }, output: "last" },
    { name: "sum", type: "dense", units: 1 },
  ],
  { dtype: "f32" },
);
const signature = { inputs: { x: f32("B", "T", 2) }, targets: { y: f32("B", 1) } };
const model = buildModel(readModelConfig(document), signature);
const weights = initialParams(model, "any");
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Code, place, expected, received and hint of what is wrong with these weights. */
const problems = (changed: Readonly<Record<string, TensorData>>): readonly (readonly unknown[])[] =>
  issuesOf(() => readWeights(encodeSafetensors(changed), model)).map(({ code, at, expected, received, hint }) => [
    code,
    at.kind === "value" || at.kind === "bytes" ? at.name : at.kind,
    expected,
    received,
    hint,
  ]);
const without = (name: string): Record<string, TensorData> =>
  Object.fromEntries(Object.entries(weights).filter(([each]) => each !== name));

test("what is no file is refused in words, such as swapped arguments of programs without types", () => {
  const swapped = readWeights as unknown as (model: unknown, file: unknown) => unknown;
  const files: readonly unknown[] = [model, undefined, null, "weights", new ArrayBuffer(8)];
  for (const file of files) {
    const [issue] = issuesOf(() => swapped(file, model));
    expect(issue).toMatchObject({ code: "safetensors.bytes", expected: "a Uint8Array" });
  }
  expect(issuesOf(() => swapped(model, encodeSafetensors(weights)))[0].code).toBe("safetensors.bytes");
});

describe("a model folder", () => {
  const folder = { config: bytes(JSON.stringify(document)), weights: encodeSafetensors(weights, { model: "test" }) };

  test("is read as a model with its weights, which runs", async () => {
    const ready = readModelFolder(folder, signature);
    expect(ready.weights).toEqual(weights);
    expect(Object.keys(ready.weights)).toEqual(model.params.map(({ name }) => name));
    const x: TensorData = {
      dtype: "f32",
      dims: [1, 4, 2],
      data: Float32Array.from({ length: 8 }, (_, i) => Math.sin(i)),
    };
    const executable = await compile(ready.model.graph("predict"));
    const { prediction } = await executable.run({ ...ready.weights, x });
    expect(prediction.dims).toEqual([1, 1]);
    expect(prediction.data.every(Number.isFinite)).toBe(true);
  });

  test("whose document is wrong is refused as a document", () => {
    const refused = (config: Uint8Array): readonly string[] =>
      issuesOf(() => readModelFolder({ ...folder, config }, signature)).map(({ code }) => code);
    expect(refused(bytes("{"))).toEqual(["config.json-syntax"]);
    expect(refused(Uint8Array.of(0xff))).toEqual(["config.encoding"]);
    expect(refused(bytes('{"format": 1}'))).toContain("config.missing");
  });
});

describe("weights are refused", () => {
  test("with all problems at once", () => {
    const { "memory.W": W, ...rest } = weights;
    const changed = {
      ...rest,
      "memory.w": W,
      "memory.U": { ...weights["memory.U"], dtype: "f64", data: new Float64Array(9) } as TensorData,
      "memory.b": { dtype: "f32", dims: [4], data: new Float32Array(4) } as TensorData,
      "sum.W": { ...weights["sum.W"], dims: [1, 3] },
    };
    expect(problems(changed)).toEqual([
      ["weights.missing", "weight memory.W", "f32[2,3]", undefined, 'the file has "memory.w"'],
      ["weights.dtype", "weight memory.U", "f32[3,3]", "F64[3,3]", undefined],
      ["weights.shape", "weight memory.b", "f32[3]", "F32[4]", undefined],
      [
        "weights.shape",
        "weight sum.W",
        "f32[3,1]",
        "F32[1,3]",
        "transposed it would fit; weights of another system are imported with a mapping",
      ],
      ["weights.unknown", 'tensor "memory.w"', undefined, "F32[2,3]", 'did you mean "memory.W"?'],
    ]);
  });

  test("when one is missing, and when there is one more", () => {
    expect(problems(without("sum.b"))).toEqual([["weights.missing", "weight sum.b", "f32[1]", undefined, undefined]]);
    expect(problems({ ...weights, entirelyDifferent: weights["sum.b"] })).toEqual([
      ["weights.unknown", 'tensor "entirelyDifferent"', undefined, "F32[1]", undefined],
    ]);
  });

  test("of another system, with the hint that there are mappings", () => {
    const foreign = { weight_ih_l0: weights["memory.W"], weight_hh_l0: weights["memory.U"] };
    const [first] = problems(foreign);
    expect(first.at(-1)).toMatch(/imported with a mapping/);
  });

  test("with at most 100 problems, quickly, when a file has very many tensors", () => {
    const empty: TensorData = { dtype: "f32", dims: [0], data: new Float32Array() };
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`${"x".repeat(60)}${i}`, empty]));
    expect(problems(many)).toHaveLength(100);
  });
});
