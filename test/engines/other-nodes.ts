/** Other versions of Node, which the npm package `node` brings. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { npm } from "../../scripts/lib/run.mjs";
import { bundle } from "./bundle";
import type { Trained, Training } from "./training";

const execute = promisify(execFile);
const LONGEST_ANSWER = 2 ** 26;

/** The executable of a version such as "24". */
async function executableOf(version: string): Promise<string> {
  const printing = ["exec", "--yes", "--package", `node@${version}`, "--", "node", "--print", "process.execPath"];
  const { code, output } = await npm(printing);
  const path = output.trim().split("\n").at(-1) ?? "";
  if (code !== 0 || path === "") throw new Error(`Node ${version} could not be fetched: ${output}`);
  return path;
}

/** Trains in a process of that version, from a bundle as a user would make it. */
export async function trainInNode(version: string, name: Training, threads: number): Promise<Trained> {
  const [node, scripts] = await Promise.all([executableOf(version), bundle("node", ["test/engines/node.ts"])]);
  const folder = await mkdtemp(join(tmpdir(), "latchgrad-engines-"));
  try {
    const script = join(folder, "node.mjs");
    await writeFile(script, scripts.get("node.js") ?? "");
    const { stdout } = await execute(node, [script, name, String(threads)], { maxBuffer: LONGEST_ANSWER });
    return JSON.parse(stdout) as Trained;
  } finally {
    await rm(folder, { recursive: true });
  }
}
