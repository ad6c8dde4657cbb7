/** A tensor of the reference executor: every element type is held in f64, which represents all of them exactly. */
import type { TensorType } from "./tensor-type.js";

export interface Tensor {
  /** Dims are integers: symbols are bound before anything is evaluated. */
  readonly type: TensorType;
  /** Row-major. bool is 0 or 1. */
  readonly data: Float64Array;
}

/** The sizes of a tensor whose symbols are all bound. */
export const sizesOf = (type: TensorType): readonly number[] => type.dims as readonly number[];
