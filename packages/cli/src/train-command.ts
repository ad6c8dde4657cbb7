/** `latchgrad train`: a model's document, or a run that goes on, and the folder that the run has. */
import type { Precision } from "@latchgrad/core";
import { loadCheckpoint, readExperiment, type Experiment, type Loaded } from "@latchgrad/optim";
import { dirname, join } from "node:path";
import { checkpointFolder, tidyCheckpoints } from "./checkpoint-folder.js";
import { movedConfig, readExperimentFile } from "./experiment-file.js";
import { isFolder } from "./files.js";
import { MODEL_FILES } from "./model-folder.js";
import { CHECKPOINTS_FOLDER, openRunFolder } from "./run-folder.js";
import type { Screen } from "./screen.js";
import { withSettings } from "./settings.js";
import { trainInFolder } from "./training-run.js";

export interface TrainCommand {
  /** Path of the model's JSON file, or of the folder of a run that goes on. */
  readonly file: string;
  /** Changes to the document, "path=value". */
  readonly settings: readonly string[];
  /** Folder for the run; absent: a new one in `runs`. */
  readonly out?: string | undefined;
  /** Go on from the latest checkpoint in the folder, if there is one. */
  readonly resume: boolean;
  /** Absent: "fast", or what the run began with. */
  readonly precision?: Precision | undefined;
  readonly tensorboard: boolean;
  readonly screen: Screen;
}

/** Trains the model in a file; returns the exit code. Throws LatchgradError, and leaves no empty folder behind. */
export async function trainCommand({ file, settings, out, resume, ...options }: TrainCommand): Promise<number> {
  const isRun = resume && (await isFolder(file));
  const given = isRun ? undefined : await readExperimentFile(file, settings);
  // The folder is made first: not being able to write should not become known only after hours of training.
  const folder = await openRunFolder({
    out: out ?? (isRun ? file : undefined),
    resume,
    name: given?.config.name ?? "",
  });
  try {
    const checkpoints = join(folder.path, CHECKPOINTS_FOLDER);
    await tidyCheckpoints(checkpoints);
    const store = checkpointFolder(checkpoints);
    const loaded = resume ? await loadCheckpoint(store) : undefined;
    const experiment =
      given === undefined
        ? await experimentOfRun(folder.path, loaded, settings)
        : // What is trained is the document in the run's folder, so that it alone is enough to go on or to begin again.
          readExperiment(movedConfig(given.config, dirname(file), folder.path));
    return await trainInFolder({ folder: folder.path, store, loaded, experiment, ...options });
  } finally {
    await folder.close();
  }
}

/** The experiment of a run that goes on: that of its checkpoint, which has a checksum, or else its document. */
const experimentOfRun = async (
  folder: string,
  loaded: Loaded | undefined,
  settings: readonly string[],
): Promise<Experiment> =>
  loaded === undefined
    ? readExperimentFile(join(folder, MODEL_FILES.config), settings)
    : readExperiment(withSettings(loaded.checkpoint.config, settings));
