/** Tensors as they enter and leave: flat typed arrays of the element type, as a program on the outside has them. */
import type { Tensor } from "./tensor.js";
import type { DType } from "./tensor-type.js";

export type NumberArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

export interface TensorData {
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** Row-major. bool is one byte per element, 0 or 1. */
  readonly data: NumberArray;
}

const ARRAYS = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array, bool: Uint8Array } as const;

/** The reference executor's tensor, rounded to its own element type. */
export const toTensorData = ({ type, data }: Tensor): TensorData => ({
  dtype: type.dtype,
  dims: type.dims as readonly number[],
  data: new ARRAYS[type.dtype](data),
});

export const toTensor = ({ dtype, dims, data }: TensorData): Tensor => ({
  type: { dtype, dims },
  data: new Float64Array(data),
});
