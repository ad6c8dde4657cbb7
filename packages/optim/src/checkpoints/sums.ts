/**
 * The checksums of a checkpoint, as the file SHA256SUMS that `sha256sum --check`
 * reads too: one line per file, its SHA-256, two spaces, its name.
 */
import { sha256 } from "../sha256.js";
import type { CheckpointFiles } from "./store.js";

export const SUMS_FILE = "SHA256SUMS";

/** A file that belongs to a checkpoint: no path, nothing hidden. */
const LINE = /^([0-9a-f]{64}) {2}([a-z][a-z0-9.-]*)$/;

/** The text of a list of checksums by the names of files. */
export const sumsText = (sums: ReadonlyMap<string, string>): string =>
  [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, sum]) => `${sum}  ${name}\n`)
    .join("");

/** The checksums in such a text, by the names of files; undefined where it is damaged. */
export function namedSums(text: string): ReadonlyMap<string, string> | undefined {
  const sums = new Map<string, string>();
  for (const line of text.split("\n").slice(0, -1)) {
    const [, sum = "", name = ""] = LINE.exec(line) ?? [];
    if (name === "" || sums.has(name)) return undefined;
    sums.set(name, sum);
  }
  // A line without an end was cut off.
  return sums.size > 0 && text.endsWith("\n") ? sums : undefined;
}

/** The text that belongs to these files. */
async function sumsOf(files: CheckpointFiles): Promise<string> {
  const sums = new Map<string, string>();
  for (const [name, bytes] of Object.entries(files)) sums.set(name, await sha256(bytes));
  return sumsText(sums);
}

/** The files together with their checksums. */
export const withSums = async (files: CheckpointFiles): Promise<CheckpointFiles> => ({
  ...files,
  [SUMS_FILE]: new TextEncoder().encode(await sumsOf(files)),
});

/**
 * The files that the checksums speak of, if every one is there and every bit of them and of the checksums is as it was
 * written; else what is wrong, in words. Files that they do not speak of do not count.
 */
export async function checkedFiles(files: CheckpointFiles): Promise<CheckpointFiles | string> {
  if (!Object.hasOwn(files, SUMS_FILE)) return `${SUMS_FILE} is missing`;
  const text = new TextDecoder().decode(files[SUMS_FILE]);
  const sums = namedSums(text);
  if (sums === undefined) return `${SUMS_FILE} is damaged`;
  const named = [...sums.keys()];
  const missing = named.filter((name) => !Object.hasOwn(files, name));
  if (missing.length > 0) return `${missing.join(", ")} is missing`;
  const present = Object.fromEntries(named.map((name) => [name, files[name]]));
  // Written again from what is there, the text must come out the same to the last byte.
  const expected = await sumsOf(present);
  if (expected === text && sameBytes(new TextEncoder().encode(expected), files[SUMS_FILE])) return present;
  const lines = new Set(text.split("\n"));
  const wrong = named.filter(
    (name) => !expected.split("\n").some((line) => line.endsWith(`  ${name}`) && lines.has(line)),
  );
  return wrong.length === 0 ? `${SUMS_FILE} is damaged` : `the checksum of ${wrong.join(", ")} does not match`;
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
