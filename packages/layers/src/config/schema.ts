/** The schema of a model document: the one source of its TypeScript type, its validation and its JSON Schema. */
import * as z from "zod";
import { cellDocumentsSchema } from "../cells/registry.js";
import { layerConfigSchema } from "../layers/composition.js";
import { MOST_LAYERS } from "../layers/layer.js";
import { lossSchema, metricSchema } from "../objectives/registry.js";
import { nameSchema, referenceSchema } from "./names.js";

/** The version that this code writes and reads. */
export const MODEL_FORMAT = 1;

/**
 * The keys of a model. A document that holds more than a model (a task, the training) spreads them into a schema of its own:
 * `z.strictObject({ ...modelFields, task, training })`.
 */
export const modelFields = {
  $schema: z
    .string()
    .max(2000)
    .optional()
    .meta({
      description: "Where the JSON Schema is; editors complete and check with it.",
      examples: ["./node_modules/@latchgrad/optim/schema/experiment-1.json"],
    }),
  format: z.literal(MODEL_FORMAT).describe("Version of the document's form."),
  name: z
    .string()
    .min(1)
    .max(200)
    .meta({ description: "What the model is called.", examples: ["adding-problem"] }),
  dtype: z.enum(["f32", "f64"]).default("f32").describe("Element type of weights and activations."),
  cells: cellDocumentsSchema,
  layers: z
    .array(layerConfigSchema)
    .min(1)
    .max(MOST_LAYERS)
    .meta({
      description: "The layers. Each reads the one before it, unless its inputs say otherwise.",
      examples: [[{ name: "memory", type: "recurrent", cell: { type: "lstm", units: 32 }, output: "last" }]],
    }),
  loss: z.union([lossSchema, z.array(lossSchema).min(1).max(100)]).meta({
    description: "What training makes small: a loss, or several, whose sum is made small.",
    examples: [{ type: "meanSquaredError" }],
  }),
  metrics: z.array(metricSchema).max(100).default([]).describe("What is computed besides, for people to watch."),
  outputs: z
    .record(nameSchema, referenceSchema)
    .default({})
    .describe(
      "Further results of the model by name, and the layer output that each shows. " +
        'The result "prediction" is the output of the last layer, unless it is named here.',
    ),
};

/** A document that holds a model and nothing else. */
export const modelSchema = z
  .strictObject(modelFields)
  .describe("A Latchgrad model: layers that form a directed graph, and what training makes small.");

/** A model as a person writes it, with what has a default left out. */
export type ModelDocument = z.input<typeof modelSchema>;

/** A model that was read: checked, with all defaults filled in. */
export type ModelConfig = z.output<typeof modelSchema>;
