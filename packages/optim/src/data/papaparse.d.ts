// The part of Papa Parse that is used. Its published types bring those of Node with them, which this package does without.
declare module "papaparse" {
  interface StepResult {
    readonly data: readonly string[];
    readonly errors: readonly { readonly code: string; readonly message: string; readonly index?: number }[];
    /** `cursor`: the offset behind the row and its line end. */
    readonly meta: { readonly cursor: number };
  }
  interface StepParser {
    abort(): void;
  }
  interface ParseOptions {
    readonly delimiter: string;
    readonly newline: "\n";
    step(result: StepResult, parser: StepParser): void;
  }
  interface ParsedRows {
    readonly data: readonly (readonly string[])[];
    readonly errors: readonly { readonly message: string }[];
  }
  interface UnparseOptions {
    readonly newline: "\n";
  }
  const Papa: {
    parse(text: string, options: ParseOptions): void;
    parse(text: string, options: { readonly delimiter: string }): ParsedRows;
    /** Rows as text, without a line end behind the last. */
    unparse(rows: readonly (readonly unknown[])[], options: UnparseOptions): string;
  };
  export = Papa;
}
