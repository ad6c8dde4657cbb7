/**
 * Hoisting: what a loop computes from its rows and consts alone, it can compute
 * for all steps before it begins. Above all the products of the inputs with their
 * weights: T products of [B, input] by [input, units] become one of [T·B, input].
 */
import type { BuilderScope } from "../graph/builder.js";
import { opOf } from "../graph/builder.js";
import type { Graph, Node, ValueId } from "../ir/graph.js";
import { valueNames, valueTypes } from "../ir/graph.js";
import type { Op, Value } from "../ops/op.js";
import { forAllSteps } from "../ops/reduce.js";
import { rewriteLoops, type LoopNode } from "./loops.js";
import type { Pass } from "./pass.js";

/** What a value of a body depends on: nothing that changes, the row of the step, or what the step before left. */
type Variation = "fixed" | "by row" | "by carry";

const canStack = (op: Op): boolean => op.traits.elementwise === true || op.stacked !== undefined;

function variations({ body, params }: LoopNode): readonly Variation[] {
  const found: Variation[] = [
    ...params.consts.map((): Variation => "fixed"),
    ...params.carries.map((): Variation => "by carry"),
    ...params.rows.map((): Variation => "by row"),
    "by carry",
  ];
  for (const node of body.nodes) {
    const inputs = node.inputs.map((id) => found[id]);
    const op = opOf(node);
    const stays = inputs.includes("by carry") || op.kind === "region";
    const varies = inputs.includes("by row");
    const variation = stays || (varies && !canStack(op)) ? "by carry" : varies ? "by row" : "fixed";
    found.push(...node.types.map(() => variation));
  }
  return found;
}

const isCheap = (node: Node): boolean => opOf(node).traits.cheap === true;

/** The nodes to hoist: expensive ones, what they read, and cheap ones that only continue a hoisted value. */
function chooseNodes(body: Graph, found: readonly Variation[]): ReadonlySet<Node> {
  const chosen = new Set<Node>();
  const wanted = new Set<ValueId>();
  for (let i = body.nodes.length - 1; i >= 0; i--) {
    const node = body.nodes[i];
    if (found[node.id] === "by carry") continue;
    if (isCheap(node) && !wanted.has(node.id)) continue;
    chosen.add(node);
    for (const id of node.inputs) wanted.add(id);
  }
  const readers = new Map<ValueId, number>();
  for (const id of [...body.nodes.flatMap((node) => node.inputs), ...body.outputs.map((output) => output.value)])
    readers.set(id, (readers.get(id) ?? 0) + 1);
  const made = new Map(body.nodes.map((node) => [node.id, node]));
  const include = (node: Node): void => {
    if (chosen.has(node)) return;
    chosen.add(node);
    for (const id of node.inputs) {
      const producer = made.get(id);
      if (producer !== undefined) include(producer);
    }
  };
  for (const node of body.nodes) {
    if (chosen.has(node) || found[node.id] !== "by row" || opOf(node).traits.elementwise !== true) continue;
    const continues = node.inputs.some((id) => {
      const producer = made.get(id);
      return producer !== undefined && chosen.has(producer) && found[id] === "by row" && readers.get(id) === 1;
    });
    const fromRows = node.inputs.some((id) => found[id] === "by row" && !chosen.has(made.get(id) ?? node));
    if (continues && !fromRows) include(node);
  }
  return chosen;
}

/** The node's result for all steps. */
function stackNode(
  g: BuilderScope,
  op: Op,
  node: Node,
  inputs: readonly Value[],
  isStacked: readonly boolean[],
  loop: LoopNode,
): Value {
  if (op.stacked !== undefined)
    return op.stacked({ inputs, isStacked, attrs: node.attrs, length: loop.count, emit: g.emit });
  const whole = inputs.map((value, i) => forAllSteps(g.emit, value, isStacked[i], loop.count));
  return g.node({ op, inputs: whole, attrs: node.attrs })[0];
}

function hoistFrom(g: BuilderScope, loop: LoopNode): readonly Value[] | undefined {
  const { body, params, node: loopNode } = loop;
  const found = variations(loop);
  const chosen = chooseNodes(body, found);
  if (chosen.size === 0) return undefined;

  const outside = new Map<ValueId, Value>();
  loop.consts.forEach((value, i) => outside.set(i, value));
  loop.stacks.forEach((value, i) => outside.set(params.consts.length + params.carries.length + i, value));
  for (const node of body.nodes) {
    const op = opOf(node);
    if (!chosen.has(node) || op.kind !== "op") continue;
    const inputs = node.inputs.flatMap((id) => outside.get(id) ?? []);
    const value = g.at(node.origin, () =>
      found[node.id] === "fixed"
        ? g.node({ op, inputs, attrs: node.attrs })[0]
        : stackNode(
            g,
            op,
            node,
            inputs,
            node.inputs.map((id) => found[id] === "by row"),
            loop,
          ),
    );
    outside.set(node.id, g.named(node.names[0], value));
  }

  // What the rest of the body still reads of what was hoisted becomes a const or a row.
  const rest = body.nodes.filter((node) => !chosen.has(node));
  const read = new Set([...rest.flatMap((node) => node.inputs), ...body.outputs.map((output) => output.value)]);
  const hoisted = [...chosen]
    .map((node) => node.id)
    .sort((a, b) => a - b)
    .filter((id) => read.has(id));
  const newConsts = hoisted.filter((id) => found[id] === "fixed");
  const newRows = hoisted.filter((id) => found[id] === "by row");
  const oldConsts = [...params.consts.keys()].filter((id) => read.has(id));
  const oldRows = params.rows
    .map((_, i) => params.consts.length + params.carries.length + i)
    .filter((id) => read.has(id));
  const types = valueTypes(body);
  const names = valueNames(body);
  const described = (id: ValueId) => ({ name: names[id], type: types[id] });
  const order: readonly ValueId[] = [
    ...oldConsts,
    ...newConsts,
    ...params.carries.map((_, i) => params.consts.length + i),
    ...oldRows,
    ...newRows,
    body.params.length - 1,
  ];
  const region = g.region(body.name, order.map(described), (inner, args) => {
    const inside = new Map(order.map((id, i) => [id, args[i]]));
    const valueOf = (id: ValueId): Value => inside.get(id) as Value;
    for (const node of rest)
      inner.copy(node, node.inputs.map(valueOf)).forEach((value, k) => inside.set(node.id + k, value));
    return body.outputs.map((output) => valueOf(output.value));
  });
  const outer = (ids: readonly ValueId[]): readonly Value[] => ids.flatMap((id) => outside.get(id) ?? []);
  const consts = [...outer(oldConsts), ...outer(newConsts)];
  return g.node({
    op: loop.op,
    inputs: [...consts, ...loop.carries, ...outer(oldRows), ...outer(newRows), ...loop.others],
    attrs: loop.op.reshaped?.(loopNode.attrs, consts.length, loop.carries.length) ?? loopNode.attrs,
    regions: [region],
  });
}

/** Moves what does not depend on carries out of loops, to run once for all steps. */
export const hoist: Pass = {
  name: "hoist",
  summary: "Moves what does not depend on carries out of loops, to run once for all steps.",
  run: (graph) => rewriteLoops(graph, hoistFrom),
};
