/** What is measured: training a recurrent layer on random data, described once for every framework. */
import { buildModel, readModelConfig, type Model, type ModelDocument } from "@latchgrad/layers";
import { f32, type TensorsByName } from "@latchgrad/core";

/** Sizes of a step: T steps of time, B sequences, H units; the input has H features as well. */
export interface Sizes {
  readonly T: number;
  readonly B: number;
  readonly H: number;
}

/** Built-in cells, and equations of the library, which are compiled like those of any user. */
export type CellType = "lstm" | "lstmPeephole" | "cifg" | "lstmLayerNorm" | "gru" | "mgu" | "rnn";

/** Products of the size [B, H] x [H, H] that a cell makes of its input, and as many of its state, per step of time. */
const GATES: Readonly<Record<CellType, number>> = {
  lstm: 4,
  lstmPeephole: 4,
  cifg: 3,
  lstmLayerNorm: 4,
  gru: 3,
  mgu: 2,
  rnn: 1,
};

/** How much of the forward pass is computed again rather than stored, as in a model's config. */
export type Checkpoint = "none" | "sqrt" | number;

export const LEARNING_RATE = 0.001;

export const nameOf = ({ T, B, H }: Sizes): string => `${T}x${B}x${H}`;

/**
 * Multiply-adds of the products that a training step needs. Forward: input and state times their weights. Backward: the
 * state's gradient, and both weights' gradients. The input's gradient is not among them, because nobody asks for it.
 */
export const multiplyAdds = (cell: CellType, { T, B, H }: Sizes): number => 5 * GATES[cell] * T * B * H * H;

/** The model as a user writes it: one recurrent layer, all its outputs, mean squared error. */
const documentOf = (cell: CellType, { H }: Sizes, checkpoint: Checkpoint): ModelDocument => ({
  format: 1,
  name: cell,
  layers: [{ name: "memory", type: "recurrent", cell: { type: cell, units: H }, output: "sequence", checkpoint }],
  loss: { type: "meanSquaredError" },
});

/** Batch and time are symbols: the graph is the same for all of them. */
export const modelOf = (cell: CellType, sizes: Sizes, checkpoint: Checkpoint = "none"): Model =>
  buildModel(readModelConfig(documentOf(cell, sizes, checkpoint)), {
    inputs: { x: f32("B", "T", sizes.H) },
    targets: { y: f32("B", "T", sizes.H) },
  });

/** Numbers from -0.5 to 0.5 that look random and are the same in every run. */
export function noise(count: number, seed: number): Float32Array<ArrayBuffer> {
  let bits = seed;
  return Float32Array.from({ length: count }, () => {
    bits = (Math.imul(bits, 1_664_525) + 1_013_904_223) >>> 0;
    return bits / 2 ** 32 - 0.5;
  });
}

/** Inputs and targets of a step. */
export const batchOf = ({ T, B, H }: Sizes): TensorsByName => ({
  x: { dtype: "f32", dims: [B, T, H], data: noise(B * T * H, 1) },
  y: { dtype: "f32", dims: [B, T, H], data: noise(B * T * H, 2) },
});
