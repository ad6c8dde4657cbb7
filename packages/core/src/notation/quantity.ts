/**
 * What names and expressions of equations stand for. Equations speak of one example; a tensor that differs from example
 * to example has the axes of the batch in front, which the equations do not see.
 */
import { broadcastDims, broadcastTo, scalarConstant } from "../graph/primitives.js";
import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../ops/op.js";
import { isFloat, type Dims, type DType, type FloatDType } from "../shape/tensor-type.js";

export interface NumberQuantity {
  readonly kind: "number";
  readonly value: number;
}
/** A condition that is known while the graph is built. */
export interface TruthQuantity {
  readonly kind: "truth";
  readonly value: boolean;
}
/** A size that is a symbol until the graph is compiled. */
export interface SizeQuantity {
  readonly kind: "size";
  readonly dim: string;
}
export interface TensorQuantity {
  readonly kind: "tensor";
  readonly value: Value;
  /** Whether it has the axes of the batch, and so may differ from example to example. */
  readonly batched: boolean;
}
/** Sizes in brackets, or the results of a function that has several. */
export interface ListQuantity {
  readonly kind: "list";
  readonly items: readonly Quantity[];
}
export type Quantity = NumberQuantity | TruthQuantity | SizeQuantity | TensorQuantity | ListQuantity;

/** What tensors are made with. */
export interface TensorScope {
  readonly g: GraphBuilder;
  /** Element type of numbers. */
  readonly dtype: FloatDType;
  /** Axes in front of those of one example; none where there is no batch. */
  readonly batch: Dims;
}

export const numberOf = (value: number): NumberQuantity => ({ kind: "number", value });
export const truthOf = (value: boolean): TruthQuantity => ({ kind: "truth", value });
export const tensorOf = (value: Value, batched: boolean): TensorQuantity => ({ kind: "tensor", value, batched });
/** A size as a quantity: a number, or a symbol. */
export const sizeQuantity = (dim: number | string): NumberQuantity | SizeQuantity =>
  typeof dim === "number" ? numberOf(dim) : { kind: "size", dim };

/** The dims of one example. */
export const dimsOfExample = ({ batch }: TensorScope, { value, batched }: TensorQuantity): Dims =>
  batched ? value.type.dims.slice(batch.length) : value.type.dims;

/** How errors write what a quantity is. */
export function formatQuantity(scope: TensorScope, quantity: Quantity): string {
  switch (quantity.kind) {
    case "number":
      return `the number ${quantity.value}`;
    case "truth":
      return quantity.value ? "true" : "false";
    case "size":
      return `the size ${quantity.dim}`;
    case "list":
      return `a list of ${quantity.items.length}`;
    case "tensor": {
      const { dtype } = quantity.value.type;
      const dims = dimsOfExample(scope, quantity);
      const of = dims.length === 0 ? "a number" : `[${dims.join(",")}]`;
      return isFloat(dtype) ? of : `${of} of ${dtype === "bool" ? "conditions" : "whole numbers"}`;
    }
    default:
      return quantity satisfies never;
  }
}

/**
 * A quantity as a tensor of an element type. Numbers, conditions and sizes become tensors without axes; a condition counts as
 * 0 or 1 among numbers. Undefined for a list, and where a condition is wanted of a number.
 */
export function tensorIn(scope: TensorScope, quantity: Quantity, dtype: DType): TensorQuantity | undefined {
  const { g } = scope;
  switch (quantity.kind) {
    case "number":
      return dtype === "bool" ? undefined : tensorOf(scalarConstant(g, quantity.value, dtype), false);
    case "truth":
      return tensorOf(scalarConstant(g, Number(quantity.value), dtype), false);
    case "size":
      return dtype === "bool" ? undefined : tensorOf(g.size({ dtype, dim: quantity.dim }), false);
    case "tensor": {
      const from = quantity.value.type.dtype;
      if (from === dtype) return quantity;
      return dtype === "bool" ? undefined : tensorOf(g.cast(quantity.value, { dtype }), quantity.batched);
    }
    case "list":
      return undefined;
    default:
      return quantity satisfies never;
  }
}

/** Repeats a tensor to the dims of one example, aligned at the last axis; with the batch, when it has none and should. */
export function stretch(scope: TensorScope, tensor: TensorQuantity, dims: Dims, batched: boolean): TensorQuantity {
  const { g, batch } = scope;
  const own = dimsOfExample(scope, tensor);
  const wanted = batched ? [...batch, ...dims] : dims;
  if (!tensor.batched || own.length === dims.length) return tensorOf(broadcastTo(g, tensor.value, wanted), batched);
  // The batch stays in front, so the new axes go between it and those of the example.
  const between = dims.slice(0, dims.length - own.length).map(() => 1);
  const spaced = g.reshape(tensor.value, { dims: [...batch, ...between, ...own] });
  return tensorOf(broadcastTo(g, spaced, wanted), batched);
}

/** Tensors of one element type at equal dims, as elementwise ops want them; undefined where the sizes do not fit. */
export function align(
  scope: TensorScope,
  tensors: readonly TensorQuantity[],
): { readonly values: readonly Value[]; readonly batched: boolean } | undefined {
  const dims = broadcastDims(tensors.map((tensor) => dimsOfExample(scope, tensor)));
  if (dims === undefined) return undefined;
  const batched = tensors.some((tensor) => tensor.batched);
  return { values: tensors.map((tensor) => stretch(scope, tensor, dims, batched).value), batched };
}
