/** Which part of a graph is the way back. */
import { valueNames, type Graph } from "../ir/graph.js";
import { COTANGENT } from "./pullback.js";

/**
 * The nodes of a graph (not of its regions) that depend on a cotangent: the way back and what follows it, such as
 * the update of an optimizer. By the name of their first result. Empty where nothing was differentiated.
 */
export function backwardNodes(graph: Graph): ReadonlySet<string> {
  const behind = valueNames(graph).map((name) => name.startsWith(COTANGENT));
  const names = new Set<string>();
  for (const node of graph.nodes) {
    if (!behind[node.id] && !node.inputs.some((id) => behind[id])) continue;
    names.add(node.names[0]);
    node.types.forEach((_, k) => (behind[node.id + k] = true));
  }
  return names;
}
