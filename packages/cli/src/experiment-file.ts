/** An experiment on disk: the document, and the files that it names, whose paths are relative to it. */
import { LONGEST_DOCUMENT, readJsonText } from "@latchgrad/layers";
import { readExperiment, withFiles, type Experiment, type ExperimentConfig, type OpenFile } from "@latchgrad/optim";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { FileError } from "./failure.js";
import { openBytes, readText } from "./files.js";
import { withSettings } from "./settings.js";

/** No character takes more than 4 bytes in UTF-8, so a larger file cannot be a document of permitted length. */
export const LARGEST_DOCUMENT_FILE = 4 * LONGEST_DOCUMENT;

/** The value in a JSON file. Throws FileError when it cannot be read, ConfigError when it is no JSON. */
export const readJsonFile = async (path: string): Promise<unknown> =>
  readJsonText(await readText(path, LARGEST_DOCUMENT_FILE));

/**
 * The experiment in a JSON file, after `settings` of the form "path=value" were made. Throws FileError when it cannot be
 * read, ConfigError when it is wrong.
 */
export const readExperimentFile = async (path: string, settings: readonly string[] = []): Promise<Experiment> =>
  readExperiment(withSettings(await readJsonFile(path), settings));

/** Opens the files that the experiment at `path` names; of each no more is read than is asked for. */
export const filesBeside = (path: string): OpenFile => {
  const folder = dirname(resolve(path));
  return async (name) => {
    try {
      return await openBytes(resolve(folder, name));
    } catch (error) {
      // The task says which file, and where in the document it is named; only the reason is missing.
      if (error instanceof FileError)
        throw new Error(error.issues.map(({ received }) => received).join(", "), { cause: error });
      throw error;
    }
  };
};

/**
 * The same experiment as a document in another folder: paths in it lead to the same files from there.
 * Web addresses and absolute paths stay as they are.
 */
export function movedConfig(config: ExperimentConfig, fromFolder: string, toFolder: string): ExperimentConfig {
  const moved = (path: string): string => {
    if (isAbsolute(path) || /^[a-z][a-z0-9+.-]+:/i.test(path)) return path;
    const steps = relative(resolve(toFolder), resolve(fromFolder, path)).split(sep).join("/");
    return steps.startsWith(".") ? steps : `./${steps}`;
  };
  const { $schema, task } = config;
  return {
    ...config,
    ...($schema === undefined ? {} : { $schema: moved($schema) }),
    task: withFiles(task, moved),
  };
}
