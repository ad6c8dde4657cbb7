/** The published form of a schema, for editors and other programs. */
import * as z from "zod";
import { modelSchema } from "./schema.js";

/** A schema as JSON Schema (draft 7, which editors understand best), describing documents before defaults are filled in. */
export const jsonSchemaOf = (schema: z.ZodType): object => z.toJSONSchema(schema, { target: "draft-7", io: "input" });

/** The JSON Schema of a model document; published as schema/model-1.json. */
export const modelJsonSchema = (): object => jsonSchemaOf(modelSchema);
