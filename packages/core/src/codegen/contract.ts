/**
 * Contractions as blocked matrix products. A tile of rows x columns of the
 * result stays in registers while the contracted index runs; each step loads one
 * row of the right operand and one number per row of the left. Long contractions run in
 * pieces, so that what a tile reads of both operands stays in the nearest cache, and many rows do, so that
 * the left operand's stay in the second while all columns pass.
 * The scheme, and the packing of operands into panels in front of it, are those of Goto & van de Geijn,
 * "Anatomy of high-performance matrix multiplication" (2008).
 */
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
import { copyOf } from "./map.js";

/** Rows and vectors of columns of a tile at most: what 16 vector registers hold without spilling. */
export const TILE_ROWS = 6;
const TILE_VECTORS = 2;
/** Columns of a tile at most. */
export const tileColumns = (dtype: DType): number => TILE_VECTORS * vectorWidth(dtype);
/** Steps of the contracted index that a tile takes at once: 8 kB of a right panel, of a left one 6 kB, or 12 kB of f64. */
const DEPTH_BLOCK = 256;
/** Groups of rows that are read for one column after the other: 96 kB of the left operand, which stay in the second cache. */
const ROW_BLOCK = 16;
const UNROLL = 4;

/** Equal neighbouring pieces of a range. */
export interface Groups {
  readonly count: number;
  readonly size: number;
}

/**
 * How one operand lies in memory; distances in elements. `groups`: the operand was copied so that what one tile reads
 * lies side by side: group after group, in each all steps of the contracted index, in each of these the group's rows or columns.
 */
export type Layout =
  | { readonly kind: "strided"; readonly batch: number; readonly outer: number; readonly depth: number }
  | { readonly kind: "panels"; readonly groups: readonly Groups[] };

/** All distances in elements. */
export interface ContractKernel {
  readonly dtype: DType;
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  /** Length of the contracted index. */
  readonly depth: number;
  /** Panels in the groups that `rowGroups` gives. */
  readonly left: Layout;
  /** Panels in the groups that `columnGroups` gives. */
  readonly right: Layout;
  readonly out: { readonly batch: number; readonly row: number };
  /** What the sums begin with, a fourth address; without it 0. */
  readonly addend: Addend | undefined;
}

export interface Addend {
  readonly batch: number;
  readonly row: number;
  readonly column: number;
}

/** The shape of a tile function. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly width: Width;
  readonly depth: number;
  /** Elements from one step of the contracted index to the next. */
  readonly leftDepth: number;
  readonly rightDepth: number;
  /** Elements from one row of the left operand to the next. */
  readonly leftRow: number;
  /** Elements between neighbours in the memory where the sums begin; undefined: they begin with 0. */
  readonly initial: Omit<Addend, "batch"> | undefined;
}

const nonEmpty = (groups: readonly Groups[]): readonly Groups[] =>
  groups.filter(({ count, size }) => count > 0 && size > 0);

/** Rows in groups as even as can be: a tile with few rows waits for its own sums. */
export function rowGroups(rows: number): readonly Groups[] {
  const count = Math.ceil(rows / TILE_ROWS);
  const size = Math.ceil(rows / count);
  const larger = rows - count * (size - 1);
  return nonEmpty([
    { count: larger, size },
    { count: count - larger, size: size - 1 },
  ]);
}

/** Columns in groups as wide as a tile, and a rest. */
export function columnGroups(columns: number, dtype: DType): readonly Groups[] {
  const size = tileColumns(dtype);
  return nonEmpty([
    { count: Math.floor(columns / size), size },
    { count: 1, size: columns % size },
  ]);
}

/** Equal tiles along one axis, and where an operand has what they read; distances in elements. */
interface Part extends Groups {
  readonly width: Width;
  readonly first: number;
  readonly step: number;
  readonly depth: number;
}

/** The parts of an axis: groups cut into tiles that the target can compute. */
function partsOf(
  layout: Layout,
  groups: readonly Groups[],
  steps: number,
  cut: (size: number) => readonly { readonly size: number; readonly width: Width }[],
): readonly Part[] {
  const parts: Part[] = [];
  let done = 0;
  for (const { count, size } of groups) {
    let within = 0;
    for (const piece of cut(size)) {
      const at =
        layout.kind === "strided"
          ? { first: (done + within) * layout.outer, step: size * layout.outer, depth: layout.depth }
          : { first: done * steps + within, step: size * steps, depth: size };
      parts.push({ count, ...piece, ...at });
      within += piece.size;
    }
    done += count * size;
  }
  return parts;
}

/** Parts of the rows that are multiplied with all columns before the next ones are: `repeats` times, one behind the other. */
interface RowBlock {
  readonly repeats: number;
  readonly parts: readonly Part[];
  /** Rows from one repetition to the next. */
  readonly rows: number;
}

function rowBlocksOf(parts: readonly Part[]): readonly RowBlock[] {
  const rowsIn = (some: readonly Part[]): number => some.reduce((sum, { count, size }) => sum + count * size, 0);
  const groups = parts.reduce((sum, { count }) => sum + count, 0);
  if (groups <= ROW_BLOCK) return [{ repeats: 1, parts, rows: rowsIn(parts) }];
  return parts.flatMap((part) => {
    const whole = Math.floor(part.count / ROW_BLOCK);
    const blocks = [
      { repeats: whole, part: { ...part, count: ROW_BLOCK } },
      {
        repeats: 1,
        part: { ...part, count: part.count % ROW_BLOCK, first: part.first + whole * ROW_BLOCK * part.step },
      },
    ];
    return blocks
      .filter((block) => block.repeats > 0 && block.part.count > 0)
      .map((block) => ({ repeats: block.repeats, parts: [block.part], rows: rowsIn([block.part]) }));
  });
}

/** A group of columns as a whole, as vectors, one by one. */
function cutColumns(width: Width, size: number): readonly { readonly size: number; readonly width: Width }[] {
  if (width > 1 && size === TILE_VECTORS * width) return [{ size, width }];
  const vectors = width > 1 ? Math.floor(size / width) : 0;
  return [
    ...Array.from({ length: vectors }, () => ({ size: width, width })),
    ...Array.from({ length: size - width * vectors }, () => ({ size: 1, width: 1 as const })),
  ];
}

/** How many columns of a tile of several are computed at once. */
export const widthOfContract = ({ dtype, right }: ContractKernel): Width =>
  right.kind === "panels" || right.outer === 1 ? vectorWidth(dtype) : 1;

/**
 * Writes the function body. Parameters: addresses of left, right, result and the addend if there is one. `tileFunction` gives the number of
 * a function for a tile.
 */
export function writeContract(code: Code, kernel: ContractKernel, tileFunction: (tile: Tile) => number): void {
  const { dtype, batch, rows, columns, depth, left, right, out: result } = kernel;
  if (batch === 0 || rows === 0 || columns === 0) return;
  const bytes = BYTES[dtype];
  const [x, y, out] = code.params;
  const addend = kernel.addend === undefined ? undefined : { ...kernel.addend, base: code.params[3] };
  const width = widthOfContract(kernel);
  const rowParts = partsOf(left, rowGroups(rows), depth, (size) => [{ size, width: 1 }]);
  const columnParts = partsOf(right, columnGroups(columns, dtype), depth, (size) => cutColumns(width, size));
  const rowBlocks = rowBlocksOf(rowParts);
  const done = code.local(I32);
  /** A copy of `base` + the part's first element + the steps of the contracted index that are done. */
  const startOf = (base: Local, { first, depth: perStep }: Part): Local => {
    const start = code.local(I32);
    code.get(base);
    code.i32(first * bytes);
    code.op(0x6a);
    code.get(done);
    code.i32(perStep * bytes);
    code.op(0x6c, 0x6a);
    code.set(start);
    return start;
  };

  /** `initial`: where the block's sums begin. */
  const block = (
    depthOfBlock: number,
    initial: (Omit<Addend, "batch"> & { readonly base: Local }) | undefined,
  ): void => {
    const outRows = copyOf(code, out);
    const initialRows = initial === undefined ? undefined : copyOf(code, initial.base);
    /** Goes down by rows where the result and its beginning are. */
    const goDown = (outAt: Local, initialAt: Local | undefined, rowCount: number): void => {
      code.advance(outAt, rowCount * result.row * bytes);
      if (initialAt !== undefined && initial !== undefined) code.advance(initialAt, rowCount * initial.row * bytes);
    };
    for (const { repeats, parts, rows: rowCount } of rowBlocks) {
      const xRows = copyOf(code, x);
      code.repeat(repeats, () => {
        const outColumn = copyOf(code, outRows);
        const initialColumn = initialRows === undefined ? undefined : copyOf(code, initialRows);
        for (const column of columnParts) {
          const yColumn = startOf(y, column);
          code.repeat(column.count, () => {
            const outTile = copyOf(code, outColumn);
            const initialTile = initialColumn === undefined ? undefined : copyOf(code, initialColumn);
            for (const row of parts) {
              const xRow = startOf(xRows, row);
              const tile = tileFunction({
                rows: row.size,
                columns: column.size,
                width: column.width,
                depth: depthOfBlock,
                leftRow: left.kind === "panels" ? 1 : left.outer,
                leftDepth: row.depth,
                rightDepth: column.depth,
                initial: initial === undefined ? undefined : { row: initial.row, column: initial.column },
              });
              code.repeat(row.count, () => {
                code.get(xRow);
                code.get(yColumn);
                code.get(outTile);
                code.get(initialTile ?? outTile);
                code.call(tile);
                code.advance(xRow, row.step * bytes);
                goDown(outTile, initialTile, row.size);
              });
            }
            code.advance(yColumn, column.step * bytes);
            code.advance(outColumn, column.size * bytes);
            if (initialColumn !== undefined && initial !== undefined)
              code.advance(initialColumn, column.size * initial.column * bytes);
          });
        }
        code.advance(xRows, parts[0].count * parts[0].step * bytes);
        goDown(outRows, initialRows, rowCount);
      });
    }
  };
  code.repeat(batch, () => {
    code.i32(0);
    code.set(done);
    const first = Math.min(depth, DEPTH_BLOCK);
    block(first, addend);
    code.advance(done, first);
    const [whole, rest] = [Math.floor((depth - first) / DEPTH_BLOCK), (depth - first) % DEPTH_BLOCK];
    for (const { count, size } of nonEmpty([
      { count: whole, size: DEPTH_BLOCK },
      { count: 1, size: rest },
    ]))
      code.repeat(count, () => {
        block(size, { base: out, row: result.row, column: 1 });
        code.advance(done, size);
      });
    if (left.kind === "strided") code.advance(x, left.batch * bytes);
    if (right.kind === "strided") code.advance(y, right.batch * bytes);
    code.advance(out, result.batch * bytes);
    if (addend !== undefined) code.advance(addend.base, addend.batch * bytes);
  });
}

/**
 * Writes the body of a tile function. Parameters: addresses of the tile's first row of left, first column of right, first element of
 * the result, first of where the sums begin.
 */
export function writeTile(
  code: Code,
  { dtype, out: result }: Pick<ContractKernel, "dtype" | "out">,
  { rows, columns, width, depth, leftRow, leftDepth, rightDepth, initial }: Tile,
  precision: Precision,
): void {
  const bytes = BYTES[dtype];
  const [x, y, out, start] = code.params;
  const lanes = wasmLanes(code, width, precision);
  const vectors = columns / width;
  const at = (row: number, vector: number): number => (row * result.row + vector * width) * bytes;
  const sums: Operand[][] = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: vectors }, (__, vector) =>
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
  const step = (k: number): void => {
    const row = Array.from({ length: vectors }, (_, vector) =>
      load(code, dtype, y, (k * rightDepth + vector * width) * bytes, width, false),
    );
    for (let r = 0; r < rows; r++) {
      const element = load(code, dtype, x, (r * leftRow + k * leftDepth) * bytes, width, true);
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
      code.advance(x, unroll * leftDepth * bytes);
      code.advance(y, unroll * rightDepth * bytes);
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
