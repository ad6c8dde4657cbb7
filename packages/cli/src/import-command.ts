/** `latchgrad import`: makes a model folder of a document and of weights that another system has trained. */
import {
  importWeights,
  mappings,
  MODEL_FILES,
  readMapping,
  type ImportedWeights,
  type Mapping,
} from "@latchgrad/layers";
import { dirname, join } from "node:path";
import { movedConfig, readExperimentFile, readJsonFile } from "./experiment-file.js";
import { EXIT } from "./failure.js";
import { makeFolder, readBytes, removeEmptyFolder } from "./files.js";
import { formatCount, formatPlural } from "./format.js";
import { LARGEST_WEIGHTS_FILE, readModelFolder, writeModelFolder } from "./model-folder.js";
import type { Screen } from "./screen.js";

export interface ImportCommand {
  /** Path of the other system's safetensors file. */
  readonly source: string;
  /** Path of the document. */
  readonly model: string;
  /** Name of a mapping that is known, or the path of one. */
  readonly mapping: string;
  /** Where layers stand in the source, besides what the mapping says. */
  readonly places: Readonly<Record<string, string>>;
  readonly out: string;
  readonly screen: Screen;
  /** Called with the path of the file that is read next, for what is said of errors. */
  readonly onFile: (path: string) => void;
}

/** Imports weights into a model, and writes its folder; returns the exit code. Throws LatchgradError, and then writes nothing. */
export async function importCommand(command: ImportCommand): Promise<number> {
  const { source, model: file, out, screen, onFile } = command;
  onFile(file);
  const { config, model } = await readExperimentFile(file);
  const mapping = await readMappingOf(command);
  onFile(source);
  const imported = importWeights(await readBytes(source, LARGEST_WEIGHTS_FILE), mapping, model);
  const isNew = await makeFolder(out);
  try {
    await writeModelFolder(out, {
      config: movedConfig(config, dirname(file), out),
      weights: imported.weights,
      step: 0,
    });
  } finally {
    if (isNew) await removeEmptyFolder(out);
  }
  // What was written is what will be read one day: better to know now that it can be.
  onFile(out);
  await readModelFolder(out);
  screen.write(describeImport(config.name, imported));
  screen.write(`the model is in ${join(out, "/")}: ${MODEL_FILES.config}, ${MODEL_FILES.weights}\n`);
  return EXIT.success;
}

/** The mapping by its name or from its file, with the places that the command names. */
async function readMappingOf({ mapping: name, places, onFile }: ImportCommand): Promise<Mapping> {
  onFile(name);
  const document: unknown = isKnown(name) ? mappings[name] : await readJsonFile(name);
  const mapping = readMapping(document);
  return { ...mapping, layers: { ...mapping.layers, ...places } };
}

const isKnown = (name: string): name is keyof typeof mappings => Object.hasOwn(mappings, name);

function describeImport(name: string, { weights, zeros, others }: ImportedWeights): string {
  const tensors = Object.values(weights);
  const count = tensors.reduce((sum, { data }) => sum + data.length, 0);
  return [
    `${name}: ${formatPlural(tensors.length, "weight")} with ${formatCount(count)} numbers imported\n`,
    zeros.length === 0 ? "" : `zero, because the source does without them: ${listOf(zeros)}\n`,
    others.length === 0 ? "" : `not read, because they are at the place of no layer: ${listOf(others)}\n`,
  ].join("");
}

const MOST_LISTED = 20;
const listOf = (names: readonly string[]): string =>
  names.slice(0, MOST_LISTED).join(", ") +
  (names.length > MOST_LISTED ? ` and ${formatCount(names.length - MOST_LISTED)} more` : "");
