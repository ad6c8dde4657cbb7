/** Tensors during lowering: where the elements are and how an index finds them. Views cost nothing: they are another way to find them. */
import type { ValueId } from "../ir/graph.js";
import type { AxisRead, Placement } from "../kernel/kernel.js";
import type { DType } from "../shape/tensor-type.js";
import { elementCount, stridesOf } from "../shape/strides.js";
import { BYTES } from "./lanes-target.js";
import type { Block, Loop, Place } from "./program.js";

/** Elements in memory: index i at place + Σ strides·i, in elements. */
export interface StoredTensor {
  readonly kind: "stored";
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly strides: readonly number[];
  readonly place: Place;
  /** The block that computes it: it can be read there and in loops inside. */
  readonly block: Block;
}

/** One number for all elements, known when compiling. */
export interface SplatTensor {
  readonly kind: "splat";
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly value: number;
}

export type Tensor = StoredTensor | SplatTensor;

/** The tensor of a value, which is lowered before what reads it. */
export const tensorOf = (bound: ReadonlyMap<ValueId, Tensor>, id: ValueId): Tensor => bound.get(id) as Tensor;

export const isContiguous = ({ dims, strides }: StoredTensor): boolean => {
  const wanted = stridesOf(dims);
  return dims.every((size, axis) => size === 1 || strides[axis] === wanted[axis]) || elementCount(dims) === 0;
};

export const shiftPlace = (place: Place, bytes: number): Place => ({ ...place, offset: place.offset + bytes });

/** The tensor as a view kernel reads it. */
export function viewOf<T extends Tensor>(
  tensor: T,
  starts: readonly number[],
  reads: readonly AxisRead[],
  dims: readonly number[],
): T {
  if (tensor.kind === "splat") return { ...tensor, dims };
  const { dtype, strides, place } = tensor;
  const offset = starts.reduce((sum, start, axis) => sum + start * strides[axis], 0);
  return {
    ...tensor,
    dims,
    place: shiftPlace(place, offset * BYTES[dtype]),
    strides: reads.map((read) => (read === "repeat" ? 0 : read.step * strides[read.axis])),
  };
}

/** Whether the first axis is cut in two and the others stay as they are, as steps of a loop are cut into chunks. */
export const isCut = ([first, ...others]: readonly number[], [count, steps, ...rest]: readonly number[]): boolean =>
  count * steps === first && rest.length === others.length && rest.every((size, axis) => size === others[axis]);

/** The tensor with its first axis cut, where it is: rows lie equally far apart whether in one chunk or in two. */
export function cutView(tensor: StoredTensor, dims: readonly number[]): StoredTensor {
  const [stride, ...others] = tensor.strides;
  return { ...tensor, dims, strides: [dims[1] * stride, stride, ...others] };
}

/** The places of a larger tensor where a placement puts one of the given dims. */
export function placed(whole: StoredTensor, { low, spacing }: Placement, dims: readonly number[]): StoredTensor {
  const start = low.reduce((sum, at, axis) => sum + at * whole.strides[axis], 0);
  return {
    ...whole,
    dims,
    place: shiftPlace(whole.place, start * BYTES[whole.dtype]),
    strides: spacing.map((by, axis) => by * whole.strides[axis]),
  };
}

/** The row of a stack that a step of a loop works on. */
export function rowOf<T extends Tensor>(stack: T, loop: Loop): T {
  const dims = stack.dims.slice(1);
  if (stack.kind === "splat") return { ...stack, dims };
  const [step, ...strides] = stack.strides;
  const { perStep } = stack.place;
  return {
    ...stack,
    dims,
    strides,
    place: { ...stack.place, perStep: [...perStep, { loop, bytes: step * BYTES[stack.dtype] }] },
    block: loop.body,
  };
}

/** Whether two tensors are the same memory, walked in the same way. */
export const samePlace = (a: StoredTensor, b: StoredTensor): boolean =>
  a.place.buffer === b.place.buffer &&
  a.place.offset === b.place.offset &&
  a.strides.every((stride, axis) => stride === b.strides[axis] || a.dims[axis] === 1) &&
  JSON.stringify(a.place.perStep.map(({ bytes }) => bytes)) ===
    JSON.stringify(b.place.perStep.map(({ bytes }) => bytes));
