/** The builder: names, broadcasting, scopes, origins. */
import { describe, expect, test } from "vitest";
import { GraphError, ShapeError } from "../src/errors/errors.js";
import { buildGraph } from "../src/graph/builder.js";
import { evaluate } from "../src/graph/evaluate.js";
import { opNamed } from "../src/ops/index.js";
import { f32, f64, formatType, i32 } from "../src/shape/tensor-type.js";

describe("names", () => {
  test("are unique, kept where given, else those of the op", () => {
    const g = buildGraph("names");
    const x = g.param("x", f32());
    const forget = g.named("forget", g.sigmoid(x));
    const twice = [g.add(forget, x), g.add(x, x), g.named("forget", g.neg(x))];
    const graph = g.build({ a: twice[0], b: twice[1], c: twice[2] });
    expect(graph.nodes.flatMap((node) => node.names)).toEqual(["forget", "add", "add_2", "forget_2"]);
  });

  test("of parameters may not repeat", () => {
    const g = buildGraph("names");
    g.param("x", f32());
    expect(() => g.param("x", f32())).toThrow(GraphError);
  });
});

describe("broadcasting of operands", () => {
  test("aligns at the last axis, stretches size 1, and lifts numbers to the type of the others", () => {
    const g = buildGraph("broadcast");
    const x = g.param("x", f64("B", 3));
    const row = g.param("row", f64(3));
    const column = g.param("column", f64("B", 1));
    const sum = g.add(g.add(x, row), column);
    const graph = g.build({ sum, shifted: g.sub(1, x), outer: g.mul(column, row) });
    const results = evaluate(graph, {
      x: { type: f64(2, 3), data: Float64Array.of(1, 2, 3, 4, 5, 6) },
      row: { type: f64(3), data: Float64Array.of(10, 20, 30) },
      column: { type: f64(2, 1), data: Float64Array.of(100, 200) },
    });
    expect([...results.sum.data]).toEqual([111, 122, 133, 214, 225, 236]);
    expect([...results.shifted.data]).toEqual([0, -1, -2, -3, -4, -5]);
    expect([...results.outer.data]).toEqual([1000, 2000, 3000, 2000, 4000, 6000]);
    expect(formatType(sum.type)).toBe("f64[B,3]");
  });

  test("makes a number or repetition once for all that need it, but not what was asked for", () => {
    const g = buildGraph("once");
    const [x, y] = ["x", "y"].map((name) => g.param(name, f32(2, 3)));
    const row = g.param("row", f32(3));
    const scaled = [x, y].map((each) => g.add(g.mul(each, 2), row));
    const others = [
      g.add(scaled[0], -0),
      g.add(scaled[1], 0),
      g.mul(g.constant({ dtype: "f32", dims: [], data: [2] }), row),
    ];
    const graph = g.build(Object.fromEntries(others.map((value, i) => [`out${i}`, value])));
    const count = (op: string): number => graph.nodes.filter((node) => node.op === op).length;
    expect(count("constant")).toBe(4);
    expect(count("broadcast")).toBe(5);
    expect(graph.nodes.flatMap((node) => (node.op === "constant" ? node.attrs["data"] : []))).toEqual([2, -0, 0, 2]);
  });

  test("refuses sizes that differ, and names the operands", () => {
    const g = buildGraph("broadcast");
    const a = g.param("a", f32("B", 3));
    const b = g.param("b", f32("T", 3));
    const mismatch = () => g.at("/layers/1", () => g.mul(a, b));
    expect(mismatch).toThrow(/mul\(%a, %b\) {3}in graph broadcast\n {2}from {5}\/layers\/1/);
    expect(mismatch).toThrow(/a: f32\[B,3\], b: f32\[T,3\]/);
    expect(() => g.add(a, g.param("n", i32("B", 3)))).toThrow(ShapeError);
  });

  test("happens only in the convenience functions, never in emit", () => {
    const g = buildGraph("strict");
    expect(() => g.node({ op: opNamed("add"), inputs: [g.param("a", f32(3)), g.param("b", f32())] })).toThrow(
      /add\.C3/,
    );
  });
});

describe("scopes", () => {
  test("a value of another graph is refused", () => {
    const g = buildGraph("mine");
    const other = buildGraph("other").param("x", f32());
    expect(() => g.neg(other)).toThrow(/graph\.foreign-value/);
  });

  test("a value of a region is refused outside it", () => {
    const g = buildGraph("outer");
    const inner = g.inner("inner");
    const x = inner.param("x", f32());
    expect(() => g.neg(x)).toThrow(GraphError);
  });

  test("a region inherits the origin that is in force where it begins", () => {
    const g = buildGraph("outer");
    const { inner, x } = g.at("/layers/2", () => {
      const region = g.inner("inner");
      return { inner: region, x: region.param("x", f32()) };
    });
    expect(inner.build({ y: inner.neg(x) }).nodes[0].origin).toBe("/layers/2");
  });

  test("captured values come first, once each, under their own names", () => {
    const g = buildGraph("outer");
    const w = g.param("w", f32());
    const inner = g.inner("inner");
    const x = inner.param("x", f32());
    const result = inner.mul(inner.add(x, w), w);
    expect(inner.build({ result }).params.map((param) => param.name)).toEqual(["w", "x"]);
    expect(inner.captured()).toEqual([w]);
  });
});

test("errors name the use, the rule, the types and the origin", () => {
  const g = buildGraph("gate");
  const xh = g.param("xh", f32(8, 48));
  const W = g.param("W", f32(40, 32));
  let message = "";
  try {
    g.at("/layers/0/cell/gates/forget", () =>
      g.dotGeneral(xh, W, { contractX: [1], contractY: [0], batchX: [], batchY: [] }),
    );
  } catch (error) {
    message = (error as ShapeError).message;
  }
  expect(message).toContain("at       dotGeneral(%xh, %W)   in graph gate");
  expect(message).toContain("from     /layers/0/cell/gates/forget");
  expect(message).toContain("received xh: f32[8,48], W: f32[40,32]");
});
