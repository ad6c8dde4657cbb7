/** The layers that configs can name. One line per layer. */
import * as z from "zod";
import { activation } from "./activation.js";
import { dense } from "./dense.js";
import { dropout } from "./dropout.js";
import { embedding } from "./embedding.js";
import { equations } from "./equations.js";
import type { LayerDefinition } from "./layer.js";
import { add, concat } from "./merge.js";
import { layerNorm } from "./normalize.js";
import { recurrent } from "./recurrent.js";

export const layers = { recurrent, dense, embedding, dropout, layerNorm, activation, concat, add, equations } as const;

type LayerSchema = (typeof layers)[keyof typeof layers]["schema"];

const schemas = Object.values(layers).map((definition): LayerSchema => definition.schema);

/** How a config writes a layer. */
export const layerConfigSchema = z.discriminatedUnion("type", schemas as [LayerSchema, ...LayerSchema[]]);

export type LayerConfig = z.output<typeof layerConfigSchema>;

/** The definition of the layer that a config describes. */
export const layerDefinitionOf = (config: LayerConfig): LayerDefinition => layers[config.type];
