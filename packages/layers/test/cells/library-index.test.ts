// The index of the library names every document in packages/layers/cells. `npm run reference` writes it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cellDocumentSchema } from "../../src/index";

const folder = new URL("../../cells/", import.meta.url);
const index = new URL("../../src/cells/generated/library.ts", import.meta.url);

const names = existsSync(folder)
  ? readdirSync(folder)
      .filter((file) => file.endsWith(".json"))
      .map((file) => file.slice(0, -".json".length))
      .sort()
  : [];

const text = [
  "// Made from the files of packages/layers/cells by `npm run reference`. Do not edit.",
  ...names.map((name) => `import ${name} from "../../../cells/${name}.json";`),
  "",
  "/** The documents of the library, as they are in their files; read with the schema when a model uses them. */",
  `export const libraryDocuments: Readonly<Record<string, unknown>> = {${names.length === 0 ? "" : "\n"}${names.map((name) => `  ${name},\n`).join("")}};`,
  "",
].join("\n");

test("src/cells/generated/library.ts is up to date", () => {
  if (process.env.BLESS === "1") writeFileSync(index, text);
  expect(readFileSync(index, "utf8"), "run `npm run reference` and commit the result").toBe(text);
});

test("every file is a cell document, called by a name that configs and programs can use", () => {
  for (const name of names) {
    expect(name).toMatch(/^[a-z][A-Za-z0-9]*$/);
    const document: unknown = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
    expect(cellDocumentSchema.safeParse(document).error, name).toBeUndefined();
  }
});
