/** Who makes and who reads the values of a graph, without what its regions do. All by value. */
import { valueCount, type Graph, type Node, type ValueId } from "./graph.js";

/** The node that makes each value; undefined for parameters. */
export type Makers = readonly (Node | undefined)[];

export function makersOf(graph: Graph): Makers {
  const makers = new Array<Node | undefined>(graph.params.length).fill(undefined);
  for (const node of graph.nodes) for (let k = 0; k < node.types.length; k++) makers.push(node);
  return makers;
}

/** How often nodes and outputs read each value; a node that reads it twice counts twice. */
export function countReads(graph: Graph): Uint32Array {
  const counts = new Uint32Array(valueCount(graph));
  for (const { inputs } of graph.nodes) for (const id of inputs) counts[id]++;
  for (const { value } of graph.outputs) counts[value]++;
  return counts;
}

/** Whether any result of a node is marked with 1. */
export function isAnyMarked(marks: Uint8Array, { id, types }: Node): boolean {
  for (let k = 0; k < types.length; k++) if (marks[id + k] === 1) return true;
  return false;
}

export interface Readers {
  /** The nodes that read each value, each once. */
  readonly byValue: readonly (readonly Node[])[];
  /** Values that leave the graph. */
  readonly outputs: ReadonlySet<ValueId>;
}

export function readersOf(graph: Graph): Readers {
  const byValue = Array.from({ length: valueCount(graph) }, (): Node[] => []);
  for (const node of graph.nodes)
    for (const id of node.inputs) {
      const readers = byValue[id];
      if (readers.at(-1) !== node) readers.push(node);
    }
  return { byValue, outputs: new Set(graph.outputs.map(({ value }) => value)) };
}
