// Places where a derivative is not what a function looks like: which are told, and that ops say the truth about themselves.
import { describe, expect, test } from "vitest";
import {
  buildGraph,
  checkGradients,
  derivativePlaces,
  evaluate,
  f64,
  gradient,
  loopStates,
  ops,
  relu,
  softplus,
  scan,
  withoutStops,
  type Graph,
  type GraphBuilder,
  type Tensor,
  type Value,
} from "../src/index";

const vector = (...data: number[]): Tensor => ({ type: f64(data.length), data: Float64Array.from(data) });

/** A loss of w and x, each f64[3]. */
function lossOf(build: (g: GraphBuilder, w: Value, x: Value) => Value): Graph {
  const g = buildGraph("places");
  const [w, x] = [g.param("w", f64(3)), g.param("x", f64(3))];
  const result = build(g, w, x);
  return g.build({ loss: g.reduceSum(result, { axes: [0] }) });
}
const kindsIn = (graph: Graph): readonly string[] =>
  derivativePlaces(graph, { of: "loss", wrt: ["w"] }).map(({ kind, op }) => `${kind} ${op}`);

describe("places", () => {
  test.each<[string, (g: GraphBuilder, w: Value, x: Value) => Value, readonly string[]]>([
    ["smooth functions", (g, w, x) => g.tanh(g.mul(w, x)), []],
    ["a kink", (g, w) => g.abs(w), ["kink abs"]],
    ["a step", (g, w, x) => g.mul(g.floor(w), x), ["flat floor"]],
    ["a stop", (g, w, x) => g.mul(g.stopGradient(g.tanh(w)), x), ["stopped stopGradient"]],
    ["a choice by weights", (g, w, x) => g.select(g.lt(w, x), w, g.neg(x)), ["choice select"]],
    ["a choice of what is compared", (g, w, x) => g.select(g.lt(w, x), w, x), ["kink select"]],
    ["a smooth choice", (g, w, x) => g.add(softplus(g, w), g.logAddExp(w, x)), []],
    ["a choice of a constant that is compared", (g, w) => relu(g, w), ["kink select"]],
    ["a choice of another constant", (g, w) => g.select(g.le(w, 0), 1, w), ["choice select"]],
    ["a choice by inputs", (g, w, x) => g.select(g.lt(x, 0), w, x), []],
    ["of inputs alone", (g, w, x) => g.mul(w, g.abs(x)), []],
    ["a kink behind a stop", (g, w) => g.mul(w, g.stopGradient(g.abs(w))), ["stopped stopGradient"]],
    ["a choice by what is stopped", (g, w, x) => g.select(g.lt(g.stopGradient(w), 0), w, x), []],
    [
      "in a loop, reached only through the state",
      (g, w, x) =>
        scan(g, { init: { h: x }, length: 3 }, (b, { carry: { h } }) => ({
          carry: { h: b.abs(b.mul(h, w)) },
          y: {},
        })).final["h"],
      ["kink abs"],
    ],
  ])("%s", (_, build, expected) => {
    expect(kindsIn(lossOf(build))).toEqual(expected);
  });
});

test("two long chains that look alike are told apart in time", () => {
  const graph = lossOf((g, w, x) => {
    let [a, b] = [w, w];
    for (let i = 0; i < 60; i++) [a, b] = [g.mul(a, a), g.mul(b, b)];
    return g.select(g.lt(a, b), b, x);
  });
  expect(kindsIn(graph)).toEqual(["choice select"]);
});

test("without its stops a graph computes the same, and its gradient is that of differences", () => {
  const graph = lossOf((g, w, x) => g.mul(g.mul(w, g.stopGradient(g.tanh(w))), x));
  const inputs = { w: vector(0.3, -0.7, 1.1), x: vector(1, 2, -0.5) };
  const free = withoutStops(graph, () => true);
  expect(evaluate(free, inputs)["loss"].data).toEqual(evaluate(graph, inputs)["loss"].data);
  expect(checkGradients(free, inputs, { of: "loss", wrt: ["w"] })[0].passed).toBe(true);
  expect(checkGradients(graph, inputs, { of: "loss", wrt: ["w"] })[0].passed).toBe(false);
  expect(withoutStops(graph, () => false)).toBe(graph);
});

describe("ops say the truth", () => {
  const flat = Object.values(ops).filter(({ traits }) => traits.flat === true);
  test.each(flat.map((op) => [op.name, op] as const))("%s is flat: no gradient comes back", (_, op) => {
    const graph = lossOf((g, w, x) => g.add(g.emit(op as typeof ops.floor, [w]), x));
    const found = evaluate(gradient(graph, { of: "loss", wrt: ["w"] }), {
      w: vector(0.3, -0.7, 1.1),
      x: vector(0, 0, 0),
    });
    expect([...found["grad.w"].data]).toEqual([0, 0, 0]);
  });
});

test("states that run without a loop, and those that need one", () => {
  const g = buildGraph("states");
  const xs = g.param("xs", f64("T", 2, 3));
  const start = g.constant({ dtype: "f64", dims: [2, 3], data: [0, 0, 0, 0, 0, 0] });
  const { final } = scan(g, { init: { a: start, b: start }, xs: { x: xs } }, (s, { carry: { a, b }, x: { x } }) => ({
    carry: { a: s.add(s.mul(s.sigmoid(x), a), x), b: s.tanh(s.add(a, b)) },
    y: {},
  }));
  expect(loopStates(g.build({ a: final["a"], b: final["b"] }), { T: 4 })).toMatchObject([
    { steps: 4, linear: ["a"], looped: ["b"] },
  ]);
});
