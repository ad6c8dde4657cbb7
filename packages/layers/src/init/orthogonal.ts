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
 * Takes the parts along a basis out of two vectors, for each as if it were alone: one basis vector after the other, each
 * part from what the one before has left. The product with the next basis vector is summed while a part is taken out,
 * and the two sums do not wait for each other.
 */
function projectBoth(a: Float64Array, b: Float64Array, basis: readonly Float64Array[]): void {
  const last = basis.length - 1;
  if (last < 0) return;
  let factorOfA = dot(a, basis[0]);
  let factorOfB = dot(b, basis[0]);
  for (let k = 0; k <= last; k++) {
    const unit = basis[k];
    // Behind the last one nobody asks for the products.
    const following = basis[Math.min(k + 1, last)];
    let sumOfA = 0;
    let sumOfB = 0;
    for (let i = 0; i < a.length; i++) {
      const restOfA = a[i] - factorOfA * unit[i];
      const restOfB = b[i] - factorOfB * unit[i];
      a[i] = restOfA;
      b[i] = restOfB;
      sumOfA += restOfA * following[i];
      sumOfB += restOfB * following[i];
    }
    factorOfA = sumOfA;
    factorOfB = sumOfB;
  }
}

/** A vector of normal numbers, and how long it is. */
function drawVector(length: number, random: RandomNumbers) {
  const vector = new Float64Array(length);
  for (let i = 0; i < length; i++) vector[i] = random.normal();
  return { vector, norm: Math.sqrt(dot(vector, vector)) };
}

/**
 * `count` orthonormal vectors of `length` >= count elements, uniformly distributed (by Haar measure): normal vectors
 * made orthogonal one after the other, which is the QR decomposition with a positive diagonal (Mezzadri 2007,
 * arXiv:math-ph/0609050). Each vector is projected twice, after which it is orthogonal to working
 * precision ("twice is enough": Parlett 1980, section 6.9). Vectors are contiguous, and the second projection of one goes
 * with the first of the next, so the cost is that of 2·count²·length multiply-adds, of which one waits for the one before only in
 * sums of 2. Decision 0065.
 */
function orthonormalVectors(count: number, length: number, random: RandomNumbers): readonly Float64Array[] {
  const basis: Float64Array[] = [];
  // Projected once, on all of the basis.
  let current = drawVector(length, random);
  while (basis.length < count) {
    const next = drawVector(length, random);
    projectBoth(current.vector, next.vector, basis);
    const norm = Math.sqrt(dot(current.vector, current.vector));
    // A vector that lies in the span of the others but for rounding has no direction of its own; the next one is taken.
    if (norm >= 1e-8 * current.norm) {
      const unit = current.vector.map((value) => value / norm);
      basis.push(unit);
      subtractMultiple(next.vector, unit, dot(next.vector, unit));
    }
    current = next;
  }
  return basis;
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
    const [fromVector, fromElement] = wide ? [columns, 1] : [1, columns];
    orthonormalVectors(Math.min(rows, columns), Math.max(rows, columns), random).forEach((vector, k) => {
      for (let i = 0; i < vector.length; i++) out[k * fromVector + i * fromElement] = gain * vector[i];
    });
    return out;
  },
});
