/**
 * A trained encoder-decoder that speaks for itself: while it is trained it sees the symbols that it should have said before, and
 * here those that it did say.
 */
import { compile, type TensorData } from "@latchgrad/core";
import type { Model } from "@latchgrad/layers";

export interface Decoding {
  readonly model: Model;
  readonly weights: Readonly<Record<string, TensorData>>;
  /** The inputs of the task, each with the batch first. */
  readonly inputs: Readonly<Record<string, TensorData>>;
  /** Symbols to say. */
  readonly steps: number;
}

/**
 * The symbols i32[B, steps] that a model says, where each is the likeliest after those before. Its layers read what was said as
 * the target `y`, one step late, so what stands there from the present step on makes no difference.
 */
export async function decodeGreedily({ model, weights, inputs, steps }: Decoding): Promise<TensorData> {
  const executable = await compile(model.graph("predict"));
  const [batch] = Object.values(inputs)[0].dims;
  const said = new Int32Array(batch * steps);
  const y: TensorData = { dtype: "i32", dims: [batch, steps], data: said };
  try {
    for (let step = 0; step < steps; step++) {
      const { prediction } = await executable.run({ ...weights, ...inputs, y });
      const [, , symbols] = prediction.dims;
      for (let b = 0; b < batch; b++) {
        const start = (b * steps + step) * symbols;
        const logits = prediction.data.slice(start, start + symbols);
        said[b * steps + step] = logits.indexOf(Math.max(...logits));
      }
    }
  } finally {
    executable.dispose();
  }
  return y;
}
