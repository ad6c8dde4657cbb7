/** What is wrong with the rows of data files: gathered with their places, then thrown together or counted. */
import { LatchgradError, placeInText, type Issue, type Location } from "@latchgrad/core";

/** Rows of data files cannot be used; `at` is a line and column of a file. */
export class DataError extends LatchgradError {
  override readonly name = "DataError";
}

/** Whether bad rows end everything, or are left out and counted. */
export type BadRows = "error" | "skip";

/** Problems that are told at most; the others are counted. */
const MOST_TOLD = 20;

export interface Problems {
  readonly policy: BadRows;
  /** One row, or one sequence, cannot be used. */
  add(issue: Issue): void;
  /** How many there were. */
  count(): number;
  /** The first ones. */
  first(): readonly Issue[];
  /** Throws DataError where there were problems that are not to be left out. */
  check(): void;
}

export function collectProblems(policy: BadRows): Problems {
  const told: Issue[] = [];
  let count = 0;
  return {
    policy,
    add(issue) {
      count++;
      if (told.length < MOST_TOLD) told.push(issue);
    },
    count: () => count,
    first: () => told,
    check() {
      if (policy === "skip" || count === 0) return;
      const more = count - told.length;
      throw new DataError(more === 0 ? told : [...told, furtherProblems(more)]);
    },
  };
}

const furtherProblems = (count: number): Issue => ({
  code: "data.more-problems",
  problem: "every row can be used",
  at: { kind: "value", name: "further rows" },
  received: `${count} more that cannot`,
  hint: '"badRows": "skip" in the task leaves such rows out and counts them',
});

/** A file that is not any more what it was when the run began; `name` says where. */
export const changedError = (name: string): DataError =>
  new DataError([
    {
      code: "data.changed",
      problem: "a data file stays as it is while a run reads it",
      at: { kind: "value", name },
    },
  ]);

/** The place of an offset in the text of a row that begins in some line of a file. */
export function placeInRow(file: string, line: number, row: string, offset: number): Location {
  const place = placeInText(row, offset);
  return place.kind === "text" ? { ...place, file, line: line + place.line - 1 } : place;
}
