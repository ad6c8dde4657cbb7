// The reader of documents: every mistake as a ConfigError with its pointer, all at once, and nothing else ever thrown.
import { fc, test as property } from "@fast-check/vitest";
import { ConfigError } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { readModelConfig, readModelText, readWithSchema } from "../src/index";
import { issuesOf, problemsOf } from "./support";

const adding = {
  format: 1,
  name: "adding-problem",
  layers: [
    { name: "memory", type: "recurrent", cell: { type: "lstm", units: 32 }, output: "last" },
    { name: "sum", type: "dense", units: 1 },
  ],
  loss: { type: "meanSquaredError" },
};

/** A deep copy of the document with the value at `path` replaced, or removed for undefined. */
function changed(path: readonly (string | number)[], value: unknown): unknown {
  const copy = structuredClone(adding) as unknown;
  let at = copy as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
  const last = path[path.length - 1];
  if (value === undefined) Reflect.deleteProperty(at, last);
  else at[last] = value;
  return copy;
}

test("a short document is read with all defaults filled in", () => {
  expect(readModelConfig(adding)).toMatchInlineSnapshot(`
    {
      "cells": {},
      "dtype": "f32",
      "format": 1,
      "layers": [
        {
          "cell": {
            "forgetBias": 1,
            "inputInit": "glorotUniform",
            "recurrentInit": "orthogonal",
            "type": "lstm",
            "units": 32,
          },
          "checkpoint": "none",
          "context": {},
          "direction": "forward",
          "dropout": 0,
          "initialState": "zeros",
          "layers": 1,
          "merge": "concat",
          "name": "memory",
          "output": "last",
          "padding": "zero",
          "trainable": true,
          "type": "recurrent",
        },
        {
          "activation": "linear",
          "bias": true,
          "biasInit": "zeros",
          "name": "sum",
          "trainable": true,
          "type": "dense",
          "units": 1,
          "weightInit": "glorotUniform",
        },
      ],
      "loss": {
        "target": "y",
        "type": "meanSquaredError",
        "weight": 1,
      },
      "metrics": [],
      "name": "adding-problem",
      "outputs": {},
    }
  `);
});

test("the text of a document is read the same way", () => {
  expect(readModelText(JSON.stringify(adding))).toEqual(readModelConfig(adding));
});

describe("mistakes", () => {
  test.each([
    ["a list", [], ["config.type "]],
    ["nothing", null, ["config.type "]],
    [
      "an empty object",
      {},
      ["config.missing /format", "config.missing /name", "config.missing /layers", "config.missing /loss"],
    ],
    ["a format to come", changed(["format"], 2), ["config.newer-format /format"]],
    ["a format that never was", changed(["format"], 0), ["config.choice /format"]],
    ["no layers", changed(["layers"], []), ["config.range /layers"]],
    ["layers as an object", changed(["layers"], {}), ["config.type /layers"]],
    ["an unknown key", changed(["layerz"], 1), ["config.unknown-key /layerz"]],
    ["a misspelled key", changed(["layers", 0, "cell", "unit"], 1), ["config.unknown-key /layers/0/cell/unit"]],
    ["an unknown layer", changed(["layers", 1, "type"], "dens"), ["config.choice /layers/1/type"]],
    ["a layer without type", changed(["layers", 1, "type"], undefined), ["config.missing /layers/1/type"]],
    ["an unknown cell", changed(["layers", 0, "cell", "type"], "LSTN"), ["config.choice /layers/0/cell/type"]],
    ["a cell without type", changed(["layers", 0, "cell", "type"], undefined), ["config.missing /layers/0/cell/type"]],
    ["no units", changed(["layers", 0, "cell", "units"], undefined), ["config.missing /layers/0/cell/units"]],
    ["no unit", changed(["layers", 0, "cell", "units"], 0), ["config.range /layers/0/cell/units"]],
    ["half a unit", changed(["layers", 0, "cell", "units"], 1.5), ["config.type /layers/0/cell/units"]],
    ["units as text", changed(["layers", 0, "cell", "units"], "32"), ["config.type /layers/0/cell/units"]],
    [
      "an unknown initializer",
      changed(["layers", 1, "weightInit"], "glorotunifrom"),
      ["config.choice /layers/1/weightInit"],
    ],
    [
      "an initializer without its settings",
      changed(["layers", 1, "weightInit"], { type: "uniform" }),
      ["config.missing /layers/1/weightInit/low", "config.missing /layers/1/weightInit/high"],
    ],
    ["a number for an initializer", changed(["layers", 1, "weightInit"], 3), ["config.type /layers/1/weightInit"]],
    ["a rate of 1", changed(["layers", 0, "dropout"], 1), ["config.range /layers/0/dropout"]],
    ["a name with a dot", changed(["layers", 0, "name"], "a.b"), ["config.format /layers/0/name"]],
    ["an output with a bad name", changed(["outputs"], { "a b": "memory" }), ["config.name /outputs/a b"]],
    [
      "infinity",
      changed(["layers", 0, "cell", "forgetBias"], Infinity),
      ["config.not-finite /layers/0/cell/forgetBias"],
    ],
    ["a function", changed(["name"], () => 1), ["config.not-json /name"]],
    ["a date", changed(["name"], new Date(0)), ["config.not-json /name"]],
    ["a long text", changed(["name"], "x".repeat(20_000)), ["config.too-long /name"]],
    ["a huge list", changed(["layers"], new Array(200_000).fill(1)), ["config.too-large /layers"]],
    ["a sparse list", changed(["layers"], new Array(2)), ["config.not-json /layers/0", "config.not-json /layers/1"]],
  ] as const)("%s", (_, document, expected) => {
    expect(problemsOf(() => readModelConfig(document))).toEqual(expected);
  });

  test.each(["__proto__", "constructor", "prototype"])("the key %s is refused by name, wherever it stands", (key) => {
    const text = `{"format": 1, "${key}": {"a": 1}, "layers": [{"cell": {"${key}": 1}}]}`;
    expect(problemsOf(() => readModelText(text))).toEqual([
      `config.forbidden-key /${key}`,
      `config.forbidden-key /layers/0/cell/${key}`,
    ]);
  });

  test("all are reported at once, each with the nearest known name, what was expected and what was received", () => {
    const document = {
      format: 1,
      name: "adding-problem",
      layer: [],
      layers: [
        { type: "recurent", cell: { type: "lstm", units: 32 } },
        { type: "recurrent", cell: { type: "lstm", units: "many" }, output: "all" },
        { type: "dense", unit: 1, activation: "than" },
      ],
      loss: { type: "meanSquareError" },
      metrics: [{ type: "accuracy", target: 3 }],
    };
    expect(() => readModelConfig(document)).toThrowErrorMatchingInlineSnapshot(`
      [ConfigError: [config.choice] type is none of the known values
        at       /layers/0/type
        expected one of "recurrent", "dense", "embedding", "attention", "dropout", "layerNorm", "activation", "concat", "add", "shift", "flatten", "equations", "group", "shared"
        received "recurent"
        hint     did you mean "recurrent"?
      [config.type] units has the wrong type
        at       /layers/1/cell/units
        expected a whole number
        received "many"
      [config.choice] output is none of the known values
        at       /layers/1/output
        expected one of "last", "sequence"
        received "all"
      [config.missing] units is missing
        at       /layers/2/units
        expected a whole number
      [config.choice] activation is none of the known values
        at       /layers/2/activation
        expected one of "linear", "tanh", "sigmoid", "relu", "gelu", "silu", "softplus", "softmax"
        received "than"
      [config.unknown-key] unknown key "unit"
        at       /layers/2/unit
        hint     did you mean "units"?
      [config.choice] type is none of the known values
        at       /loss/type
        expected one of "meanSquaredError", "meanAbsoluteError", "softmaxCrossEntropy", "binaryCrossEntropy", "equations"
        received "meanSquareError"
        hint     did you mean "meanSquaredError"?
      [config.type] target has the wrong type
        at       /metrics/0/target
        expected a text
        received 3
      [config.unknown-key] unknown key "layer"
        at       /layer
        hint     did you mean "layers"?]
    `);
  });

  test("a number that is too large for JSON is infinite, and refused", () => {
    const text = JSON.stringify(adding).replace('"units":1', '"units":1e999');
    expect(problemsOf(() => readModelText(text))).toEqual(["config.not-finite /layers/1/units"]);
  });

  test("a nested bomb is refused before anything recurses", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 200_000; i++) deep = [deep];
    expect(problemsOf(() => readModelConfig(changed(["layers"], deep)))).toEqual([
      expect.stringMatching(/^config\.too-deep \/layers(\/0){63}$/) as string,
    ]);
    const cyclic: Record<string, unknown> = { format: 1 };
    cyclic.self = cyclic;
    expect(problemsOf(() => readModelConfig(cyclic))).toEqual([
      expect.stringContaining("config.too-deep /self/self") as string,
    ]);
  });

  test("shared parts cannot multiply without end", () => {
    let shared: unknown = [1];
    for (let i = 0; i < 40; i++) shared = [shared, shared];
    expect(problemsOf(() => readModelConfig(changed(["layers"], shared)))).toEqual(["config.too-large "]);
  });

  test("a document full of mistakes is not listed to its end", () => {
    const document = changed(["layers"], new Array(50_000).fill(NaN));
    expect(issuesOf(() => readModelConfig(document)).length).toBeLessThanOrEqual(100);
  });
});

test("other packages read their documents with the same reader", () => {
  const schema = z.strictObject({
    rate: z.number().positive(),
    kind: z.union([z.strictObject({ warm: z.int() }), z.literal(false)]).optional(),
    mail: z.string().min(3).optional(),
    pair: z
      .strictObject({ a: z.number(), b: z.number() })
      .refine(({ a, b }) => a < b, { error: "a is less than b" })
      .optional(),
  });
  expect(readWithSchema(schema, { rate: 1 })).toEqual({ rate: 1 });
  const wrong = { rate: 0, kind: { warm: "no" }, mail: "x", pair: { a: 2, b: 1 } };
  expect(problemsOf(() => readWithSchema(schema, wrong))).toEqual([
    "config.range /rate",
    "config.type /kind/warm",
    "config.range /mail",
    "config.invalid /pair",
  ]);
  expect(() => readWithSchema(schema, { rate: 1, kind: 3 })).toThrow("an object, or false");
});

/** Documents that are nearly right: the example with parts replaced, removed or added. */
const nearlyRight = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        ["format"],
        ["layers"],
        ["layers", 0],
        ["layers", 0, "cell"],
        ["layers", 0, "cell", "units"],
        ["layers", 1, "inputs"],
        ["layers", 1, "type"],
        ["layers", 0, "initialState"],
        ["layers", 0, "truncate"],
        ["loss"],
        ["loss", "type"],
        ["outputs"],
        ["metrics"],
        ["extra"],
      ),
      fc.oneof(
        fc.jsonValue({ maxDepth: 3 }),
        fc.constantFrom("lstm", "dense", ["memory"], { type: "gru" }, { h: "x" }, NaN, undefined),
      ),
    ),
    { minLength: 1, maxLength: 1 },
  )
  .map(([[path, value]]) => changed(path, value));

property.prop([fc.oneof(fc.anything(), fc.jsonValue(), nearlyRight)], { numRuns: 1000 })(
  "whatever comes in, what comes out is a config or a ConfigError with pointers",
  (document) => {
    try {
      expect(readModelConfig(document).format).toBe(1);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      expect(error.issues.length).toBeGreaterThan(0);
      for (const { at, code } of error.issues) {
        expect(at.kind).toBe("config");
        expect(code).toMatch(/^config\./);
      }
    }
  },
);
