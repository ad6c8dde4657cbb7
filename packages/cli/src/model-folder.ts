/**
 * A trained model on disk: `model.json`, the experiment with all defaults filled in, `model.safetensors`, its weights,
 * and `SHA256SUMS`, their checksums.
 */
import type { TensorData } from "@latchgrad/core";
import { encodeSafetensors } from "@latchgrad/layers";
import { withSums, type ExperimentConfig } from "@latchgrad/optim";
import { join } from "node:path";
import { isFile, writeFiles } from "./files.js";

export const MODEL_FILES = { config: "model.json", weights: "model.safetensors" } as const;

export interface TrainedModel {
  readonly config: ExperimentConfig;
  readonly weights: Readonly<Record<string, TensorData>>;
  /** Updates that made the weights. */
  readonly step: number;
}

/** Writes the config of a model that is still to be trained; what is there already stays. Throws FileError. */
export async function beginModelFolder(folder: string, config: ExperimentConfig): Promise<void> {
  if (await isFile(join(folder, MODEL_FILES.config))) return;
  await writeFiles(folder, { [MODEL_FILES.config]: configText(config) });
}

/** Writes a model into a folder that exists: all files, or none. Throws FileError. */
export async function writeModelFolder(folder: string, { config, weights, step }: TrainedModel): Promise<void> {
  const remarks = { model: config.name, step: String(step), writer: "latchgrad" };
  const files = {
    [MODEL_FILES.weights]: encodeSafetensors(weights, remarks),
    [MODEL_FILES.config]: new TextEncoder().encode(configText(config)),
  };
  await writeFiles(folder, await withSums(files));
}

/** The text of a config as it stands in a file. */
const configText = (config: ExperimentConfig): string => `${JSON.stringify(config, undefined, 2)}\n`;

/** A name for a folder from the name of a model, which may hold anything. */
export function folderName(model: string): string {
  const plain = model
    .replace(/[^\p{L}\p{N}._-]+/gu, "-")
    .replace(/^[.-]+|[.-]+$/g, "")
    .slice(0, 80);
  return plain === "" ? "model" : plain;
}
