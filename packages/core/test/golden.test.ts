// Runs golden/**/*.ir: a comment that says what to notice, "; run: steps", a graph, "---", and what the steps make of it.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { LatchgradError } from "../src/errors/errors.js";
import { loopPasses } from "../src/passes/index.js";
import { runGolden } from "./golden-steps.js";

const folder = join(dirname(fileURLToPath(import.meta.url)), "golden");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ir"))
  .sort();

const errorText = (error: unknown): string | undefined =>
  error instanceof LatchgradError ? `${error.name}\n${error.message}\n` : undefined;

/** Head and input up to the line ---, and what follows it. */
function partsOf(text: string): {
  readonly head: string;
  readonly input: string;
  readonly run: string;
  readonly expected: string;
} {
  const [before, expected = ""] = text.split(/^---\n/m, 2);
  const lines = before.split("\n");
  const end = lines.findIndex((line) => !line.startsWith(";"));
  const run = lines.slice(0, end).find((line) => line.startsWith("; run:"));
  return {
    head: lines.slice(0, end).join("\n") + "\n",
    input: lines.slice(end).join("\n"),
    run: run?.slice("; run:".length) ?? "",
    expected,
  };
}

describe("golden files", () => {
  test.each(files)("%s", (file) => {
    const path = join(folder, file);
    const { head, input, run, expected } = partsOf(readFileSync(path, "utf8"));
    expect(run, "a golden file has a line '; run: ...' before its graph").not.toBe("");
    const received = runGolden(run, input, errorText);
    if (process.env.BLESS === "1") writeFileSync(path, `${head}${input}---\n${received}`);
    else expect(received, "run with BLESS=1 if this change is intended").toBe(expected);
  });
});

describe("coverage", () => {
  const passes = [...new Set(loopPasses.map((pass) => pass.name))];

  test.each(passes)("%s has a file where it acts and one where it must not", (name) => {
    const unchanged = files
      .map((file) => partsOf(readFileSync(join(folder, file), "utf8")))
      .filter(({ run }) => run.trim() === name)
      .map(({ input, expected }) => input === expected);
    expect(unchanged).toContain(true);
    expect(unchanged).toContain(false);
  });

  test("files begin with what to notice, and say it in their names", () => {
    for (const file of files) {
      expect(readFileSync(join(folder, file), "utf8"), file).toMatch(/^; \p{Lu}.*[.?]\n/u);
      expect(file).toMatch(/[a-z0-9]+(-[a-z0-9]+)+\.ir$/);
    }
  });
});
