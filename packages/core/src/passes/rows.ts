/**
 * Rows of a stack that a step of a loop makes itself: what it needs for that, and how rows are read from memory. A stack is
 * cut in chunks of steps, and a step of the loop over chunks makes the rows of one.
 */
import type { BuilderScope } from "../graph/builder.js";
import type { Draft } from "../graph/rebuild.js";
import type { Node, ValueId } from "../ir/graph.js";
import { add, min, mul } from "../ops/arithmetic.js";
import { constant, iota } from "../ops/constant.js";
import { gather } from "../ops/gather.js";
import { opNamed } from "../ops/index.js";
import type { AnyOp, Value } from "../ops/op.js";
import { broadcast } from "../ops/reduce.js";
import { transpose } from "../ops/reshape.js";

/** How a step makes its row of a stack. */
export interface Way {
  /** What every step reads, and stacks of which it reads its row. */
  readonly consts: readonly ValueId[];
  readonly rows: readonly ValueId[];
  make(g: BuilderScope, consts: readonly Value[], rows: readonly Value[], index: Value): Value;
}

/** How rows of a tensor are made by their indices, of rank 1, along its first axis. */
export interface RowSource {
  readonly consts: readonly ValueId[];
  make(g: BuilderScope, consts: readonly Value[], indices: Value): Value;
}

/** The node that makes a value, if it is of this op. */
export const makerOf = (draft: Draft, id: ValueId, op: unknown): Node | undefined => {
  const maker = draft.producerOf(id);
  return maker !== undefined && opNamed(maker.op) === (op as AnyOp) ? maker : undefined;
};

/** x with its axes in another order, or x itself. */
export function moved(draft: Draft, id: ValueId): { readonly x: ValueId; readonly order: readonly number[] } {
  const move = makerOf(draft, id, transpose);
  if (move !== undefined) return { x: move.inputs[0], order: move.attrs["order"] as readonly number[] };
  return { x: id, order: draft.typeOf(id).dims.map((_, axis) => axis) };
}

/** x with its axes in this order; x itself where that is the order it has. */
export const inOrder = (g: Pick<BuilderScope, "emit">, x: Value, order: readonly number[]): Value =>
  order.every((axis, i) => axis === i) ? x : g.emit(transpose, [x], { order });

/** Rows along an axis of what is in memory: of a transposed x, from x. */
export const gatherRows = (
  g: BuilderScope,
  x: Value,
  order: readonly number[],
  indices: Value,
  axis: number = 0,
): Value => inOrder(g, g.emit(gather, [x, indices], { axis: order[axis], batch: 0 }), order);

export function rowsInMemory(draft: Draft, id: ValueId): RowSource {
  const { x, order } = moved(draft, id);
  return { consts: [x], make: (g, [all], indices) => gatherRows(g, all, order, indices) };
}

/** Emits the indices of the steps of a chunk: those of steps beyond `last` are `last`. */
export function stepsOfChunk(g: BuilderScope, chunk: Value, steps: number, last: number) {
  const repeat = (scalar: Value): Value => g.emit(broadcast, [scalar], { dims: [steps], axes: [] });
  const int = (value: number): Value => g.emit(constant, [], { dtype: "i32", dims: [], data: [value] });
  const first = repeat(g.emit(mul, [chunk, int(steps)]));
  const index = g.emit(add, [first, g.emit(iota, [], { dtype: "i32", dims: [steps], axis: 0 })]);
  const most = repeat(int(last));
  return { index, most, clamped: g.emit(min, [index, most]) };
}
