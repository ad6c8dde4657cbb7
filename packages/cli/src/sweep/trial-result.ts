/** `result.json`: what came of a trial, written once it has ended by itself. Whoever finds it has nothing more to do. */
import { canonicalJson, type Evaluation } from "@latchgrad/optim";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isFile, writeFiles } from "../files.js";

export const RESULT_FILE = "result.json";
export const TRIALS_FOLDER = "trials";

/** Loss and metrics on a part of the data. */
export type Scores = Readonly<Record<string, number>>;

export interface DoneTrial {
  readonly state: "done";
  /** Steps made, and those that made the model. */
  readonly step: number;
  readonly modelStep: number;
  readonly reason: string;
  /** By part of the data. */
  readonly scores: Readonly<Record<Evaluation["split"], Scores>>;
}

export interface FailedTrial {
  readonly state: "failed";
  readonly error: string;
}

export type TrialResult = DoneTrial | FailedTrial;

interface StoredResult {
  readonly format: 1;
  readonly id: string;
  /** Of all the rest. */
  readonly sha256: string;
}

/** The folder of a trial in that of a sweep. */
export const trialFolder = (out: string, id: string): string => join(out, TRIALS_FOLDER, id);

/** What came of the trial in a folder; undefined where it has not come to an end. Throws FileError. */
export async function readResult(folder: string, id: string): Promise<TrialResult | undefined> {
  const path = join(folder, RESULT_FILE);
  if (!(await isFile(path))) return undefined;
  try {
    const { sha256, ...rest } = JSON.parse(await readFile(path, "utf8")) as StoredResult & TrialResult;
    return rest.format === 1 && rest.id === id && sha256 === hashOf(rest) ? rest : undefined;
  } catch {
    // What is no result is made again; the checkpoints say how far the trial was.
    return undefined;
  }
}

const hashOf = (rest: object): string => createHash("sha256").update(canonicalJson(rest)).digest("hex");

/** Writes it down. Throws FileError. */
export async function writeResult(folder: string, id: string, result: TrialResult): Promise<void> {
  // As JSON has it, without what is undefined.
  const rest = JSON.parse(JSON.stringify({ format: 1, id, ...result })) as object;
  const stored = { ...rest, sha256: hashOf(rest) };
  await writeFiles(folder, { [RESULT_FILE]: `${JSON.stringify(stored, undefined, 2)}\n` });
}
