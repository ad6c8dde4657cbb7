/** A sweep on disk: its document, and the experiment that it names, whose path is relative to it. */
import { readSweep, type SweepConfig } from "@latchgrad/optim";
import { dirname, resolve } from "node:path";
import { readJsonFile } from "../experiment-file.js";

export interface SweepFile {
  readonly sweep: SweepConfig;
  /** The experiment's document, unchanged. */
  readonly document: unknown;
  /** Where that document is. */
  readonly model: string;
}

/** Reads both. `onFile` is told which file is read next. Throws FileError or ConfigError. */
export async function readSweepFile(path: string, onFile: (path: string) => void): Promise<SweepFile> {
  const sweep = readSweep(await readJsonFile(path));
  const model = resolve(dirname(path), sweep.model);
  onFile(model);
  const document = await readJsonFile(model);
  onFile(path);
  return { sweep, document, model };
}
