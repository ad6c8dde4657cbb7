/** Memory plans: nothing overlaps that lives at the same time, little is wasted, and large graphs are planned quickly. */
import { describe, expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { lower } from "../src/codegen/lower.js";
import { FEW, placeBuffers, type Demand } from "../src/codegen/place-buffers.js";
import { planMemory, sharedBuffers } from "../src/codegen/plan-memory.js";
import { bindGraph } from "../src/graph/bind.js";
import { buildGraph } from "../src/graph/builder.js";
import { expandRegions } from "../src/graph/expand.js";
import type { Graph } from "../src/ir/graph.js";
import { loopPasses } from "../src/passes/index.js";
import { runPasses } from "../src/passes/pass.js";
import type { DimBindings } from "../src/shape/dim.js";
import { f32, isFloat } from "../src/shape/tensor-type.js";
import { graphInF32 } from "./in-f32.js";
import { cellGraph, linearCells, otherCells } from "./linear-cells.js";
import { randomFrom } from "./random.js";
import { randomGraph } from "./random-graphs.js";
import { LSTM_WRT, lstmGraph, type LstmOptions } from "./recurrent.js";

/** The largest sum of bytes that live at the same time: no plan needs less. */
function widest(demands: readonly Demand[]): number {
  const changes = demands
    .flatMap(({ first, last, bytes }) => [
      { at: first, by: bytes },
      { at: last + 0.5, by: -bytes },
    ])
    .sort((a, b) => a.at - b.at || a.by - b.by);
  let live = 0;
  return changes.reduce((most, { by }) => Math.max(most, (live += by)), 0);
}

/** Pairs that live at the same time and share a byte. */
function collisions(demands: readonly Demand[], offsets: readonly number[]): readonly string[] {
  const found: string[] = [];
  const order = [...demands.keys()].sort((a, b) => demands[a].first - demands[b].first);
  let living: number[] = [];
  for (const id of order) {
    const { first, bytes } = demands[id];
    living = living.filter((other) => demands[other].last >= first);
    for (const other of living)
      if (offsets[other] < offsets[id] + bytes && offsets[id] < offsets[other] + demands[other].bytes)
        found.push(`${other} and ${id}`);
    living.push(id);
  }
  return found;
}

function randomDemands(count: number, seed: string): readonly Demand[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, i) => {
    const length = Math.floor(random() ** 6 * count);
    return {
      bytes: 16 * (1 + Math.floor(random() ** 3 * 400)),
      first: i,
      last: random() < 0.02 ? Infinity : i + length,
    };
  });
}

/** What a step of an unrolled loop keeps for the way back, and what it needs for a moment. */
const thereAndBack = (steps: number): readonly Demand[] =>
  Array.from({ length: steps }, (_, i) => [
    { bytes: 256, first: 4 * i, last: 8 * steps - 4 * i },
    { bytes: 64, first: 4 * i + 1, last: 8 * steps - 4 * i - 1 },
    { bytes: 512, first: 4 * i, last: 4 * i + 2 },
    { bytes: 512, first: 8 * steps - 4 * i - 2, last: 8 * steps - 4 * i },
  ]).flat();

const chain = (count: number): readonly Demand[] =>
  Array.from({ length: count }, (_, i) => ({ bytes: 16 * (1 + (i % 7)), first: i, last: i + 1 }));

describe("placeBuffers", () => {
  test.each([1, 2, 10, 60, 300])("keeps apart what lives at the same time: %d buffers", (count) => {
    for (let seed = 0; seed < 10; seed++) {
      const demands = randomDemands(count, `demands ${count} ${seed}`);
      const { offsets, bytes } = placeBuffers(demands);
      expect(collisions(demands, offsets)).toEqual([]);
      expect(Math.max(...demands.map((demand, i) => offsets[i] + demand.bytes))).toBe(bytes);
      expect(bytes).toBeGreaterThanOrEqual(widest(demands));
    }
  });

  const large: readonly (readonly [string, readonly Demand[]])[] = [
    ["random lifetimes", randomDemands(20_000, "large")],
    ["there and back", thereAndBack(5_000)],
    ["a chain", chain(20_000)],
  ];
  test.each(large)("20,000 buffers, %s: few looks, nothing overlaps, little is wasted", (_, demands) => {
    expect(demands).toHaveLength(20_000);
    const { offsets, bytes, looks } = placeBuffers(demands);
    expect(looks).toBeLessThan(8 * demands.length * Math.log2(demands.length));
    expect(collisions(demands, offsets)).toEqual([]);
    expect(bytes).toBeLessThanOrEqual(1.3 * widest(demands));
  });

  test("looks at no more than all pairs where it is thorough, and at fewer beyond", () => {
    const pairs = FEW ** 2 / 2;
    expect(placeBuffers(thereAndBack(FEW / 4)).looks).toBeLessThan(2 * pairs);
    expect(placeBuffers(thereAndBack(FEW / 2)).looks).toBeLessThan(pairs / 2);
  });

  test("has nothing to place", () => {
    expect(placeBuffers([])).toEqual({ offsets: [], bytes: 0, looks: 0 });
  });
});

const programOf = (graph: Graph, bindings: DimBindings) =>
  lower(runPasses(expandRegions(bindGraph(graphInF32(graph), bindings)), loopPasses), "fast");

function expectLittleWaste(graph: Graph, bindings: DimBindings): void {
  const program = programOf(graph, bindings);
  const demands = sharedBuffers(program).map(({ demand }) => demand);
  const kept = program.buffers.filter((buffer) => buffer.persistent).reduce((sum, { bytes }) => sum + bytes + 16, 16);
  expect(planMemory(program).bytes).toBeLessThanOrEqual(kept + 1.3 * widest(demands));
}

describe("a plan takes at most 1.3 times the widest sum of live bytes", () => {
  const options: readonly Omit<LstmOptions, "reads">[] = [
    {},
    { checkpoint: 4 },
    { outputs: "zero" },
    { reverse: true },
  ];
  test.each(options)("of an LSTM and its gradient: %o", (option) => {
    for (const [T, B] of [
      [1, 1],
      [20, 16],
    ])
      expectLittleWaste(gradient(lstmGraph({ reads: "steps", ...option }), { of: "loss", wrt: LSTM_WRT }), { T, B });
  });

  test.each(Object.entries({ ...linearCells, ...otherCells }))("of a %s and its gradient", (_, cell) => {
    const graph = cellGraph(cell);
    const wrt = graph.params.map((param) => param.name);
    expectLittleWaste(gradient(graph, { of: "loss", wrt }), { T: 20, B: 16 });
  });

  test.each(Array.from({ length: 40 }, (_, seed) => seed))("of random graph %i and its gradient", (seed) => {
    const { graph, bindings } = randomGraph(seed, { smooth: true });
    const wrt = graph.params.flatMap(({ name, type }) => (isFloat(type.dtype) ? [name] : []));
    for (const each of [graph, gradient(graph, { of: "loss", wrt })]) expectLittleWaste(each, bindings);
  });
});

test("no two of many large tensors that one loop reads and writes begin at the same place of a cache", () => {
  const g = buildGraph("many");
  const pairs = Array.from({ length: 10 }, (_, i) => {
    const x = g.param(`x${i}`, f32(32, 32));
    return [`y${i}`, g.neg(x)] as const;
  });
  const program = programOf(g.build(Object.fromEntries(pairs)), {});
  const { addresses } = planMemory(program);
  const places = [...program.inputs, ...program.outputs].map(({ buffer }) => addresses[buffer.id] % 4096);
  expect(new Set(places.map((place) => Math.floor(place / 64))).size).toBe(20);
});
