/**
 * Checksums of files in a folder, in the form of `sha256sum`. `SHA256SUMS` speaks of the model, from the moment that a run
 * has a document; `log.SHA256SUMS` of the log, once the run has ended or was stopped.
 */
import { namedSums, sumsText } from "@latchgrad/optim";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { attempt, isFile, readText, RULES, writeFiles } from "./files.js";

export const LOG_SUMS_FILE = "log.SHA256SUMS";
/** More than any list of checksums has. */
const LARGEST_SUMS_FILE = 2 ** 20;

/** SHA-256 of a file of any length. Throws FileError. */
const hashOf = (path: string): Promise<string> =>
  attempt(RULES.read, path, async () => {
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    return hash.digest("hex");
  });

/** Writes the checksums of the files of the log. Throws FileError. */
export async function writeLogSums(folder: string, names: readonly string[]): Promise<void> {
  const sums = new Map<string, string>();
  for (const name of names) sums.set(name, await hashOf(join(folder, name)));
  await writeFiles(folder, { [LOG_SUMS_FILE]: sumsText(sums) });
}

/** Removes them: the log goes on. Throws FileError. */
export const removeLogSums = (folder: string): Promise<void> =>
  attempt(RULES.write, join(folder, LOG_SUMS_FILE), () => rm(join(folder, LOG_SUMS_FILE), { force: true }));

/**
 * What in a folder is not as the list of checksums `sums` says: the names of files that are missing or have other bytes, of those
 * that the list has or, with `names`, of those; or the list itself, where it cannot be read or does not have them. Nothing where there is no list.
 */
export async function changedFiles(
  folder: string,
  sums: string,
  names?: readonly string[],
): Promise<readonly string[]> {
  const path = join(folder, sums);
  if (!(await isFile(path))) return [];
  // Bytes that are no text are as wrong as any others.
  const found = namedSums(await readText(path, LARGEST_SUMS_FILE).catch(() => ""));
  if (found === undefined || names?.some((name) => !found.has(name)) === true) return [sums];
  const changed: string[] = [];
  for (const name of names ?? found.keys()) {
    const file = join(folder, name);
    if (!(await isFile(file)) || (await hashOf(file)) !== found.get(name)) changed.push(name);
  }
  return changed;
}
