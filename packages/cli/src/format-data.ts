/** What a task found in its files, in words. */
import { formatIssue } from "@latchgrad/core";
import { SPLITS, type TaskData } from "@latchgrad/optim";
import { formatCount, formatPlural } from "./format.js";

/** Bad rows that are shown in full. */
const MOST_SHOWN = 3;

/** How much there is in each part, what was left out, and why, as lines. */
export function formatData({ unit, count, skipped }: TaskData): string {
  const parts = SPLITS.map((split) => `${split} ${formatCount(count[split])}`).join(", ");
  const found = `${unit}: ${parts}\n`;
  if (skipped.count === 0) return found;
  const shown = skipped.first.slice(0, MOST_SHOWN).map((issue) => `${formatIssue(issue)}\n`);
  const more = skipped.count - shown.length;
  return [
    found,
    `left out ${formatPlural(skipped.count, "problem")} in the data:\n`,
    ...shown,
    more > 0 ? `and ${formatCount(more)} more\n` : "",
  ].join("");
}
