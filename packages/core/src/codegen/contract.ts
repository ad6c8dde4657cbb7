/**
 * Contractions as blocked matrix products. A tile of rows x columns of the
 * result stays in registers while the contracted index runs; each step loads one
 * row of the right operand and one number per row of the left. Long contractions run in
 * pieces, so that what a tile reads of both operands stays in the nearest cache.
 * The scheme, and the packing of operands into panels in front of it, are those of Goto & van de Geijn,
 * "Anatomy of high-performance matrix multiplication" (2008).
 */
import { isFloat, type DType } from "../shape/tensor-type.js";
import type { Code } from "./assembler.js";
import { BYTES, load, store, wasmLanes, type Operand, type Precision, type Width } from "./lanes-target.js";
import { copyOf } from "./map.js";

/** Rows and columns of a tile: what 16 vector registers hold without spilling. */
export const TILE_ROWS = 4;
export const TILE_COLUMNS = 8;
/** Steps of the contracted index that a tile takes at once: 8 kB of a right panel, 4 kB of a left one. */
const DEPTH_BLOCK = 256;
const UNROLL = 4;

/** All distances in elements. */
export interface ContractKernel {
  readonly dtype: DType;
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  /** Length of the contracted index. */
  readonly depth: number;
  /** `tile`: from one group of TILE_ROWS rows to the next. */
  readonly left: { readonly batch: number; readonly row: number; readonly depth: number; readonly tile: number };
  /** `tile`: from one group of TILE_COLUMNS columns to the next. */
  readonly right: { readonly batch: number; readonly depth: number; readonly column: number; readonly tile: number };
  readonly out: { readonly batch: number; readonly row: number };
}

/** The shape of a tile function. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly width: Width;
  readonly depth: number;
  /** Adds to what the result holds instead of overwriting it. */
  readonly accumulate: boolean;
}

const isVectorized = ({ dtype, right }: ContractKernel): boolean => right.column === 1 && BYTES[dtype] === 4;

interface ColumnPart {
  readonly count: number;
  readonly size: number;
  readonly width: Width;
}

/** A range cut into equal parts and a rest. */
function partsOf(total: number, size: number): readonly { readonly count: number; readonly size: number }[] {
  const whole = { count: Math.floor(total / size), size };
  const rest = { count: 1, size: total % size };
  return [whole, rest].filter((part) => part.count > 0 && part.size > 0);
}

/** Columns in groups: as wide as a tile, as a vector, one by one. */
function columnParts(kernel: ContractKernel): readonly ColumnPart[] {
  if (!isVectorized(kernel)) return [{ count: kernel.columns, size: 1, width: 1 }];
  const left = kernel.columns % TILE_COLUMNS;
  const parts: readonly ColumnPart[] = [
    { count: Math.floor(kernel.columns / TILE_COLUMNS), size: TILE_COLUMNS, width: 4 },
    { count: Math.floor(left / 4), size: 4, width: 4 },
    { count: left % 4, size: 1, width: 1 },
  ];
  return parts.filter((part) => part.count > 0);
}

/**
 * Writes the function body. Parameters: addresses of left, right and result. `tileFunction` gives the number of
 * a function for a tile.
 */
export function writeContract(code: Code, kernel: ContractKernel, tileFunction: (tile: Tile) => number): void {
  const { dtype, batch, rows, columns, depth, left, right, out: result } = kernel;
  if (batch === 0 || rows === 0 || columns === 0) return;
  const bytes = BYTES[dtype];
  const [x, y, out] = code.params;

  const block = (depthOfBlock: number, accumulate: boolean): void => {
    const yColumn = copyOf(code, y);
    const outColumn = copyOf(code, out);
    for (const { count, size, width } of columnParts(kernel))
      code.repeat(count, () => {
        const xRow = copyOf(code, x);
        const outRow = copyOf(code, outColumn);
        for (const part of partsOf(rows, TILE_ROWS)) {
          const tile = tileFunction({ rows: part.size, columns: size, width, depth: depthOfBlock, accumulate });
          code.repeat(part.count, () => {
            code.get(xRow);
            code.get(yColumn);
            code.get(outRow);
            code.call(tile);
            code.advance(xRow, left.tile * bytes);
            code.advance(outRow, part.size * result.row * bytes);
          });
        }
        code.advance(yColumn, (size === TILE_COLUMNS ? right.tile : size * right.column) * bytes);
        code.advance(outColumn, size * bytes);
      });
    code.advance(x, depthOfBlock * left.depth * bytes);
    code.advance(y, depthOfBlock * right.depth * bytes);
  };
  code.repeat(batch, () => {
    const first = Math.min(depth, DEPTH_BLOCK);
    block(first, false);
    for (const { count, size } of partsOf(depth - first, DEPTH_BLOCK))
      code.repeat(count, () => {
        block(size, true);
      });
    code.advance(x, (left.batch - depth * left.depth) * bytes);
    code.advance(y, (right.batch - depth * right.depth) * bytes);
    code.advance(out, result.batch * bytes);
  });
}

/** Writes the body of a tile function. Parameters: addresses of the tile's first row of left, first column of right, first element of the result. */
export function writeTile(
  code: Code,
  { dtype, left, right, out: result }: ContractKernel,
  { rows, columns, width, depth, accumulate }: Tile,
  precision: Precision,
): void {
  const bytes = BYTES[dtype];
  const [x, y, out] = code.params;
  const lanes = wasmLanes(code, width, precision);
  const vectors = columns / width;
  const at = (row: number, vector: number): number => (row * result.row + vector * width) * bytes;
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
