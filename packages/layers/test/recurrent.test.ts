// What the recurrent layer promises beyond one cell: lengths, directions, stacks, states, checkpoints, truncation.
import { checkGradients, evaluate, f64, gradient, gradientName, i32, type Tensor } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { cells, makeCell, readModelConfig, type ModelDocument } from "../src/index";
import { documentOf, expectClose, modelOf, numbers, problemsOf, tensor, weightsOf } from "./support";

type LayerDocument = ModelDocument["layers"][number];
type RecurrentDocument = Extract<LayerDocument, { readonly type: "recurrent" }>;

const UNITS = 3;
const FEATURES = 2;
const LENGTHS = [5, 2, 4, 1];
const TIME = 5;

const memory = (rest: Partial<RecurrentDocument> = {}): RecurrentDocument => ({
  type: "recurrent",
  name: "memory",
  cell: { type: "lstm", units: UNITS },
  ...rest,
});

function modelWith(rest: Partial<RecurrentDocument>, { lengths = true, outputs = {} } = {}) {
  const width = rest.direction === "bidirectional" && rest.merge !== "sum" ? 2 * UNITS : UNITS;
  return modelOf(documentOf([memory(rest)], { outputs }), {
    inputs: { x: f64("B", "T", FEATURES), ...(lengths ? { lengths: i32("B") } : {}) },
    targets: { y: rest.output === "last" ? f64("B", width) : f64("B", "T", width) },
  });
}

const batch = (count: number, time: number): Tensor =>
  tensor("f64", [count, time, FEATURES], numbers(count * time * FEATURES));

/** The first `time` steps of example b. */
function example(x: Tensor, b: number, time: number): Tensor {
  const size = TIME * FEATURES;
  return tensor("f64", [1, time, FEATURES], x.data.slice(b * size, b * size + time * FEATURES));
}

const variants: readonly Partial<RecurrentDocument>[] = [
  {},
  { output: "last" },
  { direction: "reverse" },
  { direction: "reverse", output: "last" },
  { direction: "bidirectional", layers: 2, cell: { type: "gru", units: UNITS } },
  { direction: "bidirectional", merge: "sum", output: "last", cell: { type: "rnn", units: UNITS } },
  { layers: 3, output: "last", initialState: "learned" },
];

describe.each(variants.map((variant) => [JSON.stringify(variant), variant] as const))(
  "with lengths %s",
  (_, variant) => {
    const model = modelWith(variant);
    const weights = weightsOf(model);
    const x = batch(LENGTHS.length, TIME);
    const padded = evaluate(model.graph("predict"), { ...weights, x, lengths: tensor("i32", [4], LENGTHS) }).prediction;

    test("a padded batch equals each sequence alone", () => {
      const single = modelWith(variant, { lengths: false }).graph("predict");
      const width = padded.type.dims.at(-1) as number;
      LENGTHS.forEach((length, b) => {
        const alone = evaluate(single, { ...weights, x: example(x, b, length) }).prediction.data;
        const row = padded.data.length / LENGTHS.length;
        expectClose(padded.data.slice(b * row, b * row + alone.length), alone, 1e-14, `sequence ${b}`);
        // What follows the valid steps of a sequence is zero.
        expect(padded.data.slice(b * row + alone.length, (b + 1) * row).every((value) => value === 0)).toBe(true);
        expect(alone.length).toBe(variant.output === "last" ? width : width * length);
      });
    });

    test("what stands behind the length does not matter", () => {
      const other = x.data.slice();
      LENGTHS.forEach((length, b) => other.fill(1e6, (b * TIME + length) * FEATURES, (b + 1) * TIME * FEATURES));
      const inputs = {
        ...weights,
        x: tensor("f64", x.type.dims as number[], other),
        lengths: tensor("i32", [4], LENGTHS),
      };
      expect(evaluate(model.graph("predict"), inputs).prediction.data).toEqual(padded.data);
    });
  },
);

describe("options", () => {
  const x = batch(2, TIME);

  test("lengths are ignored on request", () => {
    const weights = weightsOf(modelWith({}));
    const ignoring = modelWith({ lengths: false }).graph("predict");
    const without = modelWith({}, { lengths: false }).graph("predict");
    expect(evaluate(ignoring, { ...weights, x, lengths: tensor("i32", [2], [1, 1]) }).prediction.data).toEqual(
      evaluate(without, { ...weights, x }).prediction.data,
    );
  });

  test("padding holds the last output on request", () => {
    const model = modelWith({ padding: "hold" });
    const { data } = evaluate(model.graph("predict"), {
      ...weightsOf(model),
      x,
      lengths: tensor("i32", [2], [2, 5]),
    }).prediction;
    const step = (t: number) => data.slice(t * UNITS, (t + 1) * UNITS);
    for (const t of [2, 3, 4]) expect(step(t)).toEqual(step(1));
  });

  test("a reverse layer is a forward layer on the reversed sequence, with outputs in place", () => {
    const reverse = modelWith({ direction: "reverse" }, { lengths: false });
    const weights = weightsOf(reverse);
    const steps = (data: Float64Array, width: number) =>
      Array.from({ length: TIME }, (_, t) => [...data.slice(t * width, (t + 1) * width)]);
    const one = batch(1, TIME);
    const turned = tensor("f64", [1, TIME, FEATURES], steps(one.data, FEATURES).reverse().flat());
    const forward = evaluate(modelWith({}, { lengths: false }).graph("predict"), { ...weights, x: turned }).prediction;
    const found = evaluate(reverse.graph("predict"), { ...weights, x: one }).prediction;
    expect(steps(found.data, UNITS).reverse()).toEqual(steps(forward.data, UNITS));
  });

  test("last is the last of the sequence", () => {
    const weights = weightsOf(modelWith({}, { lengths: false }));
    const all = evaluate(modelWith({}, { lengths: false }).graph("predict"), { ...weights, x }).prediction.data;
    const last = evaluate(modelWith({ output: "last" }, { lengths: false }).graph("predict"), {
      ...weights,
      x,
    }).prediction;
    const row = TIME * UNITS;
    expect([...last.data]).toEqual([0, 1].flatMap((b) => [...all.slice((b + 1) * row - UNITS, (b + 1) * row)]));
  });

  test.each(["sqrt", 1, 2, 100] as const)("checkpoint %s changes nothing but memory", (checkpoint) => {
    const gradientOf = (rest: Partial<RecurrentDocument>) => {
      const model = modelWith(rest, { lengths: false });
      const wrt = model.params.map((param) => param.name);
      const y = tensor("f64", [2, TIME, UNITS], numbers(2 * TIME * UNITS, 3));
      const found = evaluate(gradient(model.graph("train"), { of: "loss", wrt }), { ...weightsOf(model), x, y });
      return wrt.map((name) => [...found[gradientName(name)].data]);
    };
    expect(gradientOf({ checkpoint })).toEqual(gradientOf({}));
  });

  test("truncation reaches back no further than it says", () => {
    const model = modelWith({ truncate: { k1: 1, k2: 2 }, output: "last" }, { lengths: false });
    const y = tensor("f64", [2, UNITS], numbers(2 * UNITS, 3));
    const graph = gradient(model.graph("train"), { of: "loss", wrt: ["x"] });
    const found = evaluate(graph, { ...weightsOf(model), x, y })[gradientName("x")].data;
    const isZero = Array.from({ length: TIME }, (_, t) =>
      found.slice(t * FEATURES, (t + 1) * FEATURES).every((value) => value === 0),
    );
    expect(isZero.slice(-2)).toEqual([false, false]);
    expect(isZero[0]).toBe(true);
  });

  test("nodes of the loop carry the pointer of the cell", () => {
    const graph = modelWith({}).graph("eval");
    const scan = graph.nodes.find((node) => node.regions.length > 0);
    expect(scan?.origin).toBe("/layers/0/cell");
    expect(new Set(scan?.regions[0].nodes.map((node) => node.origin))).toEqual(new Set(["/layers/0/cell"]));
  });
});

describe("states", () => {
  const encoderAndDecoder = (rest: Partial<RecurrentDocument>) =>
    modelOf(
      documentOf(
        [
          { ...memory(rest), name: "encoder", inputs: ["x"], output: "last" },
          { ...memory(rest), name: "decoder", inputs: ["z"], initialState: { h: "encoder.h", c: "encoder.c" } },
        ],
        { outputs: { h: "encoder.h" } },
      ),
      { inputs: { x: f64("B", "T", FEATURES), z: f64("B", "S", FEATURES) }, targets: { y: f64("B", "S", UNITS) } },
    );

  test.each([{}, { layers: 2 }])("an encoder hands its final state to a decoder %j", (rest) => {
    const model = encoderAndDecoder(rest);
    const encoder = weightsOf(model);
    // With the same weights, the decoder goes on where the encoder stopped.
    const shared = Object.fromEntries(
      Object.keys(encoder).map((name) => [name, encoder[name.replace("decoder", "encoder")]]),
    );
    const [x, z] = [numbers(4 * FEATURES), numbers(3 * FEATURES, 50)];
    const found = evaluate(model.graph("predict"), {
      ...shared,
      x: tensor("f64", [1, 4, FEATURES], x),
      z: tensor("f64", [1, 3, FEATURES], z),
    });
    const whole = modelWith(rest, { lengths: false });
    const one = evaluate(whole.graph("predict"), {
      ...Object.fromEntries(whole.params.map(({ name }) => [name, shared[name.replace("memory", "encoder")]])),
      x: tensor("f64", [1, 7, FEATURES], [...x, ...z]),
    });
    expectClose(found.prediction.data, one.prediction.data.slice(4 * UNITS), 1e-14, "decoder");
  });

  test("given states have the type of the cell's", () => {
    const problem = (initialState: RecurrentDocument["initialState"]) => () =>
      modelOf(documentOf([memory({ initialState })]), {
        inputs: { x: f64("B", "T", 2), h: f64("B", UNITS + 1) },
        targets: { y: f64("B", "T", UNITS) },
      });
    expect(problemsOf(problem({ h: "h" }))).toEqual(["config.initial-state /layers/0/initialState/h"]);
    expect(problemsOf(problem({ hh: "h" }))).toEqual(["config.unknown-state /layers/0/initialState/hh"]);
    expect(problemsOf(problem({ h: "nothing" }))).toEqual(["config.unknown-name /layers/0/initialState/h"]);
  });

  test("a learned initial state starts at zero and has a gradient", () => {
    const model = modelWith({ initialState: "learned", layers: 2 }, { lengths: false });
    const learned = model.params.filter((param) => /0$/.test(param.name));
    expect(learned.map((param) => param.name)).toEqual(
      [1, 2].flatMap((n) => [`memory.layer${n}.h0`, `memory.layer${n}.c0`]),
    );
    const reports = checkGradients(
      model.graph("train"),
      { ...weightsOf(model), x: batch(2, 3), y: tensor("f64", [2, 3, UNITS], numbers(6 * UNITS)) },
      { of: "loss", wrt: learned.map((param) => param.name) },
    );
    expect(reports.every((report) => report.passed && report.gradient !== 0)).toBe(true);
  });

  test("lengths have one number per sequence", () => {
    const document = documentOf([memory({ lengths: "sizes" })]);
    const build = () =>
      modelOf(document, {
        inputs: { x: f64("B", "T", 2), sizes: i32("B", 1) },
        targets: { y: f64("B", "T", UNITS) },
      });
    expect(problemsOf(build)).toEqual(["config.lengths-type /layers/0/lengths"]);
  });
});

describe("cells", () => {
  test("the forget bias of the LSTM is the initial value of bf, and 1 by default", () => {
    const [layer] = readModelConfig(documentOf([memory()])).layers;
    expect(layer).toMatchObject({ cell: { type: "lstm", forgetBias: 1 } });
    const bias = (forgetBias?: number) =>
      weightsOf(
        modelWith({ cell: { type: "lstm", units: UNITS, ...(forgetBias === undefined ? {} : { forgetBias }) } }),
      );
    expect([...bias()["memory.bf"].data]).toEqual([1, 1, 1]);
    expect([...bias(2.5)["memory.bf"].data]).toEqual([2.5, 2.5, 2.5]);
    expect([...bias()["memory.bi"].data]).toEqual([0, 0, 0]);
  });

  test.each([
    { type: "rnn", units: UNITS, activation: "relu", recurrentInit: "identity" },
    { type: "gru", units: UNITS, reset: "before" },
    { type: "lstm", units: UNITS },
  ] as const)("%j has a gradient that agrees with central differences", (cell) => {
    const model = modelWith({ cell, direction: "bidirectional", merge: "sum" });
    const wrt = [...model.params.map((param) => param.name), "x"];
    const reports = checkGradients(
      model.graph("train"),
      {
        ...weightsOf(model),
        x: batch(2, 3),
        lengths: tensor("i32", [2], [3, 2]),
        y: tensor("f64", [2, 3, UNITS], numbers(6 * UNITS)),
      },
      { of: "loss", wrt, tolerance: 1e-7 },
    );
    expect(reports.filter((report) => !report.passed)).toEqual([]);
  });

  test("each is documented by its own key", () => {
    for (const [type, definition] of Object.entries(cells)) {
      expect(definition.type).toBe(type);
      expect(definition.summary).toMatch(/\.$/);
    }
  });

  test("a weight's name and shape say which gate and which side it is of", () => {
    const cell = makeCell({ type: "lstm", units: 4, inputInit: "zeros", recurrentInit: "zeros", forgetBias: 1 });
    expect(
      cell.weights({ inputs: { x: [2] }, context: {} }).map(({ name, dims }) => `${name}[${dims.join(",")}]`),
    ).toEqual(["f", "i", "g", "o"].flatMap((gate) => [`W${gate}[2,4]`, `U${gate}[4,4]`, `b${gate}[4]`]));
  });
});
