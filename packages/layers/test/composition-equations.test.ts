// Cells, layers and losses written as equations stand wherever built-in ones do: in groups, repeated, shared, tied, frozen.
import { checkGradients, evaluate, f64, gradient, hashGraph, i32, type Tensor } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import type { CellDocumentInput, Model, ModelDocument, Signature } from "../src/index";
import * as equations from "./cells/equations";
import { documentOf, expectClose, issuesOf, modelOf, numbers, problemsOf, tensor, weightsOf } from "./support";

type LayerDocument = ModelDocument["layers"][number];

const weightNames = ({ params }: Model): readonly string[] => params.map(({ name }) => name);
const gradientOf = (model: Model) => gradient(model.graph("train"), { of: "loss", wrt: weightNames(model) });

/** Everything that the training graph gives, with its gradients. */
const run = (model: Model, inputs: Record<string, Tensor>) =>
  evaluate(gradientOf(model), { ...weightsOf(model), ...inputs });

function expectEqualRuns(one: Model, other: Model, inputs: Record<string, Tensor>): void {
  expect(weightNames(one)).toEqual(weightNames(other));
  const first = run(one, inputs);
  const second = run(other, inputs);
  expect(Object.keys(first)).toEqual(Object.keys(second));
  for (const [name, { data }] of Object.entries(first)) expectClose(data, second[name].data, 1e-13, name);
}

describe("layers as equations", () => {
  const signature: Signature = { inputs: { x: f64("B", 3) }, targets: { y: f64("B", 3) } };
  const inputs = { x: tensor("f64", [2, 3], numbers(6)), y: tensor("f64", [2, 3], numbers(6, 40)) };
  const build = (layers: readonly LayerDocument[], rest: Partial<ModelDocument> = {}): Model =>
    modelOf(documentOf([...layers], rest), signature);

  /** The same layer, built in and as equations. */
  const builtIn = (rest: object = {}): LayerDocument => ({
    type: "dense",
    name: "hidden",
    units: 3,
    activation: "tanh",
    ...rest,
  });
  const written = (rest: object = {}): LayerDocument => ({
    type: "equations",
    name: "hidden",
    params: {
      W: { shape: ["features", "features"], init: "glorotUniform" },
      b: { shape: ["features"], init: "zeros" },
    },
    equations: [],
    output: "tanh(x @ W + b)",
    ...rest,
  });

  test.each<[string, (layer: typeof builtIn) => readonly LayerDocument[]]>([
    ["repeated", (layer) => [layer({ repeat: 3 }), { type: "add", inputs: ["hidden", "hidden1"] }]],
    [
      "in a residual group, repeated, and the whole used once more",
      (layer) => [
        {
          type: "group",
          name: "block",
          repeat: 2,
          layers: [{ type: "layerNorm" }, layer(), { type: "add", inputs: ["hidden", "input"] }],
        },
        { type: "shared", layer: "block", repeat: 2 },
      ],
    ],
    ["shared", (layer) => [layer(), { type: "shared", layer: "hidden" }, { type: "shared", layer: "hidden" }]],
    ["tied", (layer) => [layer(), layer({ name: "again", tie: { W: { weight: "hidden.W", transpose: true } } })]],
  ])("%s", (_, layers) => {
    const one = build(layers(written));
    expectEqualRuns(one, build(layers(builtIn)), inputs);
    expect(one.params.length).toBeGreaterThan(0);
  });

  test("lend a weight of theirs to built-in ones, and the other way round", () => {
    const tie = { W: "first.W", b: "first.b" };
    const models = [
      [written, builtIn],
      [builtIn, written],
    ].map(([first, second]) => build([first({ name: "first" }), second({ name: "second", tie })]));
    expect(weightNames(models[0])).toEqual(["first.W", "first.b"]);
    expectEqualRuns(models[0], models[1], inputs);
  });

  test("are frozen by the layer, by a group around it, or weight by weight", () => {
    const half = written({
      name: "half",
      params: {
        W: { shape: ["features", "features"], init: "glorotUniform", trainable: false },
        b: { shape: ["features"], init: "zeros" },
      },
    });
    const model = build([
      written({ name: "a", trainable: false }),
      { type: "group", name: "g", trainable: false, layers: [written({ name: "b" })] },
      half,
    ]);
    expect(model.params.filter(({ trainable }) => trainable).map(({ name }) => name)).toEqual(["half.b"]);
  });

  test("draw random numbers of their own at every place", () => {
    const noisy: LayerDocument = { type: "equations", name: "noisy", equations: [], output: "dropout(x, 0.5)" };
    const model = build([
      { ...noisy, repeat: 2 },
      { type: "shared", name: "again", layer: "noisy1" },
    ]);
    const streams = model
      .graph("train")
      .nodes.flatMap(({ attrs }) => ("stream" in attrs ? [String(attrs.stream)] : []));
    expect(streams.map((stream) => stream.split(".")[0])).toEqual(["noisy1", "noisy2", "again"]);
  });

  test("tell a mistake once, at the equation, however often they are repeated", () => {
    const broken = written({ equations: ["k = sigmoid(x @ V)"], output: "k * tanh(x @ W + b)" });
    const layers: readonly LayerDocument[] = [{ type: "group", repeat: 4, layers: [broken] }];
    const [issue, ...others] = issuesOf(() => build(layers));
    expect(others).toEqual([]);
    expect(JSON.stringify(issue.at)).toContain("/layers/0/layers/0/equations/0");
  });

  test("losses as equations are summed with others, by weight and name", () => {
    const distance = { equations: ["d = prediction - target"], output: "d^2" } as const;
    const loss = (first: object): ModelDocument["loss"] =>
      [
        { name: "near", weight: 0.25, ...first },
        { type: "meanAbsoluteError", name: "far" },
      ] as ModelDocument["loss"];
    const layers = [builtIn()];
    const one = build(layers, { loss: loss({ type: "equations", ...distance }) });
    expectEqualRuns(one, build(layers, { loss: loss({ type: "meanSquaredError" }) }), inputs);
    expect(one.objectives.map(({ name }) => name)).toEqual(["near", "far"]);
  });
});

describe("cells as equations", () => {
  const signature: Signature = {
    inputs: { x: i32("B", "T"), lengths: i32("B") },
    targets: { y: i32("B", "S"), n: f64("B", 1) },
  };
  const inputs = {
    x: tensor("i32", [2, 3], [0, 1, 4, 2, 2, 3]),
    lengths: tensor("i32", [2], [3, 2]),
    y: tensor("i32", [2, 4], [1, 4, 0, 2, 3, 3, 0, 1]),
    n: tensor("f64", [2, 1], [0.3, -0.2]),
  };
  const cells: Readonly<Record<string, CellDocumentInput>> = { own: equations.lstm, gated: equations.gruAfter };

  /** An encoder and a decoder with attention, a residual stack, a second use of it, a tied output, and two losses. */
  const translate = (lstm: string, gru: string): Model =>
    modelOf(
      documentOf(
        [
          { type: "embedding", name: "letters", count: 5, units: 4 },
          { type: "recurrent", name: "encoder", cell: { type: lstm, units: 4 } },
          { type: "shift", name: "seen", inputs: "y", fill: 4 },
          { type: "shared", name: "said", layer: "letters" },
          {
            type: "recurrent",
            name: "decoder",
            cell: { type: lstm, units: 4 },
            initialState: { h: "encoder.h", c: "encoder.c" },
          },
          {
            type: "group",
            name: "block",
            repeat: 2,
            layers: [
              { type: "layerNorm" },
              { type: "recurrent", name: "memory", cell: { type: gru, units: 4 } },
              { type: "add", inputs: ["memory", "input"] },
            ],
          },
          { type: "shared", name: "more", layer: "block1" },
          { type: "attention", name: "look", memory: "encoder", score: "general" },
          { type: "dense", name: "next", units: 5, tie: { W: { weight: "letters.table", transpose: true } } },
          { type: "recurrent", name: "summary", inputs: "encoder", cell: { type: gru, units: 2 }, output: "last" },
          { type: "dense", name: "size", units: 1 },
        ] as LayerDocument[],
        {
          cells,
          loss: [
            { type: "softmaxCrossEntropy", name: "symbols", prediction: "next" },
            { type: "meanSquaredError", name: "count", target: "n", weight: 0.5 },
          ],
        },
      ),
      signature,
    );

  test("give the graph of built-in ones in a translator with all of it", () => {
    const one = translate("own", "gated");
    const other = translate("lstm", "gru");
    expect(weightNames(one)).toEqual(weightNames(other));
    for (const mode of ["train", "eval", "predict"] as const)
      expect(hashGraph(one.graph(mode))).toBe(hashGraph(other.graph(mode)));
    expect(hashGraph(gradientOf(one))).toBe(hashGraph(gradientOf(other)));
  });

  test("have a gradient there that agrees with central differences", () => {
    const model = translate("own", "gated");
    const point = { ...weightsOf(model), ...inputs };
    const wrt = weightNames(model);
    const reports = checkGradients(model.graph("train"), point, { of: "loss", wrt, samples: 3, tolerance: 1e-6 });
    expect(reports).toHaveLength(wrt.length);
    expect(reports.filter(({ passed }) => !passed)).toEqual([]);
  });

  test("tie weights of theirs and of cells inside them to other layers", () => {
    const outer: CellDocumentInput = {
      state: { h: ["units"] },
      params: { W: { shape: ["input", "units"], init: "glorotUniform" } },
      cells: { inner: { type: "plain", units: "units", input: "units" } },
      equations: ["h' = 0.5 * h + inner(x @ W)"],
      output: "h'",
    };
    const layers = (tie: object): LayerDocument[] => [
      { type: "dense", name: "first", units: 3, bias: false },
      { type: "recurrent", name: "memory", cell: { type: "outer", units: 3 }, tie: { ...tie } },
    ];
    const build = (tie: object): Model =>
      modelOf(documentOf(layers(tie), { cells: { outer, plain: equations.rnn } }), {
        inputs: { x: f64("B", "T", 3) },
        targets: { y: f64("B", "T", 3) },
      });
    const free = build({});
    expect(weightNames(free)).toEqual([
      "first.W",
      ...["W", "inner.W", "inner.U", "inner.b"].map((name) => `memory.${name}`),
    ]);
    const tied = build({ W: "first.W", "inner.U": { weight: "first.W", transpose: true } });
    expect(weightNames(tied)).toEqual(["first.W", "memory.inner.W", "memory.inner.b"]);

    const data = { x: tensor("f64", [2, 3, 3], numbers(18)), y: tensor("f64", [2, 3, 3], numbers(18, 60)) };
    const weights = weightsOf(tied);
    const W = weights["first.W"];
    const transposed = Array.from({ length: 9 }, (_, i) => (i % 3) * 3 + Math.floor(i / 3));
    const apart = {
      ...weights,
      "memory.W": W,
      "memory.inner.U": tensor(
        "f64",
        [3, 3],
        transposed.map((i) => W.data[i]),
      ),
    };
    const one = evaluate(gradientOf(tied), { ...weights, ...data });
    const two = evaluate(gradientOf(free), { ...apart, ...data });
    expect(one.loss).toEqual(two.loss);
    const sum = two["grad.first.W"].data.map(
      (value, i) => value + two["grad.memory.W"].data[i] + two["grad.memory.inner.U"].data[transposed[i]],
    );
    expectClose(one["grad.first.W"].data, sum, 1e-13, "first.W");
    expect(problemsOf(() => build({ "inner.V": "first.W" }))).toEqual(["config.unknown-weight /layers/1/tie/inner.V"]);
  });
});
