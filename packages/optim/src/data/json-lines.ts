/** JSON lines: each line is an object; blank lines are no rows. */
import { LatchgradError } from "@latchgrad/core";
import { readJsonText } from "@latchgrad/layers";
import type { RowFault, RowFormat } from "./row-format.js";

/** Lines of objects as rows of the wanted keys. */
export const jsonLinesFormat = (wanted: readonly string[]): RowFormat => ({
  parse(text, isLast, tell) {
    let start = 0;
    while (start < text.length) {
      const lineEnd = text.indexOf("\n", start);
      if (lineEnd < 0 && !isLast) return start;
      const end = lineEnd < 0 ? text.length : lineEnd + 1;
      const line = text.slice(start, end);
      if (line.trim() !== "") tell({ start, end, ...readLine(line, wanted) });
      start = end;
    }
    return start;
  },
  offsetOf: (row, column) => Math.max(0, row.indexOf(JSON.stringify(wanted[column]))),
});

function readLine(
  line: string,
  wanted: readonly string[],
): { readonly values: readonly unknown[]; readonly fault?: RowFault } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { values: [], fault: syntaxFault(line) };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return {
      values: [],
      fault: { code: "data.syntax", problem: "a line of a JSON lines file is an object", offset: 0 },
    };
  const object = value as Readonly<Record<string, unknown>>;
  // Names such as "constructor" must not find what every object inherits.
  return { values: wanted.map((key) => (Object.hasOwn(object, key) ? object[key] : undefined)) };
}

/** Where a line is no JSON; the reader of documents knows the column, which the engine's does not tell. */
function syntaxFault(line: string): RowFault {
  const fault = { code: "data.syntax", problem: "a line of a JSON lines file is JSON", offset: 0 } as const;
  try {
    readJsonText(line);
  } catch (error) {
    if (!(error instanceof LatchgradError)) throw error;
    const [{ at, expected, received }] = error.issues;
    return { ...fault, offset: at.kind === "text" ? (at.column ?? 1) - 1 : 0, expected, received };
  }
  return fault;
}
