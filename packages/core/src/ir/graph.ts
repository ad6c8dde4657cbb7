/**
 * The graph: the one data type between the JSON model and the executable.
 *
 * A graph is a pure function from tensors to tensors. Values are numbered:
 * parameters first, then the results of the nodes in order, each node after
 * its inputs. Nothing here changes after it was made; passes and transformations
 * return new graphs. A node may own regions (the body of a scan): graphs of
 * their own that see nothing but their parameters.
 */
import type { TensorType } from "../shape/tensor-type.js";
import type { Attrs } from "./attrs.js";

export type ValueId = number;

/**
 * Where a node came from: the JSON pointer of the config, for equations
 * followed by the columns, "/cells/cifg/equations/2:6-20".
 */
export type Origin = string;

export interface Param {
  readonly name: string;
  readonly type: TensorType;
  readonly origin?: Origin | undefined;
}

export interface Node {
  readonly op: string;
  /** Number of the first result; the others follow. */
  readonly id: ValueId;
  readonly inputs: readonly ValueId[];
  readonly attrs: Attrs;
  readonly regions: readonly Graph[];
  /** One per result. */
  readonly types: readonly TensorType[];
  /** One per result; unique in the graph, kept by passes, so that unrelated changes do not rename values. */
  readonly names: readonly string[];
  readonly origin?: Origin | undefined;
}

export interface Output {
  readonly name: string;
  readonly value: ValueId;
}

/** Between runs, the executable stores the output `next` in the parameter `param`. */
export interface StatePair {
  readonly param: string;
  readonly next: string;
}

export interface Graph {
  readonly name: string;
  readonly params: readonly Param[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly Output[];
  readonly state: readonly StatePair[];
}

/** Number of values: parameters and all node results. */
export const valueCount = (graph: Graph): number => {
  const last = graph.nodes.at(-1);
  return last === undefined ? graph.params.length : last.id + last.types.length;
};

/** The types of all values, by id. */
export function valueTypes(graph: Graph): readonly TensorType[] {
  const types = graph.params.map((param) => param.type);
  for (const node of graph.nodes) for (let k = 0; k < node.types.length; k++) types.push(node.types[k]);
  return types;
}

/** The names of all values, by id. */
export function valueNames(graph: Graph): readonly string[] {
  const names = graph.params.map((param) => param.name);
  for (const node of graph.nodes) for (let k = 0; k < node.names.length; k++) names.push(node.names[k]);
  return names;
}

/** The types of a graph's outputs. */
export function outputTypes(graph: Graph): readonly TensorType[] {
  const types = valueTypes(graph);
  return graph.outputs.map(({ value }) => types[value]);
}
