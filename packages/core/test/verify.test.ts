// Every invariant that verify.ts lists, broken one at a time by hand; no builder would make these graphs.
import { describe, expect, test } from "vitest";
import { GraphError } from "../src/errors/errors.js";
import { parseGraph } from "../src/graph/parse.js";
import { checkGraph, verifyGraph } from "../src/graph/verify.js";
import type { Graph, Node } from "../src/ir/graph.js";
import { f32, f64 } from "../src/shape/tensor-type.js";

const graph = parseGraph(`
  graph f(%x: f32[4], %W: f32[4]) -> (f32[4], f32[4]) {
    %y = add(%x, %W): f32[4]  ; /layers/0
    %z = call(%y): f32[4]
      graph inner(%v: f32[4]) -> (f32[4]) {
        %u = neg(%v): f32[4]
        return %u
      }
    return %z, next = %y
    state %W <- next
  }`);
const [add, call] = graph.nodes;
const [inner] = call.regions;

const withAdd = (change: Partial<Node>): Graph => ({ ...graph, nodes: [{ ...add, ...change }, call] });
const withRegion = (change: Partial<Graph>): Graph => ({
  ...graph,
  nodes: [add, { ...call, regions: [{ ...inner, ...change }] }],
});
const nested = (depth: number): Graph =>
  depth === 0
    ? inner
    : { ...inner, nodes: [{ ...call, id: 1, inputs: [0], names: ["u"], regions: [nested(depth - 1)] }] };

test("a correct graph has no issues", () => {
  expect(verifyGraph(graph)).toEqual([]);
  expect(verifyGraph(nested(100))).toEqual([]);
  expect(verifyGraph({ name: "", params: [], nodes: [], outputs: [], state: [] })).toEqual([]);
});

describe("an invariant that is broken is named", () => {
  test.each<readonly [string, Graph, readonly string[]]>([
    ["a node numbered out of order", withAdd({ id: 3 }), ["graph.ids"]],
    ["a node numbered like a parameter", withAdd({ id: 1 }), ["graph.ids"]],
    ["two names for one result", withAdd({ names: ["y", "y2"] }), ["graph.result-names"]],
    ["an input of a later node", withAdd({ inputs: [0, 3] }), ["graph.inputs"]],
    ["a node that reads itself", withAdd({ inputs: [2, 0] }), ["graph.inputs"]],
    ["a negative input", withAdd({ inputs: [0, -1] }), ["graph.inputs"]],
    ["an input that is no number", withAdd({ inputs: [0, NaN] }), ["graph.inputs"]],
    ["an unknown op", withAdd({ op: "ad" }), ["graph.unknown-op"]],
    ["an op of the prototype", withAdd({ op: "toString" }), ["graph.unknown-op"]],
    ["a wrong type", withAdd({ types: [f32(5)] }), ["graph.type", "call.C2", "graph.state"]],
    ["too few inputs", withAdd({ inputs: [0] }), ["add.operands"]],
    ["an unknown attribute", withAdd({ attrs: { axis: 1 } }), ["add.attribute"]],
    ["a region of an op without one", withAdd({ regions: [inner] }), ["graph.regions"]],
    ["a name twice", withAdd({ names: ["x"] }), ["graph.duplicate-name"]],
    ["no region of a call", { ...graph, nodes: [add, { ...call, regions: [] }] }, ["call.C1"]],
    ["a parameter of another type", { ...graph, params: [{ name: "x", type: f64(4) }, graph.params[1]] }, ["add.C2"]],
    ["a negative dim", { ...inner, params: [{ name: "x", type: f32(-1) }], nodes: [], outputs: [] }, ["graph.dims"]],
    ["half a dim", { ...inner, params: [{ name: "x", type: f32(1.5) }], nodes: [], outputs: [] }, ["graph.dims"]],
    [
      "too many axes",
      { ...inner, params: [{ name: "x", type: f32(...new Array<number>(65).fill(1)) }], nodes: [], outputs: [] },
      ["graph.axes"],
    ],
    ["an output of no value", { ...graph, outputs: [...graph.outputs, { name: "o", value: 9 }] }, ["graph.output"]],
    [
      "an output name twice",
      { ...graph, outputs: [...graph.outputs, { name: "z", value: 0 }] },
      ["graph.duplicate-output"],
    ],
    ["state of no parameter", { ...graph, state: [{ param: "V", next: "z" }] }, ["graph.state"]],
    ["state of a node", { ...graph, state: [{ param: "y", next: "z" }] }, ["graph.state"]],
    ["state of no output", { ...graph, state: [{ param: "W", next: "y" }] }, ["graph.state"]],
    ["state twice", { ...graph, state: [...graph.state, { param: "W", next: "z" }] }, ["graph.state"]],
    ["state of a region", withRegion({ state: [{ param: "v", next: "u" }] }), ["graph.region-state"]],
    [
      "a region that reads what is around it",
      withRegion({ nodes: [{ ...inner.nodes[0], inputs: [2] }] }),
      ["graph.inputs"],
    ],
    ["a region numbered on from outside", withRegion({ nodes: [{ ...inner.nodes[0], id: 3 }] }), ["graph.ids"]],
    ["a region without its output", withRegion({ outputs: [] }), ["graph.type"]],
    ["a region with an output of no value", withRegion({ outputs: [{ name: "u", value: 7 }] }), ["graph.output"]],
    ["regions too deep", nested(101), ["graph.depth"]],
  ])("%s", (_name, broken, codes) => {
    expect(verifyGraph(broken).map((issue) => issue.code)).toEqual(codes);
  });
});

test("the state's type is that of its parameter", () => {
  const broken: Graph = { ...graph, params: [graph.params[0], graph.params[1], { name: "V", type: f64(4) }] };
  const shifted = {
    ...parseGraph("graph f(%V: f64[4], %y: f32[4]) -> (f32[4]) { return %y }"),
    state: [{ param: "V", next: "y" }],
  };
  expect(verifyGraph(broken).map((issue) => issue.code)).toContain("graph.ids");
  expect(verifyGraph(shifted)).toMatchObject([{ code: "graph.state", received: "V: f64[4], y: f32[4]" }]);
});

test("all issues are reported at once, with node and origin", () => {
  const broken: Graph = {
    ...graph,
    nodes: [
      { ...add, op: "adD" },
      { ...call, inputs: [7] },
    ],
    outputs: [{ name: "z", value: 12 }],
  };
  expect(() => {
    checkGraph(broken);
  }).toThrow(GraphError);
  expect(verifyGraph(broken).map((issue) => issue.code)).toEqual([
    "graph.unknown-op",
    "graph.inputs",
    "graph.output",
    "graph.state",
  ]);
  expect(messageOf(broken)).toMatchInlineSnapshot(`
    "[graph.unknown-op] every node uses an op that exists
      at       %y = adD(%x, %W)   in graph f
      from     /layers/0
      received adD
      hint     did you mean "add"?
    [graph.inputs] a node reads parameters and results of earlier nodes only
      at       %z = call(%"unknown value 7")   in graph f
      expected 0 to 2
      received 7
    [graph.output] an output is an existing value
      at       z   in graph f
      expected 0 to 3
      received 12
    [graph.state] state comes from an output of the graph
      at       state %W   in graph f
      received no output next"
  `);
});

test("a graph that is correct passes the check", () => {
  expect(() => {
    checkGraph(graph);
  }).not.toThrow();
});

function messageOf(broken: Graph): string {
  try {
    checkGraph(broken);
  } catch (error) {
    if (error instanceof GraphError) return error.message;
    throw error;
  }
  return "no error";
}
