/**
 * A graph as equations for people: names kept, broadcasts left out as the notation implies them, and values that are used
 * once written where they are used. It shows what differentiation and passes made; the text form (graph/print.ts) is what
 * reads back.
 */
import { valueNames, valueTypes, type Graph, type Node, type ValueId } from "../ir/graph.js";
import { opNamed } from "../ops/index.js";
import type { RegionStructure } from "../ops/op.js";
import { formatType } from "../shape/tensor-type.js";
import { atom, attrTexts, renderNode, type Rendered } from "./render.js";

/** An expression this long gets a line of its own. */
const LONGEST_EXPRESSION = 88;
const INDENT = "    ";

/** The lines of one graph, and what its values are in them. */
interface Page {
  readonly lines: string[];
  readonly values: Map<ValueId, Rendered>;
  /** What each stack that a loop collected is a stack of. */
  readonly stacks: Map<string, string>;
}

/** The equations of a graph, one per line, scans with their steps indented. */
export function printEquations(graph: Graph): string {
  const page: Page = { lines: [], values: new Map(), stacks: new Map() };
  const params = graph.params.map(({ name, type }) => `${name}: ${formatType(type)}`);
  page.lines.push(`# ${graph.name}`, ...params.map((param) => `# ${param}`), "");
  graph.params.forEach(({ name }, id) => page.values.set(id, atom(name)));
  writeNodes(page, graph, "");
  const results = graph.outputs.flatMap(({ name, value }) => {
    const { text } = valueAt(page, value);
    return text === name ? [] : [`${name} = ${text}`];
  });
  if (results.length > 0) page.lines.push("", "# results", ...results);
  if (graph.state.length > 0)
    page.lines.push("", "# kept for the next run", ...graph.state.map(({ param, next }) => `${param} <- ${next}`));
  return `${page.lines.join("\n")}\n`;
}

const valueAt = (page: Page, id: ValueId): Rendered => page.values.get(id) ?? atom(`value ${id}`);

/** How often each value is read. */
function countUses(graph: Graph): readonly number[] {
  const uses: number[] = [];
  const use = (id: ValueId): void => {
    uses[id] = (uses[id] ?? 0) + 1;
  };
  graph.nodes.forEach((node) => {
    node.inputs.forEach(use);
  });
  graph.outputs.forEach(({ value }) => {
    use(value);
  });
  return uses;
}

/** Whether a name says no more than the op does. */
const isTelling = (node: Node): boolean =>
  node.names[0] !== node.op && !new RegExp(`^${node.op}_\\d+$`).test(node.names[0]);

function writeNodes(page: Page, graph: Graph, indent: string): void {
  const types = valueTypes(graph);
  const uses = countUses(graph);
  const outputs = new Map(graph.outputs.map(({ name, value }) => [value, name]));
  const taken = new Set(valueNames(graph));
  for (const node of graph.nodes) {
    if (node.regions.length > 0) {
      writeRegions(page, node, indent);
      continue;
    }
    const rendered = renderNode({
      node,
      operands: node.inputs.map((id) => valueAt(page, id)),
      types: node.inputs.map((id) => types[id]),
    });
    const isShort = rendered.text.length <= LONGEST_EXPRESSION;
    const isOnce = (uses[node.id] ?? 0) <= 1 && !outputs.has(node.id) && !isTelling(node);
    // Numbers and names are no longer than a name for them.
    const isFree = node.inputs.length === 0 || rendered === valueAt(page, node.inputs[0]);
    if (isShort && (isOnce || (isFree && !isTelling(node) && !outputs.has(node.id)))) {
      page.values.set(node.id, rendered);
      continue;
    }
    // A result says more with the name that it has outside, unless that is a number, which would read as one.
    const outside = outputs.get(node.id);
    const isName = outside !== undefined && !taken.has(outside) && !/^\d/.test(outside);
    const name = isName && !isTelling(node) ? outside : node.names[0];
    page.lines.push(`${indent}${name} = ${rendered.text}`);
    page.values.set(node.id, atom(name));
  }
}

/** A node with bodies: a line that says how often they run and with what, then their equations. */
function writeRegions(page: Page, node: Node, indent: string): void {
  const op = opNamed(node.op);
  const structure = op.kind === "region" ? op.structure(node.inputs.length, node.attrs) : undefined;
  const inputs = node.inputs.map((id) => valueAt(page, id));
  if (structure?.kind === "loop") writeLoop(page, node, inputs, structure, indent);
  else writeBodies(page, node, inputs, indent);
  node.names.forEach((name, i) => page.values.set(node.id + i, atom(name)));
}

function writeBodies({ lines, stacks }: Page, node: Node, inputs: readonly Rendered[], indent: string): void {
  const given = [...inputs.map(({ text }) => text), ...attrTexts(node.attrs)].join(", ");
  lines.push(`${indent}${node.names.join(", ")} = ${node.op}(${given}):`);
  const below = indent + INDENT;
  for (const body of node.regions) {
    const inner: Page = { lines, stacks, values: new Map() };
    lines.push(`${indent}  ${body.name}(${body.params.map(({ name }) => name).join(", ")})`);
    body.params.forEach(({ name }, i) => inner.values.set(i, atom(name)));
    writeNodes(inner, body, below);
    for (const { name, value } of body.outputs) lines.push(`${below}${name} = ${valueAt(inner, value).text}`);
  }
}

type Loop = Extract<RegionStructure, { readonly kind: "loop" }>;

function writeLoop(
  { lines, stacks }: Page,
  node: Node,
  inputs: readonly Rendered[],
  { consts, carries, count, reverse }: Loop,
  indent: string,
): void {
  const [body] = node.regions;
  const below = indent + INDENT;
  const inner: Page = { lines, stacks, values: new Map() };
  const names = body.params.map(({ name }) => name);
  const last = names.length - 1;
  const t = names[last];
  const settings = attrTexts(node.attrs).filter((text) => SHOWN.test(text));
  const steps = `for ${t} = ${reverse ? `${count}-1 ... 0` : `0 ... ${count}-1`}`;
  lines.push(`${indent}${node.names.join(", ")} = ${[node.op, ...settings].join(", ")} ${steps}:`);
  names.forEach((name, i) => {
    if (i < consts) bind(inner, i, name, inputs[i], below);
    else {
      const shown = i < consts + carries || i === last ? name : rowName(inner, body, name, inputs[i]);
      inner.values.set(i, atom(shown));
      if (i < consts + carries) lines.push(`${below}first ${shown} = ${inputs[i].text}`);
      else if (i < last) lines.push(`${below}${shown} = ${asOperand(inputs[i])}[${t}]`);
    }
  });
  // Lengths are an input that the body does not see.
  if (inputs.length > last) lines.push(`${below}only where ${t} < ${inputs[last].text}`);
  writeNodes(inner, body, below);
  body.outputs.forEach(({ value }, i) => {
    const { text } = valueAt(inner, value);
    lines.push(`${below}${i < carries ? `next ${names[consts + i]}` : `${node.names[i]}[${t}]`} = ${text}`);
    if (i >= carries && NAME.test(text)) stacks.set(node.names[i], text);
  });
}

/** A row of what an earlier loop collected has the name that it had there, where that is free. */
function rowName({ stacks, values }: Page, body: Graph, name: string, input: Rendered): string {
  const collected = stacks.get(input.text);
  if (collected === undefined || !/_\d+$/.test(name)) return name;
  const isTaken = valueNames(body).includes(collected) || [...values.values()].some(({ text }) => text === collected);
  return isTaken ? name : collected;
}

/** Settings of a loop that change what it computes or how, and are not shown by its lines. */
const SHOWN = /^(?:lengths = (?!"none")|checkpoint = (?!0$)|truncate = \[\d)/;

/** What needs no brackets, wherever it stands. */
const NAME = /^[\p{L}\p{N}_.'/-]+$/u;

const asOperand = ({ text }: Rendered): string => (NAME.test(text) ? text : `(${text})`);

/** A value from outside keeps its name inside; what is more than a name gets a line. */
function bind(page: Page, id: ValueId, name: string, outside: Rendered, indent: string): void {
  if (NAME.test(outside.text)) page.values.set(id, outside);
  else {
    page.lines.push(`${indent}${name} = ${outside.text}`);
    page.values.set(id, atom(name));
  }
}
