// Sequences in parts: what layers hand over gives what whole sequences give, bit for bit; or the layer is refused by name.
import {
  bool,
  evaluate,
  f64,
  formatType,
  gradient,
  i32,
  type Graph,
  type Tensor,
  type TensorType,
} from "@latchgrad/core";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { BEGINS_PARAM, type Model, type ModelDocument } from "../src/index";
import { BATCH, library, smallModel, TIME } from "./cells/library";
import { documentOf, modelOf, numbers, problemsOf, tensor, weightsOf } from "./support";

type Values = Readonly<Record<string, Tensor>>;

/** Steps from `from` to before `to` of a sequence [B, T, ...]. */
function stepsOf({ type, data }: Tensor, from: number, to: number): Tensor {
  const [batch, time, ...rest] = type.dims as readonly number[];
  const size = rest.reduce((product, dim) => product * dim, 1);
  const parts = Array.from({ length: batch }, (_, b) => [
    ...data.slice((b * time + from) * size, (b * time + to) * size),
  ]);
  return tensor(type.dtype, [batch, to - from, ...rest], parts.flat());
}

const zerosOf = ({ dtype, dims }: TensorType): Tensor => {
  const sizes = dims.map((dim) => (typeof dim === "number" ? dim : BATCH));
  return tensor(dtype, sizes, new Float64Array(sizes.reduce((product, size) => product * size, 1)).fill(7));
};

/** Runs a model on the parts of sequences that end at `ends`; gives each output of each part. */
function runInParts(model: Model, sequences: readonly string[], values: Values, ends: readonly number[]): Values[] {
  const { graph, carries } = model.graphOfParts("predict");
  // What stands there before a sequence begins counts for nothing, so it is not 0 here.
  let state: Values = Object.fromEntries(carries.map(({ name, type }) => [name, zerosOf(type)]));
  return ends.map((end, i) => {
    const from = i === 0 ? 0 : ends[i - 1];
    const parts = Object.fromEntries(sequences.map((name) => [name, stepsOf(values[name], from, end)]));
    const begins = tensor("bool", [BATCH], new Array<number>(BATCH).fill(i === 0 ? 1 : 0));
    const found = evaluate(graph, read(graph, { ...values, ...parts, ...state, [BEGINS_PARAM]: begins }));
    state = Object.fromEntries(carries.map(({ name }) => [name, found[`next.${name}`]]));
    return found;
  });
}

const read = (graph: Graph, values: Values): Values =>
  Object.fromEntries(graph.params.map(({ name }) => [name, values[name]]));

/** Asserts that parts give what the whole gives, steps and final states. */
function expectSame(model: Model, sequences: readonly string[], values: Values, ends: readonly number[]): void {
  const graph = model.graph("predict");
  const whole = evaluate(graph, read(graph, values));
  const found = runInParts(model, sequences, values, ends);
  for (const [name, { type, data }] of Object.entries(whole)) {
    const isSequence = graph.outputs.some((output) => output.name === name) && name === "prediction";
    const last = found[found.length - 1][name];
    if (!isSequence) expect(last.data, name).toEqual(data);
    else
      ends.forEach((end, i) => {
        const expected = stepsOf({ type, data }, i === 0 ? 0 : ends[i - 1], end);
        expect(found[i][name].data, `${name}, part ${i}`).toEqual(expected.data);
      });
  }
}

describe("every cell of the library", () => {
  const withoutContext = [...library].filter(([, document]) => Object.keys(document.context).length === 0);
  test.each(withoutContext)("%s gives step by step what it gives for the whole", (name) => {
    const { model, sequences, values } = smallModel(name);
    expectSame(model, sequences, values, [1, 2, 3, 4, 5]);
    expectSame(model, sequences, values, [2, TIME]);
  });

  test("with a context needs the whole", () => {
    const { model } = smallModel("attentionDecoder");
    expect(problemsOf(() => model.graphOfParts("predict"))).toEqual(["config.needs-whole-sequence /layers/0"]);
  });
});

/** Layers of all kinds that read forwards. */
const deep = (over: Partial<ModelDocument> = {}): Model =>
  modelOf(
    documentOf(
      [
        { type: "shift", name: "late", fill: 0.25 },
        { type: "recurrent", name: "low", cell: { type: "lstm", units: 3 }, layers: 2, initialState: "learned" },
        { type: "recurrent", name: "high", cell: { type: "ticking", units: 2 } },
        { type: "concat", name: "both", inputs: ["low", "high", "late"] },
        { type: "layerNorm" },
        {
          type: "equations",
          params: { W: { shape: ["features", 2], init: "orthogonal" } },
          equations: ["y = x @ W"],
          output: "tanh(y)",
        },
        { type: "dense", units: 2, activation: "softmax" },
      ],
      {
        cells: {
          ticking: {
            state: { h: ["units"] },
            params: { W: { shape: ["input", "units"], init: "glorotUniform" } },
            equations: ["h' = 0.5 * h + tanh(x @ W) * cos(t)"],
            output: "h' + 0.1 * t",
          },
        },
        outputs: { cell: "low.c" },
        ...over,
      },
    ),
    { inputs: { x: f64("B", "T", 2) }, targets: { y: f64("B", "T", 2) } },
  );

describe("layers of all kinds", () => {
  const model = deep();
  const weights = Object.fromEntries(
    Object.entries(weightsOf(model)).map(([name, { type, data }], i) => [
      name,
      { type, data: data.map((value, at) => value + 0.3 * numbers(data.length, 5 * i + 1)[at]) },
    ]),
  );
  const x = tensor("f64", [BATCH, 9, 2], numbers(BATCH * 9 * 2));

  property.prop([fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 8 })], { numRuns: 20 })(
    "give in parts of any lengths what they give for the whole",
    (cuts) => {
      expectSame(model, ["x"], { ...weights, x }, [...cuts.sort((a, b) => a - b), 9]);
    },
  );

  test("begin again where `begins` says so, each example by itself", () => {
    const { graph, carries } = model.graphOfParts("predict");
    const run = (state: Values, part: Tensor, begins: readonly number[]) => {
      const found = evaluate(graph, { ...weights, ...state, x: part, begins: tensor("bool", [BATCH], begins) });
      return { found, next: Object.fromEntries(carries.map(({ name }) => [name, found[`next.${name}`]])) };
    };
    const start = Object.fromEntries(carries.map(({ name, type }) => [name, zerosOf(type)]));
    const first = run(start, stepsOf(x, 0, 4), [1, 1]);
    const second = run(first.next, stepsOf(x, 4, 9), [0, 1]).found;
    const whole = evaluate(model.graph("predict"), { ...weights, x }).prediction;
    const fresh = evaluate(model.graph("predict"), { ...weights, x: stepsOf(x, 4, 9) }).prediction;
    const half = second.prediction.data.length / BATCH;
    expect(second.prediction.data.slice(0, half)).toEqual(stepsOf(whole, 4, 9).data.slice(0, half));
    expect(second.prediction.data.slice(half)).toEqual(fresh.data.slice(half));
  });

  test("have state for what is handed over, and gradients that stop at it", () => {
    const { graph, carries } = model.graphOfParts("train");
    expect(carries.map(({ name, type }) => `${name} ${formatType(type)}`)).toEqual([
      "carry/steps i32[B]",
      "carry/late.last f64[B,1,2]",
      "carry/low.layer1.h f64[B,3]",
      "carry/low.layer1.c f64[B,3]",
      "carry/low.layer2.h f64[B,3]",
      "carry/low.layer2.c f64[B,3]",
      "carry/high.h f64[B,2]",
    ]);
    expect(graph.state).toEqual(carries.map(({ name }) => ({ param: name, next: `next.${name}` })));
    expect(graph.params.find(({ name }) => name === BEGINS_PARAM)?.type).toEqual(bool("B"));
    const wrt = model.params.map(({ name }) => name);
    expect(gradient(graph, { of: "loss", wrt }).outputs.map(({ name }) => name)).toContain("grad.low.layer1.Wf");
  });
});

describe("a layer that needs the whole sequence is named", () => {
  const signature = { inputs: { x: f64("B", "T", 2), lengths: i32("B") }, targets: { y: f64("B", "T", 2) } };
  const cell = { type: "gru", units: 2 } as const;
  const refused: readonly (readonly [string, ModelDocument["layers"]])[] = [
    ["bidirectional", [{ type: "recurrent", cell, direction: "bidirectional", merge: "sum" }]],
    ["reverse", [{ type: "recurrent", cell, direction: "reverse" }]],
    ["attention", [{ type: "attention", memory: "x" }]],
    [
      "equations over all steps",
      [
        {
          type: "equations",
          reads: { x: ["steps", "features"] },
          equations: ["m = mean(x, axis = 0)"],
          output: "x - m",
        },
      ],
    ],
  ];
  test.each(refused)("%s", (_, layers) => {
    expect(problemsOf(() => modelOf(documentOf(layers), signature).graphOfParts("predict"))).toEqual([
      "config.needs-whole-sequence /layers/0",
    ]);
  });

  test("and so is every one of several", () => {
    const model = modelOf(
      documentOf([
        { type: "recurrent", name: "encoder", cell, direction: "reverse" },
        { type: "recurrent", cell, initialState: { h: "encoder.h" } },
      ]),
      signature,
    );
    expect(problemsOf(() => model.graphOfParts("predict"))).toEqual([
      "config.needs-whole-sequence /layers/0",
      "config.needs-whole-sequence /layers/1",
    ]);
  });

  test("and a model that reads no sequence has no parts", () => {
    const model = modelOf(documentOf([{ type: "dense", units: 1 }]), {
      inputs: { x: f64("B", 2) },
      targets: { y: f64("B", 1) },
    });
    expect(problemsOf(() => model.graphOfParts("predict"))).toEqual(["config.no-sequence /task"]);
  });
});
