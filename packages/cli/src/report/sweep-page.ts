/** The page of a sweep: the table of its settings, and its results by each field that it varies. */
import { formatPlural } from "../format.js";
import { html, type Content } from "./html.js";
import { tableOf, verdictOf, type Page } from "./page.js";
import type { Pen } from "./pen.js";
import { sweepFigures, type SweepOutcome } from "./sweep-figures.js";

export interface SweepSummary {
  readonly name: string;
  /** The first row has the headings. */
  readonly table: readonly (readonly string[])[];
  /** Columns with numbers. */
  readonly right: readonly number[];
  /** Which setting is the best, in words. */
  readonly best: string;
  readonly outcome: SweepOutcome;
}

export function sweepPage(pen: Pen, { name, table, right, best, outcome }: SweepSummary): Page {
  const [headings = [], ...rows] = table;
  const figures = sweepFigures(pen, outcome);
  const lines: readonly Content[] = best
    .split("\n")
    .filter((line) => line !== "")
    .map(verdictOf);
  return {
    title: name,
    kind: "Sweep",
    lead: `${formatPlural(outcome.trials.length, "trial")}, the best settings first.`,
    sections: [
      {
        id: "result",
        title: "Results",
        content: [
          lines,
          tableOf(headings, rows, right),
          html`<p><code>results.csv</code> and <code>results.jsonl</code> beside this page have a row per trial.</p>`,
        ],
        figures: [],
      },
      ...(figures.length === 0 ? [] : [{ id: "fields", title: "By field", content: undefined, figures }]),
    ],
    files: "The folder plots beside this page has each as a file.",
  };
}
