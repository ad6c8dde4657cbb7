/** `latchgrad train`: a model's document, or a run that goes on, and the folder that the run has. */
import { MODEL_FILES } from "@latchgrad/layers";
import type { Precision } from "@latchgrad/core";
import { checkResume, loadCheckpoint, readExperiment, SUMS_FILE, type Experiment } from "@latchgrad/optim";
import { dirname, join } from "node:path";
import { checkpointFolder, tidyCheckpoints } from "./checkpoint-folder.js";
import { changedFiles } from "./checksums.js";
import { precisionIn } from "./environment.js";
import { movedConfig, readExperimentFile } from "./experiment-file.js";
import { EXIT, FileError } from "./failure.js";
import { isFile, isFolder } from "./files.js";
import { CHECKPOINTS_FOLDER, openRunFolder } from "./run-folder.js";
import { reportAfterRun } from "./report-command.js";
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
  /** Share each step. */
  readonly threads: number;
  readonly tensorboard: boolean;
  /** Write report.html when the run has come to its end. */
  readonly report: boolean;
  readonly screen: Screen;
}

/** Trains the model in a file; returns the exit code. Throws LatchgradError, and leaves no empty folder behind. */
export async function trainCommand({ file, settings, out, resume, report, ...options }: TrainCommand): Promise<number> {
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
    const begun = given === undefined ? await readBegun(folder.path, options.screen) : undefined;
    if (begun !== undefined && loaded !== undefined)
      checkResume(loaded.checkpoint, begun.experiment, loaded.checkpoint.precision);
    const canBegin = given !== undefined || begun?.precision !== undefined;
    if (resume && loaded === undefined) await refuseResume(folder.path, canBegin);
    // What is trained is the document as it stands in the run's folder, so that it alone is enough to begin again.
    const experiment =
      given === undefined
        ? readExperiment(withSettings(loaded?.checkpoint.config ?? begun?.experiment.config, settings))
        : readExperiment(movedConfig(given.config, dirname(file), folder.path));
    const precision = options.precision ?? (loaded === undefined ? begun?.precision : undefined);
    const code = await trainInFolder({ folder: folder.path, store, loaded, experiment, ...options, precision });
    // Whoever interrupts a run wants to leave.
    if (report && code === EXIT.success) await reportAfterRun(folder.path, options.screen);
    return code;
  } finally {
    await folder.close();
  }
}

interface Begun {
  readonly experiment: Experiment;
  readonly precision: Precision | undefined;
}

/** What a run's folder itself says about it, where that is as it was written; else the checkpoints alone are asked. */
async function readBegun(folder: string, screen: Screen): Promise<Begun | undefined> {
  if (!(await isFile(join(folder, SUMS_FILE)))) return undefined;
  const changed = await changedFiles(folder, SUMS_FILE, [MODEL_FILES.config]);
  if (changed.length > 0) {
    screen.write(`${changed.join(", ")} is not as it was written: the run goes on as its checkpoint says\n`);
    return undefined;
  }
  return {
    experiment: await readExperimentFile(join(folder, MODEL_FILES.config)),
    precision: await precisionIn(folder),
  };
}

/** Where there is no checkpoint, a run begins; but only where its document is known, and no model would be lost. */
async function refuseResume(folder: string, isGiven: boolean): Promise<void> {
  const hasModel = await isFile(join(folder, MODEL_FILES.weights));
  if (isGiven && !hasModel) return;
  throw new FileError([
    {
      code: "file.no-checkpoint",
      problem: "a run goes on from a checkpoint",
      at: { kind: "value", name: join(folder, CHECKPOINTS_FOLDER) },
      received: hasModel ? "none, but a model" : "none",
      hint: hasModel
        ? "without its checkpoints a run can only be made again: give its document and another --out"
        : "give the document of the run in place of its folder, and the folder as --out, to begin again",
    },
  ]);
}
