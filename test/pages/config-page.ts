// docs/config.md: every field of a config, as the published JSON Schema has it, with what the registries say of each type.
import { cells, compositions, initializers, layers, losses, metrics } from "../../packages/layers/src/index";
import { experimentJsonSchema, optimizers, schedules, tasks } from "../../packages/optim/src/index";
import { escaped, generatedNote, section } from "./markdown";

/** The part of JSON Schema that these documents use. */
interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly examples?: readonly unknown[];
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

interface Described {
  readonly summary: string;
  readonly source?: string;
  readonly formula?: string | readonly string[];
}
type Registry = Readonly<Record<string, Described>>;

/** A choice among types, which is described once, wherever in a document it may stand. */
interface Choice {
  readonly title: string;
  /** Says what it is, in a field's list of values. */
  readonly noun: string;
  readonly registry: Registry;
}

/** In the order of the page. A choice is known by its types. */
const CHOICES: readonly Choice[] = [
  { title: "Tasks", noun: "a task", registry: tasks },
  { title: "Layers", noun: "a layer", registry: { ...layers, ...compositions } },
  { title: "Cells", noun: "a cell", registry: cells },
  { title: "Losses", noun: "a loss", registry: losses },
  { title: "Metrics", noun: "a metric", registry: metrics },
  { title: "Optimizers", noun: "an optimizer", registry: optimizers },
  { title: "Schedules", noun: "a schedule", registry: schedules },
  { title: "Initializers", noun: "an initializer", registry: initializers },
];

const INTRODUCTION = `
An experiment is a JSON document. A document without \`task\` and \`training\` is a model. The JSON Schemas
([experiment-1.json](../packages/optim/schema/experiment-1.json),
[model-1.json](../packages/layers/schema/model-1.json)) give the same to an editor: point \`$schema\` at one of them. All
mistakes in a document are reported at once, each with its place; see [the error codes](errors.md).

A field without "required" or a default may be left out. Where an initializer is expected, its name will do if it needs no settings.
`;

/** The reference page of experiment documents. */
export function configPage(): string {
  const document = experimentJsonSchema() as Schema;
  const root = withoutReferences(document, document.definitions ?? {});
  const found = new Map<Choice, Map<string, Schema>>();
  collect(root, found, new Set());
  return [
    "# Configs",
    generatedNote("the schemas of packages/layers and packages/optim"),
    INTRODUCTION,
    section(2, "The document", [fieldsOf(root, 0, new Set())]),
    ...CHOICES.map((choice) => choiceSection(choice, found.get(choice) ?? new Map())),
  ].join("\n\n");
}

/** A schema in which every reference is what it refers to, which may lead back to where it stands. */
function withoutReferences(root: Schema, definitions: Readonly<Record<string, Schema>>): Schema {
  const made = new Map<unknown, unknown>();
  const resolve = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    const known = made.get(value);
    if (known !== undefined) return known;
    if (Array.isArray(value)) {
      const list: unknown[] = [];
      made.set(value, list);
      list.push(...value.map(resolve));
      return list;
    }
    const { $ref, allOf = [], ...own } = value as Schema;
    const targets = [$ref, ...allOf.map((part) => part.$ref)].flatMap((each) =>
      each === undefined ? [] : [definitions[each.replace("#/definitions/", "")]],
    );
    // A reference that nothing is added to is the same object wherever it stands.
    if (targets.length === 1 && Object.keys(own).length === 0) return resolve(targets[0]);
    const object: Record<string, unknown> = {};
    made.set(value, object);
    for (const part of [...targets, own])
      for (const [key, child] of Object.entries(part)) if (key !== "definitions") object[key] = resolve(child);
    return object;
  };
  return resolve(root) as Schema;
}

function choiceSection({ title, noun, registry }: Choice, variants: ReadonlyMap<string, Schema>): string {
  const common = commonFields([...variants.values()]);
  const [first = {}] = variants.values();
  const shared = fieldsOf(first, 0, new Set(Object.keys(first.properties ?? {}).filter((key) => !common.has(key))));
  return section(2, title, [
    `The \`type\` of ${noun} is one of ${[...variants.keys()].map((type) => `[\`${type}\`](#${anchorOf(noun, type)})`).join(", ")}.`,
    ...(common.size === 0 ? [] : ["Whatever the type, there are:", shared]),
    ...[...variants].map(([type, schema]) => typeSection(noun, type, schema, registry[type], common)),
  ]);
}

/** The keys that mean the same in all variants, if there are several. */
function commonFields(variants: readonly Schema[]): ReadonlySet<string> {
  const [first = {}, ...others] = variants;
  if (others.length < 2) return new Set();
  const isEqual = (key: string, schema: Schema): boolean =>
    others.every(
      ({ properties = {}, required = [] }) =>
        properties[key]?.description === schema.description &&
        valueOf(properties[key] ?? {}) === valueOf(schema) &&
        JSON.stringify(properties[key]?.default) === JSON.stringify(schema.default) &&
        required.includes(key) === (first.required ?? []).includes(key),
    );
  return new Set(
    Object.entries(first.properties ?? {}).flatMap(([key, schema]) =>
      schema.const === undefined && others.every(({ properties = {} }) => key in properties) && isEqual(key, schema)
        ? [key]
        : [],
    ),
  );
}

/** Types of different choices may have one name, so the heading says what it is a type of. */
const headingOf = (noun: string, type: string): string => `${noun.replace(/^an? /, "")} ${type}`;
const anchorOf = (noun: string, type: string): string => headingOf(noun, type).toLowerCase().replace(/ /g, "-");

const typeSection = (
  noun: string,
  type: string,
  schema: Schema,
  described: Described | undefined,
  common: ReadonlySet<string>,
): string =>
  section(3, headingOf(noun, type), [
    described?.summary ?? "",
    described?.source === undefined ? "" : `Source: ${described.source}.`,
    described?.formula === undefined ? "" : `\`\`\`text\n${[described.formula].flat().join("\n")}\n\`\`\``,
    fieldsOf(schema, 0, common),
  ]);

/** Finds the variants of every choice in a schema, the first time that they occur. */
function collect(schema: Schema, found: Map<Choice, Map<string, Schema>>, visited: Set<Schema>): void {
  if (visited.has(schema)) return;
  visited.add(schema);
  const choice = choiceOf(schema);
  for (const variant of schema.oneOf ?? []) {
    const type = typeName(variant);
    if (choice === undefined || type === undefined) continue;
    const variants = found.get(choice) ?? new Map<string, Schema>();
    found.set(choice, variants);
    if (!variants.has(type)) variants.set(type, variant);
  }
  for (const part of partsOf(schema)) collect(part, found, visited);
}

const partsOf = ({
  properties = {},
  items,
  oneOf = [],
  anyOf = [],
  additionalProperties,
}: Schema): readonly Schema[] => [
  ...Object.values(properties),
  ...(items === undefined ? [] : [items]),
  ...oneOf,
  ...anyOf,
  ...(typeof additionalProperties === "object" ? [additionalProperties] : []),
];

const typeName = ({ properties }: Schema): string | undefined => {
  const name = properties?.type?.const;
  return typeof name === "string" ? name : undefined;
};

/** The choice whose registry has all types of a union. */
function choiceOf({ oneOf }: Schema): Choice | undefined {
  if (oneOf === undefined) return undefined;
  const types = oneOf.map(typeName);
  const choice = CHOICES.find(({ registry }) =>
    types.every((type) => type !== undefined && Object.hasOwn(registry, type)),
  );
  if (choice === undefined) throw new Error(`no registry has the types ${types.join(", ")}`);
  return choice;
}

/** The fields of an object but for those left out, and those of objects inside it as lists of their own. */
function fieldsOf({ properties = {}, required = [] }: Schema, depth: number, without: ReadonlySet<string>): string {
  const indent = "  ".repeat(depth);
  return Object.entries(properties)
    .flatMap(([key, field]) => {
      if ((key === "type" && field.const !== undefined) || without.has(key)) return [];
      const presence = required.includes(key)
        ? ["required"]
        : field.default === undefined
          ? []
          : [`default ${code(field.default)}`];
      const example = isShort(field.examples?.[0]) ? [`for example ${code(field.examples?.[0])}`] : [];
      const facts = [valueOf(field), ...presence, ...example].join("; ");
      const description = field.description === undefined ? "" : `: ${escaped(field.description)}`;
      const inner = innerObject(field, depth);
      return [
        `${indent}- \`${key}\` (${facts})${description}`,
        ...(inner === undefined ? [] : [fieldsOf(inner, depth + 1, new Set())]),
      ];
    })
    .join("\n");
}

/** Examples of choices among types are told where these are described. */
const isShort = (example: unknown): boolean => example !== undefined && JSON.stringify(example).length <= 80;

/** Objects further inside than this are told by the objects around them: a repetition may hold repetitions. */
const DEEPEST_FIELDS = 2;

/** An object with fields of its own that is not a choice of types, perhaps as element of a list, as value of a name, or as one of several forms. */
function innerObject(schema: Schema, depth: number): Schema | undefined {
  const { properties, items, additionalProperties, anyOf = [] } = schema;
  if (properties !== undefined) return schema.properties?.type?.const === undefined ? schema : undefined;
  if (depth >= DEEPEST_FIELDS) return undefined;
  const parts = [items, additionalProperties, ...anyOf].filter((part): part is Schema => typeof part === "object");
  return parts.map((part) => innerObject(part, depth)).find((object) => object !== undefined);
}

const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;

/** What a value may be, in words. */
function valueOf(schema: Schema): string {
  const choice = choiceOf(schema);
  if (choice !== undefined) {
    const link = `[${choice.noun}](#${choice.title.toLowerCase().replace(/ /g, "-")})`;
    const types = (schema.oneOf ?? []).map((variant) => code(typeName(variant)));
    return types.length === Object.keys(choice.registry).length ? link : `${link} of type ${types.join(" or ")}`;
  }
  if (schema.anyOf !== undefined) return [...new Set(withoutNames(schema.anyOf).map(valueOf))].join(", or ");
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(" or ");
  switch (schema.type) {
    case "string":
      return "text";
    case "boolean":
      return "true or false";
    case "integer":
      return `whole number${rangeOf(schema)}`;
    case "number":
      return `number${rangeOf(schema)}`;
    case "array":
      return `list of ${schema.items === undefined ? "anything" : inBrackets(valueOf(schema.items))}`;
    case "object":
      return typeof schema.additionalProperties === "object"
        ? `object, each value ${inBrackets(valueOf(schema.additionalProperties))}`
        : "object";
    default:
      throw new Error(`the page cannot say what this is: ${JSON.stringify(schema)}`);
  }
}

/** Several kinds of values as one. */
const inBrackets = (kinds: string): string => (kinds.includes(", or ") ? `(${kinds})` : kinds);

/** Alternatives without those that only list names of another one, which says so. */
function withoutNames(alternatives: readonly Schema[]): readonly Schema[] {
  const choices = alternatives.flatMap((each) => choiceOf(each) ?? []);
  return alternatives.filter(
    ({ enum: names = [] }) =>
      names.length === 0 ||
      !choices.some(({ registry }) => names.every((name) => Object.hasOwn(registry, String(name)))),
  );
}

function rangeOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): string {
  // Limits of safe integers say nothing that a reader needs.
  const isTelling = (limit: number | undefined): boolean =>
    limit !== undefined && Math.abs(limit) < Number.MAX_SAFE_INTEGER;
  return [
    ...(isTelling(minimum) ? [` ≥ ${minimum}`] : []),
    ...(isTelling(exclusiveMinimum) ? [` > ${exclusiveMinimum}`] : []),
    ...(isTelling(maximum) ? [` ≤ ${maximum}`] : []),
    ...(isTelling(exclusiveMaximum) ? [` < ${exclusiveMaximum}`] : []),
  ].join(",");
}
