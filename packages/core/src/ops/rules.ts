/** What many ops share: constraints, the loops of elementwise definitions, constants inside derivative rules. */
import type { Attrs } from "../ir/attrs.js";
import type { Tensor } from "../shape/tensor.js";
import { isFloat, sameDims, type DType, type TensorType } from "../shape/tensor-type.js";
import { constant } from "./constant.js";
import type { Constraint, Emit, Inputs, Value } from "./op.js";

/** The other arities and attributes a shared constraint is used with; operands are read as a plain list. */
type AnyConstraint = Constraint<never, never>;

/** A constraint over the operands as a plain list, for ops of any arity. */
export const sharedConstraint = (
  label: `C${number}`,
  says: string,
  holds: (inputs: readonly TensorType[], attrs: Attrs) => boolean,
  hint?: string,
): AnyConstraint => ({
  label,
  says,
  holds: (inputs: Inputs<never, TensorType>, attrs: never) => holds(inputs, attrs),
  hint,
});

export const allFloat = (label: `C${number}`): AnyConstraint =>
  sharedConstraint(
    label,
    "operands of type f32 or f64",
    (inputs) => inputs.every((type) => isFloat(type.dtype)),
    "cast the operand to f32",
  );

export const allNumeric = (label: `C${number}`): AnyConstraint =>
  sharedConstraint(
    label,
    "numbers, not bool",
    (inputs) => inputs.every((type) => type.dtype !== "bool"),
    "cast the operand to a number",
  );

export const allBool = (label: `C${number}`): AnyConstraint =>
  sharedConstraint(label, "operands of type bool", (inputs) => inputs.every((type) => type.dtype === "bool"));

export const sameElementType = (label: `C${number}`): AnyConstraint =>
  sharedConstraint(
    label,
    "operands of one element type",
    (inputs) => inputs.every((type) => type.dtype === inputs[0].dtype),
    "cast one operand",
  );

export const sameShape = (label: `C${number}`): AnyConstraint =>
  sharedConstraint(
    label,
    "operands of equal dims",
    (inputs) => inputs.every((type) => sameDims(type.dims, inputs[0].dims)),
    "broadcast the smaller operand",
  );

/** Attribute `axes` names existing axes of the first operand, increasing. */
export const increasingAxes = (label: `C${number}`): AnyConstraint =>
  sharedConstraint(label, "axes in increasing order, each an axis of x", (inputs, { axes }) =>
    areIncreasing(axes as readonly number[], inputs[0].dims.length),
  );

/** Attribute `axis` names an existing axis of the first operand. */
export const existingAxis = (label: `C${number}`): AnyConstraint =>
  sharedConstraint(label, "axis to be an axis of x", (inputs, { axis }) =>
    isAxis(axis as number, inputs[0].dims.length),
  );

export const isAxis = (axis: number, rank: number): boolean => axis >= 0 && axis < rank;
export const areIncreasing = (axes: readonly number[], rank: number): boolean =>
  axes.every((axis, i) => isAxis(axis, rank) && (i === 0 || axes[i - 1] < axis));

export const allAxes = (rank: number): number[] => Array.from({ length: rank }, (_, axis) => axis);
/** True when every list has that many entries: one for each axis. */
export const haveLength = (length: number, ...lists: readonly (readonly unknown[])[]): boolean =>
  lists.every((list) => list.length === length);

/** Brings an exact result back into the range of an integer type, by wrapping; floats pass. */
export function wrapTo(dtype: DType): (value: number) => number {
  if (dtype === "i32") return (value) => value | 0;
  if (dtype === "u32") return (value) => value >>> 0;
  return (value) => value;
}

export function mapUnary(f: (x: number) => number, { data }: Tensor): Float64Array {
  const out = new Float64Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = f(data[i]);
  return out;
}

export function mapBinary(f: (x: number, y: number) => number, x: Tensor, y: Tensor): Float64Array {
  const out = new Float64Array(x.data.length);
  for (let i = 0; i < out.length; i++) out[i] = f(x.data[i], y.data[i]);
  return out;
}

/** A tensor of the type of `like`, filled with one number. */
export const filled = (emit: Emit, like: TensorType, value: number): Value =>
  emit(constant, [], { dtype: like.dtype, dims: like.dims, data: [value] });

/** The type of one element. */
export const scalarLike = ({ dtype }: TensorType): TensorType => ({ dtype, dims: [] });

/** Axes of one step as axes of all steps, with the axis of the steps in front of them. */
export const behindSteps = (axes: readonly number[]): number[] => [0, ...axes.map((axis) => axis + 1)];
