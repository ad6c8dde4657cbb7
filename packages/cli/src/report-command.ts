/** `latchgrad report`: a run's folder as one HTML page, and its figures as files. */
import { join } from "node:path";
import { formatPlural } from "./format.js";
import type { PlotFormat } from "./report/write-report.js";
import type { Screen } from "./screen.js";

/** The page in the folder of a run. */
export const REPORT_FILE = "report.html";
export const PLOT_FORMATS: readonly PlotFormat[] = ["svg", "png"];

export interface ReportCommand {
  /** Folder of the run. */
  readonly run: string;
  /** The page; absent: report.html in the folder of the run. */
  readonly out?: string | undefined;
  /** A folder for the figures, each as a file; absent: none. */
  readonly plots?: string | undefined;
  readonly format: PlotFormat;
  readonly screen: Screen;
}

/** Writes the report of a run; returns the exit code. Throws LatchgradError. */
export async function reportCommand({ run, out, plots, format, screen }: ReportCommand): Promise<number> {
  // What draws takes a moment to load, and no other command needs it.
  const { writeReport } = await import("./report/write-report.js");
  const page = out ?? join(run, REPORT_FILE);
  const figures = await writeReport({ run, page, plots, format });
  screen.write(`the report is in ${page}\n`);
  if (plots !== undefined) screen.write(`${formatPlural(figures, "figure")} in ${join(plots, "/")}\n`);
  return 0;
}

/** Writes the report of a run that has ended. A run does not fail because its report does: what went wrong is told, and that is all. */
export async function reportAfterRun(folder: string, screen: Screen): Promise<void> {
  const page = join(folder, REPORT_FILE);
  try {
    const { writeReport } = await import("./report/write-report.js");
    await writeReport({ run: folder, page, format: "svg" });
    screen.write(`the report is in ${page}\n`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    screen.write(`no report was written; latchgrad report ${folder} tries again\n${reason}\n`);
  }
}
