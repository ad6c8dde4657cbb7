/** Passes over loops: what they change in the graph, and that they change no result. */
import { describe, expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { evaluate, type Tensors } from "../src/graph/evaluate.js";
import { buildGraph } from "../src/graph/builder.js";
import { expandRegions } from "../src/graph/expand.js";
import { verifyGraph } from "../src/graph/verify.js";
import type { Graph } from "../src/ir/graph.js";
import { divide } from "../src/passes/divide.js";
import { defer } from "../src/passes/defer.js";
import { hoist } from "../src/passes/hoist.js";
import { accumulate } from "../src/passes/accumulate.js";
import { linearize } from "../src/passes/linearize.js";
import { narrow } from "../src/passes/narrow.js";
import { loopPasses, optimize } from "../src/passes/index.js";
import { runPasses } from "../src/passes/pass.js";
import { sink } from "../src/passes/sink.js";
import { scan } from "../src/graph/scan-builder.js";
import { f64, isFloat } from "../src/shape/tensor-type.js";
import { randomGraph } from "./random-graphs.js";
import { seeds } from "./seeds.js";
import { LSTM_WRT, lstmGraph, lstmPoint, type LstmOptions } from "./recurrent.js";

const opsOf = (graph: Graph): readonly string[] => graph.nodes.map((node) => node.op);
const loopsOf = (graph: Graph) => graph.nodes.filter((node) => node.regions.length > 0);
const productsIn = (graph: Graph): number => opsOf(graph).filter((op) => op === "dotGeneral").length;

/** Sums are made in another order, so floats agree to rounding; everything else exactly. */
function expectSameResults(changed: Graph, graph: Graph, inputs: Tensors): void {
  expect(verifyGraph(changed)).toEqual([]);
  const [actual, expected] = [changed, graph].map((each) => evaluate(each, inputs));
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, { type, data }] of Object.entries(expected)) {
    expect(actual[name].type, name).toEqual(type);
    const scale = data.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 1);
    actual[name].data.forEach((value, i) => {
      const close = isFloat(type.dtype) && Math.abs(value - data[i]) <= 1e-9 * scale;
      if (!close) expect(value + 0, `${name}[${i}]`).toBe(data[i] + 0);
    });
  }
}

const lstm = (options: LstmOptions): Graph => gradient(lstmGraph(options), { of: "loss", wrt: LSTM_WRT });

describe("hoist", () => {
  test("takes the input products of an LSTM out of the loop", () => {
    const graph = optimize(lstmGraph({ reads: "final" }));
    const hoisted = optimize(hoist.run(graph));
    expect(productsIn(loopsOf(graph)[0].regions[0])).toBe(8);
    expect(productsIn(loopsOf(hoisted)[0].regions[0])).toBe(4);
    expect(productsIn(hoisted)).toBe(4);
    const body = loopsOf(hoisted)[0].regions[0];
    // Recurrent weights and biases, which are added behind the recurrent product; the four stacks of x·W; h and c; t.
    expect(body.params).toHaveLength(4 + 4 + 4 + 2 + 1);
  });
});

describe("sink", () => {
  test("takes every weight gradient of an LSTM out of the loop", () => {
    const graph = optimize(lstm({ reads: "steps" }));
    const sunk = optimize(sink.run(graph));
    expect(loopsOf(graph)[1].attrs.carries).toBe(2 + 12);
    expect(loopsOf(sunk)[1].attrs.carries).toBe(2);
    expect(productsIn(sunk)).toBe(8);
  });
});

describe("narrow", () => {
  test("leaves of an LSTM's gradient what some of the weights need", () => {
    const graph = optimize(lstm({ reads: "final" }));
    const few: Graph = { ...graph, outputs: graph.outputs.filter(({ name }) => name === "loss") };
    const [forward, ...others] = loopsOf(optimize(narrow.run(few)));
    // The last h alone is read: no stacks for a way back, and no way back.
    expect(others).toEqual([]);
    expect(forward.types).toHaveLength(2);
    expect(loopsOf(graph)[0].types.length).toBeGreaterThan(2);
  });

  test("of loops in loops", () => {
    const g = buildGraph("nested");
    const rows = g.param("x", f64(3, 2));
    const zero = g.constant({ dtype: "f64", dims: [2], data: [0, 0] });
    const { final } = scan(
      g,
      { init: { read: zero, idle: zero }, xs: { row: rows } },
      (outer, { carry, x: { row } }) => {
        const inner = scan(outer, { init: { a: carry.read, b: carry.idle }, xs: { again: rows } }, (step, at) => ({
          carry: { a: step.add(at.carry.a, at.x.again), b: step.tanh(step.add(at.carry.b, at.x.again)) },
          y: { b: at.carry.b },
        }));
        return { carry: { read: outer.tanh(outer.add(inner.final.a, row)), idle: inner.final.b }, y: {} };
      },
    );
    const graph = g.build({ read: final.read });
    const [outer] = loopsOf(narrow.run(graph));
    expect(outer.types).toHaveLength(1);
    expect(loopsOf(outer.regions[0])[0].types).toHaveLength(1);
    expectSameResults(narrow.run(graph), graph, {
      x: { type: f64(3, 2), data: Float64Array.of(1, 2, 3, 4, 5, 6) },
    });
  });
});

describe.each([
  ["hoist", (graph: Graph) => hoist.run(graph)],
  ["divide", (graph: Graph) => divide.run(optimize(graph))],
  ["sink", (graph: Graph) => sink.run(graph)],
  ["both", (graph: Graph) => sink.run(hoist.run(optimize(graph)))],
  ["linearize", (graph: Graph) => linearize.run(graph)],
  ["narrow", (graph: Graph) => narrow.run(graph)],
  ["narrow without lengths", (graph: Graph) => narrow.run(expandRegions(optimize(graph)))],
  ["defer", (graph: Graph) => defer.run(expandRegions(optimize(graph)))],
  ["accumulate", (graph: Graph) => accumulate.run(optimize(graph))],
  ["linearize without lengths", (graph: Graph) => linearize.run(expandRegions(optimize(graph)))],
  ["all of them", (graph: Graph) => runPasses(expandRegions(graph), loopPasses, { check: true })],
])("%s changes no result", (_, run) => {
  const options: readonly LstmOptions[] = [
    { reads: "steps" },
    { reads: "final", reverse: true },
    { reads: "steps", checkpoint: 4 },
    { reads: "steps", outputs: "zero" },
    { reads: "final", outputs: "hold", reverse: true },
    { reads: "steps", truncate: { k1: 2, k2: 5 } },
    { reads: "steps", truncate: { k1: 3, k2: 3 }, checkpoint: 2 },
  ];
  test.each(options)("of an LSTM with %o and of its gradient", (option) => {
    const inputs = Object.fromEntries(lstmPoint(6, 3, option.outputs === undefined ? undefined : [6, 2, 4]));
    for (const graph of [lstmGraph(option), lstm(option)]) expectSameResults(run(graph), graph, inputs);
  });

  test.each(seeds(40))("of random graph %i and of its gradient", (seed) => {
    const { graph, inputs, wrt } = randomGraph(seed, { smooth: true });
    for (const each of [graph, gradient(graph, { of: "loss", wrt })]) expectSameResults(run(each), each, inputs);
  });
});
