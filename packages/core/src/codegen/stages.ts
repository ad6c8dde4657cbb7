/**
 * Elementwise fusion: which nodes become one loop over elements. Each node gets a stage, the
 * earliest at which everything it reads is either in memory or computed by the same loop; map nodes of
 * one stage and one shape form one kernel, also when they have nothing to do with each other.
 */
import { opNamed } from "../ops/index.js";
import type { Kernel } from "../kernel/kernel.js";
import { valueCount, valueTypes, type Graph, type Node } from "../ir/graph.js";
import { formatDims } from "../shape/tensor-type.js";

/** Nodes that are lowered together, in order of their numbers. */
export type Group = readonly Node[];

/** The kernels of a graph's nodes; undefined for those with regions. */
export function kernelsOf(graph: Graph): ReadonlyMap<Node, Kernel | undefined> {
  const types = valueTypes(graph);
  return new Map(
    graph.nodes.map((node) => {
      const op = opNamed(node.op);
      const inputs = node.inputs.map((id) => types[id]);
      return [node, op.kind === "region" ? undefined : op.kernel(inputs, node.attrs, node.types[0])] as const;
    }),
  );
}

/** Nodes in one loop at most: engines limit the local variables and the size of a function. */
const LARGEST_GROUP = 48;

/** Kernels that only say how to read something else. */
const isFree = (kernel: Kernel | undefined): boolean =>
  kernel?.kind === "constant" || kernel?.kind === "view" || kernel?.kind === "reshape";

/** All nodes in groups, in an order in which each group finds what it reads. */
export function findGroups(graph: Graph, kernels: ReadonlyMap<Node, Kernel | undefined>): readonly Group[] {
  const types = valueTypes(graph);
  /** The stage from which a value is in memory. */
  const ready = new Int32Array(valueCount(graph));
  /** For results of map nodes: the stage that computes them, where a loop of the same shape may read them. */
  const computed = new Map<number, number>();
  const stages: Map<string, Node[]>[] = [];
  graph.nodes.forEach((node) => {
    const kernel = kernels.get(node);
    const isMap = kernel?.kind === "map";
    const shape = isMap ? formatDims(node.types[0].dims) : "";
    let stage = 0;
    for (const id of node.inputs) {
      const at = computed.get(id);
      stage = Math.max(stage, isMap && at !== undefined && formatDims(types[id].dims) === shape ? at : ready[id]);
    }
    const key = isMap ? `map${shape}` : `node ${node.id}`;
    while (stages.length <= stage) stages.push(new Map());
    const group = stages[stage].get(key);
    if (group === undefined) stages[stage].set(key, [node]);
    else if (group.length < LARGEST_GROUP) group.push(node);
    else {
      // A full group makes room. What reads it comes later in the order of nodes, so it must come later here too.
      stages[stage].delete(key);
      stages[stage].set(`${key} before node ${node.id}`, group);
      stages[stage].set(key, [node]);
    }
    node.types.forEach((_, k) => {
      ready[node.id + k] = isFree(kernel) ? stage : stage + 1;
      if (isMap) computed.set(node.id + k, stage);
    });
  });
  // Free nodes stand first in their stage: kernels of the stage may read through them.
  return stages.flatMap((stage) => {
    const groups = [...stage.values()];
    return [
      ...groups.filter(([node]) => isFree(kernels.get(node))),
      ...groups.filter(([node]) => !isFree(kernels.get(node))),
    ];
  });
}
