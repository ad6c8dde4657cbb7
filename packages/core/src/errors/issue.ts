/**
 * A problem as data, and the one place where it becomes text. Every error of
 * Latchgrad carries a list of issues; the message is derived from them, so a
 * program reads facts and a person reads sentences, and the two cannot differ.
 */

/** Where a problem is. */
export type Location =
  | { readonly kind: "config"; readonly pointer: string }
  | { readonly kind: "node"; readonly graph: string; readonly text: string; readonly origin?: string | undefined }
  | {
      readonly kind: "text";
      /** The file that the text is from, where there are several. */
      readonly file?: string | undefined;
      readonly line: number;
      readonly column?: number | undefined;
      /** The line, or the part of a long line that begins at column `start`. */
      readonly text: string;
      readonly start?: number | undefined;
    }
  | {
      readonly kind: "equation";
      readonly pointer: string;
      /** For people: "cell peephole, equation 1". */
      readonly place: string;
      /** The whole equation. */
      readonly text: string;
      /** First and last column of the part that is meant, counted from 1. */
      readonly from: number;
      readonly to: number;
    }
  | {
      readonly kind: "bytes";
      /** Of a file, counted from 0. */
      readonly offset: number;
      /** What stands there: "tensor memory.Wf". */
      readonly name?: string | undefined;
    }
  | { readonly kind: "value"; readonly name: string };

export interface Issue {
  /** Stable and documented, for example "dotGeneral.C2" or "config.unknown-key". */
  readonly code: string;
  /** One line without a period: the rule that was broken, stated positively where possible. */
  readonly problem: string;
  readonly at: Location;
  readonly expected?: string | undefined;
  readonly received?: string | undefined;
  /** What to change; only when that is fairly sure. */
  readonly hint?: string | undefined;
}

/** Characters of a line that a message quotes at most. */
const WINDOW = 120;

/** The part of a line around a column, and the column it begins at. Signs that would move a caret become blanks. */
export function windowAround(line: string, column: number): { readonly start: number; readonly text: string } {
  const full = line.replace(/[\t\r\n]/g, " ");
  if (full.length <= WINDOW) return { start: 1, text: full.trimEnd() };
  const from = Math.max(0, Math.min(column - 1 - WINDOW / 2, full.length - WINDOW));
  return { start: from + 1, text: full.slice(from, from + WINDOW) };
}

const LABEL_WIDTH = 9;

const field = (label: string, text: string | undefined): readonly string[] =>
  text === undefined ? [] : [`  ${label.padEnd(LABEL_WIDTH)}${text}`];

function formatLocation(at: Location): readonly string[] {
  switch (at.kind) {
    case "config":
      return field("at", at.pointer === "" ? "the document itself" : at.pointer);
    case "node":
      return [...field("at", `${at.text}   in graph ${at.graph}`), ...field("from", at.origin)];
    case "text": {
      const file = at.file === undefined ? "" : `${at.file}, `;
      const head = `${file}line ${at.line}${at.column === undefined ? "" : `, column ${at.column}`}: ${at.start === undefined ? "" : "…"}`;
      const indent = head.length + (at.column ?? 0) - (at.start ?? 1);
      return [...field("at", head + at.text), ...(at.column === undefined ? [] : field("", `${" ".repeat(indent)}^`))];
    }
    case "equation": {
      const { start, text } = windowAround(at.text, at.from);
      const cut = start > 1 ? "…" : "";
      const indent = " ".repeat(cut.length + at.from - start);
      const width = Math.max(1, Math.min(at.to - at.from + 1, start + text.length - at.from));
      return [
        ...field("at", cut + text),
        ...field("", indent + "^".repeat(width)),
        ...field("in", `${at.place}, ${at.from === at.to ? `column ${at.from}` : `columns ${at.from}-${at.to}`}`),
        ...field("from", at.pointer),
      ];
    }
    case "bytes":
      return field("at", `byte ${at.offset}${at.name === undefined ? "" : `   in ${at.name}`}`);
    case "value":
      return field("at", at.name);
    default:
      return at satisfies never;
  }
}

/** The text of one issue: code and rule, then at, from, expected, received, hint; absent lines are left out. */
export const formatIssue = (issue: Issue): string =>
  [
    `[${issue.code}] ${issue.problem}`,
    ...formatLocation(issue.at),
    ...field("expected", issue.expected),
    ...field("received", issue.received),
    ...field("hint", issue.hint),
  ].join("\n");
