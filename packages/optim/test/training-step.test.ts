import { evaluate, gradient, printGraph, parseGraph, toTensor, valueTypes, type Graph } from "@latchgrad/core";
import { initialParams } from "@latchgrad/layers";
import { describe, expect, test } from "vitest";
import type { Experiment } from "../src/experiment.js";
import { openTask } from "../src/tasks/registry.js";
import { trainingStep } from "../src/training-step.js";
import { read } from "./documents.js";
import { largestError, runStep } from "./support.js";

const stepOf = ({ model, config }: Experiment) => trainingStep(model, config.training);
const tensors = (data: Parameters<typeof toTensor>[0] extends infer T ? Readonly<Record<string, T>> : never) =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [name, toTensor(value)]));
const batchOf = async ({ config }: Experiment) =>
  tensors(await (await openTask(config.task, { seed: 1, dtype: config.dtype })).batch("train", 0, 8));
const outputNames = (graph: Graph): readonly string[] => graph.outputs.map(({ name }) => name);

const f64 = { dtype: "f64" };

test("one step is forward, backward, clipping and update, as when done by hand", async () => {
  const experiment = read({ optimizer: { type: "sgd", learningRate: 0.5 }, clip: { globalNorm: 0.1 } }, f64);
  const { graph, initialState } = stepOf(experiment);
  const batch = await batchOf(experiment);
  const { outputs, state } = runStep(graph, tensors(initialState("a")), batch);

  const names = experiment.model.params.map(({ name }) => name);
  const forward = experiment.model.graph("train");
  const weights = tensors(initialParams(experiment.model, "a"));
  const expected = evaluate(gradient(forward, { of: "loss", wrt: names }), { ...weights, ...batch });
  const norm = Math.hypot(...names.flatMap((name) => Array.from(expected[`grad.${name}`].data)));
  expect(norm).toBeGreaterThan(0.1);
  expect(outputs.loss.data[0]).toBeCloseTo(expected.loss.data[0], 14);
  expect(outputs.meanAbsoluteError.data[0]).toBeCloseTo(expected.meanAbsoluteError.data[0], 14);
  expect(outputs.gradientNorm.data[0]).toBeCloseTo(norm, 13);
  expect(outputs.learningRate.data[0]).toBe(0.5);
  for (const name of names) {
    const slope = expected[`grad.${name}`].data;
    const byHand = weights[name].data.map((w, i) => w - (0.5 * slope[i] * 0.1) / norm);
    expect(largestError(state[name].data, byHand)).toBeLessThan(1e-13);
  }
  expect(Array.from(state.step.data)).toEqual([1]);
});

describe("the step graph", () => {
  const experiment = read();
  const { graph, weights, metrics, initialState } = stepOf(experiment);

  test("keeps weights, optimizer state, step and key, and takes the task's inputs and targets", () => {
    const kept = weights.flatMap((name) => [`adam.mean/${name}`, `adam.square/${name}`]);
    const state = [...weights, ...kept, "step", "key"];
    expect(graph.state.map(({ param }) => param)).toEqual(state);
    expect(graph.params.map(({ name }) => name)).toEqual([...state, "x", "y"]);
    expect(outputNames(graph)).toEqual([
      "loss",
      "meanAbsoluteError",
      "learningRate",
      "gradientNorm",
      ...state.map((name) => `next.${name}`),
    ]);
    expect(metrics).toEqual(["meanAbsoluteError"]);
  });

  test("gives every state its own type back", () => {
    const types = valueTypes(graph);
    const outputs = new Map(graph.outputs.map(({ name, value }) => [name, types[value]]));
    const params = new Map(graph.params.map(({ name, type }) => [name, type]));
    for (const { param, next } of graph.state) expect(outputs.get(next)).toEqual(params.get(param));
  });

  test("starts from the seed, with an initial value for every state", () => {
    const state = initialState("a");
    expect(Object.keys(state).sort()).toEqual(graph.state.map(({ param }) => param).sort());
    expect(initialState("a")).toEqual(state);
    expect(initialState("b").key).not.toEqual(state.key);
    expect(initialState(42)).toEqual(initialState("42"));
    expect(state.step.data[0]).toBe(0);
    expect(state["adam.mean/sum.W"].data.every((value) => value === 0)).toBe(true);
  });

  test("says of every node which part of the config it came from", () => {
    const origins = new Set(graph.nodes.map(({ origin }) => origin?.split("/").slice(0, 3).join("/")));
    for (const part of ["/layers/0", "/layers/1", "/loss", "/metrics/0", "/training/clip", "/training/optimizer"])
      expect(origins).toContain(part);
    // What starts the backward pass, 1 and zeros, comes from no part of it.
    expect(graph.nodes.filter(({ origin, inputs }) => origin === undefined && inputs.length > 0)).toEqual([]);
  });

  test("is text, and the text is the graph", () => {
    expect(parseGraph(printGraph(graph))).toEqual(graph);
  });
});

test("without clip the gradients go to the optimizer as they are, and the norm is told all the same", () => {
  const { graph } = stepOf(read({ clip: undefined }));
  expect(outputNames(graph)).toContain("gradientNorm");
  expect(stepOf(read()).graph.nodes.length).toBeGreaterThan(graph.nodes.length);
});

test("dropout draws new numbers at each step, from the key and the step of the state", async () => {
  const layers = [
    { name: "memory", type: "recurrent", cell: { type: "gru", units: 8 }, output: "last" },
    { name: "drop", type: "dropout", rate: 0.5 },
    { name: "sum", type: "dense", units: 1 },
  ];
  const experiment = read({ optimizer: { type: "sgd", learningRate: 1e-9 } }, { layers, ...f64 });
  const { graph, initialState } = stepOf(experiment);
  const batch = await batchOf(experiment);
  const lossesFrom = (seed: string): readonly number[] => {
    let state = { ...tensors(initialState(seed)), ...tensors(initialParams(experiment.model, "same")) };
    return [0, 1].map(() => {
      const run = runStep(graph, state, batch);
      state = run.state;
      return run.outputs.loss.data[0];
    });
  };
  const [first, second] = lossesFrom("a");
  expect(Math.abs(first - second)).toBeGreaterThan(1e-6);
  expect(lossesFrom("a")).toEqual([first, second]);
  expect(lossesFrom("b")[0]).not.toBe(first);
});
