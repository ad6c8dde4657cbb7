/** Tiles of matrix products: a few rows and vectors of columns of the result, which stay in registers while the contracted index runs. */
import { isFloat, type DType } from "../shape/tensor-type.js";
import { I32, type Code, type Local } from "./assembler.js";
import {
  BYTES,
  load,
  store,
  vectorWidth,
  wasmLanes,
  type Operand,
  type Precision,
  type Width,
} from "./lanes-target.js";

/** Rows, and vectors of columns, of a tile at most. */
export interface TileShape {
  readonly rows: number;
  readonly vectors: number;
}

/** Vector registers of most processors, without the one that V8 keeps for itself. */
const REGISTERS = 15;

const isFused = (dtype: DType, precision: Precision): boolean => precision === "fast" && isFloat(dtype);

/**
 * What the registers hold without spilling: the sums, one row of the right operand, and one number of the left one. Where
 * multiplication and addition are two instructions, the product takes one more; and then it is the number of
 * instructions that limits, so that tiles are square, which have the fewest loads for each product.
 */
export const tileShape = (dtype: DType, precision: Precision): TileShape =>
  isFused(dtype, precision) ? { rows: 6, vectors: 2 } : { rows: 3, vectors: 3 };

/** Columns of a tile at most. */
export const tileColumns = (dtype: DType, { vectors }: TileShape): number => vectors * vectorWidth(dtype);

/** Elements between neighbours in the memory where sums begin. */
export interface TileStart {
  readonly row: number;
  readonly column: number;
}

/** A tile function. All distances in elements. */
export interface Tile {
  readonly dtype: DType;
  readonly rows: number;
  readonly columns: number;
  /** Columns that are computed at once. */
  readonly width: Width;
  /** Length of the contracted index. */
  readonly depth: number;
  /** From one step of the contracted index to the next. */
  readonly leftDepth: number;
  readonly rightDepth: number;
  /** From one row of the left operand to the next. */
  readonly leftRow: number;
  /** From one row of the result to the next. */
  readonly outRow: number;
  /** Undefined: the sums begin with 0. */
  readonly initial: TileStart | undefined;
}

/** Left, right, result, and where the sums begin. */
export const TILE_PARAMS = 4;

/** Steps of the contracted index in one turn of the loop. */
const UNROLL = 8;

const EQUAL = 0x46;
const UNEQUAL = 0x47;

/** No address is one of these, because elements have 4 bytes or more. */
const NO_ADDRESSES = [-1, -2, -3, -5, -6, -7, -9, -10];

/**
 * Writes the body of a tile function. Parameters: addresses of the tile's first row of left, first column of right, first element of
 * the result, first of where the sums begin.
 *
 * The loop can be left after each step and, as it seems, after some rows: engines order instructions between two branches as they like, and V8
 * up to 12 (Node 20 and 22) puts all loads in front of the arithmetic, for which there are no registers. The sums are read behind the loop, so that
 * what belongs to them stays in front of each branch. Addresses advance in each step, because an engine may need a register for each
 * constant that is added to the address of a number.
 */
export function writeTile(code: Code, tile: Tile, precision: Precision): void {
  const { dtype, rows, columns, width, depth, leftRow, leftDepth, rightDepth, outRow, initial } = tile;
  const bytes = BYTES[dtype];
  const [x, y, out, start] = code.params;
  const lanes = wasmLanes(code, width, precision);
  const vectors = columns / width;
  const indices = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);
  const sums: readonly (readonly Operand[])[] = indices(rows).map((row) =>
    indices(vectors).map((vector) =>
      initial === undefined
        ? lanes.constant(dtype, 0)
        : load(
            code,
            dtype,
            start,
            (row * initial.row + vector * width * initial.column) * bytes,
            width,
            initial.column === 0,
          ),
    ),
  );
  const multiplyAdd = (a: Operand, b: Operand, sum: Operand): Operand =>
    isFloat(dtype) ? lanes.madd(a, b, sum) : lanes.add(lanes.mul(a, b), sum);
  const taken = vectors * (rows + 1) + (isFused(dtype, precision) ? 0 : 1);
  const rowsAtOnce = Math.max(1, REGISTERS - taken);
  const [at, perStep] = rightDepth === 0 ? [zero(code), 1] : [y, rightDepth * bytes];
  const end = endOf(code, at, depth * perStep);

  const step = (): void => {
    const right = indices(vectors).map((vector) => load(code, dtype, y, vector * width * bytes, width, false));
    sums.forEach((sumsOfRow, row) => {
      if (row > 0 && row % rowsAtOnce === 0) {
        code.get(x);
        code.i32(NO_ADDRESSES[row]);
        code.op(EQUAL);
        code.leave(1);
      }
      const element = load(code, dtype, x, row * leftRow * bytes, width, true);
      sumsOfRow.forEach((sum, vector) => {
        const next = multiplyAdd(element, right[vector], sum);
        code.get(next.local);
        code.set(sum.local);
      });
    });
    code.advance(x, leftDepth * bytes);
    code.advance(at, perStep);
  };
  code.block(() => {
    code.loop(() => {
      const unroll = Math.min(UNROLL, depth);
      for (let k = 0; k < unroll; k++) {
        step();
        code.get(at);
        code.get(end);
        if (k < unroll - 1) {
          code.op(EQUAL);
          code.leave(1);
        } else {
          code.op(UNEQUAL);
          code.leave(0);
        }
      }
    });
  });
  sums.forEach((sumsOfRow, row) => {
    sumsOfRow.forEach((sum, vector) => {
      store(code, sum, out, (row * outRow + vector * width) * bytes, width);
    });
  });
}

function zero(code: Code): Local {
  const local = code.local(I32);
  code.i32(0);
  code.set(local);
  return local;
}

function endOf(code: Code, at: Local, distance: number): Local {
  const end = code.local(I32);
  code.get(at);
  code.i32(distance);
  code.op(0x6a);
  code.set(end);
  return end;
}
