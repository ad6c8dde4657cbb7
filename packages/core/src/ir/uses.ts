/** Who makes and who reads the values of a graph, without what its regions do. */
import type { Graph, Node, ValueId } from "./graph.js";

/** The node that makes each value; parameters have none. */
export function makersOf(graph: Graph): ReadonlyMap<ValueId, Node> {
  const makers = new Map<ValueId, Node>();
  for (const node of graph.nodes) for (let k = 0; k < node.types.length; k++) makers.set(node.id + k, node);
  return makers;
}

/** How often nodes and outputs read each value; a node that reads it twice counts twice. */
export function countReads(graph: Graph): ReadonlyMap<ValueId, number> {
  const counts = new Map<ValueId, number>();
  const count = (id: ValueId): void => {
    counts.set(id, (counts.get(id) ?? 0) + 1);
  };
  for (const node of graph.nodes) node.inputs.forEach(count);
  for (const output of graph.outputs) count(output.value);
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
