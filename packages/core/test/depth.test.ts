// A chain of 50,000 nodes goes through everything: nothing recurses over depth, and nothing is quadratic in nodes,
// which would take minutes and run into the time limit.
import { describe, expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { bindGraph, symbolsOfGraph } from "../src/graph/bind.js";
import { buildGraph } from "../src/graph/builder.js";
import { graphFromJson } from "../src/graph/deserialize.js";
import { evaluate } from "../src/graph/evaluate.js";
import { hashGraph } from "../src/graph/hash.js";
import { parseGraph } from "../src/graph/parse.js";
import { printGraph } from "../src/graph/print.js";
import { graphToJson } from "../src/graph/serialize.js";
import { verifyGraph } from "../src/graph/verify.js";
import type { Graph } from "../src/ir/graph.js";
import type { Value } from "../src/ops/op.js";
import { printEquations } from "../src/notation/print-equations.js";
import { allPasses, optimize } from "../src/passes/index.js";
import { f32, f64 } from "../src/shape/tensor-type.js";

const NODES = 50_000;

/** `link` applied over and over to x f64[B]; the sum of the last is the output "loss". */
function chain(link: (g: ReturnType<typeof buildGraph>, x: Value, i: number) => Value): Graph {
  const g = buildGraph("chain");
  let x = g.param("x", f64("B"));
  while (x.key < NODES) x = link(g, x, x.key);
  return g.build({ loss: g.reduceSum(x, { axes: [0] }) });
}

/** Nothing in it can be simplified. */
const plain = chain((g, x, i) => (i % 2 === 0 ? g.sin(x) : g.tanh(x)));

describe("a chain of 50,000 nodes", () => {
  test("is printed and parsed", () => {
    expect(plain.nodes.length).toBeGreaterThanOrEqual(NODES);
    expect(parseGraph(printGraph(plain))).toEqual(plain);
  });

  test("is printed as equations", () => {
    expect(printEquations(plain)).toContain("loss = sum(");
  });

  test("is written to JSON and read back", () => {
    expect(graphFromJson(JSON.parse(JSON.stringify(graphToJson(plain))))).toEqual(plain);
  });

  test("is verified, hashed and bound", () => {
    expect(verifyGraph(plain)).toEqual([]);
    expect(hashGraph(plain)).toHaveLength(64);
    expect(symbolsOfGraph(plain)).toEqual(["B"]);
    expect(bindGraph(plain, { B: 2 }).nodes.at(-2)?.types).toEqual([f64(2)]);
  });

  test("goes through every pass", () => {
    for (const pass of allPasses) expect(pass.run(plain)).toBe(plain);
  });

  test("is evaluated, differentiated, and its gradient optimized and evaluated", () => {
    const x = { type: f64(2), data: Float64Array.of(0.5, -0.5) };
    expect(evaluate(plain, { x }).loss.data[0]).toBeCloseTo(0);
    const optimized = optimize(gradient(plain, { of: "loss", wrt: ["x"] }));
    const slope = evaluate(optimized, { x })["grad.x"].data[0];
    expect(slope).toBeGreaterThan(0);
    expect(slope).toBeLessThan(1e-3);
  });
});

describe("chains that a pass takes apart", () => {
  test("dce: 50,000 dead nodes", () => {
    const g = buildGraph("dead");
    let x = g.param("x", f32());
    const first = x;
    for (let i = 0; i < NODES; i++) x = g.sin(x);
    expect(optimize(g.build({ y: g.neg(first) })).nodes).toHaveLength(1);
  });

  test("cse: 25,000 nodes twice", () => {
    const g = buildGraph("twice");
    const x = g.param("x", f32());
    let [a, b] = [x, x];
    for (let i = 0; i < NODES / 2; i++) [a, b] = [g.sin(a), g.sin(b)];
    expect(optimize(g.build({ y: g.add(a, b) })).nodes).toHaveLength(NODES / 2 + 1);
  });

  test("fold: a chain of constants", () => {
    const g = buildGraph("constants");
    const x = g.param("x", f64("B"));
    let k = g.constant({ dtype: "f64", dims: ["B"], data: [1] });
    for (let i = 0; i < NODES; i++) k = g.add(g.neg(k), 3);
    expect(optimize(g.build({ y: g.sub(x, k) })).nodes).toHaveLength(2);
  });

  test("simplify: negations, reshapes, transposes and additions of 0", () => {
    const links: readonly ((g: ReturnType<typeof buildGraph>, x: Value) => Value)[] = [
      (g, x) => g.neg(x),
      (g, x) => g.reshape(g.reshape(x, { dims: ["B", 1] }), { dims: ["B"] }),
      (g, x) => g.transpose(x, { order: [0] }),
      (g, x) => g.add(x, 0),
    ];
    const simple = optimize(chain((g, x, i) => links[i % links.length](g, x)));
    expect(simple.nodes.length).toBeLessThan(3);
  });

  test("a node with 50,000 operands", () => {
    const g = buildGraph("wide");
    const x = g.param("x", f32(1));
    const wide = g.build({ y: g.concat(new Array<Value>(NODES).fill(x), { axis: 0 }) });
    expect(parseGraph(printGraph(wide))).toEqual(wide);
    expect(verifyGraph(wide)).toEqual([]);
    expect(optimize(wide)).toBe(wide);
  });
});
