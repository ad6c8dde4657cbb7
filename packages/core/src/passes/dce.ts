/** Dead code elimination. */
import { valueCount, type Graph } from "../ir/graph.js";
import { isAnyMarked } from "../ir/uses.js";
import { rebuild, type Visitor } from "../graph/rebuild.js";
import type { Pass } from "./pass.js";

/** By value, 1 for what is an output or leads to one: with any result of a node, its first. */
function neededValues(graph: Graph): Uint8Array {
  const { nodes, outputs } = graph;
  const needed = new Uint8Array(valueCount(graph));
  for (const { value } of outputs) needed[value] = 1;
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    if (!isAnyMarked(needed, node)) continue;
    needed[node.id] = 1;
    for (const input of node.inputs) needed[input] = 1;
  }
  return needed;
}

function keepLive(graph: Graph): Visitor | undefined {
  const needed = neededValues(graph);
  if (graph.nodes.every(({ id }) => needed[id] === 1)) return undefined;
  return ({ id }) => (needed[id] === 1 ? "keep" : "drop");
}

/** Drops nodes that no output depends on, also inside regions. Parameters stay, as they are the graph's interface. */
export const dce: Pass = {
  name: "dce",
  summary: "Drops nodes that no output depends on.",
  run: (graph) => rebuild(graph, keepLive),
};
