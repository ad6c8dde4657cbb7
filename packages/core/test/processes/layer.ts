/** A model that is large enough to be shared out, for scripts that run in processes of their own. */
import { buildGraph, f32, type Graph, type TensorsByName } from "../../src/index.js";

const SIZE = 96;

export function layer(): Graph {
  const g = buildGraph("layer");
  const x = g.param("x", f32(SIZE, SIZE));
  const W = g.param("W", f32(SIZE, SIZE));
  const product = g.dotGeneral(x, W, { contractX: [1], contractY: [0], batchX: [], batchY: [] });
  return g.build({ y: g.tanh(product), next: g.mul(W, 0.5) }, [{ param: "W", next: "next" }]);
}

const matrix = () => ({ dtype: "f32", dims: [SIZE, SIZE], data: new Float32Array(SIZE * SIZE).fill(0.25) }) as const;

export const state = (): TensorsByName => ({ W: matrix() });
export const inputs = (): TensorsByName => ({ x: matrix() });
