/** The page and the figures of a sweep as files. Loads what draws, so a sweep loads this only when it writes them. */
import { join } from "node:path";
import { makeFolder, writeFiles } from "../files.js";
import { figureFile } from "../report/drawing.js";
import { printPage } from "../report/page.js";
import { openPen } from "../report/pen.js";
import { sweepFigures } from "../report/sweep-figures.js";
import { sweepPage, type SweepSummary } from "../report/sweep-page.js";

export const SWEEP_PAGE = "results.html";
const PLOTS_FOLDER = "plots";

/** Writes results.html and plots/ into the folder of a sweep. Throws FileError. */
export async function writeSweepReport(folder: string, summary: SweepSummary): Promise<void> {
  const pen = await openPen();
  await writeFiles(folder, { [SWEEP_PAGE]: printPage(sweepPage(pen, summary)) });
  const figures = sweepFigures(pen, summary.outcome);
  if (figures.length === 0) return;
  const plots = join(folder, PLOTS_FOLDER);
  await makeFolder(plots);
  await writeFiles(plots, Object.fromEntries(figures.map((figure) => [`${figure.id}.svg`, figureFile(figure)])));
}
