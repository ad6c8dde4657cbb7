/** Cells of data files as values: what counts as a number and what as a symbol. */
import type { FloatDType } from "@latchgrad/core";
import type { Slot } from "./columns.js";

/** A decimal number as people and programs write it; no "NaN", no "0x10", no blank cell. */
const NUMBER = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const LARGEST: Readonly<Record<FloatDType, number>> = { f32: 3.4028234663852886e38, f64: Number.MAX_VALUE };
/** Characters of a symbol at most. */
const LONGEST_SYMBOL = 1000;

/** Why a cell has no value, in the words of an issue. */
export interface CellFault {
  readonly code: "data.number" | "data.symbol" | "data.class";
  readonly problem: string;
  readonly expected?: string | undefined;
  readonly received: string;
}

const describe = (cell: unknown): string => {
  if (cell === undefined) return "nothing";
  if (cell === "") return "an empty cell";
  const text = JSON.stringify(cell);
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
};

/** The number, or the text of the symbol, in the cell of a slot; else what is wrong with it. */
export const readCell = (slot: Slot, cell: unknown, dtype: FloatDType): number | string | CellFault =>
  slot.values.kind === "number" ? readNumber(slot.column, cell, dtype) : readSymbol(slot, cell);

function readNumber(column: string, cell: unknown, dtype: FloatDType): number | CellFault {
  const fault = (expected?: string): CellFault => ({
    code: "data.number",
    problem: `the column "${column}" holds numbers`,
    expected,
    received: describe(cell),
  });
  const text = typeof cell === "string" ? cell.trim() : undefined;
  if (text === undefined ? typeof cell !== "number" : !NUMBER.test(text)) return fault();
  const value = Number(text ?? cell);
  return Math.abs(value) <= LARGEST[dtype]
    ? value
    : fault(`at most ${LARGEST[dtype].toPrecision(3)}, the largest of type ${dtype}`);
}

function readSymbol({ column, is, values }: Slot, cell: unknown): string | CellFault {
  const symbol = typeof cell === "number" || typeof cell === "boolean" ? String(cell) : cell;
  if (typeof symbol !== "string" || symbol.length > LONGEST_SYMBOL || (is === "target" && symbol === ""))
    return {
      code: "data.symbol",
      problem: `the column "${column}" holds ${is === "target" ? "classes" : "categories"}`,
      expected: typeof symbol === "string" ? `1 to ${LONGEST_SYMBOL} characters` : "a text, a number or a truth value",
      received: describe(cell),
    };
  if (is === "target" && values.kind === "symbol" && values.labels !== undefined && !values.labels.includes(symbol))
    return unknownClass(column, symbol, values.labels);
  return symbol;
}

/** Classes that a message lists. */
const MOST_LISTED = 20;

export const unknownClass = (column: string, symbol: string, labels: readonly string[]): CellFault => ({
  code: "data.class",
  problem: `the column "${column}" holds classes that are known`,
  expected:
    labels.length <= MOST_LISTED
      ? labels.map((label) => JSON.stringify(label)).join(", ")
      : `one of the ${labels.length} of the training part or the config`,
  received: describe(symbol),
});
