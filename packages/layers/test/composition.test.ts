// Groups, repetitions, shared layers, ties: each says the same as the document that spells it out.
import { evaluate, f64, gradient, gradientName, i32, type Tensor } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { type Model, type ModelDocument, type Signature } from "../src/index";
import { graphDocument, graphSignature } from "./mutate";
import { documentOf, expectClose, issuesOf, modelOf, numbers, problemsOf, tensor, weightsOf } from "./support";

type LayerDocument = ModelDocument["layers"][number];
type Rest = Partial<ModelDocument>;

const signature: Signature = { inputs: { x: f64("B", 3) }, targets: { y: f64("B", 3) } };
const x = tensor("f64", [2, 3], numbers(6));
const y = tensor("f64", [2, 3], numbers(6, 40));

const build = (layers: readonly LayerDocument[], rest: Rest = {}, given = signature): Model =>
  modelOf(documentOf([...layers], rest), given);
const weightNames = (model: Model): readonly string[] => model.params.map(({ name }) => name);
const chain = (model: Model): readonly string[] =>
  model.layers.map(({ name, inputs }) => `${inputs.join("+")} → ${name}`);

/** Output and gradients of a model, with each weight's value taken from the name that `origin` gives it. */
function run(model: Model, origin: (name: string) => string = (name) => name) {
  const weights = Object.fromEntries(
    model.params.map(({ name, type: { dims } }) => {
      const start = [...origin(name)].reduce((sum, sign) => sum * 7 + sign.charCodeAt(0), 1) % 1000;
      return [
        name,
        tensor(
          "f64",
          dims,
          numbers(
            dims.reduce((a, b) => a * b, 1),
            start,
          ),
        ),
      ];
    }),
  );
  const wrt = weightNames(model);
  const found = evaluate(gradient(model.graph("train"), { of: "loss", wrt }), { ...weights, x, y });
  const gradients = Object.fromEntries(wrt.map((name) => [name, found[gradientName(name)]]));
  return { prediction: evaluate(model.graph("predict"), { ...weights, x }).prediction, gradients };
}

/** Asserts that two models compute the same, where `rename` leads from the weights of one to those of the other. */
function expectSame(one: Model, other: Model, rename: (name: string) => string): void {
  expect(weightNames(one).map(rename)).toEqual(weightNames(other));
  const first = run(one, rename);
  const second = run(other);
  expect(first.prediction).toEqual(second.prediction);
  for (const name of weightNames(one)) expect(first.gradients[name]).toEqual(second.gradients[rename(name)]);
}

const dense = (name?: string, rest: object = {}): LayerDocument => ({
  type: "dense",
  units: 3,
  activation: "tanh",
  ...(name === undefined ? {} : { name }),
  ...rest,
});

const residual: readonly LayerDocument[] = [
  { type: "layerNorm", name: "norm" },
  dense("hidden"),
  { type: "add", name: "sum", inputs: ["hidden", "input"] },
];

describe("groups", () => {
  test("stand for their layers, whose names begin with that of the group", () => {
    const model = build([{ type: "group", name: "block", layers: [...residual] }, dense("last")]);
    expect(chain(model)).toEqual([
      "x → block.norm",
      "block.norm → block.hidden",
      "block.hidden+x → block.sum",
      "block.sum → last",
    ]);
    expect(weightNames(model).slice(0, 3)).toEqual(["block.norm.scale", "block.norm.shift", "block.hidden.W"]);
    expect(model.params[2].origin).toBe("/layers/0/layers/1");
    const flat = build([
      { type: "layerNorm", name: "norm" },
      dense("hidden"),
      { type: "add", name: "sum", inputs: ["hidden", "x"] },
      dense("last"),
    ]);
    expectSame(model, flat, (name) => name.replace("block.", ""));
  });

  test("repeat with weights of their own, each reading the one before", () => {
    const model = build([{ type: "group", name: "block", repeat: 3, layers: [...residual] }]);
    expect(chain(model).filter((line) => line.endsWith("sum"))).toEqual([
      "block1.hidden+x → block1.sum",
      "block2.hidden+block1.sum → block2.sum",
      "block3.hidden+block2.sum → block3.sum",
    ]);
    const spelled = build(
      [1, 2, 3].flatMap((n): readonly LayerDocument[] => [
        { type: "layerNorm", name: `norm${n}` },
        dense(`hidden${n}`),
        { type: "add", name: `sum${n}`, inputs: [`hidden${n}`, n === 1 ? "x" : `sum${n - 1}`] },
      ]),
    );
    expectSame(model, spelled, (name) => name.replace(/block(\d)\.(\w+)/, "$2$1"));
  });

  test("know the names around them, hide equal ones, and can be looked into", () => {
    const model = build([
      dense("a"),
      {
        type: "group",
        name: "outer",
        layers: [
          dense("a", { inputs: "x" }),
          { type: "group", name: "inner", layers: [{ type: "add", name: "sum", inputs: ["a", "input"] }, dense("b")] },
        ],
      },
      { type: "add", name: "end", inputs: ["outer", "outer.inner.sum", "outer.a", "a"] },
    ]);
    expect(chain(model)).toEqual([
      "x → a",
      "x → outer.a",
      "outer.a+outer.a → outer.inner.sum",
      "outer.inner.sum → outer.inner.b",
      "outer.inner.b+outer.inner.sum+outer.a+a → end",
    ]);
  });

  test("layers repeat as well; a number means one of them, the name alone the last", () => {
    const model = build([
      dense("deep", { repeat: 3 }),
      { type: "add", name: "skip", inputs: ["deep", "deep1"] },
      { type: "add", name: "chain", inputs: ["x", "skip"], repeat: 2 },
    ]);
    expect(chain(model)).toEqual([
      "x → deep1",
      "deep1 → deep2",
      "deep2 → deep3",
      "deep3+deep1 → skip",
      "x+skip → chain1",
      "chain1+skip → chain2",
    ]);
  });

  test("without names get those of their types, past the ones that repetitions take", () => {
    const model = build([
      dense(undefined, { repeat: 2 }),
      dense(),
      { type: "group", layers: [dense()] },
      dense("group1"),
    ]);
    expect(model.layers.map(({ name }) => name)).toEqual(["dense1", "dense2", "dense3", "group.dense", "group1"]);
  });
});

describe("shared layers", () => {
  test("have the weights of another one, which get the sum of both gradients", () => {
    const model = build([
      dense("a"),
      { type: "shared", name: "b", layer: "a" },
      { type: "shared", layer: "a", inputs: "b" },
    ]);
    expect(weightNames(model)).toEqual(["a.W", "a.b"]);
    const three = build([dense("a"), dense("b"), dense("c")]);
    const shared = run(model);
    const separate = run(three, (name) => `a${name.slice(1)}`);
    expect(shared.prediction).toEqual(separate.prediction);
    for (const weight of ["W", "b"]) {
      const parts = ["a", "b", "c"].map((name) => separate.gradients[`${name}.${weight}`].data);
      const sums = parts[0].map((_, i) => parts.reduce((sum, part) => sum + part[i], 0));
      expectClose(shared.gradients[`a.${weight}`].data, sums, 1e-13, weight);
    }
  });

  test("may be used before the layer that they share, repeat, and share groups and whole repetitions", () => {
    const model = build([
      { type: "shared", name: "early", layer: "block1", inputs: "x" },
      { type: "group", name: "block", repeat: 2, layers: [...residual] },
      { type: "shared", name: "again", layer: "block", repeat: 2 },
      { type: "add", name: "end", inputs: ["again1.block1.hidden", "again", "early.norm"] },
    ]);
    expect(chain(model)).toEqual([
      "x → early.norm",
      "early.norm → early.hidden",
      "early.hidden+x → early.sum",
      ...["early.sum → block1.norm", "block1.norm → block1.hidden", "block1.hidden+early.sum → block1.sum"],
      ...["block1.sum → block2.norm", "block2.norm → block2.hidden", "block2.hidden+block1.sum → block2.sum"],
      ...[1, 2].flatMap((n) =>
        [1, 2].flatMap((m) => {
          const before = m === 2 ? `again${n}.block1.sum` : n === 2 ? "again1.block2.sum" : "block2.sum";
          const at = `again${n}.block${m}`;
          return [`${before} → ${at}.norm`, `${at}.norm → ${at}.hidden`, `${at}.hidden+${before} → ${at}.sum`];
        }),
      ),
      "again1.block1.hidden+again2.block2.sum+early.norm → end",
    ]);
    expect(new Set(weightNames(model).map((name) => name.split(".")[0]))).toEqual(new Set(["block1", "block2"]));
  });

  test("draw masks of their own", () => {
    const layers: readonly LayerDocument[] = [
      { type: "dropout", name: "drop", rate: 0.5 },
      { type: "shared", name: "again", layer: "drop", inputs: "x" },
      { type: "concat", inputs: ["drop", "again"] },
    ];
    const model = build(layers, {}, { ...signature, targets: { y: f64("B", 6) } });
    const streams = model.graph("train").nodes.flatMap(({ attrs }) => ("stream" in attrs ? [attrs.stream] : []));
    expect(streams).toEqual(["drop.mask", "again.mask"]);
  });
});

describe("tied weights", () => {
  const tokens: Signature = { inputs: { x: i32("B", "T") }, targets: { y: i32("B", "T") } };
  const tied = (tie: object, units = 4): readonly LayerDocument[] => [
    { type: "embedding", name: "letters", count: 5, units },
    { type: "dense", name: "mixed", units: 4, activation: "tanh" },
    { type: "dense", name: "next", units: 5, bias: false, ...tie },
  ];
  const loss = { type: "softmaxCrossEntropy" } as const;
  const transposed = { tie: { W: { weight: "letters.table", transpose: true } } };

  test("an output projection is the transposed embedding, with the gradients of both uses", () => {
    const model = build(tied(transposed), { loss }, tokens);
    expect(weightNames(model)).toEqual(["letters.table", "mixed.W", "mixed.b"]);
    expect(model.layers.at(-1)?.parameters).toBe(0);
    const data: Record<string, Tensor> = {
      ...weightsOf(model),
      x: tensor("i32", [2, 3], [0, 1, 4, 2, 2, 3]),
      y: tensor("i32", [2, 3], [1, 4, 0, 2, 3, 3]),
    };
    const { "letters.table": table } = data;
    const free = build(tied({}), { loss }, tokens);
    const W = tensor(
      "f64",
      [4, 5],
      Array.from({ length: 20 }, (_, i) => table.data[(i % 5) * 4 + Math.floor(i / 5)]),
    );
    const gradientsOf = (of: Model, inputs: Record<string, Tensor>) =>
      evaluate(gradient(of.graph("train"), { of: "loss", wrt: weightNames(of) }), inputs);
    const one = gradientsOf(model, data);
    const two = gradientsOf(free, { ...data, "next.W": W });
    expect(one.loss).toEqual(two.loss);
    const both = two["grad.letters.table"].data.map(
      (value, i) => value + two["grad.next.W"].data[(i % 4) * 5 + Math.floor(i / 4)],
    );
    expectClose(one["grad.letters.table"].data, both, 1e-14, "table");
  });

  test.each<[string, readonly LayerDocument[], readonly string[]]>([
    ["other dims", tied(transposed, 3), ["config.weight-shape /layers/2/tie/W"]],
    ["an unknown layer", tied({ tie: { W: "leters.table" } }), ["config.unknown-name /layers/2/tie/W"]],
    ["an unknown weight", tied({ tie: { W: "letters.tabel" } }), ["config.unknown-weight /layers/2/tie/W"]],
    ["a layer for a weight", tied({ tie: { W: "letters" } }), ["config.unknown-weight /layers/2/tie/W"]],
    ["an input for a weight", tied({ tie: { W: "x" } }), ["config.unknown-weight /layers/2/tie/W"]],
    ["a weight that it lacks", tied({ tie: { V: "letters.table" } }), ["config.unknown-weight /layers/2/tie/V"]],
    ["a later layer", tied({ tie: { W: "next.W" } }), ["config.cycle /layers/2"]],
  ])("%s is refused", (_, layers, expected) => {
    expect(problemsOf(() => build(layers, { loss }, tokens))).toEqual(expected);
  });

  test("what is refused is told with both shapes and what would help", () => {
    expect(issuesOf(() => build(tied({ tie: { W: "letters.table" } }), { loss }, tokens))).toMatchObject([
      { expected: "f64[4,5]", received: "f64[5,4]", hint: 'with "transpose": true it fits' },
    ]);
    expect(issuesOf(() => build(tied({ tie: { W: "letters.tabel" } }), { loss }, tokens))).toMatchObject([
      { hint: 'did you mean "letters.table"?' },
    ]);
  });

  test("weights of one layer at two places have one shape", () => {
    const layers: readonly LayerDocument[] = [
      { type: "dense", name: "a", units: 2 },
      { type: "shared", name: "b", layer: "a" },
      dense("c"),
    ];
    expect(issuesOf(() => build(layers))).toMatchObject([
      { code: "config.weight-shape", expected: "f64[2,2]", received: "f64[3,2]" },
    ]);
  });
});

test("trainable: false freezes a layer, or all layers of a group", () => {
  const model = build([
    dense("a", { trainable: false }),
    { type: "group", name: "g", trainable: false, layers: [dense("b"), dense("c", { trainable: true })] },
    { type: "shared", name: "s", layer: "a" },
    dense("d"),
  ]);
  expect(model.params.filter(({ trainable }) => trainable).map(({ name }) => name)).toEqual(["d.W", "d.b"]);
});

describe("targets that layers read", () => {
  test("are parameters of every graph, and are moved a step later for a decoder", () => {
    const model = modelOf(graphDocument, graphSignature);
    const names = (mode: "train" | "predict") => model.graph(mode).params.map(({ name }) => name);
    expect(names("predict").filter((name) => !name.includes("."))).toEqual(["x", "lengths", "y"]);
    expect(names("train").filter((name) => !name.includes("."))).toEqual([
      ...["x", "lengths", "y", "mask", "n", "key", "step"],
    ]);
  });

  test("a decoder does not see the step that it is to say, nor any later one", () => {
    const model = modelOf(graphDocument, graphSignature);
    const predict = (said: readonly number[]) =>
      evaluate(model.graph("predict"), {
        ...weightsOf(model),
        x: tensor("i32", [1, 3], [0, 1, 2]),
        lengths: tensor("i32", [1], [3]),
        y: tensor("i32", [1, 4], said),
      }).symbols_.data;
    const [first, second] = [predict([1, 2, 3, 4]), predict([1, 2, 5, 0])];
    expect(first.slice(0, 3 * 7)).toEqual(second.slice(0, 3 * 7));
    expect(first.slice(3 * 7)).not.toEqual(second.slice(3 * 7));
  });

  test("lengths of the main input do not shorten a sequence with another time axis", () => {
    const model = modelOf(graphDocument, graphSignature);
    const inputs = {
      ...weightsOf(model),
      x: tensor("i32", [1, 3], [0, 1, 2]),
      lengths: tensor("i32", [1], [2]),
      y: tensor("i32", [1, 4], [1, 2, 3, 4]),
    };
    const shorter = { ...inputs, x: tensor("i32", [1, 2], [0, 1]) };
    const found = evaluate(model.graph("predict"), inputs);
    expect(found.symbols_.data).toEqual(evaluate(model.graph("predict"), shorter).symbols_.data);
    expect(found.symbols_.data.every((value) => value !== 0)).toBe(true);
    const weights = [...found.weights.data];
    expect(weights.filter((_, i) => i % 3 === 2)).toEqual([0, 0, 0, 0]);
  });
});
