/** Common subexpression elimination. */
import type { ValueId } from "../ir/graph.js";
import { nodeKey } from "../graph/hash.js";
import { rebuild, type Visitor } from "../graph/rebuild.js";
import type { Pass } from "./pass.js";

function mergeEqual(): Visitor {
  // Nodes are visited in order, so inputs are merged already, and equal expressions have equal keys whatever their depth.
  const firstByKey = new Map<string, ValueId>();
  return (node, inputs, draft) => {
    const key = nodeKey(node, inputs);
    const first = firstByKey.get(key);
    if (first !== undefined) return node.types.map((_, i) => first + i);
    firstByKey.set(key, draft.nextId());
    return "keep";
  };
}

/** Computes equal expressions once: same op, attributes, regions and inputs. The first one's names stay. */
export const cse: Pass = {
  name: "cse",
  summary: "Computes equal expressions once.",
  run: (graph) => rebuild(graph, mergeEqual),
};
