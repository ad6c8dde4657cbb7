// The published JSON Schema is that of the code, and says of documents what the reader says.
// BLESS=1 writes it: BLESS=1 npx vitest run packages/layers/test/schema.test.ts
import { test as property } from "@fast-check/vitest";
import { ConfigError } from "@latchgrad/core";
import { Ajv } from "ajv";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  cells,
  compositions,
  initializers,
  layers,
  losses,
  metrics,
  modelJsonSchema,
  modelSchema,
  readModelConfig,
} from "../src/index";
import { graphDocument, mutated } from "./mutate";

const file = new URL("../schema/model-1.json", import.meta.url);
const text = `${JSON.stringify(modelJsonSchema(), null, 2)}\n`;

test("schema/model-1.json is up to date; run with BLESS=1 if a change is intended", () => {
  if (process.env.BLESS === "1") {
    mkdirSync(new URL(".", file), { recursive: true });
    writeFileSync(file, text);
  }
  expect(readFileSync(file, "utf8")).toBe(text);
});

const root = JSON.parse(text) as object;

test("every type of the registries is in the schema", () => {
  for (const registry of [layers, compositions, cells, initializers, losses, metrics])
    for (const type of Object.keys(registry)) expect(text, type).toContain(`"const": "${type}"`);
});

describe("an independent validator", () => {
  const ajv = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true });
  const accepts = ajv.compile(root);

  test("accepts a document with everything in it", () => {
    expect(accepts(graphDocument), JSON.stringify(accepts.errors)).toBe(true);
  });

  const seen = { accepted: 0, refused: 0 };
  property.prop([mutated], { numRuns: 3000 })("says of documents what the reader says", (document) => {
    const isGood = modelSchema.safeParse(document).success;
    if (!isGood) expect(() => readModelConfig(document)).toThrow(ConfigError);
    seen[isGood ? "accepted" : "refused"]++;
    expect(accepts(document)).toBe(isGood);
  });

  test("has seen many documents of both kinds", () => {
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(500);
  });
});
