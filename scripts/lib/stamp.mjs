// Skips work whose inputs have not changed: a hash of the inputs is kept in node_modules and compared next time.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./packages.mjs";

/**
 * Runs `work` unless it already succeeded on the same bytes and all that it makes is still there.
 * @param {{ name: string, inputs: string[], outputs: string[] }} task paths are relative to the root
 * @param {() => Promise<import("./run.mjs").Result>} work
 * @returns {Promise<import("./run.mjs").Result>}
 */
export async function unlessInStep({ name, inputs, outputs }, work) {
  const folder = join(root, "node_modules", ".latchgrad");
  const stamp = join(folder, name);
  const hash = hashOf(inputs);
  const inStep = existsSync(stamp) && readFileSync(stamp, "utf8") === hash;
  if (inStep && outputs.every((path) => existsSync(join(root, path)))) return { code: 0, output: "in step\n" };
  rmSync(stamp, { force: true });
  const result = await work();
  if (result.code === 0) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(stamp, hash);
  }
  return result;
}

/** @param {string[]} paths */
function hashOf(paths) {
  const hash = createHash("sha256").update(process.version);
  for (const file of paths.flatMap(filesIn)) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/** @param {string} path @returns {string[]} */
function filesIn(path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  if (!statSync(full).isDirectory()) return [path];
  return readdirSync(full)
    .sort()
    .flatMap((entry) => filesIn(`${path}/${entry}`));
}
