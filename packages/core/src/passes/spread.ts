/**
 * Spreading: a product of each with each, where nothing is summed, becomes a multiplication of elements of both operands, repeated along
 * each other's axes. So an outer product is computed by the loop over elements that reads it, and is not in memory. Decision 0071.
 */
import { opOf } from "../graph/builder.js";
import { rebuild, type Draft, type Visitor } from "../graph/rebuild.js";
import type { Graph, Node, ValueId } from "../ir/graph.js";
import { mul } from "../ops/arithmetic.js";
import { dotGeneral, type Axes, type DotAttrs } from "../ops/dot-general.js";
import { broadcast } from "../ops/reduce.js";
import { reshape } from "../ops/reshape.js";
import type { Pass } from "./pass.js";

const isProduct = (node: Node): boolean => opOf(node) === (dotGeneral as unknown);

const freeAxes = (rank: number, taken: Axes): Axes =>
  Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !taken.includes(axis));

const areIncreasing = (axes: Axes): boolean => axes.every((axis, i) => i === 0 || axes[i - 1] < axis);

/** An operand under the dims of the product; `placeOf` says where each of its axes is there, undefined for axes that are summed. */
function spreadOperand(
  draft: Draft,
  id: ValueId,
  dims: Node["types"][0]["dims"],
  placeOf: (axis: number) => number | undefined,
): ValueId {
  const own = draft.typeOf(id).dims;
  const kept = own.flatMap((_, axis) => (placeOf(axis) === undefined ? [] : [axis]));
  const flat = kept.length === own.length ? id : draft.emit(reshape, [id], { dims: kept.map((axis) => own[axis]) });
  return draft.emit(broadcast, [flat], { dims, axes: kept.map((axis) => placeOf(axis) ?? 0) });
}

function visitorOf(graph: Graph): Visitor | undefined {
  if (!graph.nodes.some(isProduct)) return undefined;
  return (node, inputs, draft) => {
    if (!isProduct(node)) return "keep";
    const { contractX, contractY, batchX, batchY } = node.attrs as DotAttrs;
    const [x, y] = inputs.map((id) => draft.typeOf(id).dims);
    // One product alone is a matrix at most, which others may sum up further.
    if (batchX.length === 0 || contractX.some((axis) => x[axis] !== 1)) return "keep";
    const freeX = freeAxes(x.length, [...batchX, ...contractX]);
    const freeY = freeAxes(y.length, [...batchY, ...contractY]);
    if (!areIncreasing([...batchX, ...freeX]) || !areIncreasing([...batchY, ...freeY])) return "keep";
    const { dims } = node.types[0];
    const placeIn =
      (batch: Axes, free: Axes, firstFree: number) =>
      (axis: number): number | undefined => {
        if (batch.includes(axis)) return batch.indexOf(axis);
        return free.includes(axis) ? firstFree + free.indexOf(axis) : undefined;
      };
    const left = spreadOperand(draft, inputs[0], dims, placeIn(batchX, freeX, batchX.length));
    const right = spreadOperand(draft, inputs[1], dims, placeIn(batchY, freeY, batchX.length + freeX.length));
    return [draft.emit(mul, [left, right], {})];
  };
}

/** Makes a product in which nothing is summed a multiplication of elements. */
export const spread: Pass = {
  name: "spread",
  summary: "Makes a product in which nothing is summed a multiplication of elements.",
  run: (graph) => rebuild(graph, visitorOf),
};
