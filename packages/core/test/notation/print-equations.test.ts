// Graphs as equations: what people read of a graph, and that it means the graph.
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { buildGraph, f32, hashGraph, printEquations, type Graph } from "../../src/index";
import { randomGraph } from "../random-graphs";
import { graphOf } from "./harness";

/** The equations of a graph, without the lines about it. */
const equationsOf = (graph: Graph): readonly string[] =>
  printEquations(graph)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

describe("expressions", () => {
  const cases: readonly (readonly [line: string, printed?: string])[] = [
    ["y = sigmoid(x @ W + h @ U + b)"],
    ["y = h - (b - h)"],
    ["y = h - b - h"],
    ["y = h * (b + h)"],
    ["y = (h + b) @ U"],
    ["y = h @ U @ U"],
    ["y = -(h + b)"],
    ["y = (-h)^0.5"],
    ["y = -h^0.5"],
    ["y = h^b^0.5"],
    ["y = (h^b)^0.5"],
    ["y = 0.5 * h / (b / h)"],
    ["y = 1 - h"],
    ["y = where(m and not m or h < b, h, b)"],
    ["y = h @ transpose(U)"],
    ["y = sum(U)"],
    ["y = h % 0.5"],
    ["y = M @ h", 'y = einsum("abc,ac->ab", M, h)'],
    ["y = concat(x, h)", "y = concat(x, h, axis = 1)"],
    ["y = h[1:3]", "y = h[:, 1:3]"],
    ["y = A[1]", "y = reshape(A[1:, :, :], [4, 4])"],
    ["y = zeros([4]) + cumsum(b)", "y = 0 + cumsum(b, axis = 0, reverse = false)"],
  ];
  test.each(cases.map(([line, printed = line]) => [line, printed] as const))("%s", (line, expected) => {
    expect(equationsOf(graphOf([line]).graph)).toEqual([expected]);
  });

  test("what is used twice, and what has a name, has an equation of its own", () => {
    expect(equationsOf(graphOf(["f = tanh(h)", "k = (h + b)", "y = f * (k + f)"]).graph)).toEqual([
      "f = tanh(h)",
      "k = h + b",
      "y = f * (k + f)",
    ]);
    const g = buildGraph("test");
    const x = g.param("x", f32("B"));
    const twice = g.exp(x);
    expect(equationsOf(g.build({ y: g.mul(twice, g.neg(twice)) }))).toEqual(["exp = exp(x)", "y = exp * -exp"]);
  });

  const operand: fc.Arbitrary<string> = fc.letrec<{ readonly e: string }>((tie) => ({
    e: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom("h", "b", "x @ W", "0.5", "-2"),
      fc.tuple(fc.constantFrom("tanh", "exp", "-"), tie("e")).map(([f, e]) => `${f}(${e})`),
      fc
        .tuple(tie("e"), fc.constantFrom("+", "-", "*", "/", "^", "%"), tie("e"))
        .map(([left, sign, right]) => `(${left}) ${sign} (${right})`),
      tie("e").map((e) => `(h + (${e})) @ U`),
      fc.tuple(tie("e"), tie("e")).map(([left, right]) => `where((${left}) < h, ${right}, b)`),
    ),
  })).e;

  property.prop([operand], { numRuns: 400, seed: 11 })(
    "read back as the same graph, brackets and all",
    (expression) => {
      const { graph } = graphOf([`y = h * 0 + (${expression})`]);
      const again = graphOf(equationsOf(graph)).graph;
      expect(hashGraph({ ...again, outputs: again.outputs.filter(({ name }) => name === "y") })).toBe(hashGraph(graph));
    },
  );
});

test("random graphs, with loops and calls, show their outputs and all that has a telling name", () => {
  for (let seed = 0; seed < 60; seed++) {
    const { graph } = randomGraph(seed);
    const text = printEquations(graph);
    for (const { name } of graph.outputs) expect(text, name).toContain(name);
    for (const { name } of graph.params) expect(text).toContain(`# ${name}: `);
  }
});
