/**
 * The one traversal that all passes share. It copies a graph node by node, and
 * its regions with it, while a visitor decides what becomes of each node. Names
 * survive: a kept node keeps its own, and what replaces a node takes over its names and origin.
 */
import { internalError } from "../errors/errors.js";
import type { Attrs } from "../ir/attrs.js";
import { valueNames, type Graph, type Node, type ValueId } from "../ir/graph.js";
import { inferTypes } from "../ops/infer.js";
import type { AnyOp, Arity, Op } from "../ops/op.js";
import type { TensorType } from "../shape/tensor-type.js";
import { nameSource, type NameSource } from "./names.js";

/** The new graph as far as it is made. Ids are those of the new graph. */
export interface Draft {
  /** The id that the next node's first result gets; also that of the visited node, if it is kept and nothing is emitted. */
  nextId(): ValueId;
  typeOf(id: ValueId): TensorType;
  /** The node that makes a value; undefined for a parameter. */
  producerOf(id: ValueId): Node | undefined;
  /** Appends a node of one result. Throws ShapeError when it is no correct use of the op. */
  emit<N extends Arity, A extends Attrs>(op: Op<N, A>, inputs: readonly ValueId[], attrs: A): ValueId;
  /** Appends a node with any number of results. */
  emitNode(op: AnyOp, inputs: readonly ValueId[], attrs: Attrs, regions?: readonly Graph[]): readonly ValueId[];
}

/** What becomes of a node: kept as it is, left out (nothing kept may read it), or replaced by other values, one per result. */
export type Decision = "keep" | "drop" | readonly ValueId[];

/** In place of an input that was dropped; only a node that is dropped too may have one. */
const DROPPED: ValueId = -1;

/** Decides about one node. Its regions are already rebuilt; `inputs` are its inputs in the new graph, -1 where dropped. */
export type Visitor = (node: Node, inputs: readonly ValueId[], draft: Draft) => Decision;

/** The visitor of a graph or region, seen before the change; undefined where all its own nodes are kept. */
export type VisitorOf = (graph: Graph) => Visitor | undefined;

/**
 * A copy of `graph` as its visitors decide. `visitorOf` is called once for the graph and once for each region, with
 * the graph before the change. When nothing changes the result is `graph` itself.
 */
export function rebuild(graph: Graph, visitorOf: VisitorOf): Graph {
  const visit = visitorOf(graph);
  if (visit === undefined) return keepNodes(graph, visitorOf);
  const makers: (Node | undefined)[] = graph.params.map(() => undefined);
  const types: TensorType[] = graph.params.map((param) => param.type);
  const nodes: Node[] = [];
  const newIds: (ValueId | undefined)[] = graph.params.map((_, id) => id);
  // Made when the first node is emitted: names that no value of the graph has, so that later nodes need not give way.
  let names: NameSource | undefined;
  const freshName = (wanted: string): string => (names ??= nameSource(valueNames(graph))).fresh(wanted);
  let changed = false;
  /** Whether values so far have the numbers that they had. */
  let isAligned = true;
  let isAnyDropped = false;

  /** Appends a node whose id is the next one. */
  const keep = (node: Node): Node => {
    nodes.push(node);
    for (const type of node.types) {
      types.push(type);
      makers.push(node);
    }
    return node;
  };
  const append = (node: Omit<Node, "id">): Node => keep({ ...node, id: types.length });

  /** Gives nodes emitted for `visited` the names of the results that they replace. */
  const takeOverNames = (visited: Node, firstNew: number, results: readonly ValueId[]): void => {
    results.forEach((id, i) => {
      const maker = makers[id];
      if (maker === undefined || maker.id < firstNew) return;
      const renamed = { ...maker, names: maker.names.with(id - maker.id, visited.names[i]) };
      // Emitted nodes stand at the end, so the search is short.
      nodes[nodes.lastIndexOf(maker)] = renamed;
      renamed.types.forEach((_, k) => (makers[renamed.id + k] = renamed));
    });
  };

  const nameOf = (id: ValueId): string => {
    const maker = makers[id];
    return maker === undefined ? graph.params[id].name : maker.names[id - maker.id];
  };
  /** The origin of the node that is being visited. */
  let origin: Node["origin"];
  const draft: Draft = {
    nextId: () => types.length,
    typeOf: (id) => types[id],
    producerOf: (id) => makers[id],
    emit: (op, operands, attrs) => draft.emitNode(op, operands, attrs)[0],
    emitNode(op, operands, attrs, regions = []) {
      const inferred = inferTypes({
        op,
        inputs: operands.map((id) => types[id]),
        inputNames: () => operands.map(nameOf),
        attrs,
        regions,
        graph: graph.name,
        origin,
      });
      const names = inferred.map(() => freshName(op.name));
      const made = append({ op: op.name, inputs: operands, attrs, regions, types: inferred, names, origin });
      return inferred.map((_, i) => made.id + i);
    },
  };

  for (const source of graph.nodes) {
    const node = withRegions(source, visitorOf);
    const inputs = isAligned ? node.inputs : node.inputs.map((id) => newIds[id] ?? DROPPED);
    const firstNew = types.length;
    origin = source.origin;
    const decision = visit(node, inputs, draft);
    if (decision === "keep" && isAligned && types.length === node.id) {
      if (node !== source) changed = true;
      keep(node);
      for (let i = 0; i < node.types.length; i++) newIds.push(node.id + i);
      continue;
    }
    changed = true;
    isAligned = false;
    if (decision === "drop") {
      isAnyDropped = true;
      continue;
    }
    if (isAnyDropped && inputs.includes(DROPPED))
      throw internalError(`a pass kept a ${node.op} whose input it dropped`);
    if (decision === "keep") {
      const { id } = append({ ...node, inputs });
      for (let i = 0; i < node.types.length; i++) newIds[node.id + i] = id + i;
      continue;
    }
    if (decision.length !== node.types.length)
      throw internalError(`a pass replaced ${node.types.length} results of ${node.op} by ${decision.length}`);
    takeOverNames(node, firstNew, decision);
    decision.forEach((id, i) => (newIds[node.id + i] = id));
  }
  if (!changed) return graph;
  const outputs = graph.outputs.map(({ name, value }) => ({ name, value: newIds[value] ?? DROPPED }));
  const lost = outputs.find((output) => output.value === DROPPED);
  if (lost !== undefined) throw internalError(`a pass dropped the output ${lost.name}`);
  return { ...graph, nodes, outputs };
}

/** The graph with its regions rebuilt, which changes neither types nor numbers. */
function keepNodes(graph: Graph, visitorOf: VisitorOf): Graph {
  if (graph.nodes.every((node) => node.regions.length === 0)) return graph;
  const nodes = graph.nodes.map((node) => withRegions(node, visitorOf));
  return nodes.every((node, i) => node === graph.nodes[i]) ? graph : { ...graph, nodes };
}

/** The node with its regions rebuilt; the very node when they stay as they are. */
function withRegions(node: Node, visitorOf: VisitorOf): Node {
  if (node.regions.length === 0) return node;
  const regions = node.regions.map((region) => rebuild(region, visitorOf));
  return regions.every((region, i) => region === node.regions[i]) ? node : { ...node, regions };
}
