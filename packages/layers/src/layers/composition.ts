/**
 * What may stand in a list of layers: layers, groups of layers, and layers that are used again. Groups and second uses are no
 * layers themselves; `model/expand.ts` puts layers in their place.
 */
import * as z from "zod";
import { referenceSchema } from "../config/names.js";
import { elementFields, MOST_LAYERS, trainableField } from "./layer.js";
import { layerSchemas, type PlainLayerConfig, type PlainLayerDocument } from "./registry.js";

const memberSchema: z.ZodType<LayerConfig, LayerDocument> = z.lazy(() => layerConfigSchema);

const groupSchema = z.strictObject({
  type: z.literal("group"),
  ...elementFields,
  layers: z
    .array(memberSchema)
    .min(1)
    .max(MOST_LAYERS)
    .meta({
      description:
        'The layers of the group. The first reads what the group reads, which the others call "input"; the last gives the output of ' +
        "the group. Names outside are known here, and others refer to a layer here as group.layer.",
      examples: [
        [
          { type: "layerNorm" },
          { type: "dense", units: 32, activation: "tanh" },
          { type: "add", inputs: ["input", "dense"] },
        ],
      ],
    }),
  trainable: trainableField,
});

const sharedSchema = z.strictObject({
  type: z.literal("shared"),
  ...elementFields,
  layer: referenceSchema.meta({
    description: "The layer or group whose settings and weights are used here once more.",
    examples: ["encoder"],
  }),
});

/** Kinds of elements that stand for layers, as the reference describes them. */
export const compositions = {
  group: {
    type: "group",
    summary: "Layers as one, perhaps repeated; a block of a residual network, or an encoder.",
    schema: groupSchema,
  },
  shared: {
    type: "shared",
    summary: "Uses a layer or a group once more, with the same weights, on other inputs.",
    schema: sharedSchema,
  },
} as const;

/** How a config writes an element of a list of layers. */
export const layerConfigSchema = z
  .discriminatedUnion("type", [...layerSchemas, groupSchema, sharedSchema])
  .meta({ id: "layer", description: "A layer, a group of layers, or one that is used again." });

/** Layers as one. */
export interface GroupConfig extends Omit<z.output<typeof groupSchema>, "layers"> {
  layers: LayerConfig[];
}
/** A second use of a layer. */
export interface SharedConfig extends z.output<typeof sharedSchema> {
  type: "shared";
}
/** An element of a list of layers, as it was read. */
export type LayerConfig = PlainLayerConfig | GroupConfig | SharedConfig;

/** Layers as one, as a person writes them. */
export interface GroupDocument extends Omit<z.input<typeof groupSchema>, "layers"> {
  layers: LayerDocument[];
}
/** A second use of a layer, as a person writes it. */
export interface SharedDocument extends z.input<typeof sharedSchema> {
  type: "shared";
}
/** An element of a list of layers, as a person writes it. */
export type LayerDocument = PlainLayerDocument | GroupDocument | SharedDocument;
