/** Threads do not outlive their executable, and keep no process alive: scripts that run in processes of their own. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

const scripts = ["forgets", "never-runs", "throws", "exits", "drops", "disposes"];
/** A process that is kept alive would be until it is killed. */
const LIMIT_MS = 40_000;

let folder = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "latchgrad-processes-"));
  await build({
    entryPoints: scripts.map((name) => fileURLToPath(new URL(`processes/${name}.ts`, import.meta.url))),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    logLevel: "error",
  });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function run(
  name: string,
): Promise<{ readonly code: number | null; readonly output: string; readonly errors: string }> {
  const child = spawn(process.execPath, ["--expose-gc", join(folder, `${name}.mjs`)], { timeout: LIMIT_MS });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (part: Buffer) => (output += part.toString()));
  child.stderr.on("data", (part: Buffer) => (errors += part.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, output: output.trim(), errors };
}

test.each(["forgets", "never-runs"])("a script that %s ends by itself", async (name) => {
  expect(await run(name)).toEqual({ code: 0, output: "ran on 3 threads", errors: "" });
});

test("a script that throws ends with its error", async () => {
  const { code, output, errors } = await run("throws");
  expect([code, output]).toEqual([1, "ran on 3 threads"]);
  expect(errors).toContain("thrown on purpose");
});

test("a script that calls process.exit ends with its code", async () => {
  expect(await run("exits")).toEqual({ code: 7, output: "ran on 3 threads", errors: "" });
});

test("the workers of an executable end when it is disposed", async () => {
  expect(await run("disposes")).toEqual({ code: 0, output: "2 workers, then 0", errors: "" });
});

test("the workers of executables that nobody can reach end", async () => {
  expect(await run("drops")).toEqual({ code: 0, output: "some workers, then 0", errors: "" });
});
