// The text form: names and numbers of every kind come back, limits hold, and damaged texts give errors and nothing else.
import { describe, expect, test } from "vitest";
import { IrSyntaxError, LatchgradError } from "../src/errors/errors.js";
import { buildGraph } from "../src/graph/builder.js";
import { parseGraph, parseGraphs } from "../src/graph/parse.js";
import { printGraph } from "../src/graph/print.js";
import { verifyGraph } from "../src/graph/verify.js";
import { f32, f64 } from "../src/shape/tensor-type.js";
import { damagedText } from "./fuzz.js";
import { drawFrom } from "./random-draw.js";
import { randomGraph } from "./random-graphs.js";

const NAMES = [
  "x",
  "h'",
  "W.next",
  "layer/0",
  "a-b",
  "_",
  "7",
  "-",
  "/",
  "1e5",
  "state",
  "return",
  "graph",
  "inf",
  "nan",
  "true",
  "f32",
  "α",
  "名",
  "𝛼",
  "",
  " ",
  "a b",
  "%x",
  '"',
  "\\",
  "a\nb",
  "\t",
  ";",
  "; /x",
  "(",
  "a,b",
  "\u0000",
  "\u2028",
  "\ud800",
  "😀",
  "__proto__",
  "constructor",
  "e\u0301",
  "x".repeat(1000),
  "a->b",
  "a[b",
  "f32[2]",
];

describe("names", () => {
  test.each(NAMES)("%j is read back wherever a name can stand", (name) => {
    const g = buildGraph(name);
    const x = g.param(name, f32(2), name);
    const y = g.at(name, () => g.named(`${name}!`.slice(-1000), g.neg(x)));
    const graph = g.build(
      Object.fromEntries([
        [name, y],
        [`${name}?`.slice(-1000), x],
      ]),
      [{ param: name, next: name }],
    );
    expect(verifyGraph(graph)).toEqual([]);
    const text = printGraph(graph);
    expect(parseGraph(text)).toEqual(graph);
    expect(printGraph(parseGraph(text))).toBe(text);
    // Nothing in a name can end a line.
    expect(text.split(/\r|\n|\u2028/).length).toBe(8);
  });

  test("longer ones are refused", () => {
    const g = buildGraph("f");
    const graph = g.build({ y: g.neg(g.param("x".repeat(1001), f32())) });
    expect(() => parseGraph(printGraph(graph))).toThrow(/at most 1000 characters/);
  });
});

test.each([0, -0, 1, -1.5, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, 2 ** 53, 1e21, 1e-7, NaN, Infinity, -Infinity])(
  "the number %d is read back as the same",
  (value) => {
    const g = buildGraph("f");
    const graph = g.build({ c: g.constant({ dtype: "f64", dims: [], data: [value] }) });
    const read = parseGraph(printGraph(graph)).nodes[0].attrs.data;
    expect(Object.is((read as readonly number[])[0], value)).toBe(true);
  },
);

test("several graphs may stand in one text", () => {
  const graphs = [0, 1, 2].map((seed) => randomGraph(seed).graph);
  expect(parseGraphs(graphs.map(printGraph).join("\n; and\n"))).toEqual(graphs);
  expect(parseGraphs("; nothing\n")).toEqual([]);
  expect(() => parseGraph("")).toThrow(IrSyntaxError);
  expect(() => parseGraph(graphs.map(printGraph).join(""))).toThrow(/expected the end of the text/);
});

describe("limits", () => {
  const nested = (depth: number): string =>
    "graph f(%x: f32) -> (f32) { %y = call(%x): f32 ".repeat(depth) +
    "graph f(%x: f32) -> (f32) { return %x }" +
    " return %y }".repeat(depth);

  test("regions nest 100 deep, and no deeper", () => {
    expect(printGraph(parseGraph(nested(100)))).toContain("call");
    expect(() => parseGraph(nested(101))).toThrow(/nested at most 100 deep/);
    expect(() => parseGraph(nested(100_000))).toThrow(/nested at most 100 deep/);
  });

  test.each([
    ["brackets", `graph f() -> () { %c = constant() {data = ${"[".repeat(100_000)}`, "ir.too-deep"],
    ["axes", `graph f(%x: f32[${Array(65).fill(1).join(",")}]) -> () { return }`, "graph.axes"],
    ["a long text", " ".repeat(2 ** 26 + 1), "ir.too-large"],
    ["a large number", `graph f() -> () { %c = constant() {data = [1e999]}`, "ir.number"],
    ["a dim that is no integer", "graph f(%x: f32[9007199254740993]) -> () { return }", "ir.syntax"],
    ["a negative dim", "graph f(%x: f32[-1]) -> () { return }", "graph.dims"],
    ["an endless dim", `graph f(%x: f32[${"ceil(".repeat(100_000)}]) -> () { return }`, "ir.syntax"],
    ["a type without an end", `graph f(%x: f32[1`, "ir.syntax"],
    ["a text without an end", `graph "f`, "ir.character"],
    ["an attribute twice", `graph f() -> () { %c = size() {dim = 1, dim = 2}`, "ir.duplicate-attribute"],
  ])("%s", (_name, text, code) => {
    const error = errorOf(() => parseGraph(text));
    expect(error.issues.map((issue) => issue.code)).toEqual([code]);
    expect(error.message.length).toBeLessThan(1000);
  });
});

test("errors name line and column", () => {
  const error = errorOf(() => parseGraph("graph f(%x: f32) -> (f32) {\n  %y = neg(%z): f32\n}"));
  expect(error.issues[0].at).toEqual({ kind: "text", line: 2, column: 12, text: "  %y = neg(%z): f32" });
});

test("a region sees only its own values", () => {
  const text = `graph f(%x: f32, %y: f32) -> (f32) {
    %a = call(%x): f32
      graph g(%v: f32) -> (f32) { %b = add(%v, %y): f32 return %b }
    return %a
  }`;
  expect(errorOf(() => parseGraph(text)).issues[0].code).toBe("ir.unknown-value");
});

test("damaged texts give an IrSyntaxError, or a correct graph", () => {
  const draw = drawFrom("damaged texts");
  const texts = Array.from({ length: 12 }, (_, seed) => printGraph(randomGraph(seed, { draws: 6 }).graph));
  let refused = 0;
  for (let i = 0; i < 3000; i++) {
    const text = damagedText(draw.pick(texts), draw);
    try {
      const graph = parseGraph(text);
      expect(verifyGraph(graph)).toEqual([]);
      expect(parseGraph(printGraph(graph))).toEqual(graph);
    } catch (error) {
      if (!(error instanceof LatchgradError)) throw new Error(`not refused properly:\n${text}`, { cause: error });
      expect(error).toBeInstanceOf(IrSyntaxError);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(1500);
});

test("a graph of f64 keeps its types", () => {
  const g = buildGraph("f");
  const graph = g.build({ y: g.exp(g.param("x", f64("B", "T+1"))) });
  expect(parseGraph(printGraph(graph)).nodes[0].types).toEqual([f64("B", "T+1")]);
});

function errorOf(run: () => unknown): LatchgradError {
  try {
    run();
  } catch (error) {
    if (error instanceof LatchgradError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
