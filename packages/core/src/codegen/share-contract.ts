/** Contractions for several threads: what they touch, and cuts between rows or columns of the result. */
import { columnGroups, tileColumns, widthOfContract, type ContractKernel, type Layout } from "./contract.js";
import { BYTES } from "./lanes-target.js";
import { rangesOf, type Division, type Piece, type Range, type Use } from "./sharing.js";
import { spanOf } from "./spans.js";

export function usesOfContract({
  dtype,
  batch,
  rows,
  columns,
  depth,
  left,
  right,
  out,
  addend,
}: ContractKernel): readonly Use[] {
  const bytes = BYTES[dtype];
  const operand = (layout: Layout, outer: number): Use => ({
    span:
      layout.kind === "panels"
        ? spanOf([outer * depth], [1], bytes)
        : spanOf([batch, outer, depth], [layout.batch, layout.outer, layout.depth], bytes),
    writes: false,
  });
  return [
    operand(left, rows),
    operand(right, columns),
    { span: spanOf([batch, rows, columns], [out.batch, out.row, 1], bytes), writes: true },
    ...(addend === undefined
      ? []
      : [
          {
            span: spanOf([batch, rows, columns], [addend.batch, addend.row, addend.column], bytes),
            writes: false,
          },
        ]),
  ];
}

export const workOfContract = (kernel: ContractKernel): number =>
  (kernel.batch * kernel.rows * kernel.columns * kernel.depth) / widthOfContract(kernel);

const outerShift = (layout: Layout, begin: number, depth: number): number =>
  layout.kind === "panels" ? begin * depth : begin * layout.outer;
const batchShift = (layout: Layout, begin: number): number => (layout.kind === "panels" ? 0 : begin * layout.batch);

/** Cuts between products, between rows, and between whole tiles of columns. Panels of rows are not cut: their tiles follow from the number of rows. */
export function divideContract(kernel: ContractKernel, threads: number): readonly Division<ContractKernel>[] {
  const { dtype, batch, rows, columns, depth, left, right, out, addend } = kernel;
  const shiftsOf = (begin: number, ofAddend: number | undefined, ...others: readonly number[]): readonly number[] =>
    ofAddend === undefined ? others : [...others, begin * ofAddend];
  const divide = (
    size: number,
    unit: number,
    part: (range: Range) => Piece<ContractKernel>,
  ): Division<ContractKernel> =>
    rangesOf(size, unit, threads)
      .map(part)
      .map((piece) => ({ ...piece, shifts: piece.shifts.map((elements) => elements * BYTES[dtype]) }));
  const byProduct = divide(batch, 1, ({ begin, count }) => ({
    kernel: { ...kernel, batch: count },
    shifts: shiftsOf(begin, addend?.batch, batchShift(left, begin), batchShift(right, begin), begin * out.batch),
  }));
  const byRow =
    left.kind === "panels"
      ? []
      : divide(rows, 1, ({ begin, count }) => ({
          kernel: { ...kernel, rows: count },
          shifts: shiftsOf(begin, addend?.row, outerShift(left, begin, depth), 0, begin * out.row),
        }));
  const byColumn = divide(columns, tileColumns(dtype), ({ begin, count }) => ({
    kernel: {
      ...kernel,
      columns: count,
      right: right.kind === "panels" ? { ...right, groups: columnGroups(count, dtype) } : right,
    },
    shifts: shiftsOf(begin, addend?.column, 0, outerShift(right, begin, depth), begin),
  }));
  return [byProduct, byRow, byColumn].filter((pieces) => pieces.length > 1);
}
