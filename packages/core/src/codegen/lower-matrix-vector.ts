/** Products of matrices with vectors as kernels: which contractions are such products, and how threads share them. */
import { BYTES, type Precision } from "./lanes-target.js";
import { writeMatrixVector, type MatrixVector } from "./matrix-vector.js";
import type { Kernel } from "./program.js";
import { rangesOf, type Division, type Use } from "./sharing.js";
import { spanOf } from "./spans.js";
import { WIDTH } from "./turned.js";

/** Of an operand, elements from one index to the next in each group of axes; undefined where a group has no stride of its own. */
export interface GroupStrides {
  readonly batch: number | undefined;
  readonly free: number | undefined;
  readonly contract: number | undefined;
}

/** A product of a matrix and a vector, as far as memory goes; undefined where it has to be a matrix product, or would gain nothing. */
export function matrixVectorOf(
  { batch, free, depth }: Pick<MatrixVector, "batch" | "free" | "depth">,
  matrix: GroupStrides,
  vector: GroupStrides,
  addend: GroupStrides | undefined,
): MatrixVector | undefined {
  if (batch < 2 || free < WIDTH || depth < 2) return undefined;
  const fit = [matrix.batch, matrix.free, matrix.contract, vector.batch, vector.contract];
  if (fit.some((stride) => stride === undefined || stride < 0)) return undefined;
  const [ofBatch, ofFree, ofDepth, vectorOfBatch, vectorOfDepth] = fit.map((stride) => stride ?? 0);
  if (ofFree !== 1 && ofDepth !== 1) return undefined;
  if (addend !== undefined && (addend.batch === undefined || addend.batch < 0)) return undefined;
  if (addend !== undefined && addend.free !== 0 && addend.free !== 1) return undefined;
  return {
    batch,
    free,
    depth,
    matrix: { batch: ofBatch, free: ofFree, depth: ofDepth },
    vector: { batch: vectorOfBatch, depth: vectorOfDepth },
    addend: addend === undefined ? undefined : { batch: addend.batch ?? 0, free: addend.free ?? 0 },
  };
}

/** Arguments: the matrices, the vectors, the results, and the addend if there is one. */
export const matrixVectorKernel = (product: MatrixVector, precision: Precision): Kernel => ({
  key: `matrix-vector ${JSON.stringify(product)}`,
  arity: product.addend === undefined ? 3 : 4,
  flops: 2 * product.batch * product.free * product.depth,
  write: (code) => {
    writeMatrixVector(code, product, precision);
  },
  sharing: () => ({
    uses: usesOf(product),
    work: (product.batch * product.free * product.depth) / WIDTH,
    stops: false,
    divisions: (threads) =>
      divide(product, threads).map((pieces) =>
        pieces.map(({ kernel, shifts }) => ({ kernel: matrixVectorKernel(kernel, precision), shifts })),
      ),
  }),
});

function usesOf({ batch, free, depth, matrix, vector, addend }: MatrixVector): readonly Use[] {
  const use = (dims: readonly number[], strides: readonly number[], writes: boolean): Use => ({
    span: spanOf(dims, strides, BYTES.f32),
    writes,
  });
  return [
    use([batch, free, depth], [matrix.batch, matrix.free, matrix.depth], false),
    use([batch, depth], [vector.batch, vector.depth], false),
    use([batch, free], [free, 1], true),
    ...(addend === undefined ? [] : [use([batch, free], [addend.batch, addend.free], false)]),
  ];
}

/** Cuts between products. */
function divide(product: MatrixVector, threads: number): readonly Division<MatrixVector>[] {
  const { batch, free, matrix, vector, addend } = product;
  const ranges = rangesOf(batch, 1, threads);
  if (ranges.length < 2) return [];
  return [
    ranges.map(({ begin, count }) => ({
      kernel: { ...product, batch: count },
      shifts: [matrix.batch, vector.batch, free, ...(addend === undefined ? [] : [addend.batch])].map(
        (stride) => begin * stride * BYTES.f32,
      ),
    })),
  ];
}
