/** A model in two files: `model.json`, its document, and `model.safetensors`, its weights. */
import type { TensorData } from "@latchgrad/core";
import { readJsonBytes } from "../config/json-bytes.js";
import { readModelConfig } from "../config/read-config.js";
import { buildModel, type Model } from "../model/model.js";
import type { Signature } from "../model/signature.js";
import { readWeights } from "./model-weights.js";

export const MODEL_FILES = { config: "model.json", weights: "model.safetensors" } as const;

/** The bytes of both files, wherever they came from. */
export interface ModelFolder {
  readonly config: Uint8Array;
  readonly weights: Uint8Array;
}

/** A model with values for its weights: together they are what its graphs need besides inputs. */
export interface ReadyModel {
  readonly model: Model;
  readonly weights: Readonly<Record<string, TensorData>>;
}

/**
 * The model in a folder, for the inputs and targets of a task. Throws ConfigError or ShapeError where the document is wrong, and
 * CheckpointError where the weights cannot be read or are those of another model.
 */
export function readModelFolder({ config, weights }: ModelFolder, signature: Signature): ReadyModel {
  const model = buildModel(readModelConfig(readJsonBytes(config)), signature);
  return { model, weights: readWeights(weights, model) };
}
