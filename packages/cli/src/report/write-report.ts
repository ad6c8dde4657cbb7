/** Writes the report of a run: the page, and its figures as files. Loads what draws, so commands load this only when they write one. */
import { basename, dirname } from "node:path";
import { makeFolder, writeFiles } from "../files.js";
import { figureFile, type Figure } from "./drawing.js";
import { printPage } from "./page.js";
import { openPen } from "./pen.js";
import { openPixels } from "./pixels.js";
import { readRun } from "./read-run.js";
import { figuresOf, runPage } from "./run-page.js";

export type PlotFormat = "svg" | "png";

export interface ReportFiles {
  /** Folder of the run. */
  readonly run: string;
  /** Path of the HTML file. */
  readonly page: string;
  /** A folder for the figures, each as a file; absent: none. */
  readonly plots?: string | undefined;
  readonly format: PlotFormat;
}

/** Writes the page of a run, and its figures where they are asked for; returns how many figures there are. Throws LatchgradError. */
export async function writeReport({ run, page, plots, format }: ReportFiles): Promise<number> {
  const data = await readRun(run);
  const content = runPage(await openPen(), data);
  const figures = figuresOf(content);
  await writePage(page, printPage(content));
  if (plots !== undefined) await writePlots(plots, format, figures);
  return figures.length;
}

/** Writes an HTML file, and the folder that it is in. Throws FileError. */
export async function writePage(path: string, text: string): Promise<void> {
  await makeFolder(dirname(path));
  await writeFiles(dirname(path), { [basename(path)]: text });
}

async function writePlots(folder: string, format: PlotFormat, figures: readonly Figure[]): Promise<void> {
  const contentOf = format === "svg" ? figureFile : await openPixels();
  await makeFolder(folder);
  await writeFiles(folder, Object.fromEntries(figures.map((figure) => [`${figure.id}.${format}`, contentOf(figure)])));
}
