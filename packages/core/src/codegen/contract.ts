/**
 * Contractions as blocked matrix products. A tile of rows x columns of the
 * result stays in registers while the contracted index runs; each step loads one
 * row of the right operand and one number per row of the left. Long contractions run in
 * pieces, so that what a tile reads of both operands stays in the nearest cache, and many rows do, so that
 * the left operand's stay in the second while all columns pass.
 * The scheme, and the packing of operands into panels in front of it, are those of Goto & van de Geijn,
 * "Anatomy of high-performance matrix multiplication" (2008).
 */
import type { DType } from "../shape/tensor-type.js";
import { I32, type Code, type Local } from "./assembler.js";
import { BYTES, vectorWidth, type Width } from "./lanes-target.js";
import type { Tile, TileShape, TileStart } from "./tile.js";
import { copyOf } from "./walks.js";

/** Steps of the contracted index that a tile takes at once: 8 kB of a right panel, of a left one 6 kB, or 12 kB of f64. */
const DEPTH_BLOCK = 256;
/** Groups of rows that are read for one column after the other: 96 kB of the left operand, which stay in the second cache. */
const ROW_BLOCK = 16;

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
  readonly shape: TileShape;
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
  /** Length of the contracted index. */
  readonly depth: number;
  readonly left: Layout;
  readonly right: Layout;
  readonly out: { readonly batch: number; readonly row: number };
  /** What the sums begin with, a fourth address; without it 0. */
  readonly addend: Addend | undefined;
}

export interface Addend extends TileStart {
  readonly batch: number;
}

const nonEmpty = (groups: readonly Groups[]): readonly Groups[] =>
  groups.filter(({ count, size }) => count > 0 && size > 0);

/** Rows in groups as even as can be: a tile with few rows waits for its own sums. */
export const rowGroups = (rows: number, { rows: most }: TileShape): readonly Groups[] => even(rows, most);

/** Groups of at most `most`, as even as can be; the larger ones come first. */
function even(total: number, most: number): readonly Groups[] {
  if (total === 0) return [];
  const count = Math.ceil(total / most);
  const size = Math.ceil(total / count);
  const larger = total - count * (size - 1);
  return nonEmpty([
    { count: larger, size },
    { count: count - larger, size: size - 1 },
  ]);
}

/** Columns in groups of whole vectors, as even as can be, and a rest. */
export function columnGroups(columns: number, dtype: DType, { vectors: most }: TileShape): readonly Groups[] {
  const width = vectorWidth(dtype);
  const vectors = Math.floor(columns / width);
  return nonEmpty([
    ...even(vectors, most).map(({ count, size }) => ({ count, size: size * width })),
    { count: 1, size: columns % width },
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

/** A group of whole vectors as it is, others column by column. */
const cutColumns = (width: Width, size: number): readonly { readonly size: number; readonly width: Width }[] =>
  width > 1 && size % width === 0
    ? [{ size, width }]
    : Array.from({ length: size }, () => ({ size: 1, width: 1 as const }));

/** The groups of rows and of columns that tiles compute: those of the panels, else as many as are fewest. */
export const groupsOf = ({
  dtype,
  shape,
  rows,
  columns,
  left,
  right,
}: ContractKernel): { readonly rows: readonly Groups[]; readonly columns: readonly Groups[] } => ({
  rows: left.kind === "panels" ? left.groups : rowGroups(rows, shape),
  columns: right.kind === "panels" ? right.groups : columnGroups(columns, dtype, shape),
});

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
  const groups = groupsOf(kernel);
  const rowParts = partsOf(left, groups.rows, depth, (size) => [{ size, width: 1 }]);
  const columnParts = partsOf(right, groups.columns, depth, (size) => cutColumns(width, size));
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
                dtype,
                rows: row.size,
                columns: column.size,
                width: column.width,
                depth: depthOfBlock,
                leftRow: left.kind === "panels" ? 1 : left.outer,
                leftDepth: row.depth,
                rightDepth: column.depth,
                outRow: result.row,
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
