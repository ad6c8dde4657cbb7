/** `latchgrad train`: trains a model, shows how it goes, and leaves it in a folder. */
import { objectiveDefinitionOf } from "@latchgrad/layers";
import { train, type DoneEvent, type Experiment } from "@latchgrad/optim";
import { dirname, join } from "node:path";
import { experimentHeading } from "./describe-experiment.js";
import { filesBeside, movedConfig, readExperimentFile } from "./experiment-file.js";
import { EXIT } from "./failure.js";
import { makeFolder, makeNewFolder, removeEmptyFolder } from "./files.js";
import { formatDuration } from "./format.js";
import { catchInterrupt } from "./interrupt.js";
import { folderName, MODEL_FILES, writeModelFolder } from "./model-folder.js";
import { showProgress, type Progress } from "./progress.js";
import { formatEnding, formatResult } from "./result.js";
import type { Screen } from "./screen.js";

/** Where models go when the command does not say. */
const RUNS_FOLDER = "runs";

export interface TrainCommand {
  /** Path of the model's JSON file. */
  readonly file: string;
  /** Folder for the trained model; absent: a new one in `runs`. */
  readonly out?: string | undefined;
  readonly screen: Screen;
}

/** Trains the model in a file; returns the exit code. Throws LatchgradError, and leaves no empty folder behind. */
export async function trainCommand({ file, out, screen }: TrainCommand): Promise<number> {
  const experiment = await readExperimentFile(file);
  // The folder is made first: not being able to write should not become known only after hours of training.
  const { folder, isNew } = await makeOutput(out, experiment.config.name);
  try {
    return await trainInto(folder, { experiment, file, screen });
  } finally {
    if (isNew) await removeEmptyFolder(folder);
  }
}

/** The folder that was asked for, or a new one, so that no model is replaced unless someone says so. */
async function makeOutput(
  out: string | undefined,
  name: string,
): Promise<{ readonly folder: string; readonly isNew: boolean }> {
  if (out === undefined) return { folder: await makeNewFolder(RUNS_FOLDER, folderName(name)), isNew: true };
  return { folder: out, isNew: await makeFolder(out) };
}

interface TrainingRun {
  readonly experiment: Experiment;
  readonly file: string;
  readonly screen: Screen;
}

async function trainInto(folder: string, { experiment, file, screen }: TrainingRun): Promise<number> {
  const { config } = experiment;
  screen.write(`${experimentHeading(experiment)}\n\n`);
  const began = performance.now();
  const progress = showProgress({ screen, mayStop: config.training.stopWhen !== undefined });
  const interrupt = catchInterrupt(() => {
    progress.print("Stopping after this step. Press Ctrl-C again to stop at once, without saving.\n");
  });
  let done: DoneEvent;
  try {
    done = await follow(experiment, file, interrupt.signal, progress);
  } finally {
    progress.end();
    interrupt.release();
  }
  await writeModelFolder(folder, {
    config: movedConfig(config, dirname(file), folder),
    weights: done.weights,
    step: done.step,
  });
  screen.write(`\n${formatEnding(done, config.training)}, in ${formatDuration((performance.now() - began) / 1000)}\n`);
  if (done.evaluation !== undefined)
    screen.write(`${formatResult(done.evaluation, (metric) => betterOf(experiment, metric))}\n`);
  screen.write(`the model is in ${join(folder, "/")}: ${MODEL_FILES.config}, ${MODEL_FILES.weights}\n`);
  return done.reason === "aborted" ? EXIT.interrupted : EXIT.success;
}

/** Shows what happens in a run; returns its end. */
async function follow(
  experiment: Experiment,
  file: string,
  signal: AbortSignal,
  progress: Progress,
): Promise<DoneEvent> {
  for await (const event of train(experiment, { signal, readFile: filesBeside(file) })) {
    if (event.kind === "done") return event;
    if (event.kind === "step") progress.step(event);
    else progress.evaluation(event);
  }
  throw new TypeError("internal: a run ended without an end");
}

/** Whether a lower or a higher value of a loss or a metric is better. */
function betterOf({ model }: Experiment, metric: string): "lower" | "higher" {
  const objective = model.objectives.find(({ name }) => name === metric);
  return objective === undefined ? "lower" : objectiveDefinitionOf(objective.config).better;
}
