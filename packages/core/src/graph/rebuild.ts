/**
 * The one traversal that all passes share. It copies a graph node by node, and
 * its regions with it, while a visitor decides what becomes of each node. Names
 * survive: a kept node keeps its own, and what replaces a node takes over its names and origin.
 */
import { internalError } from "../errors/errors.js";
import type { Attrs } from "../ir/attrs.js";
import { valueNames, valueTypes, type Graph, type Node, type ValueId } from "../ir/graph.js";
import { makersOf, type Makers } from "../ir/uses.js";
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

/** The new graph, from the first change on. */
interface Copy {
  readonly nodes: Node[];
  /** By new number, as the makers are. */
  readonly types: TensorType[];
  readonly makers: (Node | undefined)[];
  /** By old number; undefined where it was dropped. */
  readonly newIds: (ValueId | undefined)[];
  /** Whether values so far have the numbers that they had. */
  isAligned: boolean;
  isAnyDropped: boolean;
}

/** A copy of what comes before the node of this number among the nodes. */
function copyBefore(graph: Graph, count: number): Copy {
  const { id } = graph.nodes[count];
  return {
    nodes: graph.nodes.slice(0, count),
    types: valueTypes(graph).slice(0, id),
    makers: makersOf(graph).slice(0, id),
    newIds: Array.from({ length: id }, (_, old) => old),
    isAligned: true,
    isAnyDropped: false,
  };
}

function append({ nodes, types, makers }: Copy, node: Node): void {
  nodes.push(node);
  for (let k = 0; k < node.types.length; k++) {
    types.push(node.types[k]);
    makers.push(node);
  }
}

/** Gives nodes emitted for `visited` the names of the results that they replace. */
function takeOverNames({ nodes, makers }: Copy, visited: Node, firstNew: number, results: readonly ValueId[]): void {
  results.forEach((id, i) => {
    const maker = makers[id];
    if (maker === undefined || maker.id < firstNew) return;
    const renamed = { ...maker, names: maker.names.with(id - maker.id, visited.names[i]) };
    // Emitted nodes stand at the end, so the search is short.
    nodes[nodes.lastIndexOf(maker)] = renamed;
    renamed.types.forEach((_, k) => (makers[renamed.id + k] = renamed));
  });
}

/**
 * A copy of `graph` as its visitors decide. `visitorOf` is called once for the graph and once for each region, with
 * the graph before the change. When nothing changes the result is `graph` itself, and nothing was copied.
 */
export function rebuild(graph: Graph, visitorOf: VisitorOf): Graph {
  const visit = visitorOf(graph);
  if (visit === undefined) return keepNodes(graph, visitorOf);
  let copy = undefined as Copy | undefined;
  /** How many nodes were decided about. */
  let count = 0;
  // Of the graph as it is, for visitors that ask before anything changes.
  let types: readonly TensorType[] | undefined;
  let makers: Makers | undefined;
  const begin = (): Copy => (copy ??= copyBefore(graph, count));
  // Made when the first node is emitted: names that no value of the graph has, so that later nodes need not give way.
  let names: NameSource | undefined;
  const freshName = (wanted: string): string => (names ??= nameSource(valueNames(graph))).fresh(wanted);
  /** The origin of the node that is being visited. */
  let origin: Node["origin"];
  const draft: Draft = {
    nextId: () => copy?.types.length ?? graph.nodes[count].id,
    typeOf: (id) => (copy?.types ?? (types ??= valueTypes(graph)))[id],
    producerOf: (id) => (copy?.makers ?? (makers ??= makersOf(graph)))[id],
    emit: (op, operands, attrs) => draft.emitNode(op, operands, attrs)[0],
    emitNode(op, operands, attrs, regions = []) {
      const nameOf = (id: ValueId): string => {
        const maker = draft.producerOf(id);
        return maker === undefined ? graph.params[id].name : maker.names[id - maker.id];
      };
      const inferred = inferTypes({
        op,
        inputs: operands.map(draft.typeOf),
        inputNames: () => operands.map(nameOf),
        attrs,
        regions,
        graph: graph.name,
        origin,
      });
      const newNames = inferred.map(() => freshName(op.name));
      const into = begin();
      const id = into.types.length;
      append(into, { op: op.name, id, inputs: operands, attrs, regions, types: inferred, names: newNames, origin });
      return inferred.map((_, i) => id + i);
    },
  };

  for (const source of graph.nodes) {
    const node = withRegions(source, visitorOf);
    const newIds = copy?.isAligned === false ? copy.newIds : undefined;
    const inputs = newIds === undefined ? node.inputs : node.inputs.map((id) => newIds[id] ?? DROPPED);
    const firstNew = draft.nextId();
    origin = source.origin;
    const decision = visit(node, inputs, draft);
    if (copy === undefined && decision === "keep" && node === source) {
      count++;
      continue;
    }
    const into = begin();
    count++;
    if (decision === "keep" && into.isAligned && into.types.length === node.id) {
      append(into, node);
      for (let i = 0; i < node.types.length; i++) into.newIds.push(node.id + i);
      continue;
    }
    into.isAligned = false;
    if (decision === "drop") {
      into.isAnyDropped = true;
      continue;
    }
    if (into.isAnyDropped && inputs.includes(DROPPED))
      throw internalError(`a pass kept a ${node.op} whose input it dropped`);
    if (decision === "keep") {
      const id = into.types.length;
      append(into, { ...node, id, inputs });
      for (let i = 0; i < node.types.length; i++) into.newIds[node.id + i] = id + i;
      continue;
    }
    if (decision.length !== node.types.length)
      throw internalError(`a pass replaced ${node.types.length} results of ${node.op} by ${decision.length}`);
    takeOverNames(into, node, firstNew, decision);
    decision.forEach((id, i) => (into.newIds[node.id + i] = id));
  }
  if (copy === undefined) return graph;
  const { nodes, newIds } = copy;
  const outputs = graph.outputs.map(({ name, value }) => ({ name, value: newIds[value] ?? DROPPED }));
  const lost = outputs.find((output) => output.value === DROPPED);
  if (lost !== undefined) throw internalError(`a pass dropped the output ${lost.name}`);
  return { ...graph, nodes, outputs };
}

/** The graph with its regions rebuilt, which changes neither types nor numbers. */
function keepNodes(graph: Graph, visitorOf: VisitorOf): Graph {
  let nodes: Node[] | undefined;
  for (let i = 0; i < graph.nodes.length; i++) {
    const node = withRegions(graph.nodes[i], visitorOf);
    if (node !== graph.nodes[i]) (nodes ??= [...graph.nodes])[i] = node;
  }
  return nodes === undefined ? graph : { ...graph, nodes };
}

/** The node with its regions rebuilt; the very node when they stay as they are. */
function withRegions(node: Node, visitorOf: VisitorOf): Node {
  if (node.regions.length === 0) return node;
  const regions = node.regions.map((region) => rebuild(region, visitorOf));
  return regions.every((region, i) => region === node.regions[i]) ? node : { ...node, regions };
}
