/**
 * Contractions as blocked matrix products. A tile of rows x columns of the
 * result stays in registers while the contracted index runs; each step loads one
 * row of the right operand and one number per row of the left.
 */
import { isFloat, type DType } from "../shape/tensor-type.js";
import type { Code } from "./assembler.js";
import { BYTES, load, store, wasmLanes, type Operand, type Precision, type Width } from "./lanes-target.js";
import { copyOf } from "./map.js";

export interface ContractKernel {
  readonly dtype: DType;
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  /** Length of the contracted axis. */
  readonly depth: number;
  /** In elements. */
  readonly left: { readonly batch: number; readonly row: number; readonly depth: number };
  /** Columns are neighbours, or `column` says how far apart they are. */
  readonly right: { readonly batch: number; readonly depth: number; readonly column: number };
  /** Adds to what the result holds instead of overwriting it. */
  readonly accumulate: boolean;
}

/** Rows and columns of a tile: as many accumulators as stay in registers, by measurement (facts: 4x8 and 6x8 are best). */
const TILE_ROWS = 4;
const TILE_COLUMNS = 8;
const UNROLL = 4;

/** Writes the function body. Parameters: addresses of left, right and result. */
export function writeContract(
  code: Code,
  kernel: ContractKernel,
  tileFunction: (rows: number, columns: number, width: Width) => number,
): void {
  const { dtype, batch, rows, columns, left, right } = kernel;
  if (batch === 0 || rows === 0 || columns === 0) return;
  const bytes = BYTES[dtype];
  const vectorized = right.column === 1 && bytes === 4;
  const [x, y, out] = code.params;
  const tiles = (total: number, size: number): readonly (readonly [count: number, size: number])[] => {
    const parts: (readonly [number, number])[] = [];
    if (total >= size) parts.push([Math.floor(total / size), size]);
    if (total % size > 0) parts.push([1, total % size]);
    return parts;
  };
  const columnParts: (readonly [count: number, columns: number, width: Width])[] = [];
  if (vectorized) {
    const wide = Math.floor(columns / TILE_COLUMNS);
    if (wide > 0) columnParts.push([wide, TILE_COLUMNS, 4]);
    if (columns % TILE_COLUMNS >= 4) columnParts.push([1, 4, 4]);
    if (columns % 4 > 0) columnParts.push([columns % 4, 1, 1]);
  } else columnParts.push([columns, 1, 1]);
  code.repeat(batch, () => {
    const yColumn = copyOf(code, y);
    const outColumn = copyOf(code, out);
    for (const [count, width, lanes] of columnParts)
      code.repeat(count, () => {
        const xRow = copyOf(code, x);
        const outRow = copyOf(code, outColumn);
        for (const [rowCount, height] of tiles(rows, TILE_ROWS)) {
          const tile = tileFunction(height, width, lanes);
          code.repeat(rowCount, () => {
            code.get(xRow);
            code.get(yColumn);
            code.get(outRow);
            code.call(tile);
            code.advance(xRow, height * left.row * bytes);
            code.advance(outRow, height * columns * bytes);
          });
        }
        code.advance(yColumn, width * right.column * bytes);
        code.advance(outColumn, width * bytes);
      });
    code.advance(x, left.batch * bytes);
    code.advance(y, right.batch * bytes);
    code.advance(out, rows * columns * bytes);
  });
}

/** Writes the body of a tile function. Parameters: addresses of the tile's first row of left, first column of right, first element of the result. */
export function writeTile(
  code: Code,
  { dtype, columns, depth, left, right, accumulate }: ContractKernel,
  rows: number,
  tileColumns: number,
  width: Width,
  precision: Precision,
): void {
  const bytes = BYTES[dtype];
  const [x, y, out] = code.params;
  const lanes = wasmLanes(code, width, precision);
  const vectors = tileColumns / width;
  const at = (row: number, vector: number): number => (row * columns + vector * width) * bytes;
  const sums: Operand[][] = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: vectors }, (__, vector) =>
      accumulate ? load(code, dtype, out, at(row, vector), width, false) : lanes.constant(dtype, 0),
    ),
  );
  const multiplyAdd = (a: Operand, b: Operand, sum: Operand): Operand =>
    isFloat(dtype) ? lanes.madd(a, b, sum) : lanes.add(lanes.mul(a, b), sum);
  const step = (k: number): void => {
    const row = Array.from({ length: vectors }, (_, vector) =>
      load(code, dtype, y, (k * right.depth + vector * width) * bytes, width, false),
    );
    for (let r = 0; r < rows; r++) {
      const element = load(code, dtype, x, (r * left.row + k * left.depth) * bytes, width, true);
      for (let v = 0; v < vectors; v++) {
        const next = multiplyAdd(element, row[v], sums[r][v]);
        code.get(next.local);
        code.set(sums[r][v].local);
      }
    }
  };
  const run = (count: number, unroll: number): void => {
    if (count === 0) return;
    code.repeat(count, () => {
      for (let k = 0; k < unroll; k++) step(k);
      code.advance(x, unroll * left.depth * bytes);
      code.advance(y, unroll * right.depth * bytes);
    });
  };
  run(Math.floor(depth / UNROLL), UNROLL);
  run(depth % UNROLL, 1);
  sums.forEach((vectorsOfRow, row) => {
    vectorsOfRow.forEach((sum, vector) => {
      store(code, sum, out, at(row, vector), width);
    });
  });
}
