/** The intervals that the values of a graph lie in by how they are computed, whatever its parameters are. */
import { constant } from "../ops/constant.js";
import type { Graph, Node, ValueId } from "../ir/graph.js";
import type { AnyOp, Op } from "../ops/op.js";
import type { Tensor } from "../shape/tensor.js";
import { opOf } from "./builder.js";

/** Least and greatest. */
export type Interval = readonly [least: number, greatest: number];

/**
 * By value; values that are not there may be anything. Known are results of ops with bounds of their own, constants, views of such, and
 * what is linear in each operand of such: of 1 - f with f in [0, 1] the extremes are at the ends of f.
 */
export function boundsOf(graph: Graph): ReadonlyMap<ValueId, Interval> {
  const bounds = new Map<ValueId, Interval>();
  for (const node of graph.nodes) {
    const op = opOf(node);
    if (op.kind !== "op") continue;
    const inputs = node.inputs.flatMap((id) => {
      const interval = bounds.get(id);
      return interval === undefined ? [] : [interval];
    });
    const interval = op.traits.bounds ?? (inputs.length === node.inputs.length ? follow(op, node, inputs) : undefined);
    if (interval !== undefined) bounds.set(node.id, interval);
  }
  return bounds;
}

function follow(op: Op, node: Node, inputs: readonly Interval[]): Interval | undefined {
  if ((op as unknown as AnyOp) === (constant as unknown as AnyOp))
    return extremes(node.attrs.data as readonly number[]);
  if (op.traits.view === true) return inputs[0];
  const isLinear = node.inputs.every((_, i) => op.traits.linear?.some((group) => group.includes(i)) === true);
  if (op.traits.elementwise !== true || !isLinear || inputs.length === 0) return undefined;
  const corners = inputs.reduce<readonly (readonly number[])[]>(
    (before, ends) => before.flatMap((corner) => ends.map((end) => [...corner, end])),
    [[]],
  );
  return extremes(corners.map((corner) => evaluateScalars(op, node, corner)));
}

const extremes = (values: readonly number[]): Interval => [Math.min(...values), Math.max(...values)];

/** The op of an elementwise node for one element, given as numbers. */
export function evaluateScalars(op: Op, node: Node, operands: readonly number[]): number {
  const [{ dtype }] = node.types;
  const tensors = operands.map((value): Tensor => ({ type: { dtype, dims: [] }, data: Float64Array.of(value) }));
  return op.evaluate(tensors, node.attrs, { dtype, dims: [] })[0];
}
