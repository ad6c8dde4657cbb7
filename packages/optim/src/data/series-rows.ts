/**
 * The rows of data files as series: an index of blocks of rows, each of which can be read again, and of the stretches of rows without a hole. It is made
 * in one pass that also checks every row.
 */
import type { FloatDType, Issue } from "@latchgrad/core";
import type { Split } from "./batch.js";
import type { Columns, Slot } from "./columns.js";
import type { DataContext } from "./context.js";
import { openDataFile, rowsOf, type DataFile, type FormatOptions, type Row, type RowPlace } from "./data-file.js";
import { namedFiles, openNamed, type FilesConfig } from "./open-files.js";
import { changedError, collectProblems, type BadRows, type Problems } from "./problems.js";
import { idOf, missingId, readRow, type Value } from "./read-values.js";
import { lastAtMost } from "./search.js";

/** Rows of a block: for a window of a series that is not kept, so many are read. */
const BLOCK_ROWS = 512;

export interface SeriesFiles {
  readonly files: FilesConfig;
  readonly format: FormatOptions;
  readonly columns: Columns;
  /** Whether column 0 says which series a row belongs to; else each file is one. */
  readonly hasId: boolean;
  readonly badRows: BadRows;
  readonly blockRows?: number | undefined;
}

/** Good rows of one series, by their number over all files. */
export interface SeriesPlace {
  /** The part that its file belongs to; undefined where the parts are made of all files. */
  readonly split: Split | undefined;
  readonly from: number;
  to: number;
  /** Rows in front of which a bad one was left out: no window goes over them. */
  readonly breaks: number[];
}

/** Values of the rows of a block, a list per slot. */
export interface RowBlock {
  readonly first: number;
  readonly values: readonly (readonly Value[])[];
  /** Where it is, for messages. */
  readonly name: string;
}

export interface SeriesRows {
  readonly series: readonly SeriesPlace[];
  readonly problems: Problems;
  /** Blocks in all. */
  readonly blocks: number;
  /** The number of the block that has row `at`. */
  blockOf(at: number): number;
  /** Block `number`, which is read again. Throws DataError where its file has changed. */
  block(number: number): Promise<RowBlock>;
}

interface Block {
  readonly file: DataFile;
  readonly from: RowPlace;
  to: number;
}

/** Throws ConfigError and DataError. */
export async function openSeriesRows(plan: SeriesFiles, context: DataContext): Promise<SeriesRows> {
  const { columns, hasId, blockRows = BLOCK_ROWS } = plan;
  const slots = columns.slots.map((slot): Slot => ({ ...slot, per: "step" }));
  const problems = collectProblems(plan.badRows);
  const walk = seriesWalk(problems, hasId);
  const firsts: number[] = [];
  const blocks: Block[] = [];
  for (const named of namedFiles(plan.files)) {
    const file = await openDataFile(
      named.path,
      await openNamed(context, named),
      columns.wanted,
      plan.format,
      named.pointer,
    );
    let block: Block | undefined;
    for await (const rows of rowsOf(file))
      for (const row of rows) {
        const issues = readRow(row, slots, context.dtype, scratchFor(slots));
        if (!walk.add(row, issues, named.split)) {
          // Whoever reads a block again sees which rows have bad values, and nothing else.
          if (issues.length === 0) block = undefined;
          continue;
        }
        const count = walk.count();
        if (block === undefined || count - firsts[firsts.length - 1] > blockRows) {
          block = { file, from: row.from, to: row.to.byte };
          firsts.push(count - 1);
          blocks.push(block);
        }
        block.to = row.to.byte;
      }
  }
  problems.check();
  const total = walk.count();
  return {
    series: walk.series,
    problems,
    blocks: blocks.length,
    blockOf: (at) => lastAtMost(firsts, at),
    async block(number) {
      const { file, from, to } = blocks[number];
      const values = await valuesIn(file, slots, context.dtype, from, to);
      const name = `${file.path}, line ${from.line}`;
      if (values[0].length !== (firsts[number + 1] ?? total) - firsts[number]) throw changedError(name);
      return { first: firsts[number], values, name: `${file.path}, from line ${from.line} on` };
    },
  };
}

/** Lists that a row is read into only to be checked. */
const scratchFor = (slots: readonly Slot[]): readonly Value[][] => slots.map(() => []);

interface SeriesWalk {
  readonly series: readonly SeriesPlace[];
  /** Takes the next row with what is wrong with its values; returns whether it is one of a series. */
  add(row: Row, issues: readonly Issue[], split: Split | undefined): boolean;
  /** Good rows so far. */
  count(): number;
}

/** Finds out which series rows belong to. */
function seriesWalk(problems: Problems, hasId: boolean): SeriesWalk {
  const series: SeriesPlace[] = [];
  const seen = new Set<string>();
  let current: string | undefined;
  let isRepeated = false;
  let isBroken = false;
  let count = 0;
  return {
    series,
    count: () => count,
    add(row, found, split) {
      const id = rowId(row, hasId);
      const key = id === undefined ? current : `${split ?? ""} ${id}`;
      const issues = [...found, ...(id === undefined && row.fault === undefined ? [missingId(row)] : [])];
      if (key !== current) {
        current = key;
        isBroken = false;
        isRepeated = key !== undefined && seen.has(key);
        if (isRepeated) issues.push(repeatedIssue(row, id));
        else if (key !== undefined) {
          seen.add(key);
          series.push({ split, from: count, to: count, breaks: [] });
        }
      }
      issues.forEach(problems.add);
      if (issues.length > 0) isBroken = true;
      if (issues.length > 0 || isRepeated || current === undefined) return false;
      const place = series[series.length - 1];
      if (isBroken && place.to > place.from) place.breaks.push(count);
      isBroken = false;
      place.to = ++count;
      return true;
    },
  };
}

/** What a row says of its series; undefined where it says nothing, or cannot be read. */
const rowId = (row: Row, hasId: boolean): string | undefined =>
  !hasId ? row.file.path : row.fault === undefined ? idOf(row.values[0]) : undefined;

const repeatedIssue = ({ file, from }: Row, id: string | undefined): Issue => ({
  code: "data.sequence",
  problem: "the rows of a series stand together",
  at: { kind: "value", name: `${file.path}, line ${from.line}` },
  received: `more rows of the series ${JSON.stringify(id)}, behind others`,
  hint: "sort the file by the column of the series",
});

/** The values of the good rows in a range. */
async function valuesIn(
  file: DataFile,
  slots: readonly Slot[],
  dtype: FloatDType,
  from: RowPlace,
  to: number,
): Promise<readonly (readonly Value[])[]> {
  const values: Value[][] = slots.map(() => []);
  for await (const rows of rowsOf(file, from, to)) for (const row of rows) readRow(row, slots, dtype, values);
  return values;
}
