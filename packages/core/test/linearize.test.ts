/** Cells that are linear in their state run without a loop; others keep theirs; neither changes a result. */
import { describe, expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { buildGraph } from "../src/graph/builder.js";
import { evaluate, type Tensors } from "../src/graph/evaluate.js";
import { expandRegions } from "../src/graph/expand.js";
import { scan } from "../src/graph/scan-builder.js";
import type { Graph } from "../src/ir/graph.js";
import { loopPasses } from "../src/passes/index.js";
import { runPasses } from "../src/passes/pass.js";
import { compile, type CompileOptions } from "../src/runtime/compile.js";
import { toTensor, toTensorData } from "../src/shape/tensor-data.js";
import { bool, f64, isFloat } from "../src/shape/tensor-type.js";
import { graphInF32, tensorsInF32 } from "./in-f32.js";
import { cellGraph, linearCells, loopsIn, otherCells, type CellOptions } from "./linear-cells.js";
import { randomFrom } from "./random.js";
import { randomTensor } from "./use.js";

const STEPS = 6;
const BATCH = 3;

const prepared = (graph: Graph): Graph => runPasses(expandRegions(graph), loopPasses, { check: true });
const RECURRENCES: readonly string[] = ["linearRecurrence", "coupledRecurrence"];
const recurrencesIn = (graph: Graph): number => graph.nodes.filter(({ op }) => RECURRENCES.includes(op)).length;

/** The graph and the gradient of its loss with respect to everything that is a float. */
const both = (graph: Graph): readonly Graph[] => [
  graph,
  gradient(graph, {
    of: "loss",
    wrt: graph.params.flatMap(({ name, type }) => (isFloat(type.dtype) ? [name] : [])),
  }),
];

function inputsOf(graph: Graph): Tensors {
  const random = randomFrom("cell");
  return Object.fromEntries(
    graph.params.map(({ name, type }) => [
      name,
      name === "lengths"
        ? { type: { dtype: "i32", dims: [BATCH] }, data: Float64Array.of(STEPS, 0, 4) }
        : randomTensor(type, { T: STEPS, B: BATCH }, random),
    ]),
  );
}

function expectClose(actual: Tensors, expected: Tensors, tolerance: number): void {
  for (const [name, { type, data }] of Object.entries(expected)) {
    expect(actual[name].type, name).toEqual(type);
    const scale = data.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    data.forEach((value, i) => {
      expect(Math.abs(actual[name].data[i] - value), `${name}[${i}]`).toBeLessThanOrEqual(tolerance * scale);
    });
  }
}

async function compiled(graph: Graph, inputs: Tensors, options: CompileOptions): Promise<Tensors> {
  const executable = await compile(graph, { executor: "compiled", ...options });
  const data = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, toTensorData(tensor)]));
  const results = await executable.run(data);
  executable.dispose();
  return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, toTensor(value)]));
}

const variants: readonly CellOptions[] = [
  {},
  { reverse: true },
  { outputs: "zero" },
  { outputs: "hold", reverse: true },
  { checkpoint: 4 },
  { truncate: { k1: 2, k2: 3 } },
];

describe.each(Object.entries(linearCells))("%s", (_, cell) => {
  test("has no loop left, and neither has its gradient", () => {
    for (const graph of both(cellGraph(cell))) {
      const after = prepared(graph);
      expect(loopsIn(after)).toEqual([]);
      expect(recurrencesIn(after)).toBeGreaterThan(0);
    }
  });

  test.each(variants)("gives the same with %o", async (options) => {
    for (const graph of both(cellGraph(cell, options))) {
      const inputs = inputsOf(graph);
      const expected = evaluate(graph, inputs);
      expectClose(evaluate(prepared(graph), inputs), expected, 1e-10);
      const single = graphInF32(graph);
      const inputs32 = tensorsInF32(Object.entries(inputs));
      const [on, off] = await Promise.all(
        [[], ["linearize"]].map(async (without) => compiled(single, inputs32, { without })),
      );
      expectClose(on, off, 2e-5);
    }
  });

  test.each([{ outputs: "zero", reverse: true } as const, { outputs: "hold" } as const])(
    "has no loop left forward with lengths: %o",
    (options) => {
      expect(loopsIn(prepared(cellGraph(cell, options)))).toEqual([]);
    },
  );
});

describe.each(Object.entries(otherCells))("%s", (_, cell) => {
  test("keeps its loop", () => {
    const after = prepared(cellGraph(cell));
    expect(loopsIn(after)).toHaveLength(1);
    expect(recurrencesIn(after)).toBe(0);
  });
});

test("a checkpointed derivative keeps its loop over chunks, and so the memory that it saves", () => {
  const [, differentiated] = both(cellGraph(linearCells.minGRU, { checkpoint: 2 }));
  const after = prepared(differentiated);
  expect(loopsIn(after)).toHaveLength(2);
  expect(loopsIn(after).flatMap((loop) => loop.regions.flatMap(loopsIn))).toEqual([]);
});

test("a state that is infinite until a step replaces it is what the loop makes of it", async () => {
  const g = buildGraph("segments");
  const x = g.param("x", f64("T", "B"));
  const isFirst = g.param("isFirst", bool("T", "B"));
  const { final, y } = scan(
    g,
    { init: { h: g.param("h0", f64("B")) }, xs: { x, isFirst } },
    (step, { carry: { h }, x: row }) => {
      const next = step.select(row.isFirst, row.x, step.add(step.mul(h, 0.5), row.x));
      return { carry: { h: next }, y: { h: next } };
    },
  );
  const inputs: Tensors = {
    x: { type: f64(3, 2), data: Float64Array.of(1, 2, 3, 4, 5, 6) },
    isFirst: { type: bool(3, 2), data: Float64Array.of(1, 0, 0, 1, 0, 0) },
    h0: { type: f64(2), data: Float64Array.of(NaN, -Infinity) },
  };
  const { y: states } = await compiled(g.build({ h: final.h, y: y.h }), inputs, {});
  expect([...states.data]).toEqual([1, -Infinity, 3.5, 4, 6.75, 8]);
});
