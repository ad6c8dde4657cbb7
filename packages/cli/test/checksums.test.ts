// What has checksums in the folder of a run, and what is said where they do not fit.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyDocument } from "./command";
import { latchgrad } from "./in-process";

let base: string;
const inBase = (...names: readonly string[]): string => join(base, ...names);
const read = (...names: readonly string[]): string => readFileSync(inBase(...names), "latin1");
function copyOf(run: string, name: string): string {
  cpSync(inBase(run), inBase(name), { recursive: true });
  return inBase(name);
}
function change(path: string, from: string | RegExp, to: string): void {
  const text = readFileSync(path, "latin1");
  expect(text.replace(from, to)).not.toBe(text);
  writeFileSync(path, text.replace(from, to), "latin1");
}

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "latchgrad-sums-"));
  writeFileSync(inBase("model.json"), JSON.stringify(tinyDocument));
  for (const [name, seed] of [
    ["run", 1],
    ["other", 2],
  ] as const)
    expect(
      await latchgrad(
        "train",
        inBase("model.json"),
        "--out",
        inBase(name),
        "--no-report",
        "--precision",
        "reproducible",
        "--set",
        `training.seed=${seed}`,
      ),
    ).toMatchObject({ code: 0, error: "" });
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

test.runIf(spawnSync("sha256sum", ["--version"]).status === 0)("sha256sum agrees with both lists", () => {
  for (const list of ["SHA256SUMS", "log.SHA256SUMS"])
    expect(spawnSync("sha256sum", ["--check", "--strict", list], { cwd: inBase("run") }).status).toBe(0);
  expect(read("run", "log.SHA256SUMS").match(/[a-z.]+$/gm)).toEqual([
    "evaluations.csv",
    "metrics.csv",
    "metrics.jsonl",
  ]);
});

test("a digit of the log that was changed is told by report and compare, and when the run goes on", async () => {
  const folder = copyOf("run", "digit");
  change(join(folder, "metrics.jsonl"), /"loss":(\d)\./, '"loss":9.');
  expect((await latchgrad("report", folder)).code).toBe(0);
  expect(read("digit", "report.html")).toContain("metrics.jsonl is not as it was written");
  expect((await latchgrad("compare", folder, inBase("other"))).out).toMatch(
    /^digit: metrics\.jsonl is not as it was written/,
  );
  const { code, out } = await latchgrad("train", folder, "--resume", "--no-report");
  expect(code).toBe(0);
  expect(out).toContain("metrics.jsonl: not as the run left it");
  expect(read("digit", "model.safetensors")).toBe(read("run", "model.safetensors"));
});

test("a document that was changed is told by report, and refused where the model is used", async () => {
  const folder = copyOf("run", "document");
  change(join(folder, "model.json"), '"length": 5', '"length": 6');
  await latchgrad("report", folder);
  expect(read("document", "report.html")).toContain("model.json is not as it was written");
  const { code, error } = await latchgrad("eval", folder);
  expect(code).toBe(1);
  expect(error).toContain("the checksum of model.json does not match");
});

test("checksums that do not speak of the weights are no checksums of the model", async () => {
  const folder = copyOf("run", "unlisted");
  change(join(folder, "SHA256SUMS"), /.*model\.safetensors\n/, "");
  const { code, error } = await latchgrad("eval", folder);
  expect([code, error]).toEqual([1, expect.stringContaining("no checksum of model.safetensors")]);
});

test("a checkpoint of another run in the folder is refused by the folder's own document", async () => {
  const folder = copyOf("run", "mixed");
  cpSync(inBase("other", "checkpoints"), join(folder, "checkpoints"), { recursive: true });
  const { code, error } = await latchgrad("train", folder, "--resume", "--no-report");
  expect(code).toBe(1);
  expect(error).toContain("[checkpoint.other-run]");
  expect(error).toContain("at       /training/seed");
  expect(read("mixed", "model.safetensors")).toBe(read("run", "model.safetensors"));
});

test("a run that was killed before its first checkpoint begins by its folder alone, with its precision", async () => {
  const folder = copyOf("run", "early");
  for (const name of ["checkpoints", "model.safetensors", "metrics.jsonl", "log.SHA256SUMS"])
    rmSync(join(folder, name), { recursive: true });
  expect(await latchgrad("train", folder, "--resume", "--no-report")).toMatchObject({ code: 0, error: "" });
  for (const name of ["model.safetensors", "SHA256SUMS", "log.SHA256SUMS"])
    expect(read("early", name)).toBe(read("run", name));
});

test("the precision of a model is with its weights: eval needs no other file for its numbers", async () => {
  const folder = copyOf("run", "no-environment");
  rmSync(join(folder, "environment.json"));
  expect(JSON.parse((await latchgrad("eval", folder, "--json")).out)).toMatchObject({ precision: "reproducible" });
});
