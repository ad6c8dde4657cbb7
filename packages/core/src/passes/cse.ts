/** Common subexpression elimination. */
import type { Node, ValueId } from "../ir/graph.js";
import { hashRegion, nodeKey } from "../graph/hash.js";
import { rebuild, type Visitor } from "../graph/rebuild.js";
import type { Pass } from "./pass.js";

/** Regions are hashed only where all else is equal, which is rare. */
const haveEqualRegions = (a: Node, b: Node): boolean =>
  a.regions.length === b.regions.length &&
  a.regions.every((region, i) => region === b.regions[i] || hashRegion(region) === hashRegion(b.regions[i]));

interface Kept {
  readonly node: Node;
  /** Of its first result. */
  readonly id: ValueId;
}

function mergeEqual(): Visitor {
  // Nodes are visited in order, so inputs are merged already, and equal expressions have equal keys whatever their depth.
  const keptByKey = new Map<string, Kept[]>();
  return (node, inputs, draft) => {
    const key = nodeKey(node, inputs);
    const kept = keptByKey.get(key);
    const equal = kept?.find((other) => haveEqualRegions(other.node, node));
    if (equal !== undefined) return node.types.map((_, i) => equal.id + i);
    const made = { node, id: draft.nextId() };
    if (kept === undefined) keptByKey.set(key, [made]);
    else kept.push(made);
    return "keep";
  };
}

/** Computes equal expressions once: same op, attributes, regions and inputs. The first one's names stay. */
export const cse: Pass = {
  name: "cse",
  summary: "Computes equal expressions once.",
  run: (graph) => rebuild(graph, mergeEqual),
};
