// Models: wiring, modes, weights, errors with pointers, the whole graph as text, the gradient of a whole model.
import { readFileSync, writeFileSync } from "node:fs";
import {
  checkGradients,
  evaluate,
  f32,
  f64,
  formatType,
  GraphError,
  i32,
  printGraph,
  type TensorType,
} from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { describeModel, initialParams, type ModelDocument, type Signature } from "../src/index";
import { documentOf, issuesOf, modelOf, numbers, problemsOf, tensor, weightsOf } from "./support";

const adding: ModelDocument = {
  format: 1,
  name: "adding-problem",
  layers: [
    { name: "memory", type: "recurrent", cell: { type: "lstm", units: 4 }, output: "last" },
    { name: "sum", type: "dense", units: 1 },
  ],
  loss: { type: "meanSquaredError" },
  metrics: [{ type: "meanAbsoluteError" }],
};
const addingSignature: Signature = { inputs: { x: f32("B", "T", 2) }, targets: { y: f32("B", 1) } };

const texts: ModelDocument = {
  format: 1,
  name: "characters",
  dtype: "f64",
  layers: [
    { name: "letters", type: "embedding", count: 6, units: 3 },
    { name: "memory", type: "recurrent", cell: { type: "gru", units: 4 }, dropout: 0.5, layers: 2 },
    { name: "norm", type: "layerNorm" },
    { name: "next", type: "dense", units: 6 },
  ],
  loss: { type: "softmaxCrossEntropy" },
  metrics: [{ type: "accuracy" }, { type: "perplexity" }, { type: "bitsPerSymbol" }],
  outputs: { state: "memory.h" },
};
const textsSignature: Signature = {
  inputs: { x: i32("B", "T"), lengths: i32("B") },
  targets: { y: i32("B", "T"), mask: f32("B", "T") },
};

describe("the graph", () => {
  test.each([
    ["adding-lstm-train", adding, addingSignature, "train"],
    ["characters-gru-train", texts, textsSignature, "train"],
    ["characters-gru-predict", texts, textsSignature, "predict"],
  ] as const)("%s is as stored; run with BLESS=1 if a change is intended", (name, document, signature, mode) => {
    const file = new URL(`golden/${name}.ir`, import.meta.url);
    const text = printGraph(modelOf(document, signature).graph(mode));
    if (process.env.BLESS === "1") writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, "utf8"));
  });

  test("has weights, inputs, targets and random key as parameters, as the mode needs them", () => {
    const model = modelOf(texts, textsSignature);
    const weights = model.params.map((param) => param.name);
    const paramsOf = (mode: "train" | "eval" | "predict") => model.graph(mode).params.map((param) => param.name);
    expect(paramsOf("train")).toEqual([...weights, "x", "lengths", "y", "mask", "key", "step"]);
    expect(paramsOf("eval")).toEqual([...weights, "x", "lengths", "y", "mask"]);
    expect(paramsOf("predict")).toEqual([...weights, "x", "lengths"]);
    const outputsOf = (mode: "eval" | "predict") => model.graph(mode).outputs.map((output) => output.name);
    expect(outputsOf("predict")).toEqual(["prediction", "state"]);
    expect(outputsOf("eval")).toEqual(["prediction", "state", "loss", "accuracy", "perplexity", "bitsPerSymbol"]);
  });

  test("has a gradient that agrees with central differences, through all layers, dropout, lengths and mask", () => {
    const model = modelOf(texts, textsSignature);
    const inputs = {
      ...weightsOf(model),
      x: tensor("i32", [2, 3], [0, 5, 2, 3, 1, 0]),
      lengths: tensor("i32", [2], [3, 2]),
      y: tensor("i32", [2, 3], [5, 2, 1, 1, 4, 0]),
      mask: tensor("f32", [2, 3], [1, 1, 1, 1, 1, 0]),
      key: tensor("u32", [2], [3, 4]),
      step: tensor("i32", [], [2]),
    };
    const wrt = model.params.map((param) => param.name);
    const reports = checkGradients(model.graph("train"), inputs, { of: "loss", wrt, samples: 8 });
    expect(reports.filter((report) => !report.passed)).toEqual([]);
    expect(
      reports.filter((report) => report.gradient === 0 && report.difference === 0).map(({ param }) => param),
    ).toEqual([]);
  });
});

describe("weights", () => {
  test("start from the seed and their own name alone", () => {
    const first = initialParams(modelOf(adding, addingSignature), "latch");
    const longer = { ...adding, layers: [{ type: "dense", name: "new", units: 2 } as const, ...adding.layers] };
    const second = initialParams(modelOf(longer, addingSignature), "latch");
    expect(Object.keys(second)).toEqual([...["new.W", "new.b"], ...Object.keys(first)]);
    for (const [name, value] of Object.entries(first)) expect(second[name]).toEqual(value);
    expect(initialParams(modelOf(adding, addingSignature), "other")["memory.Wf"]).not.toEqual(first["memory.Wf"]);
    expect(first["memory.Wf"].data).toBeInstanceOf(Float32Array);
  });

  test("are described with their layers", () => {
    const { layers, parameters, weights } = describeModel(modelOf(adding, addingSignature));
    const lines = layers.map(
      ({ name, type, inputs, output, parameters: own }) =>
        `${inputs.join()} → ${name} ${type} ${formatType(output)} ${own}`,
    );
    expect(lines).toEqual(["x → memory recurrent f32[B,4] 112", "memory → sum dense f32[B,1] 5"]);
    expect(parameters).toBe(117);
    expect(weights[0]).toEqual({
      name: "memory.Wf",
      type: { dtype: "f32", dims: [2, 4] },
      initializer: "glorotUniform",
      trainable: true,
      origin: "/layers/0",
    });
  });
});

describe("wiring", () => {
  const dense = (name: string, ...inputs: string[]): ModelDocument["layers"][number] => ({
    type: "dense",
    name,
    units: 2,
    ...(inputs.length === 0 ? {} : { inputs }),
  });
  const signature: Signature = { inputs: { x: f64("B", 2), z: f64("B", 2) }, targets: { y: f64("B", 2) } };
  const wired = (layers: ModelDocument["layers"], rest: Partial<ModelDocument> = {}, given = signature) =>
    modelOf(documentOf(layers, rest), given);

  test("layers form a directed graph, in any order", () => {
    const model = wired([
      { type: "add", name: "joined", inputs: ["a", "b"] },
      dense("b", "a"),
      dense("a", "x"),
      dense("last", "joined"),
    ]);
    expect(model.layers.map((layer) => layer.name)).toEqual(["a", "b", "joined", "last"]);
    const found = evaluate(model.graph("predict"), {
      ...weightsOf(model),
      x: tensor("f64", [1, 2], [1, 2]),
      z: tensor("f64", [1, 2], [0, 0]),
    });
    expect(found.prediction.type.dims).toEqual([1, 2]);
  });

  test("a chain starts at x, or at the only input", () => {
    expect(wired([dense("a")]).layers[0].inputs).toEqual(["x"]);
    const only = { ...signature, inputs: { series: f64("B", 2), lengths: i32("B") } };
    expect(wired([dense("a")], {}, only).layers[0].inputs).toEqual(["series"]);
    const unclear = { ...signature, inputs: { left: f64("B", 2), right: f64("B", 2) } };
    expect(problemsOf(() => wired([dense("a")], {}, unclear))).toEqual(["config.unknown-name /layers/0"]);
  });

  test("the prediction is that of the last layer, or the one named", () => {
    const frozen = { ...dense("b"), trainable: false } as ModelDocument["layers"][number];
    const model = wired([dense("a"), frozen], { outputs: { prediction: "a", other: "b" } });
    const graph = model.graph("predict");
    const prediction = graph.outputs.find((output) => output.name === "prediction");
    expect(graph.nodes.find((node) => node.id === prediction?.value)?.origin).toBe("/layers/0");
    expect(wired([dense("a"), frozen], { loss: { type: "meanSquaredError", prediction: "a" } }).layers).toHaveLength(2);
  });

  test.each<[string, ModelDocument["layers"], Partial<ModelDocument>, string[]]>([
    ["unknown input", [dense("a", "w")], {}, ["config.unknown-name /layers/0/inputs/0"]],
    ["unknown output", [dense("a", "x.h")], {}, ["config.unknown-output /layers/0/inputs/0"]],
    ["same names", [dense("a"), dense("a")], {}, ["config.duplicate-name /layers/1/name"]],
    ["name of an input", [dense("x")], {}, ["config.duplicate-name /layers/0/name"]],
    ["self", [dense("a", "a")], {}, ["config.cycle /layers/0"]],
    ["cycle", [dense("a", "c"), dense("b", "a"), dense("c", "b"), dense("d", "c")], {}, ["config.cycle /layers/0"]],
    [
      "two cycles",
      [dense("a", "b"), dense("b", "a"), dense("c", "d"), dense("d", "c")],
      {},
      ["config.cycle /layers/0", "config.cycle /layers/2"],
    ],
    ["unused", [dense("a"), dense("b", "x"), dense("c", "b")], {}, ["config.unused-layer /layers/0"]],
    ["too few inputs", [{ type: "add" }], {}, ["config.input-count /layers/0"]],
    ["too many inputs", [dense("a", "x", "z")], {}, ["config.input-count /layers/0/inputs"]],
    ["unknown result", [dense("a")], { outputs: { state: "b.h" } }, ["config.unknown-name /outputs/state"]],
    ["result called loss", [dense("a")], { outputs: { loss: "a" } }, ["config.duplicate-name /outputs/loss"]],
    [
      "metric twice",
      [dense("a")],
      { metrics: [{ type: "meanAbsoluteError" }, { type: "meanAbsoluteError" }] },
      ["config.duplicate-name /metrics/1"],
    ],
    [
      "unknown target",
      [dense("a")],
      { loss: { type: "meanSquaredError", target: "t", mask: "m" } },
      ["config.unknown-name /loss/target", "config.unknown-name /loss/mask"],
    ],
    [
      "unknown lengths",
      [{ type: "recurrent", cell: { type: "rnn", units: 2 }, lengths: "l" }],
      {},
      ["config.unknown-name /layers/0/lengths"],
    ],
  ])("%s", (_, layers, rest, expected) => {
    expect(problemsOf(() => wired(layers, rest))).toEqual(expected);
  });

  test("all problems are reported at once, with the nearest known name", () => {
    const layers: ModelDocument["layers"] = [
      dense("first", "xx"),
      dense("second", "frist"),
      { type: "concat", name: "both", inputs: ["second"] },
    ];
    expect(() => wired(layers, { outputs: { o: "secnd.h" }, loss: { type: "meanSquaredError", target: "Y" } }))
      .toThrowErrorMatchingInlineSnapshot(`
        [ConfigError: [config.unknown-name] no input or layer is called "xx"
          at       /layers/0/inputs/0
          hint     did you mean "x"?
        [config.unknown-name] no input or layer is called "frist"
          at       /layers/1/inputs/0
          hint     did you mean "first"?
        [config.unknown-name] no input or layer is called "secnd"
          at       /outputs/o
          hint     did you mean "second"?
        [config.input-count] the layer type concat reads 2 inputs or more
          at       /layers/2/inputs
          received second
        [config.unknown-name] the task has no target "Y"
          at       /loss/target
          hint     did you mean "y"?]
      `);
  });

  test("a thousand layers are wired without delay, also when each waits for the next", () => {
    const count = 1000;
    const layers = Array.from({ length: count }, (_, i) => ({
      type: "activation" as const,
      name: `n${i}`,
      function: "linear" as const,
      inputs: [i === count - 1 ? "x" : `n${i + 1}`],
    }));
    const model = wired(layers, { outputs: { prediction: "n0" } });
    expect(model.layers[0].name).toBe("n999");
    const cyclic = layers.map((layer, i) => (i === count - 1 ? { ...layer, inputs: ["n0"] } : layer));
    expect(problemsOf(() => wired(cyclic))).toEqual(["config.cycle /layers/0"]);
  });
});

describe("types that do not fit", () => {
  const units = (first: number): ModelDocument["layers"] => [
    { type: "dense", name: "a", inputs: ["x"], units: first },
    { type: "dense", name: "b", inputs: ["x"], units: 3 },
    { type: "add", inputs: ["a", "b"] },
  ];

  test("are told at the layer", () => {
    const signature = { inputs: { x: f32("B", 2) }, targets: { y: f32("B", 3) } };
    expect(problemsOf(() => modelOf(documentOf(units(2)), signature))).toEqual(["config.inputs-differ /layers/2"]);
    expect(modelOf(documentOf(units(3)), signature).params).toHaveLength(4);
  });

  test("are told at the loss", () => {
    const signature = { inputs: { x: f32("B", 2) }, targets: { y: f32("B", 2) } };
    expect(problemsOf(() => modelOf(documentOf(units(3)), signature))).toEqual(["config.target-type /loss"]);
  });

  test("are told where two time axes meet", () => {
    const signature: Signature = {
      inputs: { x: f32("B", "T", 2), z: f32("B", "S", 2) },
      targets: { y: f32("B", "T", 4) },
    };
    const document = documentOf([
      { type: "recurrent", name: "a", inputs: ["x"], cell: { type: "rnn", units: 2 } },
      { type: "recurrent", name: "b", inputs: ["z"], cell: { type: "rnn", units: 2 } },
      { type: "concat", inputs: ["a", "b"] },
    ]);
    expect(problemsOf(() => modelOf(document, signature))).toEqual(["config.inputs-differ /layers/2"]);
  });

  test("a task may not use the names of the graph itself", () => {
    const build = (inputs: Readonly<Record<string, TensorType>>) => () =>
      modelOf(adding, { inputs: { x: f32("B", "T", 2), ...inputs }, targets: { y: f32("B", 1) } });
    for (const name of ["key", "step", "y", "a.b"]) {
      expect(build({ [name]: f32("B") }), name).toThrow(GraphError);
      expect(issuesOf(build({ [name]: f32("B") }))).toMatchObject([{ code: "signature.name" }]);
    }
  });
});

test("numbers come out the same in f32 models, where the reference does not round", () => {
  const model = modelOf(adding, addingSignature);
  const inputs = {
    ...weightsOf(model),
    x: tensor("f32", [1, 3, 2], numbers(6)),
    y: tensor("f32", [1, 1], [0.5]),
  };
  const { loss, prediction, meanAbsoluteError } = evaluate(model.graph("eval"), inputs);
  expect(loss.data[0]).toBeCloseTo((prediction.data[0] - 0.5) ** 2, 12);
  expect(meanAbsoluteError.data[0]).toBeCloseTo(Math.abs(prediction.data[0] - 0.5), 12);
});
