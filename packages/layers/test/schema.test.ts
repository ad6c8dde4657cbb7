// The published JSON Schema is that of the code, says something of every key, and says of documents what the reader says.
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

interface Node {
  readonly [key: string]: unknown;
}
const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null;

/** Every object in the schema, with its pointer. */
function nodesOf(root: unknown): readonly (readonly [string, Node])[] {
  const found: (readonly [string, Node])[] = [];
  const visit = (value: unknown, pointer: string): void => {
    if (!isNode(value)) return;
    found.push([pointer, value]);
    for (const [key, child] of Object.entries(value)) visit(child, `${pointer}/${key}`);
  };
  visit(root, "");
  return found;
}

const root = JSON.parse(text) as Node;
const nodes = nodesOf(root);

/** What an editor knows of a value: the node itself, and what it refers to. */
function withReferences(node: unknown): Node {
  if (!isNode(node)) return {};
  const parts = [node.$ref, ...(Array.isArray(node.allOf) ? node.allOf.map((part: Node) => part.$ref) : [])];
  const targets = parts.flatMap((part) =>
    typeof part === "string" ? [withReferences((root.definitions as Node)[part.replace("#/definitions/", "")])] : [],
  );
  return Object.assign({}, ...targets, node) as Node;
}

const keys = nodes.flatMap(([pointer, { properties }]) =>
  isNode(properties)
    ? Object.entries(properties).map(([key, node]) => [`${pointer}/${key}`, withReferences(node)] as const)
    : [],
);

test("every key is described", () => {
  expect(keys.length).toBeGreaterThan(100);
  expect(keys.filter(([, node]) => typeof node.description !== "string").map(([pointer]) => pointer)).toEqual([]);
});

test("every key has a default, an example, or values that can be listed", () => {
  const silent = keys.filter(([, node]) => !["default", "examples", "const", "enum"].some((fact) => fact in node));
  expect(silent.map(([pointer]) => pointer)).toEqual([]);
});

test("every object is closed or says of what kind further keys are, so that an editor marks a misspelled key", () => {
  const isTyped = (further: unknown): boolean => isNode(further) && Object.keys(further).length > 0;
  const open = nodes.filter(
    ([, node]) => isNode(node.properties) && node.additionalProperties !== false && !isTyped(node.additionalProperties),
  );
  expect(open.map(([pointer]) => pointer)).toEqual([]);
});

test("every type of the registries is in the schema", () => {
  const types = new Set(nodes.map(([, node]) => node.const));
  for (const registry of [layers, compositions, cells, initializers, losses, metrics])
    for (const type of Object.keys(registry)) expect(types, type).toContain(type);
});

describe("an independent validator", () => {
  const ajv = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true });
  const accepts = ajv.compile(root);

  test("accepts every default and every example where it stands", () => {
    const refused = nodes.flatMap(([pointer, node]) => {
      const values = [
        ...("default" in node ? [node.default] : []),
        ...((node.examples as unknown[] | undefined) ?? []),
      ];
      if (values.length === 0 || pointer.endsWith("/properties")) return [];
      const check = new Ajv({ strict: false }).compile({ definitions: root.definitions, ...node } as object);
      return values.filter((value) => !check(value)).map((value) => `${pointer}: ${JSON.stringify(value)}`);
    });
    expect(refused).toEqual([]);
  });

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
