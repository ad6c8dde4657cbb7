/** Where the command writes: a terminal, or a file or pipe that keeps every line. */

export interface Screen {
  write(text: string): void;
  /** Width in characters; undefined where it is not a terminal. */
  readonly columns: number | undefined;
}

/** The standard output of the process. */
export const standardOutput = (): Screen => ({
  write: (text) => void process.stdout.write(text),
  get columns() {
    return process.stdout.isTTY ? process.stdout.columns : undefined;
  },
});

export interface LiveLine {
  /** Shows a line in place of the one shown before. Only on a terminal; elsewhere nothing happens. */
  show(line: string): void;
  /** Writes lines that stay, above the one that changes. */
  print(text: string): void;
  /** Removes the line that changes. */
  clear(): void;
}

/** Moves to the first column and erases the line. */
const ERASE = "\r\u001b[2K";

/** One line at the bottom that changes, and lines above it that stay. */
export function liveLine(screen: Screen): LiveLine {
  let shown = "";
  const clear = (): void => {
    if (shown !== "") screen.write(ERASE);
    shown = "";
  };
  return {
    show(line) {
      const { columns } = screen;
      if (columns === undefined) return;
      // A line that reaches the last column would wrap, and could then not be erased.
      const fitting = line.slice(0, columns - 1);
      screen.write(ERASE + fitting);
      shown = fitting;
    },
    print(text) {
      const line = shown;
      clear();
      screen.write(text);
      if (line !== "") this.show(line);
    },
    clear,
  };
}
