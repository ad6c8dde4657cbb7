/** Elementwise ops on quantities: numbers are computed at once, tensors brought to one type and stretched to equal dims. */
import type { NoAttrs } from "../ir/attrs.js";
import { onNumbers } from "../kernel/portable-math.js";
import { ops } from "../ops/index.js";
import type { Op } from "../ops/op.js";
import { addDims, multiplyDims, subtractDims, type Dim } from "../shape/dim.js";
import type { DType, TensorType } from "../shape/tensor-type.js";
import {
  align,
  numberOf,
  sizeQuantity,
  tensorIn,
  tensorOf,
  truthOf,
  type NumberQuantity,
  type Quantity,
  type TensorQuantity,
  type TensorScope,
  type TruthQuantity,
} from "./quantity.js";

/** An op without attributes whose operands have equal dims. */
export type ElementwiseOp = Op<1, NoAttrs> | Op<2, NoAttrs>;

/** What keeps an op from its operands: sizes that differ, or an operand that is no number, or no condition. */
export type Misfit = "sizes" | "number" | "condition";

type Known = NumberQuantity | TruthQuantity;
const isKnown = (quantity: Quantity): quantity is Known => quantity.kind === "number" || quantity.kind === "truth";

const LOGIC: ReadonlySet<unknown> = new Set([ops.and, ops.or, ops.not]);
const COMPARISON: ReadonlySet<unknown> = new Set([ops.eq, ops.lt, ops.le]);
/** Ops that make whole numbers of whole numbers. */
const WHOLE: ReadonlySet<unknown> = new Set([
  ops.add,
  ops.sub,
  ops.mul,
  ops.mod,
  ops.max,
  ops.min,
  ops.neg,
  ops.abs,
  ops.sign,
]);
/** Ops that make sizes of sizes. */
const SIZES: ReadonlyMap<unknown, (a: Dim, b: Dim) => Dim> = new Map([
  [ops.add, (a: Dim, b: Dim) => addDims(a, b)],
  [ops.sub, subtractDims],
  [ops.mul, (a: Dim, b: Dim) => multiplyDims(a, b)],
]);

/**
 * The op on what is known while the graph is built. Plain arithmetic is by the op's definition; exp and its kin are as compiled code
 * has them, because JavaScript's own differ between engines in the last bit.
 */
function computeNow(op: ElementwiseOp, operands: readonly Known[]): Quantity {
  const dtype: DType = LOGIC.has(op) ? "bool" : "f64";
  const inputs = operands.map(({ value }) => ({
    type: { dtype, dims: [] },
    data: Float64Array.of(Number(value)),
  }));
  const { traits, evaluate, kernel } = op as unknown as Op<"any", NoAttrs>;
  const type: TensorType = { dtype, dims: [] };
  const described = kernel(
    inputs.map((input) => input.type),
    {},
    type,
  );
  const [value] =
    traits.cheap === true || described.kind !== "map"
      ? evaluate(inputs, {}, type)
      : [onNumbers(described.lane)(...inputs.map(({ data }) => data[0]))];
  return LOGIC.has(op) || COMPARISON.has(op) ? truthOf(value !== 0) : numberOf(value);
}

/** A size, or a whole number that could be one. */
function dimOf(quantity: Quantity): Dim | undefined {
  if (quantity.kind === "size") return quantity.dim;
  return quantity.kind === "number" && Number.isSafeInteger(quantity.value) ? quantity.value : undefined;
}

const isWhole = (quantity: Quantity): boolean => {
  if (quantity.kind === "tensor") return quantity.value.type.dtype === "i32";
  const dim = dimOf(quantity);
  return dim !== undefined && (typeof dim === "string" || Math.abs(dim) < 2 ** 31);
};

/** The element type that operands meet in: conditions for logic, whole numbers where all are, else floats. */
function meetingType(scope: TensorScope, op: ElementwiseOp, operands: readonly Quantity[]): DType {
  if (LOGIC.has(op)) return "bool";
  const keepsWhole = WHOLE.has(op) || COMPARISON.has(op);
  const anyTensor = operands.some((operand) => operand.kind === "tensor");
  return keepsWhole && anyTensor && operands.every(isWhole) ? "i32" : scope.dtype;
}

/** The result of an elementwise op, or why there is none. */
export function applyElementwise(
  scope: TensorScope,
  op: ElementwiseOp,
  operands: readonly Quantity[],
): Quantity | Misfit {
  if (LOGIC.has(op) ? operands.every((operand) => operand.kind === "truth") : operands.every(isKnown))
    return computeNow(op, operands as readonly Known[]);
  const ofSizes = SIZES.get(op);
  const [a, b] = operands.map(dimOf);
  if (ofSizes !== undefined && a !== undefined && b !== undefined) return sizeQuantity(ofSizes(a, b));

  const dtype = meetingType(scope, op, operands);
  const tensors = operands.map((operand) => tensorIn(scope, operand, dtype));
  if (!areAll(tensors)) return dtype === "bool" ? "condition" : "number";
  const aligned = align(scope, tensors);
  if (aligned === undefined) return "sizes";
  return tensorOf(scope.g.emit(op as unknown as Op<"any", NoAttrs>, aligned.values), aligned.batched);
}

const areAll = (tensors: readonly (TensorQuantity | undefined)[]): tensors is readonly TensorQuantity[] =>
  !tensors.includes(undefined);
