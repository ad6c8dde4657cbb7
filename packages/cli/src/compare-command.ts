/** `latchgrad compare`: several runs beside each other, as text and as one HTML page. */
import type { Screen } from "./screen.js";

export interface CompareCommand {
  /** Folders of the runs, two or more. */
  readonly runs: readonly string[];
  /** The page; absent: text only. */
  readonly out?: string | undefined;
  readonly screen: Screen;
  /** Told which run is read, for errors. */
  onFile(path: string): void;
}

/** Shows how runs compare; returns the exit code. Throws LatchgradError. */
export async function compareCommand({ runs, out, screen, onFile }: CompareCommand): Promise<number> {
  const { compareRuns } = await import("./report/write-comparison.js");
  screen.write(await compareRuns({ runs, out, onFile }));
  if (out !== undefined) screen.write(`\nthe comparison is in ${out}\n`);
  return 0;
}
