// Every layer, from one case each: output type, weights, gradient, refusals; and what single layers promise.
import { bool, checkGradients, evaluate, f32, f64, formatType, i32, type TensorType } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { layers, type ModelDocument } from "../src/index";
import { documentOf, expectClose, modelOf, numbers, problemsOf, tensor, typed, weightsOf } from "./support";

type LayerDocument = ModelDocument["layers"][number];

interface LayerCase {
  /** Without name and inputs. */
  readonly layer: LayerDocument;
  readonly input: TensorType;
  /** Where a layer reads several inputs: how many of that type. */
  readonly inputCount?: number;
  /** Further inputs of the task, by name. */
  readonly besides?: Readonly<Record<string, TensorType>>;
  readonly output: string;
  readonly weights: readonly string[];
  /** Types of input that the layer refuses. */
  readonly refuses: readonly TensorType[];
}

/** A case per layer; a missing one does not compile. */
const cases: { readonly [Type in keyof typeof layers]: LayerCase } = {
  recurrent: {
    layer: {
      type: "recurrent",
      cell: { type: "gru", units: 3 },
      layers: 2,
      direction: "bidirectional",
      output: "last",
    },
    input: f64("B", "T", 2),
    output: "f64[B,6]",
    weights: [1, 2].flatMap((layer) =>
      ["forward", "reverse"].flatMap((direction) =>
        [`Wr[${layer === 1 ? 2 : 6},3]`, "Ur[3,3]", "br[3]", `Wz[${layer === 1 ? 2 : 6},3]`, "Uz[3,3]", "bz[3]"]
          .concat([`Wn[${layer === 1 ? 2 : 6},3]`, "Un[3,3]", "bn[3]", "bUn[3]"])
          .map((weight) => `layer${layer}.${direction}.${weight}`),
      ),
    ),
    refuses: [f64("B", 2), f64("B", "T", 2, 2), f64("B", "T", "F"), i32("B", "T")],
  },
  dense: {
    layer: { type: "dense", units: 4, activation: "tanh" },
    input: f64("B", 3),
    output: "f64[B,4]",
    weights: ["W[3,4]", "b[4]"],
    refuses: [f64(), f64("B", "F"), i32("B", "T")],
  },
  embedding: {
    layer: { type: "embedding", count: 5, units: 3 },
    input: i32("B", "T"),
    output: "f64[B,T,3]",
    weights: ["table[5,3]"],
    refuses: [f64("B", "T")],
  },
  attention: {
    layer: { type: "attention", memory: "m", score: "additive", units: 2, lengths: "l" },
    input: f64("B", "S", 3),
    besides: { m: f64("B", "T", 4), l: i32("B") },
    output: "f64[B,S,4]",
    weights: ["Wq[3,2]", "Wm[4,2]", "b[2]", "v[2,1]"],
    refuses: [f64("B"), f64("B", "S", "F"), f64("B", 2, "S", 3), f64("A", "S", 3), i32("B", "S")],
  },
  dropout: {
    layer: { type: "dropout", rate: 0.5 },
    input: f64("B", 3),
    output: "f64[B,3]",
    weights: [],
    refuses: [i32("B", 3)],
  },
  layerNorm: {
    layer: { type: "layerNorm" },
    input: f64("B", "T", 4),
    output: "f64[B,T,4]",
    weights: ["scale[4]", "shift[4]"],
    refuses: [f64(), f64("B", "F"), i32("B", 4)],
  },
  activation: {
    layer: { type: "activation", function: "softplus" },
    input: f64("B", "T", 2),
    output: "f64[B,T,2]",
    weights: [],
    refuses: [i32("B", 2)],
  },
  concat: {
    layer: { type: "concat" },
    input: f64("B", 3),
    inputCount: 3,
    output: "f64[B,9]",
    weights: [],
    refuses: [f64("B", 2, 2), i32("B", 3)],
  },
  add: {
    layer: { type: "add" },
    input: f64("B", 3),
    inputCount: 2,
    output: "f64[B,3]",
    weights: [],
    refuses: [f64("B", 2), i32("B", 3)],
  },
  equations: {
    // Srivastava, Greff, Schmidhuber 2015, Highway networks.
    layer: {
      type: "equations",
      reads: { x: ["features"] },
      hyper: { start: 0.5 },
      params: {
        W: { shape: ["features", "features"], init: "orthogonal" },
        V: { shape: ["features", "features"], init: "glorotUniform" },
        b: { shape: ["features"], init: { type: "constant", value: "-start" } },
      },
      functions: ["gate(a) = sigmoid(a + b)"],
      equations: ["k = gate(x @ V)"],
      output: "k * tanh(x @ W) + (1 - k) * x",
    },
    input: f64("B", "T", 3),
    output: "f64[B,T,3]",
    weights: ["W[3,3]", "V[3,3]", "b[3]"],
    refuses: [f64()],
  },
  shift: {
    layer: { type: "shift", fill: 0.5 },
    input: f64("B", "T", 2),
    output: "f64[B,T,2]",
    weights: [],
    refuses: [f64("B"), bool("B", "T")],
  },
  flatten: {
    layer: { type: "flatten" },
    input: f64("B", 2, 3),
    output: "f64[B,6]",
    weights: [],
    refuses: [f64("B"), f64("B", "T", 3), i32("B", 3)],
  },
};

/** A model of that one layer; the first input has another type on request. */
function modelOfCase(
  { layer, input, inputCount = 1, besides = {} }: LayerCase,
  first: TensorType = input,
  target = f64("B"),
) {
  const names = Array.from({ length: inputCount }, (_, i) => `x${i}`);
  return modelOf(documentOf([{ ...layer, name: "subject", inputs: names }]), {
    inputs: { ...Object.fromEntries(names.map((name, i) => [name, i === 0 ? first : input])), ...besides },
    targets: { y: target },
  });
}

/** The target type that goes with an output such as "f64[B,6]". */
const asType = (text: string): TensorType =>
  f64(...(/\[(.*)\]/.exec(text)?.[1] ?? "").split(",").map((dim) => (/^\d+$/.test(dim) ? Number(dim) : dim)));

const SIZES: Readonly<Record<string, number>> = { B: 2, T: 3, S: 2 };
const bound = ({ dims }: TensorType): number[] => dims.map((dim) => (typeof dim === "number" ? dim : SIZES[dim]));
const filled = (type: TensorType, start: number) => {
  const dims = bound(type);
  const count = dims.reduce((a, b) => a * b, 1);
  return tensor(type.dtype, dims, type.dtype === "i32" ? numbers(count).map((_, i) => i % 5) : numbers(count, start));
};

describe.each(Object.entries(cases))("%s", (type, layerCase) => {
  const target = asType(layerCase.output);
  const model = modelOfCase(layerCase, layerCase.input, target);

  test("gives the promised type with the promised weights", () => {
    expect(formatType(model.layers[0].output)).toBe(layerCase.output);
    const found = model.params.map(({ name, type: { dims } }) => `${name.replace("subject.", "")}[${dims.join(",")}]`);
    expect(found).toEqual(layerCase.weights);
    expect(model.params.every((param) => param.origin === "/layers/0")).toBe(true);
  });

  test("has a gradient that agrees with central differences", () => {
    const graph = model.graph("eval");
    const weights = Object.fromEntries(
      model.params.map(({ name, type: { dims } }, i) => [name, filled({ dtype: "f64", dims }, i + 5)]),
    );
    const inputs = Object.fromEntries(
      Object.entries(model.signature.inputs).map(([name, inputType], i) => [name, filled(inputType, i + 1)]),
    );
    const wrt = [
      ...model.params.map((param) => param.name),
      ...Object.keys(inputs).filter((name) => inputs[name].type.dtype === "f64"),
    ];
    const reports = checkGradients(
      graph,
      { ...weights, ...inputs, y: filled(target, 9) },
      { of: "loss", wrt, samples: 12 },
    );
    expect(reports.filter((report) => !report.passed)).toEqual([]);
    // The test is worth something only if gradients are not all zero.
    expect(reports.some((report) => report.gradient !== 0)).toBe(true);
  });

  test("refuses inputs that do not fit, at its own pointer", () => {
    for (const refused of layerCase.refuses)
      expect(
        problemsOf(() => modelOfCase(layerCase, refused)),
        formatType(refused),
      ).toEqual([expect.stringMatching(/^config\.(input-type|inputs-differ|unknown-size) \/layers\/0$/)]);
  });

  test("is documented by its own key", () => {
    const definition = layers[type as keyof typeof layers];
    expect(definition.type).toBe(type);
    expect(definition.summary).toMatch(/\.$/);
  });
});

test("layers without names are called by their types", () => {
  const model = modelOf(
    documentOf([
      { type: "dense", units: 2 },
      { type: "dense", name: "dense2", units: 2 },
      { type: "dense", units: 2 },
    ]),
    { inputs: { x: f64("B", 2) }, targets: { y: f64("B", 2) } },
  );
  expect(model.layers.map((layer) => layer.name)).toEqual(["dense", "dense2", "dense3"]);
});

test("a model in f64 takes inputs in f32", () => {
  const document = documentOf([{ type: "dense", units: 1 }]);
  const model = modelOf(document, { inputs: { x: f32("B", 2) }, targets: { y: f32("B", 1) } });
  expect(model.params[0].type.dtype).toBe("f64");
  const inputs = { ...weightsOf(model), x: tensor("f32", [1, 2], [1, 2]), y: tensor("f32", [1, 1], [0]) };
  expect(evaluate(model.graph("eval"), inputs).loss.type).toEqual(f64());
});

describe("dropout", () => {
  const inputs = { x: f32("B", 100) };
  const document = documentOf([{ type: "dropout", name: "drop", rate: 0.3 }], { dtype: "f32" });
  const model = modelOf(document, { inputs, targets: { y: f32("B", 100) } });
  const x = tensor("f32", [100, 100], new Float64Array(10_000).fill(1));
  const y = x;
  const train = (step: number, key = [1, 2]) =>
    evaluate(model.graph("train"), { x, y, key: tensor("u32", [2], key), step: tensor("i32", [], [step]) }).prediction
      .data;

  test("keeps the mean and sets the promised share to zero while training", () => {
    const out = train(0);
    const zeros = out.filter((value) => value === 0).length;
    // Five standard deviations of 10,000 draws with probability 0.3.
    expect(Math.abs(zeros - 3000)).toBeLessThan(5 * Math.sqrt(10_000 * 0.3 * 0.7));
    expect(new Set(out.filter((value) => value !== 0)).size).toBe(1);
    expect(Math.max(...out)).toBeCloseTo(1 / 0.7, 6);
  });

  test("has a mask that is a function of key and step", () => {
    expect(train(3)).toEqual(train(3));
    expect(train(3)).not.toEqual(train(4));
    expect(train(3)).not.toEqual(train(3, [1, 3]));
  });

  test("is the identity otherwise, and the graph asks for no key", () => {
    for (const mode of ["eval", "predict"] as const) {
      const graph = model.graph(mode);
      expect(graph.params.map((param) => param.name)).not.toContain("key");
      expect(evaluate(graph, mode === "predict" ? { x } : { x, y }).prediction.data).toEqual(x.data);
    }
  });

  test("drops the gradient with the element", () => {
    const reports = checkGradients(
      model.graph("train"),
      {
        x: tensor("f32", [2, 100], numbers(200)),
        y: tensor("f32", [2, 100], numbers(200, 7)),
        key: tensor("u32", [2], [5, 6]),
        step: tensor("i32", [], [1]),
      },
      { of: "loss", wrt: ["x"] },
    );
    expect(reports.every((report) => report.passed)).toBe(true);
  });

  test("is different in each layer", () => {
    const two = modelOf(
      documentOf(
        [
          { type: "dropout", name: "a", inputs: ["x"], rate: 0.5 },
          { type: "dropout", name: "b", inputs: ["x"], rate: 0.5 },
          { type: "concat", inputs: ["a", "b"] },
        ],
        { dtype: "f32" },
      ),
      { inputs, targets: { y: f32("B", 200) } },
    );
    const found = evaluate(two.graph("train"), {
      x: tensor("f32", [1, 100], new Float64Array(100).fill(1)),
      y: tensor("f32", [1, 200], new Float64Array(200)),
      key: tensor("u32", [2], [1, 2]),
      step: tensor("i32", [], [0]),
    }).prediction.data;
    expect(found.slice(0, 100)).not.toEqual(found.slice(100));
  });

  test("works between stacked recurrent layers, on the input of each but the first", () => {
    const stacked = modelOf(
      documentOf([{ type: "recurrent", name: "memory", cell: { type: "rnn", units: 4 }, layers: 2, dropout: 0.5 }]),
      { inputs: { x: f64("B", "T", 2) }, targets: { y: f64("B", "T", 4) } },
    );
    const names = (mode: "train" | "eval") => stacked.graph(mode).params.map((param) => param.name);
    expect(names("train")).toContain("key");
    expect(names("eval")).not.toContain("key");
    const random = stacked.graph("train").nodes.filter((node) => "stream" in node.attrs);
    expect(random.map((node) => node.attrs.stream)).toEqual(["memory.layer2.mask"]);
  });
});

test("embedding looks up its rows", () => {
  const model = modelOf(documentOf([{ type: "embedding", name: "e", count: 3, units: 2 }]), {
    inputs: { x: i32("B", "T") },
    targets: { y: f64("B", "T", 2) },
  });
  const found = evaluate(model.graph("predict"), {
    "e.table": tensor("f64", [3, 2], [0, 1, 10, 11, 20, 21]),
    x: tensor("i32", [1, 3], [2, 0, 2]),
  });
  expectClose(found.prediction.data, [20, 21, 0, 1, 20, 21], 0, "vectors");
});

test("merge layers join in the order of their inputs", () => {
  const model = modelOf(
    documentOf([
      { type: "add", name: "both", inputs: ["x", "z"] },
      { type: "concat", inputs: ["z", "both", "x"] },
    ]),
    { inputs: { x: typed("f64", "B", 1), z: typed("f64", "B", 1) }, targets: { y: f64("B", 3) } },
  );
  const found = evaluate(model.graph("predict"), { x: tensor("f64", [1, 1], [1]), z: tensor("f64", [1, 1], [10]) });
  expect([...found.prediction.data]).toEqual([10, 11, 1]);
});
