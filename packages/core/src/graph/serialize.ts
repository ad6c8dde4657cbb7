/**
 * The JSON form of a graph, for files and for other programs:
 *
 *     { "format": 1, "name": "twice",
 *       "params": [{ "name": "x", "type": "f32[B,4]" }],
 *       "nodes": [{ "op": "add", "inputs": [0, 0], "names": ["y"], "types": ["f32[B,4]"] }],
 *       "outputs": [{ "name": "y", "value": 1 }] }
 *
 * Values are numbered as in ir/graph.ts: parameters first, then the results of
 * the nodes in order. `attrs`, `regions` (graphs without "format"), `origin` and
 * `state` are left out where empty. Numbers that JSON lacks are objects: {"number": "-inf"}.
 */
import type { Attrs, AttrValue } from "../ir/attrs.js";
import type { Graph, Node, Origin, StatePair, ValueId } from "../ir/graph.js";
import { formatType } from "../shape/tensor-type.js";
import { formatNumber, sortedAttrs } from "./print.js";

/** Changes only when older programs could not read the new form. */
export const JSON_FORMAT = 1;

export interface JsonNumber {
  readonly number: string;
}
export type JsonAttrValue = null | boolean | number | string | JsonNumber | readonly JsonAttrValue[];

export interface JsonParam {
  readonly name: string;
  /** As in the text form: "f32[B,4]". */
  readonly type: string;
  readonly origin?: Origin;
}

export interface JsonNode {
  readonly op: string;
  readonly inputs: readonly ValueId[];
  readonly attrs?: Readonly<Record<string, JsonAttrValue>>;
  readonly regions?: readonly JsonRegion[];
  /** One per result. */
  readonly names: readonly string[];
  readonly types: readonly string[];
  readonly origin?: Origin;
}

export interface JsonRegion {
  readonly name: string;
  readonly params: readonly JsonParam[];
  readonly nodes: readonly JsonNode[];
  readonly outputs: readonly { readonly name: string; readonly value: ValueId }[];
}

export interface JsonGraph extends JsonRegion {
  readonly format: typeof JSON_FORMAT;
  readonly state?: readonly StatePair[];
}

const hasJsonSpelling = (value: number): boolean => Number.isFinite(value) && !Object.is(value, -0);

function jsonAttrValue(value: AttrValue): JsonAttrValue {
  if (typeof value === "number") return hasJsonSpelling(value) ? value : { number: formatNumber(value) };
  return value !== null && typeof value === "object" ? value.map(jsonAttrValue) : value;
}

const jsonAttrs = (attrs: Attrs): Readonly<Record<string, JsonAttrValue>> =>
  Object.fromEntries(sortedAttrs(attrs).map(([key, value]) => [key, jsonAttrValue(value)]));

const jsonNode = ({ op, inputs, attrs, regions, names, types, origin }: Node): JsonNode => ({
  op,
  inputs,
  ...(Object.keys(attrs).length === 0 ? {} : { attrs: jsonAttrs(attrs) }),
  ...(regions.length === 0 ? {} : { regions: regions.map(jsonRegion) }),
  names,
  types: types.map(formatType),
  ...(origin === undefined ? {} : { origin }),
});

const jsonRegion = ({ name, params, nodes, outputs }: Graph): JsonRegion => ({
  name,
  params: params.map((param) => ({
    name: param.name,
    type: formatType(param.type),
    ...(param.origin === undefined ? {} : { origin: param.origin }),
  })),
  nodes: nodes.map(jsonNode),
  outputs: outputs.map((output) => ({ name: output.name, value: output.value })),
});

/** The graph as plain JSON data; `graphFromJson` gives the same graph back, also from JSON.parse of its text. */
export const graphToJson = (graph: Graph): JsonGraph => ({
  format: JSON_FORMAT,
  ...jsonRegion(graph),
  ...(graph.state.length === 0 ? {} : { state: graph.state.map(({ param, next }) => ({ param, next })) }),
});
