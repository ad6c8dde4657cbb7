/** Reads a document that holds a model and nothing else. */
import { readJsonText } from "./json-text.js";
import { readModelWith } from "./read-model.js";
import { modelSchema, type ModelConfig } from "./schema.js";

/** The model that a document (what JSON.parse gives) describes. Throws ConfigError with every problem at once. */
export const readModelConfig = (document: unknown): ModelConfig => readModelWith(modelSchema, document);

/** The model that a JSON text describes. Throws ConfigError; mistakes in the JSON itself come with line and column. */
export const readModelText = (text: string): ModelConfig => readModelConfig(readJsonText(text));
