// Passes one by one; that they keep what a graph computes is tried in random-graphs.test.ts.
import { describe, expect, test } from "vitest";
import { buildGraph } from "../src/graph/builder.js";
import { evaluate } from "../src/graph/evaluate.js";
import { parseGraph } from "../src/graph/parse.js";
import { printGraph } from "../src/graph/print.js";
import { checkGraph } from "../src/graph/verify.js";
import type { Graph } from "../src/ir/graph.js";
import { dce } from "../src/passes/dce.js";
import { fold } from "../src/passes/fold.js";
import { allPasses, optimize } from "../src/passes/index.js";
import { runPasses, type Pass } from "../src/passes/pass.js";
import { simplify, simplifyRules } from "../src/passes/simplify.js";
import type { Value } from "../src/ops/op.js";
import { compile } from "../src/runtime/compile.js";
import { elementCount } from "../src/shape/strides.js";
import { sizesOf } from "../src/shape/tensor.js";
import { randomFrom } from "./random.js";

const X = "%x: f32[2,3]";
const XY = "%x: f32[2,3], %y: f32[2,3]";
const CXY = `%c: bool[2,3], ${XY}`;
const CD = "%c: bool[2,3], %d: bool[2,3]";
const constant = (value: number, type = "f32"): string =>
  `%k = constant() {data = [${value}], dims = [2,3], dtype = "${type}"}: ${type}[2,3]`;

interface Example {
  readonly params: string;
  /** All nodes; the last one is simplified to `becomes`. */
  readonly nodes: readonly string[];
  /** The values that remain when dead nodes are gone, or the returned parameter. */
  readonly becomes: string;
}

const on =
  (params: string, type = "f32[2,3]") =>
  (becomes: string, ...nodes: readonly string[]): Example => ({
    params,
    nodes: nodes.map((node) => (/: \S+$/.test(node) ? node : `${node}: ${type}`)),
    becomes,
  });
const floats = on(XY);
const bools = on(CD, "bool[2,3]");
const choices = on(CXY);

/** One example for each rule, by its name; a rule without one fails, and so does one for no rule. */
const examples: Readonly<Record<string, Example>> = {
  "x + 0 = x": floats("x", constant(0), "%r = add(%x, %k)"),
  "0 + x = x": floats("x", constant(0), "%r = add(%k, %x)"),
  "x · 1 = x": floats("x", constant(1), "%r = mul(%x, %k)"),
  "1 · x = x": floats("x", constant(1), "%r = mul(%k, %x)"),
  "x - 0 = x": floats("x", constant(0), "%r = sub(%x, %k)"),
  "x / 1 = x": floats("x", constant(1), "%r = div(%x, %k)"),
  "x ^ 1 = x": floats("x", constant(1), "%r = pow(%x, %k)"),
  "0 - x = -x": floats("neg(x)", constant(0), "%r = sub(%k, %x)"),
  "x · -1 = -x": floats("neg(x)", constant(-1), "%r = mul(%x, %k)"),
  "-1 · x = -x": floats("neg(x)", constant(-1), "%r = mul(%k, %x)"),
  "x / -1 = -x": floats("neg(x)", constant(-1), "%r = div(%x, %k)"),
  "-(-x) = x": floats("x", "%n = neg(%x)", "%r = neg(%n)"),
  "x + -y = x - y": floats("sub(x, y)", "%n = neg(%y)", "%r = add(%x, %n)"),
  "-x + y = y - x": floats("sub(y, x)", "%n = neg(%x)", "%r = add(%n, %y)"),
  "x - -y = x + y": floats("add(x, y)", "%n = neg(%y)", "%r = sub(%x, %n)"),
  "-x · -y = x · y": floats("mul(x, y)", "%n = neg(%x)", "%m = neg(%y)", "%r = mul(%n, %m)"),
  "-(x - y) = y - x": floats("sub(y, x)", "%n = sub(%x, %y)", "%r = neg(%n)"),
  "|-x| = |x|": floats("abs(x)", "%n = neg(%x)", "%r = abs(%n)"),
  "||x|| = |x|": floats("abs(x)", "%n = abs(%x)", "%r = abs(%n)"),
  "x max x = x": floats("x", "%r = max(%x, %x)"),
  "x min x = x": floats("x", "%r = min(%x, %x)"),
  "not not x = x": bools("c", "%n = not(%c)", "%r = not(%n)"),
  "x and true = x": bools("c", constant(1, "bool"), "%r = and(%c, %k)"),
  "true and x = x": bools("c", constant(1, "bool"), "%r = and(%k, %c)"),
  "x and false = false": bools("constant()", constant(0, "bool"), "%r = and(%c, %k)"),
  "false and x = false": bools("constant()", constant(0, "bool"), "%r = and(%k, %c)"),
  "x and x = x": bools("d", "%r = and(%d, %d)"),
  "x or false = x": bools("c", constant(0, "bool"), "%r = or(%c, %k)"),
  "false or x = x": bools("c", constant(0, "bool"), "%r = or(%k, %c)"),
  "x or true = true": bools("constant()", constant(1, "bool"), "%r = or(%c, %k)"),
  "true or x = true": bools("constant()", constant(1, "bool"), "%r = or(%k, %c)"),
  "x or x = x": bools("d", "%r = or(%d, %d)"),
  "select(true, x, y) = x": choices("x", constant(1, "bool"), "%r = select(%k, %x, %y)"),
  "select(false, x, y) = y": choices("y", constant(0, "bool"), "%r = select(%k, %x, %y)"),
  "select(c, x, x) = x": choices("x", "%r = select(%c, %x, %x)"),
  "select(not c, x, y) = select(c, y, x)": choices(
    "select(c, y, x)",
    "%n = not(%c): bool[2,3]",
    "%r = select(%n, %x, %y)",
  ),
  "cast(x) = x to the type it has": floats("x", '%r = cast(%x) {dtype = "f32"}'),
  "reshape to the same dims = x": floats("x", "%r = reshape(%x) {dims = [2,3]}"),
  "reshape(reshape(x)) = reshape(x)": on(X, "f32[3,2]")(
    "reshape(x)",
    "%n = reshape(%x) {dims = [6]}: f32[6]",
    "%r = reshape(%n) {dims = [3,2]}",
  ),
  "transpose in the same order = x": floats("x", "%r = transpose(%x) {order = [0,1]}"),
  "transpose(transpose(x)) = transpose(x)": on("%x: f32[2,3,4]", "f32[4,3,2]")(
    "transpose(x)",
    "%n = transpose(%x) {order = [2,0,1]}: f32[4,2,3]",
    "%r = transpose(%n) {order = [0,2,1]}",
  ),
  "broadcast to the same dims = x": floats("x", "%r = broadcast(%x) {axes = [0,1], dims = [2,3]}"),
  "broadcast(broadcast(x)) = broadcast(x)": on("%x: f32[3]", "f32[2,3,4]")(
    "broadcast(x)",
    "%n = broadcast(%x) {axes = [0], dims = [3,4]}: f32[3,4]",
    "%r = broadcast(%n) {axes = [1,2], dims = [2,3,4]}",
  ),
  "slice of everything = x": floats("x", "%r = slice(%x) {limit = [2,3], start = [0,0], step = [1,1]}"),
  "pad by nothing = x": floats(
    "x",
    '%z = constant() {data = [7], dims = [], dtype = "f32"}: f32',
    "%r = pad(%x, %z) {high = [0,0], interior = [0,0], low = [0,0]}",
  ),
  "concat(x) = x": floats("x", "%r = concat(%x) {axis = 1}"),
  "concat(concat(x, y), z) = concat(x, y, z)": on(XY, "f32[6,3]")(
    "concat(x, y, x)",
    "%n = concat(%x, %y) {axis = 0}: f32[4,3]",
    "%r = concat(%n, %x) {axis = 0}",
  ),
  "pad(x) + pad(y) = pad(concat(x, y))": on(XY, "f32[4,3]")(
    "concat(y, x)",
    '%z = constant() {data = [0], dims = [], dtype = "f32"}: f32',
    "%n = pad(%x, %z) {high = [0,0], interior = [0,0], low = [2,0]}: f32[4,3]",
    "%m = pad(%y, %z) {high = [2,0], interior = [0,0], low = [0,0]}: f32[4,3]",
    "%r = add(%n, %m)",
  ),
  "reverse over no axes = x": floats("x", "%r = reverse(%x) {axes = []}"),
  "reverse(reverse(x)) = x": floats("x", "%n = reverse(%x) {axes = [1]}", "%r = reverse(%n) {axes = [1]}"),
  "reduceSum over no axes = x": floats("x", "%r = reduceSum(%x) {axes = []}"),
  "reduceMax over no axes = x": floats("x", "%r = reduceMax(%x) {axes = []}"),
  "reduceSum over axes of size 1 = reshape(x)": on("%x: f32[1,3]", "f32[3]")(
    "reshape(x)",
    "%r = reduceSum(%x) {axes = [0]}",
  ),
  "reduceMax over axes of size 1 = reshape(x)": on("%x: f32[1,3]", "f32[3]")(
    "reshape(x)",
    "%r = reduceMax(%x) {axes = [0]}",
  ),
  "gather(x, iota) = x": floats(
    "x",
    '%n = iota() {axis = 0, dims = [3], dtype = "i32"}: i32[3]',
    "%r = gather(%x, %n) {axis = 1, batch = 0}",
  ),
  "min(iota, n) = iota": on(X, "i32[4,3]")(
    "iota()",
    '%n = iota() {axis = 0, dims = [4,3], dtype = "i32"}: i32[4,3]',
    '%k = constant() {data = [3], dims = [4,3], dtype = "i32"}: i32[4,3]',
    "%r = min(%n, %k)",
  ),
};

function graphOf({ params, nodes }: Example): Graph {
  const type = /: (\S+)$/.exec(nodes[nodes.length - 1])?.[1] ?? "";
  return parseGraph(`graph f(${params}) -> (${type}) {\n${nodes.join("\n")}\nreturn result = %r\n}`);
}

/** "neg(x)" for one node that remains, "x" for a parameter. */
function formatRest(graph: Graph): string {
  const nameOf = (id: number): string => graph.params[id]?.name ?? "?";
  const [{ value }] = graph.outputs;
  if (graph.nodes.length === 0) return nameOf(value);
  return graph.nodes.map((node) => `${node.op}(${node.inputs.map(nameOf).join(", ")})`).join("; ");
}

const evaluated = (graph: Graph): readonly number[] => {
  const inputs = graph.params.map(({ name, type }, k) => {
    const count = elementCount(sizesOf({ type, data: new Float64Array() }.type));
    const values = [0.5, -1.25, Infinity, NaN, -3, 1e30, 7, -0.1];
    const data = Float64Array.from({ length: count }, (_, i) =>
      type.dtype === "bool" ? (i + k) % 2 : values[(3 * k + i) % 8],
    );
    return [name, { type, data }] as const;
  });
  return Array.from(evaluate(graph, Object.fromEntries(inputs)).result.data, (value) => value + 0);
};

describe("rules of simplify", () => {
  test("have different names, reasons and an example each", () => {
    expect(simplifyRules.map(({ rule }) => rule).sort()).toEqual(Object.keys(examples).sort());
    for (const { because } of simplifyRules) expect(because).not.toBe("");
  });

  test.each(Object.entries(examples))("%s", (_name, example) => {
    const graph = graphOf(example);
    const simplified = dce.run(simplify.run(graph));
    checkGraph(simplified);
    expect(formatRest(simplified)).toBe(example.becomes);
    expect(evaluated(simplified)).toEqual(evaluated(graph));
  });
});

describe("near misses of simplify", () => {
  test.each<readonly [string, Example]>([
    ["x + 1", floats("", constant(1), "%r = add(%x, %k)")],
    ["x · 0", floats("", constant(0), "%r = mul(%x, %k)")],
    ["0 / x", floats("", constant(0), "%r = div(%k, %x)")],
    ["1 / x", floats("", constant(1), "%r = div(%k, %x)")],
    ["1 ^ x", floats("", constant(1), "%r = pow(%k, %x)")],
    ["x - x", floats("", "%r = sub(%x, %x)")],
    ["x / x", floats("", "%r = div(%x, %x)")],
    ["x = x", on(X, "bool[2,3]")("", "%r = eq(%x, %x)")],
    ["x max y", floats("", "%r = max(%x, %y)")],
    ["c and d", bools("", "%r = and(%c, %d)")],
    ["|-x| of u32", on("%x: u32[2]", "u32[2]")("", "%n = neg(%x)", "%r = abs(%n)")],
    ["select(c, x, y)", choices("", "%r = select(%c, %x, %y)")],
    [
      "x + a constant that is not 0 everywhere",
      floats("", '%k = constant() {data = [0,0,0,0,0,1], dims = [2,3], dtype = "f32"}', "%r = add(%x, %k)"),
    ],
    ["reverses of different axes", floats("", "%n = reverse(%x) {axes = [0]}", "%r = reverse(%n) {axes = [1]}")],
    ["slice with a step", on("%x: f32[1]", "f32[1]")("", "%r = reverse(%x) {axes = [0]}")],
    ["reduceSum over an axis of size 2", on(X, "f32[3]")("", "%r = reduceSum(%x) {axes = [0]}")],
    ["size of a symbol", on(X, "i32")("", '%r = size() {dim = "B", dtype = "i32"}')],
    [
      "min(iota, n) where an index is above n",
      on(X, "i32[4]")(
        "",
        '%n = iota() {axis = 0, dims = [4], dtype = "i32"}: i32[4]',
        '%k = constant() {data = [2], dims = [4], dtype = "i32"}: i32[4]',
        "%r = min(%n, %k)",
      ),
    ],
    [
      "gather of the first rows",
      on(X, "f32[1,3]")(
        "",
        '%n = iota() {axis = 0, dims = [1], dtype = "i32"}: i32[1]',
        "%r = gather(%x, %n) {axis = 0, batch = 0}",
      ),
    ],
    ["stopGradient", floats("", "%r = stopGradient(%x)")],
    ["a cast that converts", on(X, "f64[2,3]")("", '%r = cast(%x) {dtype = "f64"}')],
    [
      "pad with a value",
      on("%x: f32[2], %z: f32", "f32[3]")("", "%r = pad(%x, %z) {high = [1], interior = [0], low = [0]}"),
    ],
  ])("%s stays", (_name, example) => {
    const graph = graphOf(example);
    expect(simplify.run(graph)).toBe(graph);
  });
});

describe("fold", () => {
  test("leaves an error to the run", () => {
    const graph = parseGraph(`graph f() -> (f32[1]) {
      %x = constant() {data = [1,2], dims = [2], dtype = "f32"}: f32[2]
      %i = constant() {data = [5], dims = [1], dtype = "i32"}: i32[1]
      %g = gather(%x, %i) {axis = 0, batch = 0}: f32[1]
      return %g
    }`);
    expect(printGraph(fold.run(graph))).toBe(printGraph(graph));
  });

  test("keeps integers in their range", () => {
    const graph = parseGraph(`graph f() -> (i32) {
      %x = constant() {data = [2147483647], dims = [], dtype = "i32"}: i32
      %y = add(%x, %x): i32
      return %y
    }`);
    expect(fold.run(graph).nodes[1].attrs.data).toEqual([-2]);
  });

  test("knows sizes that are numbers", () => {
    const graph = parseGraph(`graph f(%x: f32[B]) -> (bool, i32) {
      %seven = size() {dim = 7, dtype = "i32"}: i32
      %eight = size() {dim = 8, dtype = "i32"}: i32
      %less = lt(%seven, %eight): bool
      %batch = size() {dim = "B", dtype = "i32"}: i32
      return %less, %batch
    }`);
    const folded = fold.run(graph);
    expect(folded.nodes.map(({ op }) => op)).toEqual(["constant", "constant", "constant", "size"]);
    expect(folded.nodes[2].attrs.data).toEqual([1]);
  });

  test("does not decide by digits that f32 does not have", () => {
    const graph = parseGraph(`graph f() -> (bool, i32) {
      %x = constant() {data = [0.1], dims = [], dtype = "f32"}: f32
      %y = constant() {data = [0.100000000001], dims = [], dtype = "f32"}: f32
      %less = lt(%x, %y): bool
      %almost = constant() {data = [0.9999999999], dims = [], dtype = "f32"}: f32
      %whole = cast(%almost) {dtype = "i32"}: i32
      return %less, %whole
    }`);
    expect(fold.run(graph)).toBe(graph);
  });

  describe("changes no bit, neither of compiled code nor of the reference executor", () => {
    /** Chains of arithmetic on random constants, each an output. */
    function chains(): Graph {
      const random = randomFrom("constants of f32");
      const g = buildGraph("constants");
      const outputs: Record<string, Value> = {};
      for (let i = 0; i < 60; i++) {
        let value = g.constant({ dtype: "f32", dims: [], data: [random() * 4 - 2] });
        for (let step = 0; step < 4; step++) {
          const other = g.constant({ dtype: "f32", dims: [], data: [random() * 4 - 2] });
          const make = [g.add, g.sub, g.mul, g.div, g.max, g.mod][Math.floor(random() * 6)];
          outputs[`o${i}.${step}`] = value = make(value, other);
        }
      }
      return g.build(outputs);
    }

    test.each(["fast", "reproducible"] as const)("with %s precision", async (precision) => {
      const graph = chains();
      const folded = fold.run(graph);
      const left = folded.nodes.filter((node) => node.op !== "constant").length;
      // Some are the same after rounding at the end only, others are not.
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThan(graph.nodes.filter((node) => node.op !== "constant").length);
      expect(evaluate(folded, {})).toEqual(evaluate(graph, {}));
      const [on, off] = await Promise.all(
        [[], ["fold"]].map(async (without) =>
          (await compile(graph, { executor: "compiled", precision, without })).run({}),
        ),
      );
      expect(on).toEqual(off);
    });
  });

  test("computes 1,024 elements and not 1,025", () => {
    const wide = (count: number): Graph =>
      parseGraph(`graph f() -> (f32[${count}]) {
        %x = constant() {data = [${Array.from({ length: count }, (_, i) => i).join(",")}], dims = [${count}], dtype = "f32"}: f32[${count}]
        %y = neg(%x): f32[${count}]
        return %y
      }`);
    const kept = wide(1025);
    expect(fold.run(wide(1024)).nodes[1].op).toBe("constant");
    expect(fold.run(kept)).toBe(kept);
  });
});

describe("runPasses", () => {
  const graph = parseGraph("graph f(%x: f32) -> (f32) { %y = neg(%x): f32 return %y }");
  const broken: Pass = {
    name: "breaks",
    summary: "",
    run: (before) => ({ ...before, outputs: [{ name: "y", value: 5 }] }),
  };

  test("names the pass that broke the graph, when checking", () => {
    expect(() => runPasses(graph, [dce, broken], { check: true })).toThrow(/internal: pass breaks broke graph f/);
    expect(runPasses(graph, [dce, broken]).outputs[0].value).toBe(5);
  });

  test("returns a graph itself when there is nothing to do", () => {
    expect(optimize(graph)).toBe(graph);
  });

  test("passes have names and sentences", () => {
    for (const pass of allPasses) {
      expect(pass.name).toMatch(/^[a-z]+$/);
      expect(pass.summary).toMatch(/^\p{Lu}.*\.$/u);
    }
  });
});
