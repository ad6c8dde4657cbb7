/** Numbers of the results as the page says them. */
import { formatNumber } from "@latchgrad/cli";

export const CELL_ORDER: readonly string[] = ["rnn", "gru", "lstm"];

const NAMES: Readonly<Record<string, string>> = {
  rnn: "Elman",
  gru: "GRU",
  lstm: "LSTM",
  withoutForgetGate: "no forget gate",
  withoutInputGate: "no input gate",
  withoutOutputGate: "no output gate",
  coupled: "coupled gates",
};
export const cellName = (cell: string): string => NAMES[cell] ?? cell;

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Means of what has the same key, in ascending order of keys. */
export function meanBy<T>(
  items: readonly T[],
  keyOf: (item: T) => number,
  valueOf: (item: T) => number,
): readonly (readonly [key: number, mean: number])[] {
  const keys = [...new Set(items.map(keyOf))].sort((a, b) => a - b);
  return keys.map((key) => [key, mean(items.filter((item) => keyOf(item) === key).map(valueOf))] as const);
}

/** Two digits, without an exponent: 0.0042, 0.00031, 0.16. */
export function short(value: number): string {
  if (value === 0 || Math.abs(value) >= 1) return formatNumber(value, 2);
  return value.toFixed(Math.min(20, 1 - Math.floor(Math.log10(Math.abs(value)))));
}

/** A number of a hand calculation: four places. */
export const four = (value: number): string => value.toFixed(4).replace(/^-(0\.0000)$/, "$1");

/** "0.0042 (0.0031 to 0.0055)". */
export const withRange = (values: readonly number[]): string =>
  `${short(mean(values))} (${short(Math.min(...values))} to ${short(Math.max(...values))})`;

/** A table in Markdown, with columns as wide as their widest cell; the first column stands left, numbers right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = rows.reduce<readonly number[]>(
    (widest, row) => row.map((cell, i) => Math.max(3, widest[i] ?? 0, [...cell].length)),
    [],
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const padded = (row: readonly string[]): string =>
    line(
      row.map((cell, i) => {
        const room = " ".repeat((widths[i] ?? 0) - [...cell].length);
        return right.includes(i) ? `${room}${cell}` : `${cell}${room}`;
      }),
    );
  const rule = line(widths.map((width, i) => (right.includes(i) ? `${"-".repeat(width - 1)}:` : "-".repeat(width))));
  const [head = [], ...body] = rows;
  return [padded(head), rule, ...body.map(padded)].join("\n");
}
