/**
 * Accumulating: the sum of a product and of what is in memory anyway becomes one product that begins its sums there.
 * So x·W + h·U is two contractions that fill one result, and nothing is added afterwards. Decision 0040.
 */
import { rebuild, type Draft, type Visitor } from "../graph/rebuild.js";
import { opOf } from "../graph/builder.js";
import type { Graph, Node, ValueId } from "../ir/graph.js";
import { countReads } from "../ir/uses.js";
import { add } from "../ops/arithmetic.js";
import { dotAdd } from "../ops/dot-add.js";
import { dotGeneral, type DotAttrs } from "../ops/dot-general.js";
import type { AnyOp } from "../ops/op.js";
import type { Pass } from "./pass.js";

const isProduct = (op: AnyOp): boolean => op === (dotGeneral as unknown);
const isSum = (node: Node): boolean => opOf(node) === (add as unknown);

/** Whether compiled code has the value in memory without anyone asking: parameters, views of them, products. */
function isInMemory(draft: Draft, id: ValueId): boolean {
  const maker = draft.producerOf(id);
  if (maker === undefined) return true;
  const op = opOf(maker);
  if (isProduct(op) || op === (dotAdd as unknown)) return true;
  return op.kind === "op" && op.traits.view === true && isInMemory(draft, maker.inputs[0]);
}

function visitorOf(graph: Graph): Visitor | undefined {
  if (!graph.nodes.some((node) => isProduct(opOf(node)))) return undefined;
  const readers = countReads(graph);
  return (node, inputs, draft) => {
    if (!isSum(node)) return "keep";
    for (const [i, other] of [
      [1, 0],
      [0, 1],
    ]) {
      const maker = draft.producerOf(inputs[i]);
      if (maker === undefined || !isProduct(opOf(maker)) || readers[node.inputs[i]] !== 1) continue;
      if (!isInMemory(draft, inputs[other])) continue;
      return [draft.emit(dotAdd, [...maker.inputs, inputs[other]], maker.attrs as DotAttrs)];
    }
    return "keep";
  };
}

/** Makes the sum of a product and of a value in memory one product that begins with that value. */
export const accumulate: Pass = {
  name: "accumulate",
  summary: "Makes the sum of a product and of a value in memory one product that begins with that value.",
  run: (graph) => rebuild(graph, visitorOf),
};
