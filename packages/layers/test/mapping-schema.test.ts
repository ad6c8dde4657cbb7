// The published JSON Schema of a mapping is that of the code, and describes every key.
// BLESS=1 writes it: BLESS=1 npx vitest run packages/layers/test/mapping-schema.test.ts
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mappingJsonSchema } from "../src/index";

const file = new URL("../schema/mapping-1.json", import.meta.url);
const text = `${JSON.stringify(mappingJsonSchema(), null, 2)}\n`;

test("schema/mapping-1.json is up to date; run with BLESS=1 if a change is intended", () => {
  if (process.env.BLESS === "1") writeFileSync(file, text);
  expect(readFileSync(file, "utf8")).toBe(text);
});

test("every key is described, for editors to show", () => {
  const undescribed: string[] = [];
  JSON.parse(text, function (this: unknown, key, value: unknown): unknown {
    if (key !== "properties") return value;
    for (const [name, schema] of Object.entries(value as Readonly<Record<string, { description?: string }>>))
      if (schema.description === undefined) undescribed.push(name);
    return value;
  });
  expect(undescribed).toEqual([]);
});
