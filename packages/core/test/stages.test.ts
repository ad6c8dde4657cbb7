/** Which nodes become one kernel: loops over elements, computed where they are read, and reductions with what they combine. */
import { describe, expect, test } from "vitest";
import { kernelsOf, findGroups } from "../src/codegen/stages.js";
import { buildGraph, type GraphBuilder } from "../src/graph/builder.js";
import { layerNorm } from "../src/graph/derived.js";
import type { Graph } from "../src/ir/graph.js";
import type { Value } from "../src/ops/op.js";
import { f32 } from "../src/shape/tensor-type.js";

/** The groups of a graph as names of ops, without those of views and constants. */
const groupsOf = (graph: Graph): readonly string[] =>
  findGroups(graph, kernelsOf(graph))
    .map((group) => group.map((node) => node.op).join(" "))
    .filter((ops) => !["broadcast", "constant"].includes(ops));

describe("a map is computed where it is read", () => {
  test("in the loop of its only reader, when what it reads is in memory", () => {
    const g = buildGraph("late");
    const x = g.param("x", f32(4, 8));
    const early = g.mul(x, x);
    const sum = g.broadcast(g.reduceSum(g.exp(x), { axes: [1] }), { dims: [4, 8], axes: [0] });
    expect(groupsOf(g.build({ y: g.add(early, sum) }))).toEqual(["exp", "reduceSum", "mul add"]);
  });

  test("with what only it reads", () => {
    const g = buildGraph("chain");
    const x = g.param("x", f32(4, 8));
    const early = g.sin(g.neg(g.mul(x, x)));
    const sum = g.broadcast(g.reduceSum(g.exp(x), { axes: [1] }), { dims: [4, 8], axes: [0] });
    expect(groupsOf(g.build({ y: g.add(early, sum) }))).toEqual(["exp", "reduceSum", "mul neg sin add"]);
  });

  test("but early, when what it reads would have to be stored for it", () => {
    const g = buildGraph("early");
    const x = g.param("x", f32(4, 8));
    const shared = g.tanh(x);
    const early = g.mul(shared, shared);
    const sum = g.broadcast(g.reduceSum(g.exp(g.neg(shared)), { axes: [1] }), { dims: [4, 8], axes: [0] });
    expect(groupsOf(g.build({ y: g.add(early, sum) }))).toEqual(["tanh mul neg exp", "reduceSum", "add"]);
  });

  test("also at the end of a chain of 50,000", () => {
    const g = buildGraph("long");
    const x = g.param("x", f32(4));
    let value = x;
    for (let i = 0; i < 50_000; i++) value = g.neg(value);
    const sum = g.broadcast(g.reduceSum(g.exp(x), { axes: [0] }), { dims: [4], axes: [] });
    const graph = g.build({ y: g.add(value, sum) });
    expect(findGroups(graph, kernelsOf(graph)).flat()).toHaveLength(graph.nodes.length);
  });
});

describe("reductions", () => {
  test("of one shape over the same axes are one kernel, with the products that they add up", () => {
    const g = buildGraph("together");
    const [x, y] = [g.param("x", f32(4, 8)), g.param("y", f32(4, 8))];
    const sum = (value: typeof x) => g.reduceSum(value, { axes: [1] });
    const graph = g.build({
      xx: sum(g.mul(x, x)),
      xy: sum(g.mul(x, y)),
      most: g.reduceMax(g.neg(y), { axes: [1] }),
      other: g.reduceSum(x, { axes: [0] }),
    });
    expect(groupsOf(graph)).toEqual(["reduceSum", "mul reduceSum mul reduceSum neg reduceMax"]);
  });

  test("compute chains of what only they read, also where a value is read twice, up to a dozen", () => {
    const groupsWith = (loss: (g: GraphBuilder, x: Value, y: Value) => Record<string, Value>): readonly string[] => {
      const g = buildGraph("chain");
      return groupsOf(g.build(loss(g, g.param("x", f32(4, 8)), g.param("y", f32(4, 8)))));
    };
    const squares = (g: GraphBuilder, distance: Value): Value =>
      g.reduceSum(g.mul(distance, distance), { axes: [0, 1] });
    expect(groupsWith((g, x, y) => ({ loss: squares(g, g.neg(g.sub(x, y))) }))).toEqual(["sub neg mul reduceSum"]);
    // Here the distance has to be in memory.
    const both = groupsWith((g, x, y) => {
      const distance = g.sub(x, y);
      return { loss: squares(g, distance), slope: g.add(distance, distance) };
    });
    expect(both).toEqual(["sub mul add", "reduceSum"]);
    const long = groupsWith((g, x, y) => {
      let value = x;
      for (let i = 0; i < 40; i++) value = g.mul(value, y);
      return { loss: g.reduceSum(value, { axes: [1] }) };
    }).map((ops) => ops.split(" ").length);
    expect(long.at(-1)).toBeLessThanOrEqual(12);
    expect(long.reduce((sum, count) => sum + count, 0)).toBe(41);
  });

  test("compute nothing that is stored in any case, is costly, or reads what would have to be stored", () => {
    const g = buildGraph("apart");
    const x = g.param("x", f32(4, 8));
    const product = g.mul(x, x);
    const graph = g.build({
      product,
      sum: g.reduceSum(product, { axes: [1] }),
      exps: g.reduceSum(g.exp(x), { axes: [1] }),
      squares: g.reduceSum(g.mul(g.tanh(x), 2), { axes: [1] }),
    });
    expect(groupsOf(graph)).toEqual(["mul exp tanh mul", "reduceSum reduceSum reduceSum"]);
  });

  test("of a layer normalization: the mean, the variance with its squares, and what is made of both", () => {
    const g = buildGraph("norm");
    const x = g.param("x", f32(4, 8));
    expect(groupsOf(g.build({ y: layerNorm(g, x, { axis: 1, epsilon: 1e-5 }) }))).toEqual([
      "reduceSum",
      "div",
      "sub",
      "mul reduceSum",
      "div add rsqrt",
      "mul",
    ]);
  });
});
