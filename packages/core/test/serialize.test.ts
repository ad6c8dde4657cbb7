// The JSON form: strict in what it accepts, and safe on anything.
import { describe, expect, test } from "vitest";
import { IrSyntaxError, LatchgradError } from "../src/errors/errors.js";
import { buildGraph } from "../src/graph/builder.js";
import { graphFromJson } from "../src/graph/deserialize.js";
import { graphToJson } from "../src/graph/serialize.js";
import { verifyGraph } from "../src/graph/verify.js";
import { f32 } from "../src/shape/tensor-type.js";
import { damagedJson } from "./fuzz.js";
import { drawFrom } from "./random-draw.js";
import { randomGraph } from "./random-graphs.js";

const negated = {
  format: 1,
  name: "f",
  params: [{ name: "x", type: "f32[B]" }],
  nodes: [{ op: "neg", inputs: [0], names: ["y"], types: ["f32[B]"] }],
  outputs: [{ name: "y", value: 1 }],
};
const [node] = negated.nodes;
const withNode = (change: object): unknown => ({ ...negated, nodes: [{ ...node, ...change }] });
const constant = (data: unknown): unknown => ({
  ...negated,
  nodes: [{ op: "constant", inputs: [], attrs: { data, dims: ["B"], dtype: "f32" }, names: ["y"], types: ["f32[B]"] }],
});
const nested = (depth: number): unknown => {
  const leaf = { name: "g", params: negated.params, nodes: [], outputs: [{ name: "x", value: 0 }] };
  let region: unknown = leaf;
  for (let i = 0; i < depth; i++)
    region = { ...leaf, nodes: [{ op: "call", inputs: [0], names: ["y"], types: ["f32[B]"], regions: [region] }] };
  return { format: 1, ...(region as object) };
};
const lists = (depth: number): unknown => {
  let list: unknown = 0;
  for (let i = 0; i < depth; i++) list = [list];
  return list;
};

test("the smallest documents are read", () => {
  expect(graphFromJson(negated).nodes[0].op).toBe("neg");
  expect(graphFromJson({ format: 1, name: "", params: [], nodes: [], outputs: [] }).nodes).toEqual([]);
});

test("what is empty is left out, and nothing is undefined", () => {
  const g = buildGraph("f");
  const graph = g.build({ y: g.neg(g.param("x", f32("B"))) });
  const json = graphToJson(graph);
  expect(JSON.stringify(json)).toBe(
    '{"format":1,"name":"f","params":[{"name":"x","type":"f32[B]"}],"nodes":[{"op":"neg","inputs":[0],"names":["neg"],' +
      '"types":["f32[B]"]}],"outputs":[{"name":"y","value":1}]}',
  );
  expect(JSON.parse(JSON.stringify(json))).toStrictEqual(json);
});

test.each([0, -0, 0.1, NaN, Infinity, -Infinity, 5e-324])("the number %d is read back as the same", (value) => {
  const g = buildGraph("f");
  const graph = g.build({ c: g.constant({ dtype: "f64", dims: [], data: [value] }) });
  const read = graphFromJson(JSON.parse(JSON.stringify(graphToJson(graph)))).nodes[0].attrs.data;
  expect(Object.is((read as readonly number[])[0], value)).toBe(true);
});

describe("refused with a pointer", () => {
  test.each<readonly [string, unknown, string, string]>([
    ["no object", 3, "", "json.type"],
    ["null", null, "", "json.type"],
    ["a list", [], "", "json.type"],
    ["no format", { ...negated, format: undefined }, "/format", "json.format"],
    ["another format", { ...negated, format: "1" }, "/format", "json.format"],
    ["a missing key", { format: 1, name: "f", params: [], nodes: [] }, "", "json.missing-key"],
    ["an unknown key", { ...negated, extra: 1 }, "", "json.unknown-key"],
    [
      "a prototype key",
      JSON.parse(JSON.stringify(negated).replace('"name":"f"', '"name":"f","__proto__":{"x":1}')),
      "",
      "json.unknown-key",
    ],
    ["a region's format", withNode({ op: "call", regions: [negated] }), "/nodes/0/regions/0", "json.unknown-key"],
    ["a name that is a number", { ...negated, name: 1 }, "/name", "json.type"],
    ["a long name", { ...negated, name: "x".repeat(1001) }, "/name", "json.too-large"],
    ["params that are an object", { ...negated, params: { length: 1 } }, "/params", "json.type"],
    ["an unknown type", { ...negated, params: [{ name: "x", type: "f16" }] }, "/params/0/type", "json.tensor-type"],
    ["a negative dim", { ...negated, params: [{ name: "x", type: "f32[-1]" }] }, "/params/0/type", "graph.dims"],
    [
      "too many axes",
      { ...negated, params: [{ name: "x", type: `f32[${"1,".repeat(64)}1]` }] },
      "/params/0/type",
      "graph.axes",
    ],
    ["an unknown op", withNode({ op: "ngg" }), "/nodes/0/op", "ir.unknown-op"],
    ["an op from the prototype", withNode({ op: "constructor" }), "/nodes/0/op", "ir.unknown-op"],
    ["a later input", withNode({ inputs: [1] }), "/nodes/0/inputs/0", "json.value-id"],
    ["a negative input", withNode({ inputs: [-1] }), "/nodes/0/inputs/0", "json.value-id"],
    ["half an input", withNode({ inputs: [0.5] }), "/nodes/0/inputs/0", "json.value-id"],
    ["an input by name", withNode({ inputs: ["x"] }), "/nodes/0/inputs/0", "json.value-id"],
    ["two operands", withNode({ inputs: [0, 0] }), "/nodes/0", "neg.operands"],
    ["an unknown attribute", withNode({ attrs: { axes: [] } }), "/nodes/0", "neg.attribute"],
    [
      "a prototype attribute",
      withNode({ attrs: JSON.parse('{"__proto__": 1}') as unknown }),
      "/nodes/0",
      "neg.attribute",
    ],
    ["attributes in a list", withNode({ attrs: [] }), "/nodes/0/attrs", "json.type"],
    [
      "a region too many",
      withNode({ regions: [{ name: "g", params: [], nodes: [], outputs: [] }] }),
      "/nodes/0",
      "graph.regions",
    ],
    ["a wrong type", withNode({ types: ["f32[T]"] }), "/nodes/0", "graph.type"],
    ["a type too many", withNode({ types: ["f32[B]", "f32[B]"], names: ["y", "z"] }), "/nodes/0", "graph.type"],
    ["a name too many", withNode({ names: ["y", "z"] }), "/nodes/0/names", "ir.results"],
    ["a name twice", withNode({ names: ["x"] }), "/nodes/0/names", "graph.duplicate-name"],
    ["an origin that is a number", withNode({ origin: 1 }), "/nodes/0/origin", "json.type"],
    [
      "an output that is no value",
      { ...negated, outputs: [{ name: "y", value: 2 }] },
      "/outputs/0/value",
      "json.value-id",
    ],
    [
      "an output twice",
      {
        ...negated,
        outputs: [
          { name: "y", value: 1 },
          { name: "y", value: 0 },
        ],
      },
      "/outputs/1",
      "graph.duplicate-output",
    ],
    ["state of no parameter", { ...negated, state: [{ param: "z", next: "y" }] }, "/state/0", "graph.state"],
    ["state of no output", { ...negated, state: [{ param: "x", next: "z" }] }, "/state/0", "graph.state"],
    [
      "state twice",
      {
        ...negated,
        state: [
          { param: "x", next: "y" },
          { param: "x", next: "y" },
        ],
      },
      "/state/1",
      "graph.state",
    ],
    ["infinity as a number", constant([Infinity]), "/nodes/0/attrs/data/0", "json.type"],
    ["an unknown number", constant([{ number: "1" }]), "/nodes/0/attrs/data/0", "json.type"],
    ["a number with a key too many", constant([{ number: "nan", x: 1 }]), "/nodes/0/attrs/data/0", "json.unknown-key"],
    ["regions too deep", nested(101), `${"/nodes/0/regions/0".repeat(100)}/nodes/0/regions`, "ir.too-deep"],
    ["lists too deep", constant(lists(100_000)), `/nodes/0/attrs/data${"/0".repeat(100)}`, "ir.too-deep"],
  ])("%s", (_name, document, pointer, code) => {
    const error = errorOf(document);
    expect(error.issues).toMatchObject([{ code, at: { kind: "config", pointer } }]);
    expect(error).toBeInstanceOf(IrSyntaxError);
  });
});

test("regions nest 100 deep", () => {
  expect(verifyGraph(graphFromJson(nested(100)))).toEqual([]);
});

test("nothing reaches the prototype of objects", () => {
  expect(() =>
    graphFromJson(JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}')),
  ).toThrow();
  expect("polluted" in {}).toBe(false);
});

test("a document with more values than a graph can need is refused", () => {
  const inputs = new Array<number>(2 ** 24).fill(0);
  expect(errorOf(withNode({ op: "concat", inputs })).issues[0].code).toBe("json.too-large");
});

test("damaged documents give an IrSyntaxError, or a correct graph", () => {
  const draw = drawFrom("damaged documents");
  const documents = Array.from({ length: 12 }, (_, seed) => graphToJson(randomGraph(seed, { draws: 6 }).graph));
  let refused = 0;
  for (let i = 0; i < 3000; i++) {
    const document = damagedJson(draw.pick(documents), draw);
    try {
      expect(verifyGraph(graphFromJson(document))).toEqual([]);
    } catch (error) {
      if (!(error instanceof LatchgradError)) throw error;
      expect(error).toBeInstanceOf(IrSyntaxError);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(1500);
});

function errorOf(document: unknown): LatchgradError {
  try {
    graphFromJson(document);
  } catch (error) {
    if (error instanceof LatchgradError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
