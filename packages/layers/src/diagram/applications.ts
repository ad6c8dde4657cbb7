/** Nodes that one call in an equation stands for: `softmax(v)` is seven, and one box. Their origins tell. */
import type { Graph, Node, ValueId } from "@latchgrad/core";
import { isView, operatorSign } from "./operators.js";

/** The document that a graph was made of, as far as pictures ask. */
export interface DocumentTexts {
  /** The text at a JSON pointer. */
  textAt(pointer: string): string | undefined;
  /** Whether equations at that pointer call a cell by this name. */
  isCell(pointer: string, name: string): boolean;
}

export interface Application {
  /** The name of the function whose call the nodes are part of. */
  readonly call: string | undefined;
  /** Whether they are the whole call, and more than one op that has its name. */
  readonly isWhole: boolean;
  /** One after the other; the last one gives the result. */
  readonly nodes: readonly Node[];
  /** What they read from outside. */
  readonly inputs: readonly ValueId[];
}

/** Where a node comes from: the pointer of a text, and the part of it. */
interface Place {
  readonly pointer: string;
  readonly part: string;
}

/** The place in an equation that a node comes from. */
export function placeOf(node: Node, texts: DocumentTexts): Place | undefined {
  const [, pointer, from, to] = /^(.*):(\d+)-(\d+)$/.exec(node.origin ?? "") ?? [];
  const text = pointer === undefined ? undefined : texts.textAt(pointer);
  return text === undefined ? undefined : { pointer, part: text.slice(Number(from) - 1, Number(to)) };
}

/** The nodes of a graph in their order, those of one call together. */
export function applicationsOf(graph: Graph, texts: DocumentTexts): readonly Application[] {
  const runs: { key: string | undefined; call: string | undefined; nodes: Node[] }[] = [];
  for (const node of graph.nodes) {
    const { key, call } = callOf(node, texts);
    const run = runs.at(-1);
    if (run === undefined || key === undefined || run.key !== key || isAgain(run.nodes, node))
      runs.push({ key, call, nodes: [node] });
    else run.nodes.push(node);
  }
  return runs.flatMap(({ call, nodes }): readonly Application[] => {
    if (call !== undefined && isMoreThanItsOp(call, nodes))
      return [{ call, isWhole: true, nodes, inputs: inputsOf(nodes) }];
    return nodes.map((node) => ({ call, isWhole: false, nodes: [node], inputs: node.inputs }));
  });
}

/** The call that a node belongs to, and a key that its other nodes have as well. */
function callOf(node: Node, texts: DocumentTexts): { readonly key?: string; readonly call?: string } {
  const place = placeOf(node, texts);
  if (place === undefined) return {};
  const { pointer, part } = place;
  if (/\/functions\/\d+$/.test(pointer)) {
    // Inside a function that the document defines, everything is that function.
    const call = /^\s*(\w+)/.exec(texts.textAt(pointer) ?? "")?.[1];
    return call === undefined ? {} : { key: pointer, call };
  }
  const call = /^([A-Za-z]\w*)\s*\(/.exec(part)?.[1];
  if (call === undefined || !isOneCall(part) || texts.isCell(pointer, call)) return {};
  return { key: node.origin, call };
}

/** Whether the bracket that opens first closes last. */
function isOneCall(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    if (text[i] === ")" && --depth === 0) return i === text.length - 1;
  }
  return false;
}

/** Whether a function of the document begins again: phi(phi(x)) is twice the same nodes. */
const isAgain = ([first, ...more]: readonly Node[], node: Node): boolean =>
  node.op === first.op && node.origin === first.origin && more.some(({ origin }) => origin !== first.origin);

/** Whether a call is more than one op that has its name, so that it is worth a box of its own. */
function isMoreThanItsOp(call: string, nodes: readonly Node[]): boolean {
  const working = nodes.filter((node) => !isView(node) && node.inputs.length > 0);
  if (working.length > 1) return true;
  return working.length === 1 && operatorSign(working[0]) !== undefined && !SAME.has(call);
}

/** Functions of the notation that are operators. */
const SAME: ReadonlySet<string> = new Set(["max", "min", "dot", "outer"]);

function inputsOf(nodes: readonly Node[]): readonly ValueId[] {
  const own = new Set(nodes.flatMap(({ id, names }) => names.map((_, i) => id + i)));
  return nodes.flatMap(({ inputs }) => inputs).filter((id) => !own.has(id));
}
