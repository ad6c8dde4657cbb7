/** A data file that is open: its rows in order, or those of a range, with their places. It is never held as a whole. */
import { ConfigError, suggestName, type Issue, type Location } from "@latchgrad/core";
import { csvFormat, parseCells } from "./csv.js";
import { CHUNK_BYTES, type FileBytes } from "./file-bytes.js";
import { jsonLinesFormat } from "./json-lines.js";
import { DataError, placeInRow } from "./problems.js";
import type { RowFault, RowFormat, RowText } from "./row-format.js";
import { decodeText, hasMark } from "./utf8.js";

/** Bytes of one row at most, 16 Mi; a sequence as lists of one JSON line is a row. */
const LONGEST_ROW = 2 ** 24;
/** Columns of a CSV file at most. */
const MOST_COLUMNS = 10_000;

export interface FormatOptions {
  readonly format: "csv" | "jsonLines";
  /** Between the cells of a CSV file. */
  readonly delimiter: string;
}

export interface DataFile {
  /** As the config names it. */
  readonly path: string;
  readonly bytes: FileBytes;
  readonly rows: RowFormat;
  /** Where the rows begin. */
  readonly start: RowPlace;
}

/** A place between two rows. */
export interface RowPlace {
  readonly byte: number;
  /** Counted from 1. */
  readonly line: number;
}

export interface Row {
  readonly file: DataFile;
  /** Of the wanted columns, in their order. */
  readonly values: readonly unknown[];
  readonly text: string;
  /** Where it begins, and where the next one may. */
  readonly from: RowPlace;
  readonly to: RowPlace;
  readonly fault?: RowFault | undefined;
}

/** Opens a file for rows of the wanted columns. Throws ConfigError where it has no such columns; `pointer` is where it is named. */
export async function openDataFile(
  path: string,
  bytes: FileBytes,
  wanted: readonly string[],
  { format, delimiter }: FormatOptions,
  pointer: string,
): Promise<DataFile> {
  const mark = await bytes.read(0, Math.min(3, bytes.size));
  const start: RowPlace = {
    byte: hasMark(mark) ? 3 : 0,
    line: 1,
  };
  if (format === "jsonLines") return { path, bytes, rows: jsonLinesFormat(wanted), start };
  const header = await readHeader({ path, bytes, rows: headerFormat(delimiter), start });
  if (header === undefined) return { path, bytes, rows: csvFormat({ delimiter, count: 0, wanted: [] }), start };
  const names = header.values as readonly string[];
  const issues = headerIssues(path, names, wanted, pointer);
  if (issues.length > 0) throw new ConfigError(issues);
  const columns = wanted.map((name) => names.indexOf(name));
  return { path, bytes, rows: csvFormat({ delimiter, count: names.length, wanted: columns }), start: header.to };
}

const headerFormat = (delimiter: string): RowFormat => ({
  parse: (text, isLast, tell) =>
    parseCells(text, isLast, delimiter, ({ cells, ...place }) => {
      tell({ ...place, values: cells });
    }),
  offsetOf: () => 0,
});

/** The first row; undefined in a file without rows. Throws DataError where its quotation marks are wrong. */
async function readHeader(file: DataFile): Promise<Row | undefined> {
  for await (const [first] of rowsOf(file)) {
    if (first.fault !== undefined) throw new DataError([faultIssue(first, first.fault)]);
    return first;
  }
  return undefined;
}

function headerIssues(
  path: string,
  names: readonly string[],
  wanted: readonly string[],
  pointer: string,
): readonly Issue[] {
  const at: Location = { kind: "config", pointer };
  const code = "config.columns";
  if (names.length > MOST_COLUMNS)
    return [{ code, problem: `a data file has at most ${MOST_COLUMNS} columns`, at, received: String(names.length) }];
  return wanted.flatMap((name): readonly Issue[] => {
    const count = names.filter((other) => other === name).length;
    if (count === 1) return [];
    return [
      {
        code,
        problem: `the file ${path} has one column "${name}"`,
        at,
        received: count === 0 ? "none" : `${count} of them`,
        hint: count === 0 ? suggestName(name, names.slice(0, 50)) : undefined,
      },
    ];
  });
}

/** The rows from one place on up to a byte, as lists of rows that were read together. Throws DataError where a row is too long or no text. */
export async function* rowsOf(
  file: DataFile,
  from: RowPlace = file.start,
  to: number = file.bytes.size,
): AsyncGenerator<readonly Row[], void> {
  const { bytes } = file;
  let place = from;
  let read = place.byte;
  let buffer = new Uint8Array();
  let wanted = CHUNK_BYTES;
  while (place.byte < to) {
    const next = Math.min(to, place.byte + wanted);
    if (read < next) buffer = joined(buffer, await bytes.read(read, next));
    read = next;
    const isLast = read === to;
    // No byte of a longer character is a line end, so that a text never ends inside one.
    const length = isLast ? buffer.length : buffer.lastIndexOf(0x0a) + 1;
    const isTooLong = buffer.length > LONGEST_ROW;
    const text = decodeText(file.path, place.line, buffer.subarray(0, length));
    const found: Row[] = [];
    const advance = placesIn(text, length, place);
    const consumed = file.rows.parse(text, isLast || isTooLong, (row) => {
      found.push(rowAt(file, text, row, advance));
    });
    const after = advance(consumed);
    if (found.length > 0) yield found;
    if (after.byte === place.byte) {
      if (isTooLong) throw tooLong(file, place);
      wanted *= 2;
      continue;
    }
    buffer = buffer.slice(after.byte - place.byte);
    place = after;
    wanted = CHUNK_BYTES;
  }
}

function rowAt(file: DataFile, text: string, row: RowText, advance: (offset: number) => RowPlace): Row {
  const { start, end, values, fault } = row;
  const from = advance(start);
  return { file, values, fault, text: text.slice(start, end), from, to: advance(end) };
}

/** Turns offsets in a text, asked for in ascending order, into places in the file. */
function placesIn(text: string, byteLength: number, begin: RowPlace): (offset: number) => RowPlace {
  const encoder = new TextEncoder();
  const isAscii = text.length === byteLength;
  let at = 0;
  let { byte, line } = begin;
  return (offset) => {
    if (offset > at) {
      byte += isAscii ? offset - at : encoder.encode(text.slice(at, offset)).length;
      for (let i = text.indexOf("\n", at); i >= 0 && i < offset; i = text.indexOf("\n", i + 1)) line++;
      at = offset;
    }
    return { byte, line };
  };
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

const tooLong = (file: DataFile, { line }: RowPlace): DataError =>
  new DataError([
    {
      code: "data.row-size",
      problem: `a row has at most ${LONGEST_ROW} bytes`,
      at: { kind: "value", name: `${file.path}, line ${line}` },
      received: "more",
    },
  ]);

/** What is wrong with a row as a whole. */
export const faultIssue = (
  { file, text, from }: Row,
  { code, problem, offset, expected, received }: RowFault,
): Issue => ({
  code,
  problem,
  at: placeInRow(file.path, from.line, text, offset),
  expected,
  received,
});

/** What is wrong with the value of a wanted column. */
export const valueIssue = (row: Row, column: number, facts: Omit<Issue, "at">): Issue => ({
  ...facts,
  at: placeInRow(row.file.path, row.from.line, row.text, row.file.rows.offsetOf(row.text, column)),
});
