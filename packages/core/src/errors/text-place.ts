/** Where in a text something is wrong, quoted so that a caret can stand under it. */
import { windowAround, type Location } from "./issue.js";

/** The line and column of an offset in a text, with the line or the part of it around the column. */
export function placeInText(text: string, offset: number): Location {
  const lineStart = offset === 0 ? 0 : text.lastIndexOf("\n", offset - 1) + 1;
  const nextBreak = text.indexOf("\n", offset);
  const line = text.slice(0, lineStart).split("\n").length;
  const column = offset - lineStart + 1;
  const { start, text: part } = windowAround(text.slice(lineStart, nextBreak < 0 ? text.length : nextBreak), column);
  return { kind: "text", line, column, text: part, start: start === 1 ? undefined : start };
}
