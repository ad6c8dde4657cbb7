// Models made at random from known parts: each is built, or refused by an error of ours that names a place in the document.
// LATCHGRAD_FUZZ=10 looks at ten times as many.
import { fc, test as property } from "@fast-check/vitest";
import { LatchgradError, verifyGraph, type Issue, type TensorType } from "@latchgrad/core";
import { expect, test } from "vitest";
import { buildModel, readModelConfig, type ModelDocument, type Signature } from "../src/index";
import { graphDocument, graphSignature, mutated } from "./mutate";
import { documentOf, problemsOf } from "./support";

type LayerDocument = ModelDocument["layers"][number];

const RUNS = 1000 * Number(process.env["LATCHGRAD_FUZZ"] ?? 1);
/** Of a property, in milliseconds. */
const LIMIT = 240 * RUNS;

const name = fc.constantFrom("a", "b", "c", "x", "z", "lengths");
const reference = fc.oneof(
  { weight: 5, arbitrary: name },
  { weight: 1, arbitrary: fc.constantFrom("a.h", "b.c", "c.h") },
);
const common = fc.record({ name, inputs: fc.array(reference, { minLength: 1, maxLength: 2 }) }, { requiredKeys: [] });
const cell = fc.oneof(
  fc.record({ type: fc.constant("lstm" as const), units: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    type: fc.constant("gru" as const),
    units: fc.constant(2),
    reset: fc.constantFrom("before" as const, "after" as const),
  }),
  fc.record({ type: fc.constant("rnn" as const), units: fc.constant(2) }),
);
const own: fc.Arbitrary<LayerDocument> = fc.oneof(
  fc.record({ type: fc.constant("dense" as const), units: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ type: fc.constant("embedding" as const), count: fc.constant(4), units: fc.constant(2) }),
  fc.record({ type: fc.constant("dropout" as const), rate: fc.constantFrom(0, 0.5) }),
  fc.record({ type: fc.constantFrom("layerNorm" as const, "concat" as const, "add" as const) }),
  fc.record({
    type: fc.constant("activation" as const),
    function: fc.constantFrom("softmax" as const, "relu" as const),
  }),
  fc.record(
    {
      type: fc.constant("recurrent" as const),
      cell,
      output: fc.constantFrom("last" as const, "sequence" as const),
      direction: fc.constantFrom("forward" as const, "reverse" as const, "bidirectional" as const),
      merge: fc.constantFrom("concat" as const, "sum" as const),
      layers: fc.integer({ min: 1, max: 2 }),
      dropout: fc.constantFrom(0, 0.5),
      initialState: fc.oneof(
        fc.constantFrom("zeros" as const, "learned" as const),
        fc.dictionary(fc.constantFrom("h", "c", "q"), reference, { maxKeys: 2 }),
      ),
      lengths: fc.oneof(fc.constant(false as const), name),
      checkpoint: fc.constantFrom("sqrt" as const, 2),
      truncate: fc.constant({ k1: 1, k2: 2 }),
    },
    { requiredKeys: ["type", "cell"] },
  ),
);
const layer = fc.tuple(own, common).map(([ofType, ofAll]): LayerDocument => ({ ...ofType, ...ofAll }));

const dims = fc.array(fc.constantFrom<string | number>("B", "T", "S", 1, 2, 3), { maxLength: 4 });
const type: fc.Arbitrary<TensorType> = fc.record({
  dtype: fc.constantFrom("f32" as const, "f64" as const, "i32" as const),
  dims: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(["B", "T", 2], ["B", "T"], ["B", 2], ["B"]) },
    { weight: 1, arbitrary: dims },
  ),
});
const signature: fc.Arbitrary<Signature> = fc.record({
  inputs: fc.oneof(
    fc.record({ x: type }),
    fc.record({ x: type, z: type }),
    fc.record({
      x: type,
      lengths: fc.constantFrom<TensorType>({ dtype: "i32", dims: ["B"] }, { dtype: "f32", dims: ["B", 1] }),
    }),
  ),
  targets: fc.oneof(fc.record({ y: type }), fc.record({ y: type, mask: type })),
});
const rest: fc.Arbitrary<Partial<ModelDocument>> = fc.record({
  loss: fc.record({
    type: fc.constantFrom("meanSquaredError" as const, "softmaxCrossEntropy" as const, "binaryCrossEntropy" as const),
  }),
  metrics: fc.constantFrom([], [{ type: "accuracy" as const }], [{ type: "binaryAccuracy" as const }]),
  outputs: fc.dictionary(fc.constantFrom("prediction", "state"), reference, { maxKeys: 1 }),
});

/** The place in the document that an issue names. */
const placeOf = (at: Issue["at"]): string | undefined =>
  at.kind === "config" || at.kind === "equation" ? at.pointer : at.kind === "node" ? at.origin : undefined;

property.prop([fc.array(layer, { minLength: 1, maxLength: 4 }), rest, signature], { numRuns: RUNS })(
  "a model is built in all its modes, or refused at a place in the document",
  (layers, others, task) => {
    try {
      const model = buildModel(readModelConfig(documentOf(layers, others)), task);
      for (const mode of ["train", "eval", "predict"] as const)
        expect(model.graph(mode).outputs[0].name).toBe("prediction");
    } catch (error) {
      if (!(error instanceof LatchgradError)) throw error;
      for (const { at } of error.issues) {
        const pointer = placeOf(at);
        expect(pointer ?? "", error.message).toMatch(/^\/(layers|loss|metrics|outputs)/);
      }
    }
  },
  LIMIT,
);

property.prop([mutated], { numRuns: RUNS })(
  "a document with parts changed is built, or refused by an error of ours at a place in it",
  (document) => {
    try {
      const model = buildModel(readModelConfig(document), graphSignature);
      expect(verifyGraph(model.graph("predict"))).toEqual([]);
    } catch (error) {
      if (!(error instanceof LatchgradError)) throw error;
      expect(error.issues.length).toBeGreaterThan(0);
      for (const { at } of error.issues) {
        const pointer = placeOf(at);
        expect(pointer, error.message).toBeTypeOf("string");
      }
    }
  },
  LIMIT,
);

test("the document that is changed is good", () => {
  expect(buildModel(readModelConfig(graphDocument), graphSignature).params.length).toBeGreaterThan(20);
});

test("a short document cannot ask for endless work or memory", () => {
  const signature = { inputs: { x: { dtype: "f32", dims: ["B", "T", 2] } }, targets: {} } as const;
  const build = (layers: ModelDocument["layers"]) => () => buildModel(readModelConfig(documentOf(layers)), signature);
  const deep = (stacked: number): LayerDocument => ({
    type: "recurrent",
    cell: { type: "rnn", units: 1 },
    layers: stacked,
  });
  expect(problemsOf(build([deep(600), deep(600)]))).toEqual([
    "config.too-large /layers",
    "config.unknown-name /loss/target",
  ]);
  const wide: LayerDocument = { type: "dense", units: 1_000_000 };
  const target = { y: { dtype: "f32", dims: ["B", "T", 1_000_000] } } as const;
  const buildWide = () => buildModel(readModelConfig(documentOf([wide, wide])), { ...signature, targets: target });
  expect(problemsOf(buildWide)).toEqual(["config.too-large /layers/1"]);
});
