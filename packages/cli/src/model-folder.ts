/** A trained model on disk: `model.json`, the experiment with all defaults filled in, and `model.safetensors`, its weights. */
import type { TensorData } from "@latchgrad/core";
import { encodeSafetensors } from "@latchgrad/layers";
import type { ExperimentConfig } from "@latchgrad/optim";
import { writeFiles } from "./files.js";

export const MODEL_FILES = { config: "model.json", weights: "model.safetensors" } as const;

export interface TrainedModel {
  readonly config: ExperimentConfig;
  readonly weights: Readonly<Record<string, TensorData>>;
  /** Updates that made the weights. */
  readonly step: number;
}

/** Writes a model into a folder that exists: both files, or neither. Throws FileError. */
export async function writeModelFolder(folder: string, { config, weights, step }: TrainedModel): Promise<void> {
  const remarks = { model: config.name, step: String(step), writer: "latchgrad" };
  await writeFiles(folder, {
    [MODEL_FILES.weights]: encodeSafetensors(weights, remarks),
    [MODEL_FILES.config]: `${JSON.stringify(config, undefined, 2)}\n`,
  });
}

/** A name for a folder from the name of a model, which may hold anything. */
export function folderName(model: string): string {
  const plain = model
    .replace(/[^\p{L}\p{N}._-]+/gu, "-")
    .replace(/^[.-]+|[.-]+$/g, "")
    .slice(0, 80);
  return plain === "" ? "model" : plain;
}
