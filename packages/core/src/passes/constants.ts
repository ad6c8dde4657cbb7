/** Reading constants of a graph under construction. */
import { constant } from "../ops/constant.js";
import { elementCount } from "../shape/strides.js";
import { sizesOf, type Tensor } from "../shape/tensor.js";
import type { Node, ValueId } from "../ir/graph.js";
import type { Draft } from "../graph/rebuild.js";
import { opNamed } from "../ops/index.js";
import type { AnyOp } from "../ops/op.js";

const isUseOfConstant = (node: Node | undefined): node is Node =>
  node !== undefined && opNamed(node.op) === (constant as unknown as AnyOp);

export const isConstant = (draft: Draft, id: ValueId): boolean => isUseOfConstant(draft.producerOf(id));

/** The numbers that a constant lists (one for all elements, or all of them), or undefined when the value is none. */
function dataOf(draft: Draft, id: ValueId): readonly number[] | undefined {
  const node = draft.producerOf(id);
  return isUseOfConstant(node) ? (node.attrs.data as readonly number[]) : undefined;
}

/** The number that all elements of a constant are, or undefined. */
export function splatOf(draft: Draft, id: ValueId): number | undefined {
  const data = dataOf(draft, id);
  return data?.length === 1 ? data[0] : undefined;
}

/** The tensor that a constant is, unless its size is unknown or above `limit`. */
export function constantOf(draft: Draft, id: ValueId, limit: number): Tensor | undefined {
  const data = dataOf(draft, id);
  const type = draft.typeOf(id);
  if (data === undefined || type.dims.some((dim) => typeof dim === "string")) return undefined;
  const count = elementCount(sizesOf(type));
  if (count > limit) return undefined;
  return { type, data: data.length === 1 ? new Float64Array(count).fill(data[0]) : Float64Array.from(data) };
}
