// docs/config.md: every field of a config, as the published JSON Schema has it, with what the registries say of each type.
import { cells, initializers, layers, metrics } from "../../packages/layers/src/index";
import { experimentJsonSchema, optimizers, schedules, tasks } from "../../packages/optim/src/index";
import { escaped, generatedNote, section } from "./markdown";

/** The part of JSON Schema that these documents use. */
interface Schema {
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
  { title: "Layers", noun: "a layer", registry: layers },
  { title: "Cells", noun: "a cell", registry: cells },
  { title: "Losses and metrics", noun: "a metric", registry: metrics },
  { title: "Optimizers", noun: "an optimizer", registry: optimizers },
  { title: "Schedules", noun: "a schedule", registry: schedules },
  { title: "Initializers", noun: "an initializer", registry: initializers },
];

const INTRODUCTION = `
An experiment is a JSON document. A document without \`task\` and \`training\` is a model. The JSON Schemas
([experiment-1.json](../packages/optim/schema/experiment-1.json),
[model-1.json](../packages/layers/schema/model-1.json)) give the same to an editor: point \`$schema\` at one of them. All
mistakes in a document are reported at once, each with its place; see [the error codes](errors.md).

A field without "required" or a default may be left out.
`;

/** The reference page of experiment documents. */
export function configPage(): string {
  const root = experimentJsonSchema() as Schema;
  const found = new Map<Choice, Map<string, Schema>>();
  collect(root, found);
  return [
    "# Configs",
    generatedNote("the schemas of packages/layers and packages/optim"),
    INTRODUCTION,
    section(2, "The document", [fieldsOf(root, 0)]),
    ...CHOICES.map((choice) => choiceSection(choice, found.get(choice) ?? new Map())),
  ].join("\n\n");
}

const choiceSection = ({ title, noun, registry }: Choice, variants: ReadonlyMap<string, Schema>): string =>
  section(2, title, [
    `The \`type\` of ${noun} is one of ${[...variants.keys()].map((type) => `[\`${type}\`](#${anchorOf(noun, type)})`).join(", ")}.`,
    ...[...variants].map(([type, schema]) => typeSection(noun, type, schema, registry[type])),
  ]);

/** Types of different choices may have one name, so the heading says what it is a type of. */
const headingOf = (noun: string, type: string): string => `${noun.replace(/^an? /, "")} ${type}`;
const anchorOf = (noun: string, type: string): string => headingOf(noun, type).toLowerCase().replace(/ /g, "-");

const typeSection = (noun: string, type: string, schema: Schema, described: Described | undefined): string =>
  section(3, headingOf(noun, type), [
    described?.summary ?? "",
    described?.source === undefined ? "" : `Source: ${described.source}.`,
    described?.formula === undefined ? "" : `\`\`\`text\n${[described.formula].flat().join("\n")}\n\`\`\``,
    fieldsOf(schema, 0),
  ]);

/** Finds the variants of every choice in a schema, the first time that they occur. */
function collect(schema: Schema, found: Map<Choice, Map<string, Schema>>): void {
  const choice = choiceOf(schema);
  for (const variant of schema.oneOf ?? []) {
    const type = typeName(variant);
    if (choice === undefined || type === undefined) continue;
    const variants = found.get(choice) ?? new Map<string, Schema>();
    found.set(choice, variants);
    if (!variants.has(type)) variants.set(type, variant);
  }
  for (const part of partsOf(schema)) collect(part, found);
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

/** The fields of an object, and those of objects inside it as lists of their own. */
function fieldsOf({ properties = {}, required = [] }: Schema, depth: number): string {
  const indent = "  ".repeat(depth);
  return Object.entries(properties)
    .flatMap(([key, field]) => {
      if (key === "type" && field.const !== undefined) return [];
      const presence = required.includes(key)
        ? ["required"]
        : field.default === undefined
          ? []
          : [`default ${code(field.default)}`];
      const facts = [valueOf(field), ...presence].join("; ");
      const description = field.description === undefined ? "" : `: ${escaped(field.description)}`;
      const inner = innerObject(field);
      return [
        `${indent}- \`${key}\` (${facts})${description}`,
        ...(inner === undefined ? [] : [fieldsOf(inner, depth + 1)]),
      ];
    })
    .join("\n");
}

/** An object with fields of its own that is not a choice of types, perhaps as elements of a list. */
function innerObject(schema: Schema): Schema | undefined {
  if (schema.properties !== undefined) return schema;
  return schema.items === undefined ? undefined : innerObject(schema.items);
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
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(valueOf))].join(", or ");
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
      return `list of ${schema.items === undefined ? "anything" : `${valueOf(schema.items)}`}`;
    case "object":
      return typeof schema.additionalProperties === "object"
        ? `object, each value ${valueOf(schema.additionalProperties)}`
        : "object";
    default:
      throw new Error(`the page cannot say what this is: ${JSON.stringify(schema)}`);
  }
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
