/**
 * Deferring: a product with a weight that no later step waits for is made behind the loop, for all steps at once, and so is what only reads it.
 * Above all the output of a cell, as in `y = (gate * h') @ Wo`: T products of [B, units] by [units, features] become one of [T·B, units].
 * Decision 0075.
 */
import { opOf } from "../graph/builder.js";
import { valueTypes, type Node, type ValueId } from "../ir/graph.js";
import { makersOf, readersOf } from "../ir/uses.js";
import { dotGeneral, type DotAttrs } from "../ops/dot-general.js";
import { typicalBytes } from "../shape/typical-bytes.js";
import { rewriteLoops, type LoopParts, type RewriteLoop } from "./loops.js";
import { bringOut, canStack, forAll, givenOutside, loopLeft, variationsOf, type Variation } from "./outside.js";
import type { Pass } from "./pass.js";

/** A product of what a step makes with what is the same in all. One for each of a batch gains nothing from more steps. */
function isWithWeight(node: Node, found: readonly Variation[]): boolean {
  if (opOf(node) !== (dotGeneral as unknown)) return false;
  const { batchX, contractX } = node.attrs as DotAttrs;
  return batchX.length === 0 && contractX.length > 0 && node.inputs.some((id) => found[id] === "fixed");
}

/** Nodes whose results lead to no carry, and only to what can be computed for all steps at once. */
function findLast({ body, params }: LoopParts): ReadonlySet<Node> {
  const makers = makersOf(body);
  const { byValue } = readersOf(body);
  const waitedFor = new Set<Node>();
  const reach = (id: ValueId): void => {
    const maker = makers[id];
    if (maker !== undefined) waitedFor.add(maker);
  };
  for (const { value } of body.outputs.slice(0, params.carries.length)) reach(value);
  const last = new Set<Node>();
  for (const node of body.nodes.toReversed()) {
    if (waitedFor.has(node)) node.inputs.forEach(reach);
    else if (canStack(opOf(node)) && byValue[node.id].every((reader) => last.has(reader))) last.add(node);
  }
  return last;
}

function planDefer(parts: LoopParts): RewriteLoop | undefined {
  const { op, body, params, node: loopNode, apart } = parts;
  const { reshaped } = op;
  if (op.skipsSteps?.(loopNode.attrs) !== false || reshaped === undefined || apart) return undefined;
  if (params.carries.length === 0) return undefined;
  const found = variationsOf(parts, new Map());
  const last = findLast(parts);
  const deferred = new Set<ValueId>();
  for (const node of body.nodes) {
    if (found[node.id] !== "by carry" || !last.has(node)) continue;
    if (isWithWeight(node, found) || node.inputs.some((id) => deferred.has(id))) deferred.add(node.id);
  }
  if (deferred.size === 0) return undefined;
  const ys = [...new Set(body.outputs.slice(params.carries.length).map(({ value }) => value))];
  const [left, brought] = [ys.filter((id) => !deferred.has(id)), ys.filter((id) => deferred.has(id))];
  const read = new Set(
    body.nodes.flatMap((node) => (deferred.has(node.id) ? node.inputs : [])).filter((id) => !deferred.has(id)),
  );
  const stacked = [...read].filter((id) => found[id] === "by carry" && id !== body.params.length - 1);
  const added = stacked.filter((id) => !left.includes(id));
  const types = valueTypes(body);
  const bytes = (ids: readonly ValueId[]): number => ids.reduce((sum, id) => sum + typicalBytes(types[id]), 0);
  // More memory than before would be a bad bargain.
  if (bytes(added) > bytes(brought)) return undefined;
  return (g, loop) => {
    const outside = givenOutside(loop);
    const carries = [...params.carries.keys()];
    const inside = [...left, ...added];
    const results = loopLeft(g, loop, reshaped, outside, carries, inside);
    const stackOf = (id: ValueId) => results[carries.length + inside.indexOf(id)];
    for (const id of stacked) outside.set(id, { value: stackOf(id), isStacked: true });
    bringOut(g, loop, outside, brought);
    return [
      ...results.slice(0, carries.length),
      ...body.outputs.slice(carries.length).map(({ value }) => {
        const out = deferred.has(value) ? outside.get(value) : undefined;
        return out === undefined ? stackOf(value) : forAll(g, out, loop);
      }),
    ];
  };
}

/** Moves products with weights that no later step waits for behind loops, to run once for all steps. */
export const defer: Pass = {
  name: "defer",
  summary: "Moves products with weights that no later step waits for behind loops, to run once for all steps.",
  run: (graph) => rewriteLoops(graph, planDefer),
};
