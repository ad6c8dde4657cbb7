// The published JSON Schemas tell an editor something of every key.
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { modelJsonSchema } from "../packages/layers/src/index";
import { experimentJsonSchema } from "../packages/optim/src/index";

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

/** What an editor knows of a value: the node itself, and what it refers to. */
function withReferences(root: Node, node: unknown): Node {
  if (!isNode(node)) return {};
  const parts = [node.$ref, ...(Array.isArray(node.allOf) ? node.allOf.map((part: Node) => part.$ref) : [])];
  const targets = parts.flatMap((part) =>
    typeof part === "string"
      ? [withReferences(root, (root.definitions as Node)[part.replace("#/definitions/", "")])]
      : [],
  );
  return Object.assign({}, ...targets, node) as Node;
}

describe.each([
  ["model", modelJsonSchema()],
  ["experiment", experimentJsonSchema()],
])("in the schema of a %s", (_, schema) => {
  const root = JSON.parse(JSON.stringify(schema)) as Node;
  const nodes = nodesOf(root);
  const keys = nodes.flatMap(([pointer, { properties }]) =>
    isNode(properties)
      ? Object.entries(properties).map(([key, node]) => [`${pointer}/${key}`, withReferences(root, node)] as const)
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
      ([, node]) =>
        isNode(node.properties) && node.additionalProperties !== false && !isTyped(node.additionalProperties),
    );
    expect(open.map(([pointer]) => pointer)).toEqual([]);
  });

  test("every default and every example is accepted where it stands", () => {
    // Compiled by reference into the whole, so that definitions are compiled once.
    const ajv = new Ajv({ strict: false }).addSchema(root, "schema");
    const refused = nodes.flatMap(([pointer, node]) => {
      // Properties may be called "examples" themselves.
      if (pointer.endsWith("/properties")) return [];
      const values = [
        ...("default" in node ? [node.default] : []),
        ...((node.examples as unknown[] | undefined) ?? []),
      ];
      if (values.length === 0) return [];
      const check = ajv.compile({ $ref: `schema#${encodeURI(pointer)}` });
      return values.filter((value) => !check(value)).map((value) => `${pointer}: ${JSON.stringify(value)}`);
    });
    expect(refused).toEqual([]);
  });
});
