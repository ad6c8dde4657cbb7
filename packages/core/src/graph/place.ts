/** The place of a node, for issues that concern it. */
import type { Location } from "../errors/issue.js";
import { valueNames, type Graph, type Node } from "../ir/graph.js";

/** As in the printed graph, without attributes and types. */
export function placeOf(graph: Graph, node: Node): Location {
  const names = valueNames(graph);
  const results = node.names.map((name) => `%${name}`).join(", ");
  const operands = node.inputs.map((id) => `%${names[id]}`).join(", ");
  return { kind: "node", graph: graph.name, text: `${results} = ${node.op}(${operands})`, origin: node.origin };
}
