/** What a task found in its files: how much, what was left out, and what was fitted to the training part. */
import type { Issue } from "@latchgrad/core";
import type { Split } from "./batch.js";
import type { Fitted } from "./fitted.js";

export interface TaskData {
  /** What `count` counts, in the plural: "sequences", "windows", "characters". */
  readonly unit: string;
  readonly count: Readonly<Record<Split, number>>;
  readonly skipped: {
    /** Bad rows, or sequences with bad rows, that were left out. */
    readonly count: number;
    /** What is wrong with the first of them. */
    readonly first: readonly Issue[];
  };
  readonly fitted: Fitted;
}
