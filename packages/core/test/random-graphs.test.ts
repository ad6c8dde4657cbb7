// What must hold of every graph, tried on random ones and on their gradients.
import { describe, expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { bindGraph, symbolsOfGraph } from "../src/graph/bind.js";
import { graphFromJson } from "../src/graph/deserialize.js";
import { evaluate, type Tensors } from "../src/graph/evaluate.js";
import { hashGraph } from "../src/graph/hash.js";
import { parseGraph } from "../src/graph/parse.js";
import { printGraph } from "../src/graph/print.js";
import { graphToJson } from "../src/graph/serialize.js";
import { verifyGraph } from "../src/graph/verify.js";
import { valueNames, type Graph } from "../src/ir/graph.js";
import { ops } from "../src/ops/index.js";
import { cse } from "../src/passes/cse.js";
import { dce } from "../src/passes/dce.js";
import { fold } from "../src/passes/fold.js";
import { allPasses, optimize } from "../src/passes/index.js";
import { randomGraph, type RandomGraph } from "./random-graphs.js";
import { seeds } from "./seeds.js";

interface Sample extends RandomGraph {
  /** The graph and its gradient. */
  readonly both: readonly Graph[];
}
const samples = new Map<number, Sample>();
function sample(seed: number): Sample {
  const known = samples.get(seed);
  if (known !== undefined) return known;
  const random = randomGraph(seed);
  const made = { ...random, both: [random.graph, gradient(random.graph, { of: "loss", wrt: random.wrt })] };
  samples.set(seed, made);
  return made;
}
const SEEDS = seeds(40);
const passes = [...new Set(allPasses)];

/** Numbers with -0 as 0; NaN equals itself in toEqual. */
const plain = (tensors: Tensors): unknown =>
  Object.entries(tensors).map(([name, { type, data }]) => [name, type, Array.from(data, (value) => value + 0)]);

describe.each(SEEDS)("random graph %i", (seed) => {
  test("is correct, and so is its gradient", () => {
    for (const graph of sample(seed).both) expect(verifyGraph(graph)).toEqual([]);
  });

  test("reads back from its text and its JSON", () => {
    for (const graph of sample(seed).both) {
      const text = printGraph(graph);
      expect(parseGraph(text)).toEqual(graph);
      expect(printGraph(parseGraph(text))).toBe(text);
      expect(graphFromJson(JSON.parse(JSON.stringify(graphToJson(graph))))).toEqual(graph);
    }
  });

  test("keeps its hash under other names, and without dead and repeated nodes", () => {
    for (const graph of sample(seed).both) {
      const hash = hashGraph(graph);
      expect(hashGraph(renamed(graph))).toBe(hash);
      expect(hashGraph(cse.run(dce.run(graph)))).toBe(hash);
      expect(hashGraph(parseGraph(printGraph(graph)))).toBe(hash);
    }
  });

  test("evaluates to the same after binding its symbols", () => {
    const { graph, bindings, inputs } = sample(seed);
    const bound = bindGraph(graph, bindings);
    expect(symbolsOfGraph(bound)).toEqual([]);
    expect(verifyGraph(bound)).toEqual([]);
    expect(parseGraph(printGraph(bound))).toEqual(bound);
    expect(evaluate(bound, inputs)).toEqual(evaluate(graph, inputs));
  });

  test("evaluates to the same after each pass and after all, and so does its gradient", () => {
    const { bindings, inputs } = sample(seed);
    for (const graph of sample(seed).both) {
      const expected = plain(evaluate(graph, inputs));
      for (const pass of passes) {
        const after = pass.run(graph);
        expect(verifyGraph(after), pass.name).toEqual([]);
        expect(plain(evaluate(after, inputs)), pass.name).toEqual(expected);
      }
      const optimized = optimize(graph, { check: true });
      expect(plain(evaluate(optimized, inputs))).toEqual(expected);
      // Binding first gives the passes more to do.
      expect(plain(evaluate(optimize(bindGraph(graph, bindings), { check: true }), inputs))).toEqual(expected);
    }
  });

  test("is left as it is by dce and cse that it has been through", () => {
    for (const graph of sample(seed).both)
      for (const pass of [dce, cse]) {
        const once = pass.run(graph);
        expect(pass.run(once)).toBe(once);
        expect(once.nodes.length).toBeLessThanOrEqual(graph.nodes.length);
      }
  });

  test("keeps the names of its values in dce, cse and fold", () => {
    for (const graph of sample(seed).both) {
      const names = new Set(valueNames(graph));
      for (const pass of [dce, cse, fold])
        expect(
          valueNames(pass.run(graph)).filter((name) => !names.has(name)),
          pass.name,
        ).toEqual([]);
    }
  });
});

// Not every one: whoever adds an op writes its cases in cases.ts, and a generator for it here only if passes treat it specially.
test("random graphs use nearly every op", () => {
  const used = new Set<string>();
  const collect = (graph: Graph): void => {
    for (const node of graph.nodes) {
      used.add(node.op);
      node.regions.forEach(collect);
    }
  };
  for (const seed of SEEDS) collect(sample(seed).graph);
  expect(used.size / Object.keys(ops).length).toBeGreaterThan(0.95);
});

test("every seed has its own graph, always the same", () => {
  const texts = SEEDS.map((seed) => printGraph(sample(seed).graph));
  expect(new Set(texts).size).toBe(SEEDS.length);
  expect(printGraph(randomGraph(3).graph)).toBe(texts[3]);
});

/** The graph with other names wherever names do not count, and without origins. */
function renamed(graph: Graph, inRegion = false): Graph {
  const rename = (name: string): string => (inRegion ? `other ${name}` : name);
  return {
    ...graph,
    name: `other ${graph.name}`,
    params: graph.params.map(({ name, type }) => ({ name: rename(name), type })),
    nodes: graph.nodes.map((node) => ({
      ...node,
      names: node.names.map((name) => `other ${name}`),
      regions: node.regions.map((region) => renamed(region, true)),
      origin: undefined,
    })),
    outputs: graph.outputs.map(({ name, value }) => ({ name: rename(name), value })),
  };
}
