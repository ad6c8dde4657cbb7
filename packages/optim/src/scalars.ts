/** Scalars of a graph under construction: numbers such as rates and step counts, apart from the tensors they act on. */
import type { DType, FloatDType, GraphBuilder, TensorType, Value } from "@latchgrad/core";

export const scalar = (g: GraphBuilder, value: number, dtype: DType): Value =>
  g.constant({ dtype, dims: [], data: [value] });

/** `value` in another element type; the value itself when it has that type already. */
export const castTo = (g: GraphBuilder, value: Value, dtype: DType): Value =>
  value.type.dtype === dtype ? value : g.cast(value, { dtype });

/** The element type in which numbers that concern all of `types` are computed: the widest among them. */
export const commonFloat = (types: readonly TensorType[]): FloatDType =>
  types.some((type) => type.dtype === "f64") ? "f64" : "f32";
