/**
 * A trained model on disk: `model.json`, the experiment with all defaults filled in, `model.safetensors`, its weights,
 * `data.json`, what was fitted to the files that it learned from, where there were any, and `SHA256SUMS`, their checksums.
 */
import { CheckpointError, type Precision, type TensorData } from "@latchgrad/core";
import { encodeSafetensors, MODEL_FILES, readSafetensors } from "@latchgrad/layers";
import {
  checkedFiles,
  FITTED_FILE,
  fittedText,
  readExperimentFolder,
  SUMS_FILE,
  withSums,
  type ExperimentConfig,
  type ExperimentFolder,
  type Fitted,
  type ReadyExperiment,
} from "@latchgrad/optim";
import { join } from "node:path";
import { PRECISIONS } from "./environment.js";
import { LARGEST_DOCUMENT_FILE } from "./experiment-file.js";
import { FileError } from "./failure.js";
import { isFile, isFolder, readBytes, writeFiles } from "./files.js";

/** Node reads no larger file in one piece; weights of 1 GiB are all that a model may have. */
export const LARGEST_WEIGHTS_FILE = 2 ** 31 - 1;

/** A vocabulary of 65,536 words has about 1 MiB. */
const LARGEST_FITTED_FILE = 2 ** 28;

export interface TrainedModel {
  readonly config: ExperimentConfig;
  readonly weights: Readonly<Record<string, TensorData>>;
  /** Updates that made the weights. */
  readonly step: number;
  /** With what they were made; absent where another system has trained them. */
  readonly precision?: Precision | undefined;
  /** What was fitted to the training data; absent where the task has none. */
  readonly fitted?: Fitted | undefined;
}

/** Writes the config of a model that is still to be trained, and what was fitted to its data, with their checksums. Throws FileError. */
export async function beginModelFolder(folder: string, config: ExperimentConfig, fitted?: Fitted): Promise<void> {
  await writeFiles(folder, await withSums(documentFiles(config, fitted)));
}

const documentFiles = (config: ExperimentConfig, fitted: Fitted | undefined): Readonly<Record<string, Uint8Array>> => ({
  [MODEL_FILES.config]: new TextEncoder().encode(configText(config)),
  ...(fitted === undefined ? {} : { [FITTED_FILE]: new TextEncoder().encode(fittedText(fitted)) }),
});

/** Writes a model into a folder that exists: all files, or none. Throws FileError. */
export async function writeModelFolder(folder: string, model: TrainedModel): Promise<void> {
  const { config, weights, step, precision, fitted } = model;
  const remarks = {
    model: config.name,
    step: String(step),
    ...(precision === undefined ? {} : { precision }),
    writer: "latchgrad",
  };
  const files = { [MODEL_FILES.weights]: encodeSafetensors(weights, remarks), ...documentFiles(config, fitted) };
  await writeFiles(folder, await withSums(files));
}

/** The text of a config as it stands in a file. */
const configText = (config: ExperimentConfig): string => `${JSON.stringify(config, undefined, 2)}\n`;

/**
 * The experiment in a model folder, with its weights. Throws FileError, ConfigError or ShapeError for the document, and
 * CheckpointError for weights that cannot be read or are those of another model, and for files that are not as they were written.
 */
export async function readModelFolder(folder: string): Promise<ReadyExperiment> {
  return readExperimentFolder(await modelFiles(folder));
}

/** A model from a folder, how many updates made it, and with what precision. */
export interface StoredModel extends ReadyExperiment {
  readonly step: number;
  readonly precision: Precision;
}

/** The same for a model that is to be used: what is missing is told together with what makes it. Throws as readModelFolder does. */
export async function readTrainedModel(folder: string): Promise<StoredModel> {
  await refuseUntrained(folder);
  const files = await modelFiles(folder);
  const { metadata } = readSafetensors(files.weights);
  const step = Number(metadata["step"] ?? 0);
  return {
    ...readExperimentFolder(files),
    step: Number.isSafeInteger(step) ? step : 0,
    precision: PRECISIONS.find((known) => known === metadata["precision"]) ?? "fast",
  };
}

/** The usual mistakes: a document in place of a folder, and a run that has not come to its end. */
async function refuseUntrained(path: string): Promise<void> {
  const refuse = (received: string, hint: string): never => {
    throw new FileError([
      {
        code: "file.no-model",
        problem: `a trained model is a folder with ${MODEL_FILES.config} and ${MODEL_FILES.weights}`,
        at: { kind: "value", name: path },
        received,
        hint,
      },
    ]);
  };
  if (await isFile(path)) refuse("a file", "give the folder that latchgrad train made, such as runs/my-model");
  if (!(await isFolder(path))) refuse("nothing there", "latchgrad train MODEL.json --out FOLDER makes one");
  if (await isFile(join(path, MODEL_FILES.weights))) return;
  if (await isFile(join(path, MODEL_FILES.config)))
    refuse(
      `${MODEL_FILES.config} without ${MODEL_FILES.weights}`,
      `where this is a run that was stopped, latchgrad train ${path} --resume goes on with it`,
    );
  refuse("a folder without a model", "give the folder of one run");
}

async function modelFiles(folder: string): Promise<ExperimentFolder> {
  const read = async (name: string, longest: number): Promise<Uint8Array> => readBytes(join(folder, name), longest);
  const config = await read(MODEL_FILES.config, LARGEST_DOCUMENT_FILE);
  const weights = await read(MODEL_FILES.weights, LARGEST_WEIGHTS_FILE);
  const fitted = (await isFile(join(folder, FITTED_FILE))) ? await read(FITTED_FILE, LARGEST_FITTED_FILE) : undefined;
  // A folder that another program wrote may be without checksums.
  if (!(await isFile(join(folder, SUMS_FILE)))) return { config, weights, fitted };
  const files = {
    [MODEL_FILES.config]: config,
    [MODEL_FILES.weights]: weights,
    ...(fitted === undefined ? {} : { [FITTED_FILE]: fitted }),
  };
  const checked = await checkedFiles({ ...files, [SUMS_FILE]: await read(SUMS_FILE, LARGEST_DOCUMENT_FILE) });
  if (typeof checked === "string") throw damagedModel(folder, checked);
  const unknown = Object.keys(files).filter((name) => !Object.hasOwn(checked, name));
  if (unknown.length > 0) throw damagedModel(folder, `no checksum of ${unknown.join(", ")}`);
  return { config, weights, fitted };
}

const damagedModel = (folder: string, received: string): CheckpointError =>
  new CheckpointError([
    {
      code: "checkpoint.model",
      problem: "the files of a model are as they were written",
      at: { kind: "value", name: folder },
      received,
      hint: `where this is a run, latchgrad train ${folder} --resume writes them again; where a file was changed on purpose, delete ${SUMS_FILE}`,
    },
  ]);

/** A name for a folder from the name of a model, which may hold anything. */
export function folderName(model: string): string {
  const plain = model
    .replace(/[^\p{L}\p{N}._-]+/gu, "-")
    .replace(/^[.-]+|[.-]+$/g, "")
    .slice(0, 80);
  return plain === "" ? "model" : plain;
}
