/** Dead code elimination. */
import type { Graph, ValueId } from "../ir/graph.js";
import { rebuild, type Visitor } from "../graph/rebuild.js";
import type { Pass } from "./pass.js";

/** The nodes of which at least one result is an output or leads to one. */
function liveNodes(graph: Graph): ReadonlySet<ValueId> {
  const needed = new Set<ValueId>(graph.outputs.map((output) => output.value));
  const live = new Set<ValueId>();
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    let isNeeded = false;
    for (let k = 0; k < node.types.length; k++) isNeeded ||= needed.has(node.id + k);
    if (!isNeeded) continue;
    live.add(node.id);
    for (const id of node.inputs) needed.add(id);
  }
  return live;
}

function keepLive(graph: Graph): Visitor | undefined {
  const live = liveNodes(graph);
  if (live.size === graph.nodes.length) return undefined;
  return (node) => (live.has(node.id) ? "keep" : "drop");
}

/** Drops nodes that no output depends on, also inside regions. Parameters stay, as they are the graph's interface. */
export const dce: Pass = {
  name: "dce",
  summary: "Drops nodes that no output depends on.",
  run: (graph) => rebuild(graph, keepLive),
};
