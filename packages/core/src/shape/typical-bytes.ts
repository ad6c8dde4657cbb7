/** Sizes of tensors for comparison, also where their dims are symbols. */
import { symbolsOf } from "./dim.js";
import { bindDims, sizeOf, type TensorType } from "./tensor-type.js";

/** What a symbol counts for when the sizes of values are compared. */
const TYPICAL_SIZE = 32;
const BYTES = { f32: 4, f64: 8, i32: 4, u32: 4, bool: 1 } as const;

/**
 * From as many bytes on, a value of one step is large: it is not copied without need, moves through the stack of its values (decision 0071), and
 * stays near the step that makes it (decision 0075). Below, a copy costs next to nothing.
 */
export const LARGE_IN_A_STEP = 8192;

/** Bytes of a tensor of the type, with every symbol at a typical size. */
export function typicalBytes({ dtype, dims }: TensorType): number {
  const bindings = Object.fromEntries(dims.flatMap(symbolsOf).map((symbol) => [symbol, TYPICAL_SIZE]));
  return BYTES[dtype] * (sizeOf(bindDims(dims, bindings)) as number);
}
