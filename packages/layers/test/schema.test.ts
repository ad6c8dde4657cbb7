// The published JSON Schema is that of the code, describes every key, and says of documents what the reader says.
// BLESS=1 writes it: BLESS=1 npx vitest run packages/layers/test/schema.test.ts
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { initializers, layers, losses, metrics, modelJsonSchema, cells } from "../src/index";

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

const nodes = nodesOf(JSON.parse(text));

test("every key is described, but for the type that tells alternatives apart", () => {
  const undescribed = nodes.flatMap(([pointer, { properties }]) =>
    isNode(properties)
      ? Object.entries(properties)
          .filter(([key, node]) => key !== "type" && !(isNode(node) && typeof node.description === "string"))
          .map(([key]) => `${pointer}/${key}`)
      : [],
  );
  expect(undescribed).toEqual([]);
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
  for (const registry of [layers, cells, initializers, losses, metrics])
    for (const type of Object.keys(registry)) expect(types, type).toContain(type);
});
