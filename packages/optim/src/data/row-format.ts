/** What a format of data files does: it finds rows in a text, and in a row the values of the columns that somebody wants. */

/** What is wrong with a row, seen from its own text. */
export interface RowFault {
  readonly code: "data.syntax" | "data.columns";
  readonly problem: string;
  /** In the text of the row. */
  readonly offset: number;
  readonly expected?: string | undefined;
  readonly received?: string | undefined;
}

/** A row as it stands in a text. */
export interface RowText {
  /** Offsets in the text; the line end belongs to the row. */
  readonly start: number;
  readonly end: number;
  /** The values of the wanted columns, in their order; undefined where the row has none. */
  readonly values: readonly unknown[];
  readonly fault?: RowFault | undefined;
}

export interface RowFormat {
  /**
   * Tells the rows of a text that begins with a row and ends with a line end. Returns how many characters they take: the
   * rest is a row that goes on behind the text. With `isLast` nothing comes behind it.
   */
  parse(text: string, isLast: boolean, tell: (row: RowText) => void): number;
  /** Where in the text of a row the value of a wanted column begins; 0 where it has none. */
  offsetOf(row: string, column: number): number;
}
