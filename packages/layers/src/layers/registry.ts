/** The layers that configs can name. One line per layer. */
import type * as z from "zod";
import { activation } from "./activation.js";
import { attention } from "./attention.js";
import { dense } from "./dense.js";
import { dropout } from "./dropout.js";
import { embedding } from "./embedding.js";
import { equations } from "./equations.js";
import type { LayerDefinition } from "./layer.js";
import { add, concat } from "./merge.js";
import { layerNorm } from "./normalize.js";
import { flatten, shift } from "./rearrange.js";
import { recurrent } from "./recurrent.js";

export const layers = {
  recurrent,
  dense,
  embedding,
  attention,
  dropout,
  layerNorm,
  activation,
  concat,
  add,
  shift,
  flatten,
  equations,
} as const;

type LayerSchema = (typeof layers)[keyof typeof layers]["schema"];

const schemas = Object.values(layers).map((definition): LayerSchema => definition.schema);

/** How a config writes each kind of layer. */
export const layerSchemas = schemas as [LayerSchema, ...LayerSchema[]];

/** A layer as it was read, with its settings. */
export type PlainLayerConfig = z.output<(typeof layers)[keyof typeof layers]["schema"]>;
/** A layer as a person writes it. */
export type PlainLayerDocument = z.input<(typeof layers)[keyof typeof layers]["schema"]>;

/** The definition of the layer that a config describes. */
export const layerDefinitionOf = (config: PlainLayerConfig): LayerDefinition => layers[config.type];
