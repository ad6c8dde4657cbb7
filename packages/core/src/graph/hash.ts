/**
 * The structural hash: equal for graphs that compute the same outputs by the
 * same expressions. Every value is hashed from what makes it (op, attributes,
 * types, regions, the hashes of its inputs), and a graph from its outputs.
 *
 * Counts:         ops, attributes, dtypes and dims, wiring, regions, the order of inputs, and of parameters and
 *                 outputs; on the outermost graph also their names and the state pairs, which are how callers reach them.
 * Does not count: names of graphs and of other values, origins, the order of independent nodes, nodes that no output
 *                 needs, and whether an expression that occurs twice is computed twice. So dce and cse keep the hash.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Attrs } from "../ir/attrs.js";
import type { Graph, Node, ValueId } from "../ir/graph.js";
import { formatType } from "../shape/tensor-type.js";
import { formatAttrValue, sortedAttrs } from "./print.js";

/** Raised when the hashed layout changes, so that old caches miss instead of lying. */
const LAYOUT = "latchgrad-graph-1";

/** JSON keeps parts apart and escapes lone surrogates, which UTF-8 would merge. */
const hashOf = (parts: readonly unknown[]): string => bytesToHex(sha256(utf8ToBytes(JSON.stringify(parts))));

const typesText = (types: Node["types"]): string => types.map(formatType).join(";");

/** What a node computes, apart from its inputs, as one line of text. Region hashes are in the order of the regions. */
const formatComputation = (node: Node, regionHashes: readonly string[]): string =>
  JSON.stringify([
    node.op,
    sortedAttrs(node.attrs).map(([key, value]) => [key, formatAttrValue(value)]),
    typesText(node.types),
    regionHashes,
  ]);

function hashWith(graph: Graph, label: unknown): string {
  const values: string[] = graph.params.map((_, i) => `p${i}`);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((id) => values[id]);
    const hash = hashOf([formatComputation(node, node.regions.map(hashRegion)), inputs]);
    node.types.forEach((_, i) => (values[node.id + i] = `${hash}.${i}`));
  }
  const params = typesText(graph.params.map((param) => param.type));
  return hashOf([LAYOUT, label, params, graph.outputs.map((output) => values[output.value])]);
}

/** The structural hash of a graph: 64 hexadecimal digits of SHA-256, the same on every machine. */
export const hashGraph = (graph: Graph): string =>
  hashWith(graph, {
    params: graph.params.map((param) => param.name),
    outputs: graph.outputs.map((output) => output.name),
    // Pairs are a set: each names its parameter.
    state: graph.state.map(({ param, next }) => JSON.stringify([param, next])).sort(),
  });

/** The hash of a region, whose parameters and outputs are known by place and not by name. */
export const hashRegion = (region: Graph): string => hashWith(region, "region");

/** Longer keys are replaced by their hash, so that keys of large constants take no memory. */
const LONGEST_KEY = 256;

/**
 * Two nodes of one graph with equal keys and equal regions compute the same values, whose types follow. `inputs` stand for
 * those of the node.
 */
export function nodeKey({ op, attrs }: Node, inputs: readonly ValueId[]): string {
  const key = `${op} ${inputs.join(",")}${attrsKey(attrs)}`;
  return key.length <= LONGEST_KEY ? key : hashOf([key]);
}

/** Nodes keep their attributes from pass to pass. */
const attrsKeys = new WeakMap<Attrs, string>();

function attrsKey(attrs: Attrs): string {
  const known = attrsKeys.get(attrs);
  if (known !== undefined) return known;
  let key = "";
  for (const [name, value] of sortedAttrs(attrs)) key += ` ${JSON.stringify(name)}:${formatAttrValue(value)}`;
  // Those of large constants would take memory for as long as the graph is there.
  if (key.length <= LONGEST_KEY) attrsKeys.set(attrs, key);
  return key;
}
