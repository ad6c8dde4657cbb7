// Versions of documents: old ones are brought up to date, also over several versions; new ones are refused with a reason.
import { fc, test as property } from "@fast-check/vitest";
import { ConfigError, f64 } from "@latchgrad/core";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { buildModel, MODEL_FORMAT, modelSchema, readModelConfig, readModelWith, type Formats } from "../src/index";
import { issuesOf, problemsOf } from "./support";

/** A document of a format that never was, two versions before the first. */
const old = JSON.parse(readFileSync(new URL("fixtures/format-minus-1.json", import.meta.url), "utf8")) as {
  readonly chain: readonly object[];
};

type Json = Readonly<Record<string, unknown>>;
const elements = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? value.filter((each): each is Json => typeof each === "object" && each !== null) : [];

/** What leads from there to today: first keys got their names, then cells became objects and the loss one. */
const formats: Formats = {
  current: MODEL_FORMAT,
  migrations: {
    [-1]: ({ title, chain, error, ...rest }) => ({
      ...rest,
      name: title,
      layers: elements(chain).map(({ label, from, ...layer }) => ({
        name: label,
        ...(from === undefined ? {} : { inputs: from }),
        ...layer,
      })),
      loss: error,
    }),
    0: ({ layers, loss, ...rest }) => ({
      ...rest,
      layers: elements(layers).map(({ kind, size, last, ...layer }) =>
        kind === "linear"
          ? { ...layer, type: "dense", units: size }
          : {
              ...layer,
              type: "recurrent",
              cell: { type: kind, units: size },
              output: last === true ? "last" : "sequence",
            },
      ),
      loss: typeof loss === "string" ? { type: loss } : loss,
    }),
  },
};
const read = (document: unknown) => readModelWith(modelSchema, document, formats);

test("a document of an old format is read as if it had been written today", () => {
  const today = {
    format: MODEL_FORMAT,
    name: "adding-problem",
    layers: [
      { name: "memory", type: "recurrent", cell: { type: "lstm", units: 4 }, output: "last" },
      { name: "again", type: "dense", units: 3, inputs: ["memory"] },
      { name: "sum", type: "dense", units: 1 },
    ],
    loss: { type: "meanSquaredError" },
  };
  expect(read(old)).toEqual(readModelConfig(today));
  const signature = { inputs: { x: f64("B", "T", 2) }, targets: { y: f64("B", 1) } };
  expect(buildModel(read(old), signature).params).toHaveLength(12 + 4);
});

test("today's documents pass as they are, through the same reader", () => {
  const config = read(old);
  expect(read(config)).toEqual(config);
});

test("what is wrong in an old document is told in the words of today", () => {
  const wrong = { ...old, chain: [{ label: "memory", kind: "ltsm", size: 4, last: true }] };
  expect(problemsOf(() => read(wrong))).toEqual(["config.choice /layers/0/cell/type"]);
});

test("a document of a format to come is refused with a reason", () => {
  expect(issuesOf(() => readModelConfig({ format: MODEL_FORMAT + 1, everything: "new" }))).toEqual([
    {
      code: "config.newer-format",
      problem: `this version of Latchgrad reads documents up to format ${MODEL_FORMAT}`,
      received: String(MODEL_FORMAT + 1),
      hint: "update Latchgrad: a newer version wrote this document",
      at: { kind: "config", pointer: "/format" },
    },
  ]);
});

test.each([-2, 0.5, "1", null])("a format %j that nothing leads from is refused by the schema", (format) => {
  expect(problemsOf(() => read({ ...old, format }))).toContainEqual(expect.stringMatching(/^config\.\w+ \/format$/));
});

property.prop([fc.oneof(fc.constant(-1), fc.constant(0), fc.integer()), fc.dictionary(fc.string(), fc.jsonValue())])(
  "whatever says that it is of an old format, what comes out is a config or a ConfigError",
  (format, rest) => {
    try {
      read({ ...rest, format });
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
    }
  },
);
