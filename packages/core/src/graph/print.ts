/**
 * The text form of a graph. parse.ts reads it back: parse(print(g)) is g.
 *
 *     graph step(%W: f32[4,8], %x: f32[B,4]) -> (f32, f32[4,8]) {
 *       %h = dotGeneral(%x, %W) {batch = [], xAxes = [1], yAxes = [0]}: f32[B,8]  ; /layers/0
 *       %loss = reduceSum(%h) {axes = [0,1]}: f32
 *       %next = mul(%W, %W): f32[4,8]
 *       return %loss, W.next = %next
 *       state %W <- W.next
 *     }
 *
 * Grammar; [ ] is optional, { } any number of times, words in quotes stand for themselves:
 *
 *     graph   = "graph" name "(" [ param { "," param } ] ")" "->" "(" [ types ] ")" "{" { node } return { state } "}"
 *     param   = value ":" type
 *     node    = [ value { "," value } "=" ] name "(" [ value { "," value } ] ")" [ attrs ] ":" ( types | "(" ")" ) { graph }
 *     return  = "return" [ output { "," output } ]
 *     output  = [ name "=" ] value
 *     state   = "state" value "<-" name
 *     attrs   = "{" attr { "," attr } "}"
 *     attr    = name "=" literal
 *     literal = number | "inf" | "-inf" | "nan" | text | "true" | "false" | "null" | "[" [ literal { "," literal } ] "]"
 *     types   = type { "," type }
 *     type    = dtype [ "[" dim { "," dim } "]" ]      dtype = "f32" | "f64" | "i32" | "u32" | "bool"
 *     value   = "%" ( letters, digits and _ . ' / - ) | "%" text
 *     name    = ( letter | "_" ) { letter | digit | one of _ . ' / - }, but none of the three words above | text
 *     text    = a string as in JSON
 *     number  = a number as in JSON, also -0
 *     dim     = a whole number, a symbol, or a sum and product of them: see shape/dim.ts
 *
 * Line breaks count nothing, except that `;` begins a comment up to the end of the line. A comment right behind a
 * node's types or a parameter (and its comma) is an origin when it begins with "/", or is a text in quotes.
 * Regions follow the node that owns them. An output without a name has the name of its value. Only the outermost
 * graph has state: "state %W <- W.next" stores output W.next in parameter W between runs.
 *
 * print writes one node per line, types always, attributes in the order of their names, numbers in the
 * shortest form that reads back as the same f64; a head longer than the line takes one line per parameter.
 */
import type { Attrs, AttrValue } from "../ir/attrs.js";
import { valueNames, valueTypes, type Graph, type Node, type Origin, type Output, type Param } from "../ir/graph.js";
import { formatType, type TensorType } from "../shape/tensor-type.js";
import { isBareName, isBareValue } from "./tokens.js";

const LINE_WIDTH = 120;

/** A text as in JSON, also without the two line breaks that JSON allows in texts. */
const quote = (text: string): string =>
  JSON.stringify(text).replace(/[\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`);

const formatName = (name: string): string => (isBareName(name) ? name : quote(name));

/** A value as it is printed: %name, with quotes around names that need them. */
export const formatValue = (name: string): string => `%${isBareValue(name) ? name : quote(name)}`;

/** A number that reads back as itself, also where JSON has no number. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

/** An attribute's value: JSON without spaces, and inf, -inf, nan and -0 for numbers. */
export function formatAttrValue(value: AttrValue): string {
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "string") return quote(value);
  if (value === null || typeof value === "boolean") return String(value);
  return `[${value.map(formatAttrValue).join(",")}]`;
}

/** Attributes by name: objects that differ only in the order of keys are the same to print, hash and cse. */
export function sortedAttrs(attrs: Attrs): readonly (readonly [string, AttrValue])[] {
  const entries = Object.entries(attrs);
  return entries.length < 2 ? entries : entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function formatAttrs(attrs: Attrs): string {
  const entries = sortedAttrs(attrs).map(([key, value]) => `${formatName(key)} = ${formatAttrValue(value)}`);
  return entries.length === 0 ? "" : ` {${entries.join(", ")}}`;
}

const formatTypes = (types: readonly TensorType[]): string => types.map(formatType).join(", ");

/** An origin that would not read back from a comment, or not as the same, stands in quotes. */
const isPlainOrigin = (origin: Origin): boolean =>
  origin.startsWith("/") && origin === origin.trim() && !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(origin);

const formatOrigin = (origin: Origin | undefined): string =>
  origin === undefined ? "" : `  ; ${isPlainOrigin(origin) ? origin : quote(origin)}`;

const formatParam = ({ name, type }: Param): string => `${formatValue(name)}: ${formatType(type)}`;

function* headLines(graph: Graph, outputTypes: readonly TensorType[], indent: string): Generator<string> {
  const { params } = graph;
  const open = `${indent}graph ${formatName(graph.name)}(`;
  const close = `) -> (${formatTypes(outputTypes)}) {`;
  const head = open + params.map(formatParam).join(", ") + close;
  if (params.length === 0 || (head.length <= LINE_WIDTH && params.every((param) => param.origin === undefined))) {
    yield head;
    return;
  }
  yield open;
  for (const [i, param] of params.entries())
    yield `${indent}  ${formatParam(param)}${i < params.length - 1 ? "," : ""}${formatOrigin(param.origin)}`;
  yield indent + close;
}

/** The node without its types, as messages name it: `%c = add(%a, %b)`. */
export function formatNode(node: Node, names: readonly string[]): string {
  const results = node.names.map(formatValue).join(", ");
  const inputs = node.inputs.map((id) => formatValue(names[id] ?? `unknown value ${id}`)).join(", ");
  return `${results}${results === "" ? "" : " = "}${formatName(node.op)}(${inputs})${formatAttrs(node.attrs)}`;
}

function formatOutput({ name, value }: Output, names: readonly string[]): string {
  const valueName = names[value] ?? `unknown value ${value}`;
  return (name === valueName ? "" : `${formatName(name)} = `) + formatValue(valueName);
}

function* graphLines(graph: Graph, indent: string): Generator<string> {
  const names = valueNames(graph);
  const types = valueTypes(graph);
  const outputTypes = graph.outputs.flatMap(({ value }) => types[value] ?? []);
  yield* headLines(graph, outputTypes, indent);
  for (const node of graph.nodes) {
    const nodeTypes = node.types.length === 0 ? "()" : formatTypes(node.types);
    yield `${indent}  ${formatNode(node, names)}: ${nodeTypes}${formatOrigin(node.origin)}`;
    for (const region of node.regions) yield* graphLines(region, `${indent}    `);
  }
  yield `${indent}  return ${graph.outputs.map((output) => formatOutput(output, names)).join(", ")}`.trimEnd();
  for (const { param, next } of graph.state) yield `${indent}  state ${formatValue(param)} <- ${formatName(next)}`;
  yield `${indent}}`;
}

/** The text form of a graph, ending with a line break. */
export const printGraph = (graph: Graph): string => `${[...graphLines(graph, "")].join("\n")}\n`;
