/** What is left in folders when runs have ended, compared byte for byte. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** These tell the time or how often a run was started; that they are there counts, their bytes do not. */
const CLOCKED = /(^|\/)(environment\.json|timing\.jsonl)$/;

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

/** Files that only one of two folders has, such as what a killed process left behind, and those with other bytes, in words. */
export function differences(whole: string, other: string): readonly string[] {
  const [before, after] = [filesIn(whole), filesIn(other)];
  const changed = before.filter(
    (name) =>
      after.includes(name) &&
      !CLOCKED.test(name) &&
      !readFileSync(join(whole, name)).equals(readFileSync(join(other, name))),
  );
  return [
    ...before.filter((name) => !after.includes(name)).map((name) => `${name} is missing`),
    ...after.filter((name) => !before.includes(name)).map((name) => `${name} was left behind`),
    ...changed.map((name) => `${name} has other bytes`),
  ];
}
