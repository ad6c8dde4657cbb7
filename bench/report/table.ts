/** Markdown tables and numbers, in the form that prettier leaves as they are. */

/** Three digits that count, without an exponent. */
export const format = (value: number): string => {
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  return Number.isFinite(magnitude) ? value.toFixed(Math.max(0, Math.min(4, 2 - magnitude))) : String(value);
};

export const ratio = (value: number): string => `${format(value)} x`;
export const percent = (value: number): string => `${(100 * value).toFixed(0)} %`;

export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column].length), title.length),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
