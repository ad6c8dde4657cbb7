/** The values of the slots in rows and in sequences, or what is wrong with them. */
import type { FloatDType, Issue } from "@latchgrad/core";
import { readCell } from "./cells.js";
import type { Slot } from "./columns.js";
import { faultIssue, rowsOf, valueIssue, type DataFile, type Row, type RowPlace } from "./data-file.js";

export type Value = number | string;

/** What is wrong with a row; none for a good one, whose values are appended to `into`, a list per slot. */
export function readRow(
  row: Row,
  slots: readonly Slot[],
  dtype: FloatDType,
  into: readonly Value[][],
): readonly Issue[] {
  if (row.fault !== undefined) return [faultIssue(row, row.fault)];
  const read = slots.map((slot) => readCell(slot, row.values[slot.at], dtype));
  const issues = read.flatMap((value, i) => (typeof value === "object" ? [valueIssue(row, slots[i].at, value)] : []));
  if (issues.length === 0)
    read.forEach((value, i) => {
      if (typeof value !== "object") into[i].push(value);
    });
  return issues;
}

/** A sequence of a file as it was read. */
export interface RawSequence {
  /** What the column of the sequence says, or the place of its line. */
  readonly id: string;
  readonly from: RowPlace;
  readonly to: RowPlace;
  readonly steps: number;
  /** For each slot one value per step, or a single one for the whole sequence. Meaningless where there are issues. */
  readonly values: readonly (readonly Value[])[];
  readonly issues: readonly Issue[];
}

export interface SequenceOptions {
  readonly slots: readonly Slot[];
  readonly dtype: FloatDType;
  /** Whether each row is a step; else each row is a sequence, of lists. */
  readonly isPerRow: boolean;
  /** Whether column 0 says of which sequence a step is; else all steps of a file are one. */
  readonly hasId: boolean;
  /** Steps of a sequence at most. */
  readonly longest: number;
}

/** The sequences of a file, or of a range of it, in their order. */
export function sequencesIn(
  file: DataFile,
  options: SequenceOptions,
  from?: RowPlace,
  to?: number,
): AsyncGenerator<RawSequence, void> {
  return options.isPerRow ? gatheredRows(file, options, from, to) : listRows(file, options, from, to);
}

/** Rows with the same id behind each other are one sequence. */
async function* gatheredRows(
  file: DataFile,
  { slots, dtype, longest, hasId }: SequenceOptions,
  from?: RowPlace,
  to?: number,
): AsyncGenerator<RawSequence, void> {
  interface Open {
    readonly id: string;
    readonly first: Row;
    last: Row;
    steps: number;
    readonly values: Value[][];
    readonly issues: Issue[];
  }
  let open: Open | undefined;
  const begin = (id: string, first: Row): Open => ({
    id,
    first,
    last: first,
    steps: 0,
    values: slots.map(() => []),
    issues: [],
  });
  const ended = ({ id, first, last, steps, values, issues }: Open): RawSequence => {
    const found =
      issues.length > 0 ? issues : [...lengthIssues(first, steps, longest), ...constantIssues(first, slots, values)];
    const kept = values.map((list, i) => (slots[i].per === "sequence" ? list.slice(0, 1) : list));
    return { id, from: first.from, to: last.to, steps, values: kept, issues: found };
  };
  for await (const rows of rowsOf(file, from, to))
    for (const row of rows) {
      const [cell] = row.values;
      // A row that cannot be read belongs to the sequence that it stands in.
      const id: string | undefined = !hasId ? file.path : row.fault === undefined ? idOf(cell) : open?.id;
      if (open !== undefined && id !== open.id && id !== undefined) {
        yield ended(open);
        open = undefined;
      }
      open ??= begin(id ?? "", row);
      open.last = row;
      open.steps++;
      if (id === undefined) open.issues.push(row.fault === undefined ? missingId(row) : faultIssue(row, row.fault));
      else if (open.steps <= longest) open.issues.push(...readRow(row, slots, dtype, open.values));
    }
  if (open !== undefined) yield ended(open);
}

/** What the cell of a sequence's column says; undefined where that is nothing. */
export const idOf = (cell: unknown): string | undefined =>
  (typeof cell === "string" && cell !== "") || typeof cell === "number" ? String(cell) : undefined;

/** A row that does not say which sequence it belongs to. */
export const missingId = (row: Row): Issue =>
  valueIssue(row, 0, {
    code: "data.sequence",
    problem: "every row says which sequence it belongs to",
    received: "nothing",
  });

const lengthIssues = (row: Row, steps: number, longest: number): readonly Issue[] =>
  steps <= longest
    ? []
    : [
        valueIssue(row, 0, {
          code: "data.too-long",
          problem: "a sequence has at most as many steps as the task says",
          expected: `at most ${longest}`,
          received: String(steps),
          hint: 'a larger "longest" allows it',
        }),
      ];

/** Targets of the whole sequence say the same in every row of it. */
const constantIssues = (row: Row, slots: readonly Slot[], values: readonly (readonly Value[])[]): readonly Issue[] =>
  slots.flatMap(({ per, column, at }, i) => {
    const other = per === "sequence" ? values[i].find((value) => value !== values[i][0]) : undefined;
    if (other === undefined) return [];
    return [
      valueIssue(row, at, {
        code: "data.target",
        problem: `the column "${column}", a target of the whole sequence, has one value in all its rows`,
        received: `${JSON.stringify(values[i][0])} and ${JSON.stringify(other)}`,
        hint: '"per": "step" makes it a target of every step',
      }),
    ];
  });

/** Each row is a sequence: lists for what changes from step to step, single values for targets of the whole sequence. */
async function* listRows(
  file: DataFile,
  { slots, dtype, longest }: SequenceOptions,
  from?: RowPlace,
  to?: number,
): AsyncGenerator<RawSequence, void> {
  for await (const rows of rowsOf(file, from, to))
    for (const row of rows) {
      const values: Value[][] = slots.map(() => []);
      const issues =
        row.fault === undefined ? readLists(row, slots, dtype, longest, values) : [faultIssue(row, row.fault)];
      const steps = slots.findIndex(({ per }) => per === "step");
      const id = `${file.path}:${row.from.line}`;
      yield { id, from: row.from, to: row.to, steps: steps < 0 ? 0 : values[steps].length, values, issues };
    }
}

function readLists(
  row: Row,
  slots: readonly Slot[],
  dtype: FloatDType,
  longest: number,
  into: readonly Value[][],
): readonly Issue[] {
  const issues: Issue[] = [];
  let length: number | undefined;
  slots.forEach((slot, i) => {
    const given = row.values[slot.at];
    if (slot.per === "step" && !Array.isArray(given)) {
      issues.push(
        valueIssue(row, slot.at, {
          code: "data.list",
          problem: `"${slot.column}" is a list with one value per step`,
          received: given === undefined ? "nothing" : JSON.stringify(given).slice(0, 60),
        }),
      );
      return;
    }
    const cells = slot.per === "step" ? (given as readonly unknown[]) : [given];
    if (slot.per === "step") {
      length ??= cells.length;
      if (cells.length === 0 || cells.length > longest || cells.length !== length) {
        issues.push(
          valueIssue(row, slot.at, {
            code: "data.list",
            problem: "the lists of a sequence are equally long",
            expected: cells.length === length ? `1 to ${longest} values` : `${length} values, as in the first list`,
            received: String(cells.length),
          }),
        );
        return;
      }
    }
    for (const [t, cell] of cells.entries()) {
      const value = readCell(slot, cell, dtype);
      if (typeof value !== "object") into[i].push(value);
      else {
        const where = slot.per === "step" ? ` at step ${t + 1}` : "";
        issues.push(valueIssue(row, slot.at, { ...value, received: value.received + where }));
        return;
      }
    }
  });
  return issues;
}
