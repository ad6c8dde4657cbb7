// Truncated backpropagation over streams: the order of the data, what is handed over, where gradients end, and going on from a checkpoint.
import { ConfigError, evaluate, toTensor, type Tensor, type TensorsByName } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { evaluateModel } from "../src/evaluation.js";
import { experimentStep, type Experiment } from "../src/experiment.js";
import { openTask } from "../src/tasks/registry.js";
import { checkpointsOf, doneOf, eventsOf, evaluationsOf, read } from "./documents.js";

const LENGTH = 5;
const BATCH = 3;
// 60 places in each held-out part: 4 windows for each of 3 streams.
const task = {
  type: "mackeyGlass",
  length: LENGTH,
  ahead: 2,
  samples: 310,
  validation: 0.2,
  test: 0.2,
  order: "stream",
};
const layers = [
  { name: "memory", type: "recurrent", cell: { type: "lstm", units: 4 } },
  { name: "next", type: "dense", units: 1 },
];
const streaming = (training: object = {}, other: object = {}): Experiment =>
  read({ batch: BATCH, clip: undefined, ...training }, { layers, metrics: [], task, ...other });

const opened = async (other: object = {}) => openTask({ ...task, ...other } as never, { seed: "order", dtype: "f64" });

describe("batches", () => {
  test.each(["train", "validation", "test"] as const)(
    "of the %s part put together are the data, side by side, again in every epoch",
    async (split) => {
      const given = await opened();
      const perEpoch = given.batchesPerEpoch(split, BATCH) ?? 0;
      expect(perEpoch).toBeGreaterThan(2);
      for (const epoch of [0, 1]) {
        const batches = await Promise.all(
          Array.from({ length: perEpoch }, async (_, i) => given.batch(split, epoch * perEpoch + i, BATCH)),
        );
        expect(batches.map(({ begins }) => [...begins.data])).toEqual(
          batches.map((_, i) => new Array<number>(BATCH).fill(Number(i === 0))),
        );
        const streams = Array.from({ length: BATCH }, (_, b) =>
          batches.flatMap(({ x }) => [...x.data.slice(b * LENGTH, (b + 1) * LENGTH)]),
        );
        // A task with one window as long as all of a stream says what stands there, and that the streams stand behind each other.
        const whole = await opened({ length: perEpoch * LENGTH });
        expect(whole.batchesPerEpoch(split, BATCH)).toBe(1);
        const { x } = await whole.batch(split, 0, BATCH);
        if (epoch === 0 || split !== "train") expect(streams.flat()).toEqual([...x.data]);
      }
    },
  );

  test("are refused where streams are too short", async () => {
    const given = await opened();
    expect(() => given.batch("test", 0, 40)).toThrow(ConfigError);
    expect(() => given.batch("test", 0, 40)).toThrow("/training/batch");
  });
});

const tensors = (values: TensorsByName): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toTensor(value)]));

describe("a training step", () => {
  const experiment = streaming({ optimizer: { type: "sgd", learningRate: 0.5 } }, { dtype: "f64" });
  const { graph, initialState } = experimentStep(experiment);
  const parts = async () => {
    const given = await opened();
    return [tensors(await given.batch("train", 0, BATCH)), tensors(await given.batch("train", 1, BATCH))] as const;
  };

  test("is where streams begin the one of whole sequences", async () => {
    const [first] = await parts();
    const whole = experimentStep(
      read(
        { batch: BATCH, clip: undefined, optimizer: { type: "sgd", learningRate: 0.5 } },
        { layers, metrics: [], task: { ...task, order: "shuffled" }, dtype: "f64" },
      ),
    );
    const given = evaluate(graph, { ...tensors(initialState("a")), ...first });
    const { begins: _, ...inputs } = first;
    const wanted = evaluate(whole.graph, { ...tensors(whole.initialState("a")), ...inputs });
    for (const [name, { data }] of Object.entries(wanted)) expect(given[name].data, name).toEqual(data);
  });

  test("has in the second part the gradient at the state that was handed over, which does not depend on weights", async () => {
    const [first, second] = await parts();
    const after = evaluate(graph, { ...tensors(initialState("a")), ...first });
    const state = Object.fromEntries(graph.state.map(({ param, next }) => [param, after[next]]));
    const lossAt = (weight: string, i: number, by: number): number => {
      const data = Float64Array.from(state[weight].data, (value, n) => (n === i ? value + by : value));
      return evaluate(graph, { ...state, ...second, [weight]: { type: state[weight].type, data } })["loss"].data[0];
    };
    const results = evaluate(graph, { ...state, ...second });
    const { weights } = experimentStep(experiment);
    for (const weight of weights) {
      const i = state[weight].data.length - 1;
      const slope = (lossAt(weight, i, 1e-5) - lossAt(weight, i, -1e-5)) / 2e-5;
      const update = results[`next.${weight}`].data[i] - state[weight].data[i];
      expect(update / -0.5, weight).toBeCloseTo(slope, 8);
    }
    // The state counts: with an empty memory the loss is another.
    const begins = { ...second, begins: { ...second["begins"], data: second["begins"].data.map(() => 1) } };
    expect(evaluate(graph, { ...state, ...begins })["loss"].data[0]).not.toBe(results["loss"].data[0]);
  });

  test("begins only the streams of a batch that begin, each by itself", async () => {
    const [first, second] = await parts();
    const after = evaluate(graph, { ...tensors(initialState("a")), ...first });
    const state = Object.fromEntries(graph.state.map(({ param, next }) => [param, after[next]]));
    const beginning = (begins: readonly number[]): Readonly<Record<string, Tensor>> =>
      evaluate(graph, {
        ...state,
        ...second,
        begins: { ...second["begins"], data: Float64Array.from(begins) },
      });
    const [all, none, some] = [beginning([1, 1, 1]), beginning([0, 0, 0]), beginning([0, 1, 0])];
    const compared = graph.state.filter(
      ({ param, next }) => param.startsWith("carry/") && some[next].type.dims.length === 2,
    );
    expect(compared.length).toBe(2);
    for (const { next } of compared)
      for (const b of [0, 1, 2]) {
        const row = ({ data }: Tensor): readonly number[] => [
          ...data.slice((b * data.length) / BATCH, ((b + 1) * data.length) / BATCH),
        ];
        expect(row(some[next])).toEqual(row((b === 1 ? all : none)[next]));
        expect(row(some[next])).not.toEqual(row((b === 1 ? none : all)[next]));
      }
  });

  test("hands over state from part to part also within a step of several batches", async () => {
    const [first, second] = await parts();
    const both = experimentStep(
      streaming({ accumulate: 2, optimizer: { type: "sgd", learningRate: 0.5 } }, { dtype: "f64" }),
    );
    const half = evaluate(both.graph, { ...tensors(both.initialState("a")), ...first });
    const carries = both.graph.state.filter(({ param }) => param.startsWith("carry/"));
    expect(carries.length).toBe(3);
    const once = evaluate(graph, { ...tensors(initialState("a")), ...first });
    for (const { next } of carries) expect(half[next].data, next).toEqual(once[next].data);
    const state = Object.fromEntries(both.graph.state.map(({ param, next }) => [param, half[next]]));
    const end = evaluate(both.graph, { ...state, ...second });
    expect(end["next.memory.Uf"].data).not.toEqual(state["memory.Uf"].data);
  });
});

describe("a run", () => {
  test("evaluates streams: the loss is that of windows as long as all of them together", async () => {
    const experiment = streaming({ steps: 6 });
    const { weights } = doneOf(await eventsOf(experiment));
    for (const split of ["validation", "test"] as const) {
      const inParts = await evaluateModel(experiment, weights, { split, batches: 4, precision: "reproducible" });
      const whole = streaming({ steps: 6 }, { task: { ...task, length: 4 * LENGTH } });
      const inOne = await evaluateModel(whole, weights, { split, batches: 1, precision: "reproducible" });
      expect([inParts.batches, inOne.batches]).toEqual([4, 1]);
      expect(inParts.loss).toBeCloseTo(inOne.loss, 6);
    }
  });

  test("goes on from any checkpoint to the same bits, in the middle of streams, with evaluations between", async () => {
    const training = { steps: 30, evaluate: { every: 7, batches: 2 }, checkpoints: { every: 11 } };
    const whole = await eventsOf(streaming(training), { checkpoints: true });
    const saved = checkpointsOf(whole);
    expect(saved.length).toBeGreaterThan(2);
    for (const { state } of saved.slice(0, -1)) {
      const rest = await eventsOf(streaming(training), { state });
      expect(doneOf(rest).weights).toEqual(doneOf(whole).weights);
      expect(evaluationsOf(rest)).toEqual(evaluationsOf(whole).slice(-evaluationsOf(rest).length));
    }
  });
});

describe("is refused, with its place,", () => {
  const failure = (act: () => unknown): string => {
    try {
      act();
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
    return "";
  };
  test("with a layer that reads backwards", () => {
    const [memory, next] = layers;
    const said = failure(() => streaming({}, { layers: [{ ...memory, direction: "bidirectional" }, next] }));
    expect(said).toContain("/layers/0");
    expect(said).toContain('"memory" needs the whole of it');
  });
  test("with batches that may be left out", () => {
    expect(failure(() => streaming({ skipNonFinite: { atMost: 3 } }))).toContain("/training/skipNonFinite");
  });
});
