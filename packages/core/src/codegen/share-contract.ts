/** Contractions for several threads: what they touch, and cuts between rows or columns of the result. */
import { groupsOf, widthOfContract, type ContractKernel, type Groups, type Layout } from "./contract.js";
import { BYTES } from "./lanes-target.js";
import { rangesOf, type Division, type Piece, type Use } from "./sharing.js";
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

/** Neighbouring groups, how many elements lie before them, and how many they are. */
interface Cut {
  readonly groups: readonly Groups[];
  readonly begin: number;
  readonly count: number;
}

/** Groups in as many pieces as there are threads, or fewer. */
function cutGroups(groups: readonly Groups[], threads: number): readonly Cut[] {
  const sizes = groups.flatMap(({ count, size }) => new Array<number>(count).fill(size));
  const total = (some: readonly number[]): number => some.reduce((a, b) => a + b, 0);
  return rangesOf(sizes.length, 1, threads).map(({ begin, count }) => {
    const own = sizes.slice(begin, begin + count);
    return {
      groups: [...new Set(own)].map((size) => ({ count: own.filter((other) => other === size).length, size })),
      begin: total(sizes.slice(0, begin)),
      count: total(own),
    };
  });
}

/** Cuts between products, between rows, and between whole tiles of columns. Panels are cut between their groups. */
export function divideContract(kernel: ContractKernel, threads: number): readonly Division<ContractKernel>[] {
  const { dtype, batch, rows, depth, left, right, out, addend } = kernel;
  const shiftsOf = (begin: number, ofAddend: number | undefined, ...others: readonly number[]): readonly number[] =>
    ofAddend === undefined ? others : [...others, begin * ofAddend];
  const divide = <R>(ranges: readonly R[], part: (range: R) => Piece<ContractKernel>): Division<ContractKernel> =>
    ranges.map(part).map((piece) => ({ ...piece, shifts: piece.shifts.map((elements) => elements * BYTES[dtype]) }));
  const groups = groupsOf(kernel);
  const withGroups = (layout: Layout, cut: Cut): Layout =>
    layout.kind === "panels" ? { ...layout, groups: cut.groups } : layout;
  const byProduct = divide(rangesOf(batch, 1, threads), ({ begin, count }) => ({
    kernel: { ...kernel, batch: count },
    shifts: shiftsOf(begin, addend?.batch, batchShift(left, begin), batchShift(right, begin), begin * out.batch),
  }));
  const rowCuts =
    left.kind === "panels"
      ? cutGroups(groups.rows, threads)
      : rangesOf(rows, 1, threads).map((range): Cut => ({ ...range, groups: [] }));
  const byRow = divide(rowCuts, (cut) => ({
    kernel: { ...kernel, rows: cut.count, left: withGroups(left, cut) },
    shifts: shiftsOf(cut.begin, addend?.row, outerShift(left, cut.begin, depth), 0, cut.begin * out.row),
  }));
  const byColumn = divide(cutGroups(groups.columns, threads), (cut) => ({
    kernel: { ...kernel, columns: cut.count, right: withGroups(right, cut) },
    shifts: shiftsOf(cut.begin, addend?.column, 0, outerShift(right, cut.begin, depth), cut.begin),
  }));
  return [byProduct, byRow, byColumn].filter((pieces) => pieces.length > 1);
}
