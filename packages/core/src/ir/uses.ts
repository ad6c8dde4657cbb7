/** Who makes and who reads the values of a graph, without what its regions do. */
import type { Graph, Node, ValueId } from "./graph.js";

/** The node that makes each value; parameters have none. */
export const makersOf = (graph: Graph): ReadonlyMap<ValueId, Node> =>
  new Map(graph.nodes.flatMap((node) => node.types.map((_, k) => [node.id + k, node] as const)));

/** How often nodes and outputs read each value; a node that reads it twice counts twice. */
export function countReads(graph: Graph): ReadonlyMap<ValueId, number> {
  const counts = new Map<ValueId, number>();
  for (const id of [...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs.map((output) => output.value)])
    counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

export interface Readers {
  /** The nodes that read each value, each once. */
  readonly byValue: ReadonlyMap<ValueId, readonly Node[]>;
  /** Values that leave the graph. */
  readonly outputs: ReadonlySet<ValueId>;
}

export function readersOf(graph: Graph): Readers {
  const byValue = new Map<ValueId, Node[]>();
  for (const node of graph.nodes)
    for (const id of node.inputs) {
      const readers = byValue.get(id);
      if (readers === undefined) byValue.set(id, [node]);
      else if (readers.at(-1) !== node) readers.push(node);
    }
  return { byValue, outputs: new Set(graph.outputs.map(({ value }) => value)) };
}
