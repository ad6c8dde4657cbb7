/** Answers as rows: objects in JSON lines, or cells of a table whose header comes before its first row. */
import Papa from "papaparse";
import type { RowFormat } from "./dialect.js";

/** One row of a table by column, in the order of the columns. */
export type Cells = Readonly<Record<string, unknown>>;

/** Turns objects, or rows of a table, into text. */
export type RowWriter = (object: object, cells: () => readonly Cells[]) => string;

export function rowWriter(format: RowFormat): RowWriter {
  if (format === "jsonl") return (object) => `${JSON.stringify(object)}\n`;
  let header: readonly string[] | undefined;
  return (_, cellsOf) => {
    const cells = cellsOf();
    if (cells.length === 0) return "";
    const isFirst = header === undefined;
    header ??= Object.keys(cells[0]);
    const rows = [...(isFirst ? [header] : []), ...cells.map((row) => Object.values(row))];
    return `${Papa.unparse(rows, { newline: "\n" })}\n`;
  };
}
