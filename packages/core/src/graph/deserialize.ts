/**
 * Reads the JSON form whose layout stands in serialize.ts, from any source. As
 * with the text form, types are inferred again, and what is returned is a
 * correct graph; the first problem is thrown with its JSON pointer.
 */
import type { Attrs, AttrValue } from "../ir/attrs.js";
import { suggestName } from "../errors/suggest.js";
import type { Graph, Node, Origin, Output, Param, StatePair } from "../ir/graph.js";
import { findOp, ops } from "../ops/index.js";
import { parseType, type TensorType } from "../shape/tensor-type.js";
import { duplicateOutputs, nodeProblem, stateProblems, typeProblem } from "./invariants.js";
import { readJson, refuseAt, type JsonReader, type Place } from "./json-reader.js";
import { DEEPEST_NESTING } from "./limits.js";
import { JSON_FORMAT } from "./serialize.js";

const REGION_KEYS = ["name", "params", "nodes", "outputs"];

/** The graph that a JSON value describes. Throws IrSyntaxError, with a JSON pointer, unless it is a correct graph. */
export function graphFromJson(value: unknown): Graph {
  const reader = readJson(value);
  const member = reader.readObject(reader.root, ["format", ...REGION_KEYS], ["state"]);
  const format = member("format");
  if (format.value !== JSON_FORMAT)
    refuseAt(format, {
      code: "json.format",
      problem: "the format is one that this version reads",
      expected: String(JSON_FORMAT),
      received: typeof format.value === "number" ? String(format.value) : "no number",
    });
  const { graph, scope } = readGraph(reader, member, 0);
  return { ...graph, state: readState(reader, member("state"), graph, scope) };
}

interface Scope {
  readonly types: TensorType[];
  readonly names: string[];
  readonly taken: Set<string>;
}

function define(scope: Scope, place: Place, name: string, type: TensorType): void {
  if (scope.taken.has(name))
    refuseAt(place, {
      code: "graph.duplicate-name",
      problem: "value names are unique in a graph",
      received: `a second value named ${name}`,
    });
  scope.taken.add(name);
  scope.types.push(type);
  scope.names.push(name);
}

function readGraph(
  reader: JsonReader,
  member: (key: string) => Place,
  depth: number,
): { readonly graph: Graph; readonly scope: Scope } {
  const scope: Scope = { types: [], names: [], taken: new Set() };
  const name = reader.readName(member("name"));
  const params = reader.readList(member("params")).map((place): Param => {
    const part = reader.readObject(place, ["name", "type"], ["origin"]);
    const param = { name: reader.readName(part("name")), type: readType(reader, part("type")) };
    define(scope, part("name"), param.name, param.type);
    return { ...param, origin: readOrigin(reader, part("origin")) };
  });
  const nodes = reader.readList(member("nodes")).map((place) => readNode(reader, place, scope, name, depth));
  const places = reader.readList(member("outputs"));
  const outputs = places.map((place): Output => {
    const part = reader.readObject(place, ["name", "value"]);
    return { name: reader.readName(part("name")), value: reader.readIndex(part("value"), scope.types.length) };
  });
  for (const { index, fact } of duplicateOutputs(outputs)) refuseAt(places[index], fact);
  return { graph: { name, params, nodes, outputs, state: [] }, scope };
}

function readNode(reader: JsonReader, place: Place, scope: Scope, graph: string, depth: number): Node {
  const member = reader.readObject(place, ["op", "inputs", "names", "types"], ["attrs", "regions", "origin"]);
  const opName = reader.readName(member("op"));
  const op = findOp(opName);
  if (op === undefined)
    return refuseAt(member("op"), {
      code: "ir.unknown-op",
      problem: "every node uses an op that exists",
      received: opName,
      hint: suggestName(opName, Object.keys(ops)),
    });
  const id = scope.types.length;
  const inputs = reader.readList(member("inputs")).map((input) => reader.readIndex(input, id));
  const attrs = readAttrs(reader, member("attrs"));
  const regions = readRegions(reader, member("regions"), depth + 1);
  const types = reader.readList(member("types")).map((type) => readType(reader, type));
  const names = reader.readList(member("names")).map((name) => reader.readName(name));
  const origin = readOrigin(reader, member("origin"));
  const problem = nodeProblem(
    {
      op,
      inputs: inputs.map((input) => scope.types[input]),
      inputNames: () => inputs.map((input) => scope.names[input]),
      attrs,
      regions,
      graph,
    },
    types,
  );
  if (problem !== undefined) refuseAt(place, problem);
  if (names.length !== types.length)
    refuseAt(member("names"), {
      code: "ir.results",
      problem: "a node names each of its results",
      expected: `${types.length} names`,
      received: `${names.length}`,
    });
  names.forEach((name, i) => {
    define(scope, member("names"), name, types[i]);
  });
  return { op: op.name, id, inputs, attrs, regions, types, names, origin };
}

function readRegions(reader: JsonReader, place: Place, depth: number): readonly Graph[] {
  if (place.value === undefined) return [];
  if (depth > DEEPEST_NESTING)
    refuseAt(place, { code: "ir.too-deep", problem: `regions are nested at most ${DEEPEST_NESTING} deep` });
  return reader.readList(place).map((region) => readGraph(reader, reader.readObject(region, REGION_KEYS), depth).graph);
}

function readState(reader: JsonReader, place: Place, graph: Graph, scope: Scope): readonly StatePair[] {
  if (place.value === undefined) return [];
  const places = reader.readList(place);
  const state = places.map((pair): StatePair => {
    const part = reader.readObject(pair, ["param", "next"]);
    return { param: reader.readName(part("param")), next: reader.readName(part("next")) };
  });
  const outputs = graph.outputs.map(({ name, value }) => ({ name, type: scope.types[value] }));
  for (const { index, fact } of stateProblems(state, graph.params, outputs)) refuseAt(places[index], fact);
  return state;
}

const readOrigin = (reader: JsonReader, place: Place): Origin | undefined =>
  place.value === undefined ? undefined : reader.readText(place);

function readType(reader: JsonReader, place: Place): TensorType {
  const text = reader.readText(place);
  const type = parseType(text);
  if (type === undefined)
    return refuseAt(place, {
      code: "json.tensor-type",
      problem: "a type is spelled as in the text form",
      expected: "a type such as f32[B,8]",
      received: text.slice(0, 60),
    });
  const problem = typeProblem(type);
  return problem === undefined ? type : refuseAt(place, problem);
}

/** Built by fromEntries, which defines keys and never sets a prototype. */
const readAttrs = (reader: JsonReader, place: Place): Attrs =>
  place.value === undefined
    ? {}
    : Object.fromEntries(reader.readEntries(place).map(([key, value]) => [key, readAttrValue(reader, value, 0)]));

const NUMBERS: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ["inf", Infinity],
  ["-inf", -Infinity],
  ["nan", NaN],
  ["-0", -0],
]);

function readAttrValue(reader: JsonReader, place: Place, depth: number): AttrValue {
  const { value } = place;
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  // JSON.parse reads 1e999 as infinity; like every number that JSON lacks, infinity has a spelling of its own.
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (Array.isArray(value)) {
    if (depth >= DEEPEST_NESTING)
      refuseAt(place, { code: "ir.too-deep", problem: `lists are nested at most ${DEEPEST_NESTING} deep` });
    return reader.readList(place).map((item) => readAttrValue(reader, item, depth + 1));
  }
  const number =
    typeof value === "object" ? NUMBERS.get(reader.readObject(place, ["number"])("number").value) : undefined;
  if (number !== undefined) return number;
  return refuseAt(place, {
    code: "json.type",
    problem: "an attribute is a JSON value without objects, or a number that JSON cannot spell",
    expected: `a finite number, a text, true, false, null, a list, or {"number": one of ${[...NUMBERS.keys()].join(", ")}}`,
  });
}
