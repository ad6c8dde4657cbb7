// The pages of docs/ that are made from the sources are up to date, and complete.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { describe, expect, test } from "vitest";
import { root } from "../scripts/lib/packages.mjs";
import { filesBelow, parseSource, readSource } from "./architecture/source";
import { cellPictures, cellsPage } from "./pages/cells-page";
import { configPage } from "./pages/config-page";
import { codesOf, errorsPage } from "./pages/errors-page";
import { functionsPage } from "./pages/functions-page";
import { opsPage } from "./pages/ops-page";

const sources = filesBelow("packages", ".ts")
  .filter((path) => /^packages\/[^/]+\/src\//.test(path))
  .map(readSource);

const pages: readonly (readonly [string, () => string])[] = [
  ["docs/ops.md", opsPage],
  ["docs/errors.md", () => errorsPage(sources)],
  ["docs/config.md", configPage],
  ["docs/functions.md", functionsPage],
  ["docs/cells.md", cellsPage],
];

describe("generated pages", () => {
  test.each(pages)("%s is what the sources say", async (path, write) => {
    const file = join(root, path);
    const text = await format(write(), { ...(await resolveConfig(file)), parser: "markdown" });
    if (process.env.BLESS === "1") writeFileSync(file, text);
    else
      expect(existsSync(file) ? readFileSync(file, "utf8") : "", "run `npm run reference` and commit the result").toBe(
        text,
      );
  });
});

test.each(cellPictures())("docs/%s is what the equations say", (path, text) => {
  const file = join(root, "docs", path);
  if (process.env.BLESS === "1") writeFileSync(file, text);
  else
    expect(existsSync(file) ? readFileSync(file, "utf8") : "", "run `npm run reference` and commit the result").toBe(
      text,
    );
});

describe("the page of errors", () => {
  const codes = codesOf(sources);

  test("says something about every code", () => {
    expect(codes.filter(({ meanings }) => meanings.length === 0).map(({ code }) => code)).toEqual([]);
  });

  test("has the code of every error in the golden files", () => {
    const known = codes.map(({ code }) => new RegExp(`^${code.replace(/\./g, "\\.").replace(/<\w+>/g, "\\w+")}$`));
    const seen = filesBelow("packages", ".ir").flatMap((path) =>
      [...readFileSync(join(root, path), "utf8").matchAll(/^\[([^\]\s]+\.[^\]\s]+)\]/gm)].map(([, code = ""]) => code),
    );
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.filter((code) => !known.some((pattern) => pattern.test(code)))).toEqual([]);
  });

  test("follows a code and a problem through the functions that state them", () => {
    const path = "packages/core/src/ops/made-up.ts";
    const text = `
      const MOST = 3;
      function refuse(code: string, problem: string, place: string): never {
        throw new Bad([{ code: \`made.\${code}\`, problem, at: place }]);
      }
      const check = (name: string, facts: Facts): never => { throw new Bad([{ code: \`\${name}.checked\`, ...facts }]); };
      refuse("first", \`at most \${MOST} of \${things.length}\`, "a");
      refuse("second", "plain", "b");
      check(op.name, { problem: flag ? "yes" : "no" });
    `;
    expect(codesOf([parseSource(path, text)])).toEqual([
      { code: "<op>.checked", meanings: ["no", "yes"], files: [path] },
      { code: "made.first", meanings: ["at most 3 of <length>"], files: [path] },
      { code: "made.second", meanings: ["plain"], files: [path] },
    ]);
  });
});
