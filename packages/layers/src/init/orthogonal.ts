/** Random matrices with orthonormal rows or columns. */
import * as z from "zod";
import { defineInitializer, elementsOf, type RandomNumbers } from "./initializer.js";

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function subtractMultiple(a: Float64Array, b: Float64Array, factor: number): void {
  for (let i = 0; i < a.length; i++) a[i] -= factor * b[i];
}

/**
 * `count` orthonormal vectors of `length` >= count elements, uniformly distributed (by Haar measure): normal vectors
 * made orthogonal one after the other, which is the QR decomposition with a positive diagonal (Mezzadri 2007,
 * arXiv:math-ph/0609050). Each vector is projected twice, after which it is orthogonal to working
 * precision ("twice is enough": Parlett 1980, section 6.9). Vectors are contiguous, so the cost is that of
 * 2·count²·length multiply-adds at full speed.
 */
function orthonormalVectors(count: number, length: number, random: RandomNumbers): readonly Float64Array[] {
  const vectors: Float64Array[] = [];
  while (vectors.length < count) {
    const vector = new Float64Array(length).map(() => random.normal());
    const before = Math.sqrt(dot(vector, vector));
    for (let pass = 0; pass < 2; pass++)
      for (const other of vectors) subtractMultiple(vector, other, dot(vector, other));
    const norm = Math.sqrt(dot(vector, vector));
    // A vector that lies in the span of the others but for rounding has no direction of its own; draw another.
    if (norm < 1e-8 * before) continue;
    vectors.push(vector.map((value) => value / norm));
  }
  return vectors;
}

export const orthogonal = defineInitializer({
  type: "orthogonal",
  summary:
    "A random orthogonal matrix times a gain (Saxe, McClelland, Ganguli 2014, arXiv:1312.6120); keeps the length of a state.",
  schema: z.strictObject({
    type: z.literal("orthogonal"),
    gain: z
      .number()
      .positive()
      .default(1)
      .describe("Length of every row, or of every column where there are more rows."),
  }),
  /** All axes but the last count as rows. The shorter side is orthonormal. */
  fill(dims, { gain }, random) {
    const columns = dims.at(-1) ?? 1;
    const rows = elementsOf(dims.slice(0, -1));
    const out = new Float64Array(rows * columns);
    const wide = columns >= rows;
    orthonormalVectors(Math.min(rows, columns), Math.max(rows, columns), random).forEach((vector, k) => {
      vector.forEach((value, i) => (out[wide ? k * columns + i : i * columns + k] = gain * value));
    });
    return out;
  },
});
