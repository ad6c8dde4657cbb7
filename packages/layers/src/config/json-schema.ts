/** The published form of a schema, for editors and other programs. */
import * as z from "zod";
import { cells } from "../cells/built-in.js";
import { initializers } from "../init/registry.js";
import { compositions } from "../layers/composition.js";
import { layers } from "../layers/registry.js";
import { metrics, weightedLosses } from "../objectives/registry.js";
import { modelSchema } from "./schema.js";

/** An entry of a registry, whose summary becomes the hover text of its type. */
export interface DescribedSchema {
  readonly summary: string;
  readonly schema: z.ZodType;
}

const modelEntries: readonly DescribedSchema[] = [
  ...Object.values(layers),
  ...Object.values(compositions),
  ...Object.values(cells),
  ...Object.values(initializers),
  ...weightedLosses,
  ...Object.values(metrics),
];

/**
 * A schema as JSON Schema (draft 7, which editors understand best), describing documents before defaults are filled in. Parts that
 * have an id stand among its definitions; `entries` are those of registries besides the ones of models.
 */
export function jsonSchemaOf(schema: z.ZodType, entries: readonly DescribedSchema[] = []): object {
  const summaries = new Map<unknown, string>(
    [...modelEntries, ...entries].map((entry) => [entry.schema, entry.summary]),
  );
  return z.toJSONSchema(schema, {
    target: "draft-7",
    io: "input",
    override({ zodSchema, jsonSchema }) {
      const type = jsonSchema.properties?.type;
      const summary = summaries.get(zodSchema);
      if (summary !== undefined && typeof type === "object") type.description = summary;
      // Draft 7 ignores what stands beside a reference.
      const { $ref, ...beside } = jsonSchema;
      if ($ref === undefined || Object.keys(beside).length === 0) return;
      delete jsonSchema.$ref;
      jsonSchema.allOf = [{ $ref }];
    },
  });
}

/** The JSON Schema of a model document; published as schema/model-1.json. */
export const modelJsonSchema = (): object => jsonSchemaOf(modelSchema);
