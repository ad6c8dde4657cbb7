/**
 * CSV (RFC 4180): cells between delimiters, in quotation marks where they hold delimiters, line breaks or
 * quotation marks, which then stand twice. Lines end with \n or \r\n; blank lines are no rows.
 */
// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- packages that are checked with this source need it, too
/// <reference path="./papaparse.d.ts" />
import Papa from "papaparse";
import type { RowFault, RowFormat, RowText } from "./row-format.js";

export interface CsvColumns {
  readonly delimiter: string;
  /** Cells of every row. */
  readonly count: number;
  /** Which of them are wanted, counted from 0, in the order in which rows give them. */
  readonly wanted: readonly number[];
}

/** Every cell of the rows of a text, with what is wrong with their quotation marks; see `RowFormat.parse`. */
export function parseCells(
  text: string,
  isLast: boolean,
  delimiter: string,
  tell: (row: Omit<RowText, "values"> & { readonly cells: readonly string[] }) => void,
): number {
  let start = 0;
  let isOpen = false;
  let wasFaulty = true;
  while (wasFaulty && !isOpen && start < text.length) {
    wasFaulty = false;
    const base = start;
    Papa.parse(text.slice(base), {
      delimiter,
      newline: "\n",
      step({ data, errors: [error], meta }, parser) {
        if (wasFaulty || isOpen) return;
        const end = base + meta.cursor;
        if (error === undefined) {
          // Behind the last line end the parser sees one more row, which is empty.
          if (end > start && !(data.length === 1 && data[0].trim() === ""))
            tell({ start, end, cells: withoutCarriageReturn(data, text, end) });
          start = end;
          return;
        }
        parser.abort();
        if (error.code === "MissingQuotes" && !isLast) {
          isOpen = true;
          return;
        }
        // Whatever the quotation mark has swallowed is read again, from the next line on.
        wasFaulty = true;
        const lineEnd = text.indexOf("\n", start);
        const next = lineEnd < 0 ? text.length : lineEnd + 1;
        tell({ start, end: next, cells: [], fault: quoteFault(error.code, base + (error.index ?? 1) - 1 - start) });
        start = next;
      },
    });
  }
  return isOpen ? start : text.length;
}

/** Of a line that ends with \r\n the parser leaves the \r in the last cell, unless that stands in quotation marks. */
function withoutCarriageReturn(cells: readonly string[], text: string, end: number): readonly string[] {
  const last = cells[cells.length - 1];
  const lineEnd = text[end - 1] === "\n" ? end - 1 : end;
  if (!last.endsWith("\r") || text[lineEnd - 1] !== "\r") return cells;
  return [...cells.slice(0, -1), last.slice(0, -1)];
}

const quoteFault = (code: string, offset: number): RowFault => ({
  code: "data.syntax",
  problem: "a cell in quotation marks ends with one, and a quotation mark inside it stands twice",
  offset: Math.max(0, offset),
  received: code === "MissingQuotes" ? "a quotation mark that is never closed" : "text behind the closing one",
});

/** CSV rows as rows of the wanted columns. */
export const csvFormat = ({ delimiter, count, wanted }: CsvColumns): RowFormat => ({
  parse: (text, isLast, tell) =>
    parseCells(text, isLast, delimiter, ({ cells, fault, ...place }) => {
      const values = wanted.map((column) => cells[column]);
      tell({
        ...place,
        values,
        fault: fault ?? (cells.length === count ? undefined : raggedFault(cells.length, count)),
      });
    }),
  offsetOf: (row, column) => cellOffset(row, delimiter, wanted[column]),
});

const raggedFault = (received: number, count: number): RowFault => ({
  code: "data.columns",
  problem: "a row has as many cells as the first line has names",
  offset: 0,
  expected: String(count),
  received: String(received),
});

/** Where cell `index` of a row begins. */
function cellOffset(row: string, delimiter: string, index: number): number {
  let isQuoted = false;
  let cell = 0;
  for (let at = 0; at < row.length; at++) {
    if (cell === index) return at;
    if (row[at] === '"') isQuoted = !isQuoted;
    else if (row[at] === delimiter && !isQuoted) cell++;
  }
  return cell === index ? row.length : 0;
}
