/**
 * Elementwise fusion: which nodes become one loop over elements. Each node gets a stage, the
 * earliest at which everything it reads is either in memory or computed by the same loop; map nodes of
 * one stage and one shape form one kernel, also when they have nothing to do with each other.
 */
import { isCheap } from "../graph/builder.js";
import { opNamed } from "../ops/index.js";
import type { Kernel } from "../kernel/kernel.js";
import { valueCount, valueTypes, type Graph, type Node, type ValueId } from "../ir/graph.js";
import { readersOf, type Readers } from "../ir/uses.js";
import { formatDims } from "../shape/tensor-type.js";

/** Nodes that are lowered together, in order of their numbers. */
export type Group = readonly Node[];

/** The kernel of a node whose values have these types; undefined for one with regions. */
export function kernelOf(node: Node, types: ReturnType<typeof valueTypes>): Kernel | undefined {
  const op = opNamed(node.op);
  if (op.kind === "region") return undefined;
  return op.kernel(
    node.inputs.map((id) => types[id]),
    node.attrs,
    node.types[0],
  );
}

/** The kernels of a graph's nodes. */
export function kernelsOf(graph: Graph): ReadonlyMap<Node, Kernel | undefined> {
  const types = valueTypes(graph);
  return new Map(graph.nodes.map((node) => [node, kernelOf(node, types)] as const));
}

/** Nodes in one loop at most: engines limit the local variables and the size of a function. */
const LARGEST_GROUP = 48;
/** Nodes of reductions together, with what computes their elements. Each has two vectors that stay in registers. */
const LARGEST_REDUCTION = 12;

/** Kernels that only say how to read something else. */
const isFree = (kernel: Kernel | undefined): boolean =>
  kernel?.kind === "constant" || kernel?.kind === "view" || kernel?.kind === "reshape";

/** For each node the earliest stage that it can be in; a map reads others of its shape in the same stage. */
function earliestStages(graph: Graph, kernels: ReadonlyMap<Node, Kernel | undefined>, shapes: Shapes): Int32Array {
  /** The stage from which a value is in memory. */
  const ready = new Int32Array(valueCount(graph));
  const stages = new Int32Array(valueCount(graph));
  for (const node of graph.nodes) {
    const kernel = kernels.get(node);
    const shape = shapes.get(node.id);
    let stage = 0;
    for (const id of node.inputs)
      stage = Math.max(stage, shape !== undefined && shapes.get(id) === shape ? stages[id] : ready[id]);
    node.types.forEach((_, k) => {
      stages[node.id + k] = stage;
      ready[node.id + k] = isFree(kernel) ? stage : stage + 1;
    });
  }
  return stages;
}

/** Of map nodes: their dims, as text. */
type Shapes = ReadonlyMap<ValueId, string>;

/**
 * Of maps: whether all that they read is in memory for the sake of others, or made for them only by maps of which the same is true. Such a map
 * can be computed later without anything being stored for it.
 */
function findMovable(graph: Graph, stages: Int32Array, shapes: Shapes, { byValue, outputs }: Readers): Uint8Array {
  const movable = new Uint8Array(valueCount(graph));
  for (const node of graph.nodes) {
    const shape = shapes.get(node.id);
    if (shape === undefined) continue;
    const isThere = (id: ValueId): boolean => {
      if (shapes.get(id) !== shape || stages[id] < stages[node.id] || outputs.has(id)) return true;
      const readers = byValue[id];
      if (readers.length === 1) return movable[id] === 1;
      return readers.some((reader) => shapes.get(reader.id) !== shape || stages[reader.id] > stages[id]);
    };
    if (node.inputs.every(isThere)) movable[node.id] = 1;
  }
  return movable;
}

/**
 * Moves maps to the stage of what reads them, where that is one loop: then the result is not stored and loaded again. What only they read moves
 * with them.
 */
function delay(graph: Graph, stages: Int32Array, shapes: Shapes, readers: Readers): void {
  const movable = findMovable(graph, stages, shapes, readers);
  for (const { id } of graph.nodes.toReversed()) {
    const all = readers.byValue[id];
    if (movable[id] === 0 || all.length === 0 || readers.outputs.has(id)) continue;
    const stage = stages[all[0].id];
    if (all.every((each) => shapes.get(each.id) === shapes.get(id) && stages[each.id] === stage)) stages[id] = stage;
  }
}

/**
 * Maps that only lead to one reduction, of values that are in memory in any case: they are computed on its way. Each has one reader at
 * most, so that nothing is computed twice.
 */
function findAbsorbed(
  graph: Graph,
  kernels: ReadonlyMap<Node, Kernel | undefined>,
  stages: Int32Array,
  shapes: Shapes,
  { byValue, outputs }: Readers,
): ReadonlyMap<ValueId, Node> {
  /** How many maps it takes to compute a value from what is in memory, of those that could be computed where they are read. */
  const counts = new Map<ValueId, number>();
  for (const node of graph.nodes) {
    const readers = byValue[node.id];
    if (!shapes.has(node.id) || !isCheap(node) || outputs.has(node.id) || readers.length !== 1) continue;
    const isStored = (id: ValueId): boolean =>
      shapes.get(id) !== shapes.get(node.id) ||
      stages[id] < stages[node.id] ||
      outputs.has(id) ||
      byValue[id].some(
        (reader) =>
          !counts.has(reader.id) && (shapes.get(reader.id) !== shapes.get(id) || stages[reader.id] > stages[id]),
      );
    const computed = [...new Set(node.inputs)].filter((id) => shapes.get(id) === shapes.get(node.id) && counts.has(id));
    if (!node.inputs.every((id) => computed.includes(id) || isStored(id))) continue;
    const count = computed.reduce((sum, id) => sum + (counts.get(id) ?? 0), 1);
    if (count < LARGEST_REDUCTION) counts.set(node.id, count);
  }
  const absorbed = new Map<ValueId, Node>();
  for (const node of graph.nodes.toReversed()) {
    const [reader] = byValue[node.id];
    if (counts.has(node.id) && (kernels.get(reader)?.kind === "reduce" || absorbed.has(reader.id)))
      absorbed.set(node.id, node);
  }
  return absorbed;
}

/** A reduction behind the maps that are computed on its way. */
function withAbsorbed(node: Node, absorbed: ReadonlyMap<ValueId, Node>): Node[] {
  const maps = new Set<Node>();
  const add = (id: ValueId): void => {
    const map = absorbed.get(id);
    map?.inputs.forEach(add);
    if (map !== undefined) maps.add(map);
  };
  node.inputs.forEach(add);
  return [...maps, node];
}

/** All nodes in groups, in an order in which each group finds what it reads; reductions last in theirs. */
export function findGroups(graph: Graph, kernels: ReadonlyMap<Node, Kernel | undefined>): readonly Group[] {
  const types = valueTypes(graph);
  const shapes: Shapes = new Map(
    graph.nodes.flatMap((node) =>
      kernels.get(node)?.kind === "map" ? [[node.id, formatDims(node.types[0].dims)] as const] : [],
    ),
  );
  const readers = readersOf(graph);
  const stageOf = earliestStages(graph, kernels, shapes);
  delay(graph, stageOf, shapes, readers);
  const absorbed = findAbsorbed(graph, kernels, stageOf, shapes, readers);
  const keyOf = (node: Node): string => {
    const shape = shapes.get(node.id);
    if (shape !== undefined) return `map${shape}`;
    const kernel = kernels.get(node);
    if (kernel?.kind !== "reduce") return `node ${node.id}`;
    return `reduce ${kernel.axes.join()} of ${formatDims(types[node.inputs[0]].dims)}`;
  };
  const stages: Map<string, Node[]>[] = [];
  for (const node of graph.nodes) {
    if (absorbed.has(node.id)) continue;
    const stage = stageOf[node.id];
    const key = keyOf(node);
    const isReduction = kernels.get(node)?.kind === "reduce";
    const nodes = isReduction ? withAbsorbed(node, absorbed) : [node];
    const most = isReduction ? LARGEST_REDUCTION : LARGEST_GROUP;
    while (stages.length <= stage) stages.push(new Map());
    const group = stages[stage].get(key);
    if (group === undefined) stages[stage].set(key, nodes);
    else if (group.length + nodes.length <= most) group.push(...nodes);
    else {
      // A full group makes room. What reads it comes later in the order of nodes, so it must come later here too.
      stages[stage].delete(key);
      stages[stage].set(`${key} before node ${node.id}`, group);
      stages[stage].set(key, nodes);
    }
  }
  // Free nodes stand first in their stage: kernels of the stage may read through them.
  return stages.flatMap((stage) => {
    const groups = [...stage.values()];
    return [
      ...groups.filter(([node]) => isFree(kernels.get(node))),
      ...groups.filter(([node]) => !isFree(kernels.get(node))),
    ];
  });
}
