// Several losses: their sum, their names, and what is refused.
import { checkGradients, evaluate, f64, i32 } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { type Model, type ModelDocument, type Signature } from "../src/index";
import { documentOf, modelOf, numbers, problemsOf, tensor, weightsOf } from "./support";

type LayerDocument = ModelDocument["layers"][number];
type Rest = Partial<ModelDocument>;

const x = tensor("f64", [2, 3], numbers(6));
const y = tensor("f64", [2, 3], numbers(6, 40));

const build = (layers: readonly LayerDocument[], rest: Rest, signature: Signature): Model =>
  modelOf(documentOf([...layers], rest), signature);
const weightNames = (model: Model): readonly string[] => model.params.map(({ name }) => name);

const dense = (name?: string, rest: object = {}): LayerDocument => ({
  type: "dense",
  units: 3,
  activation: "tanh",
  ...(name === undefined ? {} : { name }),
  ...rest,
});

describe("several losses", () => {
  const two: Signature = {
    inputs: { x: f64("B", 3) },
    targets: { y: f64("B", 3), k: i32("B"), mask: f64("B") },
  };
  const layers: readonly LayerDocument[] = [
    dense("body"),
    { type: "dense", name: "number", units: 3 },
    { type: "dense", name: "kind", inputs: "body", units: 4 },
  ];
  const loss: ModelDocument["loss"] = [
    { type: "meanSquaredError", name: "distance", prediction: "number", weight: 0.25, mask: false },
    { type: "softmaxCrossEntropy", prediction: "kind", target: "k" },
  ];
  const metrics: ModelDocument["metrics"] = [
    { type: "accuracy", prediction: "kind", target: "k" },
    { type: "meanAbsoluteError", prediction: "number", name: "far" },
    { type: "meanAbsoluteError", prediction: "body", name: "near" },
  ];
  const data = { x, y, k: tensor("i32", [2], [3, 1]), mask: tensor("f64", [2], [1, 0]) };

  test("are summed with their weights, and each is a result with its name, as metrics are", () => {
    const model = build(layers, { loss, metrics }, two);
    const found = evaluate(model.graph("eval"), { ...weightsOf(model), ...data });
    expect(Object.keys(found)).toEqual([
      ...["prediction", "loss", "distance", "softmaxCrossEntropy", "accuracy", "far", "near"],
    ]);
    expect(found.loss.data[0]).toBeCloseTo(0.25 * found.distance.data[0] + found.softmaxCrossEntropy.data[0], 14);
    const only = build(layers, { loss: [loss[1], { ...loss[0], weight: 0 }] as ModelDocument["loss"] }, two);
    const alone = evaluate(only.graph("eval"), { ...weightsOf(only), ...data });
    expect(alone.loss.data[0]).toBe(found.softmaxCrossEntropy.data[0]);
    expect(model.objectives.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      ...["loss distance", "loss softmaxCrossEntropy", "metric accuracy", "metric far", "metric near"],
    ]);
  });

  test("have a gradient that agrees with central differences", () => {
    const model = build(layers, { loss }, two);
    const wrt = weightNames(model);
    const reports = checkGradients(
      model.graph("train"),
      { ...weightsOf(model), ...data },
      { of: "loss", wrt, samples: 6 },
    );
    expect(reports.filter(({ passed }) => !passed)).toEqual([]);
    expect(new Set(reports.filter(({ gradient: slope }) => slope !== 0).map(({ param }) => param)).size).toBe(
      wrt.length,
    );
  });

  test("a list of one is that one", () => {
    const one = { type: "meanSquaredError", name: "distance", mask: false } as const;
    const chainOnly = layers.slice(0, 2);
    const first = build(chainOnly, { loss: one }, two);
    const second = build(chainOnly, { loss: [one] }, two);
    expect(second.graph("train").outputs).toEqual(first.graph("train").outputs);
  });

  test.each<[string, Rest, readonly string[]]>([
    [
      "an output that no loss depends on",
      { loss: { ...(loss as object[])[0] } as never, outputs: { kind: "kind" } },
      ["config.no-loss /layers/2"],
    ],
    [
      "equal names",
      { loss: [(loss as object[])[0], (loss as object[])[0]] as never, outputs: { kind: "kind" } },
      ["config.duplicate-name /loss/1/name"],
    ],
    [
      "the name of the sum",
      { loss: [{ ...(loss as object[])[0], name: "loss" }, (loss as object[])[1]] as never },
      ["config.duplicate-name /loss/0/name"],
    ],
    [
      "the name of another result",
      { loss, metrics: [{ type: "meanSquaredError", name: "prediction", prediction: "number" }] },
      ["config.duplicate-name /metrics/0/name"],
    ],
    [
      "an unknown prediction",
      { loss: [{ ...(loss as object[])[0], prediction: "numbre" }, (loss as object[])[1]] as never },
      ["config.unknown-name /loss/0/prediction"],
    ],
    [
      "a negative weight",
      { loss: [{ ...(loss as object[])[0], weight: -1 }, (loss as object[])[1]] as never },
      ["config.range /loss/0/weight"],
    ],
  ])("%s is refused", (_, rest, expected) => {
    expect(problemsOf(() => build(layers, { loss, ...rest }, two))).toEqual(expected);
  });
});
