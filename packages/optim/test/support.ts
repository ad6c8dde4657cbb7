/** What several tests need: fixture tensors as reference tensors, and running a graph step by step. */
import { evaluate, f64, type Graph, type Tensor, type Tensors, type TensorType } from "@latchgrad/core";

export interface FixtureTensor {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

export const tensorOf = (type: TensorType, data: readonly number[]): Tensor => ({
  type,
  data: Float64Array.from(data),
});

export const fromFixture = ({ dims, data }: FixtureTensor): Tensor => tensorOf(f64(...dims), data);

/** The largest difference between two lists, relative to the size of the numbers where that is above 1. */
export function largestError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  return Array.from(actual, (value, i) => Math.abs(value - expected[i]) / Math.max(1, Math.abs(expected[i]))).reduce(
    (worst, error) => Math.max(worst, error),
    0,
  );
}

/** One run of a graph with state: its outputs, and the state to give it next time. */
export function runStep(
  graph: Graph,
  state: Tensors,
  inputs: Tensors,
): { readonly outputs: Tensors; readonly state: Tensors } {
  const outputs = evaluate(graph, { ...state, ...inputs });
  return { outputs, state: Object.fromEntries(graph.state.map(({ param, next }) => [param, outputs[next]])) };
}
