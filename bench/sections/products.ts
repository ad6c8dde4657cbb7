/** Square matrix products, against the peak. */
import { buildGraph, compile, f32, matmul, type Graph } from "@latchgrad/core";
import { contenderOf, measure, type Contender, type Effort } from "../measure.ts";
import { peak } from "../peak.ts";
import type { Product } from "../results.ts";
import { noise } from "../workload.ts";

export const PRODUCT = "product";

/** All three matrices are state, so that a run copies nothing in or out; packing an operand belongs to the product. */
function productGraph(size: number): Graph {
  const g = buildGraph(PRODUCT);
  const [A, B, C] = ["A", "B", "C"].map((name) => g.param(name, f32(size, size)));
  const next = { "next.A": A, "next.B": B, "next.C": matmul(g, A, B) };
  // C is read as well, which makes it state; the sum of one row is next to nothing.
  const row = g.slice(C, { start: [0, 0], limit: [1, size], step: [1, 1] });
  return g.build(
    { ...next, sum: g.reduceSum(row, { axes: [0, 1] }) },
    ["A", "B", "C"].map((param) => ({ param, next: `next.${param}` })),
  );
}

const product = (size: number): Contender =>
  contenderOf(PRODUCT, async () => {
    const matrix = (seed: number) => ({ dtype: "f32" as const, dims: [size, size], data: noise(size * size, seed) });
    const executable = await compile(productGraph(size), { state: { A: matrix(1), B: matrix(2), C: matrix(3) } });
    return { step: async () => executable.run({}), stop: executable.dispose };
  });

export const measureProduct = async (size: number, effort: Effort): Promise<Product> => ({
  size,
  timings: await measure([peak(), product(size)], effort),
});
