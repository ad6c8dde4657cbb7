/** Matrix products, against the peak: square ones, odd ones, and those of recurrent layers. */
import { buildGraph, compile, f32, matmul, type Graph } from "@latchgrad/core";
import { contenderOf, measure, type Contender, type Effort } from "../measure.ts";
import { peak } from "../peak.ts";
import type { Product, ProductSizes } from "../results.ts";
import { noise } from "../workload.ts";

export const PRODUCT = "product";

const square = (size: number): ProductSizes => ({ rows: size, inner: size, columns: size });

export const PRODUCTS: readonly ProductSizes[] = [
  ...[64, 256, 512].map(square),
  // Odd ones: nothing is a multiple of the lanes or of a tile.
  ...[63, 257].map(square),
  { rows: 31, inner: 129, columns: 203 },
  // A step of an LSTM: B rows, H units, 4H gates.
  { rows: 16, inner: 32, columns: 128 },
  { rows: 32, inner: 256, columns: 1024 },
  // The gradient of its weights, over all steps and sequences.
  { rows: 256, inner: 2048, columns: 1024 },
];

/** All three matrices are state, so that a run copies nothing in or out; packing an operand belongs to the product. */
function productGraph({ rows, inner, columns }: ProductSizes): Graph {
  const g = buildGraph(PRODUCT);
  const A = g.param("A", f32(rows, inner));
  const B = g.param("B", f32(inner, columns));
  const C = g.param("C", f32(rows, columns));
  const next = { "next.A": A, "next.B": B, "next.C": matmul(g, A, B) };
  // C is read as well, which makes it state; the sum of one row is next to nothing.
  const row = g.slice(C, { start: [0, 0], limit: [1, columns], step: [1, 1] });
  return g.build(
    { ...next, sum: g.reduceSum(row, { axes: [0, 1] }) },
    ["A", "B", "C"].map((param) => ({ param, next: `next.${param}` })),
  );
}

const product = (sizes: ProductSizes): Contender =>
  contenderOf(PRODUCT, async () => {
    const matrix = (rows: number, columns: number, seed: number) => ({
      dtype: "f32" as const,
      dims: [rows, columns],
      data: noise(rows * columns, seed),
    });
    const { rows, inner, columns } = sizes;
    const state = { A: matrix(rows, inner, 1), B: matrix(inner, columns, 2), C: matrix(rows, columns, 3) };
    const executable = await compile(productGraph(sizes), { state });
    return { step: async () => executable.run({}), stop: executable.dispose };
  });

export const measureProduct = async (sizes: ProductSizes, effort: Effort): Promise<Product> => ({
  sizes,
  timings: (await measure([peak(), product(sizes)], effort)).timings,
});
