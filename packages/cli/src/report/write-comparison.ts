/** Compares runs: reads them, gives the text, and writes the page. Loads what draws only where there is a page. */
import { MODEL_FILES } from "@latchgrad/layers";
import { join } from "node:path";
import { namedRuns, printComparison } from "./comparison.js";
import { readRun } from "./read-run.js";
import type { RunData } from "./run-data.js";

export interface Comparison {
  /** Folders of the runs. */
  readonly runs: readonly string[];
  /** Path of the HTML file; absent: none. */
  readonly out?: string | undefined;
  /** Told which run is read, for errors. */
  onFile(path: string): void;
}

/** The comparison as text; with `out` it is written as a page too. Throws LatchgradError. */
export async function compareRuns({ runs, out, onFile }: Comparison): Promise<string> {
  const data: RunData[] = [];
  for (const folder of runs) {
    onFile(join(folder, MODEL_FILES.config));
    data.push(await readRun(folder));
  }
  const named = namedRuns(data);
  if (out !== undefined) {
    const [{ comparisonPage }, { openPen }, { printPage }, { writePage }] = await Promise.all([
      import("./comparison-page.js"),
      import("./pen.js"),
      import("./page.js"),
      import("./write-report.js"),
    ]);
    await writePage(out, printPage(comparisonPage(await openPen(), named)));
  }
  return printComparison(named);
}
