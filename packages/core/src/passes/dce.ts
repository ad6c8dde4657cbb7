/** Dead code elimination. */
import type { Graph } from "../ir/graph.js";
import { rebuild, type Visitor } from "../graph/rebuild.js";
import type { Pass } from "./pass.js";

/** By value, 1 for what is an output or leads to one: with any result of a node, its first. */
function neededValues({ params, nodes, outputs }: Graph): Uint8Array {
  const last = nodes.at(-1);
  const needed = new Uint8Array(last === undefined ? params.length : last.id + last.types.length);
  for (const { value } of outputs) needed[value] = 1;
  for (let i = nodes.length - 1; i >= 0; i--) {
    const { id, types, inputs } = nodes[i];
    if (!needed.subarray(id, id + types.length).includes(1)) continue;
    needed[id] = 1;
    for (const input of inputs) needed[input] = 1;
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
