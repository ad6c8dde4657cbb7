/**
 * Products of matrices with vectors, one for each of a batch. Every matrix is read once, as it lies, and some vectors of
 * the result stay in registers while the contracted index runs: more than a tile of a matrix product has in one row, because each of their
 * additions waits for the one before it. Sums are in the order of the contracted index, as those of all products are.
 */
import type { Code, Local } from "./assembler.js";
import { load, loadLane, store, wasmLanes, type Operand, type Precision } from "./lanes-target.js";
import { ELEMENT, indices, turned, WIDTH } from "./turned.js";
import { behind, copyOf } from "./walks.js";

/** All distances in elements, none negative; the matrix has 1 for the free or for the contracted index. */
export interface MatrixVector {
  readonly batch: number;
  /** Elements of one result; at least a vector of them. */
  readonly free: number;
  /** Length of the contracted index. */
  readonly depth: number;
  readonly matrix: { readonly batch: number; readonly free: number; readonly depth: number };
  readonly vector: { readonly batch: number; readonly depth: number };
  /** Results are row-major. Of what their sums begin with, a fourth address, `free` is 0 or 1; without it 0. */
  readonly addend: { readonly batch: number; readonly free: number } | undefined;
}

/** Vectors of sums at once where neighbours of the result are neighbours in the matrix: each step loads one of the matrix for each. */
const MOST_BESIDE = 8;
/** Where they are not: what is turned on the way takes registers. */
const MOST_TURNED = 4;

/** Sums that are computed together: `count` times `vectors` of them from element `first` on. */
interface Part {
  readonly first: number;
  readonly count: number;
  readonly vectors: number;
}

/** Vectors in parts as even as can be. Elements that are left over are in a last vector, which has others of the one before it again. */
function partsOf(free: number, most: number): readonly Part[] {
  const vectors = Math.floor(free / WIDTH);
  const parts = Math.ceil(vectors / most);
  const size = Math.ceil(vectors / parts);
  const larger = vectors - parts * (size - 1);
  return [
    { first: 0, count: larger, vectors: size },
    { first: larger * size * WIDTH, count: parts - larger, vectors: size - 1 },
    { first: free - WIDTH, count: free % WIDTH === 0 ? 0 : 1, vectors: 1 },
  ].filter(({ count }) => count > 0);
}

/** Writes the function body. Parameters: addresses of the matrices, the vectors, the results, and the addend if there is one. */
export function writeMatrixVector(code: Code, product: MatrixVector, precision: Precision): void {
  const { batch, free, depth, matrix, vector, addend } = product;
  if (batch === 0) return;
  const [m, v, out, initial] = code.params;
  const lanes = wasmLanes(code, WIDTH, precision);
  const isBeside = matrix.free === 1;

  /** Adds the products of one step to the sums: `columnOf` gives vectors of the matrix, `element` is that of the vector. */
  const addTo = (sums: readonly Operand[], element: Operand, columnOf: (sum: number) => Operand): void => {
    sums.forEach((sum, i) => {
      const next = lanes.madd(element, columnOf(i), sum);
      code.get(next.local);
      code.set(sum.local);
    });
  };
  const elementAt = (at: Local, step: number): Operand =>
    load(code, "f32", at, step * vector.depth * ELEMENT, WIDTH, true);

  const stepsBeside = (sums: readonly Operand[], row: Local, at: Local): void => {
    code.repeat(depth, () => {
      addTo(sums, elementAt(at, 0), (i) => load(code, "f32", row, i * WIDTH * ELEMENT, WIDTH, false));
      code.advance(row, matrix.depth * ELEMENT);
      code.advance(at, vector.depth * ELEMENT);
    });
  };
  /** The matrix's rows are along the contracted index: four steps of four rows are loaded and turned. */
  const stepsTurned = (sums: readonly Operand[], row: Local, at: Local): void => {
    const offsetOf = (sum: number, lane: number): number => (sum * WIDTH + lane) * matrix.free * ELEMENT;
    const whole = Math.floor(depth / WIDTH);
    if (whole > 0)
      code.repeat(whole, () => {
        const elements = indices(WIDTH).map((step) => elementAt(at, step));
        sums.forEach((sum, i) => {
          const rows = indices(WIDTH).map((lane) => load(code, "f32", row, offsetOf(i, lane), WIDTH, false));
          turned(code, rows).forEach((column, step) => {
            addTo([sum], elements[step], () => column);
          });
        });
        code.advance(row, WIDTH * ELEMENT);
        code.advance(at, WIDTH * vector.depth * ELEMENT);
      });
    for (let step = 0; step < depth % WIDTH; step++)
      addTo(sums, elementAt(at, step), (i) =>
        indices(WIDTH).reduce(
          (column, lane) => loadLane(code, column, row, step * ELEMENT + offsetOf(i, lane), lane),
          lanes.constant("f32", 0),
        ),
      );
  };

  code.repeat(batch, () => {
    for (const { first, count, vectors } of partsOf(free, isBeside ? MOST_BESIDE : MOST_TURNED)) {
      const rows = behind(code, m, first * matrix.free * ELEMENT);
      const results = behind(code, out, first * ELEMENT);
      const beginnings = addend === undefined ? undefined : behind(code, initial, first * addend.free * ELEMENT);
      code.repeat(count, () => {
        const sums = indices(vectors).map((i) =>
          beginnings === undefined
            ? lanes.constant("f32", 0)
            : load(code, "f32", beginnings, i * WIDTH * (addend?.free ?? 0) * ELEMENT, WIDTH, addend?.free === 0),
        );
        (isBeside ? stepsBeside : stepsTurned)(sums, copyOf(code, rows), copyOf(code, v));
        sums.forEach((sum, i) => {
          store(code, sum, results, i * WIDTH * ELEMENT, WIDTH);
        });
        code.advance(rows, vectors * WIDTH * matrix.free * ELEMENT);
        code.advance(results, vectors * WIDTH * ELEMENT);
        if (beginnings !== undefined) code.advance(beginnings, vectors * WIDTH * (addend?.free ?? 0) * ELEMENT);
      });
    }
    code.advance(m, matrix.batch * ELEMENT);
    code.advance(v, vector.batch * ELEMENT);
    code.advance(out, free * ELEMENT);
    if (addend !== undefined) code.advance(initial, addend.batch * ELEMENT);
  });
}
