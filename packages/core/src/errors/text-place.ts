/** Where in a text something is wrong, quoted so that a caret can stand under it. */
import type { Location } from "./issue.js";

/** Characters of a line that a message quotes at most. */
const WINDOW = 120;

/** The line and column of an offset in a text, with the line or the part of it around the column. */
export function placeInText(text: string, offset: number): Location {
  const lineStart = offset === 0 ? 0 : text.lastIndexOf("\n", offset - 1) + 1;
  const nextBreak = text.indexOf("\n", offset);
  // A tab would move the caret, and a carriage return the cursor.
  const full = text.slice(lineStart, nextBreak < 0 ? text.length : nextBreak).replace(/[\t\r]/g, " ");
  const line = text.slice(0, lineStart).split("\n").length;
  const column = offset - lineStart + 1;
  if (full.length <= WINDOW) return { kind: "text", line, column, text: full.trimEnd() };
  const from = Math.max(0, Math.min(column - 1 - WINDOW / 2, full.length - WINDOW));
  return {
    kind: "text",
    line,
    column,
    text: full.slice(from, from + WINDOW),
    start: from === 0 ? undefined : from + 1,
  };
}
