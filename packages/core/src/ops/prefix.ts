/** What ops along an axis share: how they walk, and one element more or less at an end. */
import { aBoolean, anInteger } from "../ir/attrs.js";
import { addDims, type Dim } from "../shape/dim.js";
import { elementCount, stridesOf } from "../shape/strides.js";
import { sizesOf } from "../shape/tensor.js";
import type { TensorType } from "../shape/tensor-type.js";
import type { Emit, Value } from "./op.js";
import { filled, scalarLike } from "./rules.js";
import { pad, slice } from "./slice.js";

export type PrefixAttrs = { readonly axis: number; readonly reverse: boolean };

export const prefixAttrs = { axis: anInteger, reverse: aBoolean };

/** Calls visit(offset of a line's first element in walking order, step to its next, line number) for each line along the axis. */
export function forEachLine(
  type: TensorType,
  { axis, reverse }: PrefixAttrs,
  visit: (first: number, step: number, line: number) => void,
): void {
  const sizes = sizesOf(type);
  const stride = stridesOf(sizes)[axis];
  const outer = elementCount(sizes.slice(0, axis));
  for (let row = 0; row < outer; row++)
    for (let inner = 0; inner < stride; inner++) {
      const start = row * sizes[axis] * stride + inner;
      visit(reverse ? start + (sizes[axis] - 1) * stride : start, reverse ? -stride : stride, row * stride + inner);
    }
}

export type End = "low" | "high";

/** One element added at an end of an axis, 0 unless another is given. */
export function padOne(emit: Emit, value: Value, axis: number, end: End, element = 0): Value {
  const none = new Array<number>(value.type.dims.length).fill(0);
  const one = none.with(axis, 1);
  return emit(pad, [value, filled(emit, scalarLike(value.type), element)], {
    low: end === "low" ? one : none,
    high: end === "high" ? one : none,
    interior: none,
  });
}

function range(emit: Emit, value: Value, axis: number, from: Dim, to: Dim): Value {
  const { dims } = value.type;
  return emit(slice, [value], {
    start: new Array<Dim>(dims.length).fill(0).with(axis, from),
    limit: dims.with(axis, to),
    step: new Array<number>(dims.length).fill(1),
  });
}

/** All elements along an axis but the one at an end. */
export const dropOne = (emit: Emit, value: Value, axis: number, end: End): Value => {
  const length = value.type.dims[axis];
  return end === "low" ? range(emit, value, axis, 1, length) : range(emit, value, axis, 0, addDims(length, -1));
};

/** Only the element at an end of an axis. */
export const keepOne = (emit: Emit, value: Value, axis: number, end: End): Value => {
  const length = value.type.dims[axis];
  return end === "low" ? range(emit, value, axis, 0, 1) : range(emit, value, axis, addDims(length, -1), length);
};

/** Where the walk begins. */
export const startOf = ({ reverse }: PrefixAttrs): End => (reverse ? "high" : "low");
/** Where it ends. */
export const endOf = ({ reverse }: PrefixAttrs): End => (reverse ? "low" : "high");

/** Each element moved on by one in the direction of the walk: `first` comes in, the last one goes. */
export const movedOn = (emit: Emit, value: Value, attrs: PrefixAttrs, first: number): Value =>
  dropOne(emit, padOne(emit, value, attrs.axis, startOf(attrs), first), attrs.axis, endOf(attrs));

/** Each element moved back by one against the direction of the walk: the first one goes, 0 comes in behind the last. */
export const movedBack = (emit: Emit, value: Value, attrs: PrefixAttrs): Value =>
  dropOne(emit, padOne(emit, value, attrs.axis, endOf(attrs)), attrs.axis, startOf(attrs));
