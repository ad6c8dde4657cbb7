/**
 * `latchgrad run-trial`: one trial, to its end. It can be called again and again, by a sweep or by any other scheduler: a trial
 * that has ended is not run again, one that was stopped goes on, and one that another process is at is left to it.
 */
import { CompileError, RunError, type Precision } from "@latchgrad/core";
import { MODEL_FILES } from "@latchgrad/layers";
import {
  evaluateModel,
  findTrial,
  loadCheckpoint,
  readExperiment,
  trialId,
  type DoneEvent,
  type Evaluation,
  type Experiment,
} from "@latchgrad/optim";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkpointFolder, tidyCheckpoints } from "../checkpoint-folder.js";
import { filesBeside, movedConfig, readExperimentFile } from "../experiment-file.js";
import { EXIT, FileError, formatFailure } from "../failure.js";
import { attempt, RULES } from "../files.js";
import { tidyClaims } from "../folder-lock.js";
import { CHECKPOINTS_FOLDER, openRunFolder } from "../run-folder.js";
import type { Screen } from "../screen.js";
import { trainInFolder } from "../training-run.js";
import { readSweepFile } from "./sweep-file.js";
import { stepTeller, stopWithParent } from "./trial-messages.js";
import { readResult, RESULT_FILE, trialFolder, writeResult, type Scores, type TrialResult } from "./trial-result.js";

export interface RunTrialCommand {
  /** A sweep and the id of one of its trials, or the document of an experiment. */
  readonly from: { readonly sweep: string; readonly id: string } | { readonly config: string };
  /** Folder of the sweep; the trial is in its folder "trials", under its id. */
  readonly out: string;
  /** Run a trial again that has failed. */
  readonly retryFailed: boolean;
  /** For a document; a sweep has its own. */
  readonly precision: Precision;
  readonly threads: number;
  readonly screen: Screen;
  readonly onFile: (path: string) => void;
}

interface Trial {
  readonly id: string;
  readonly experiment: Experiment;
  readonly precision: Precision;
  /** Where its document is; paths in it begin there. */
  readonly base: string;
}

/** Runs a trial; returns the exit code. Throws LatchgradError where it could not be run, and it may be tried again. */
export async function runTrialCommand(command: RunTrialCommand): Promise<number> {
  const { out, retryFailed, screen } = command;
  const trial = await readTrial(command);
  const path = trialFolder(out, trial.id);
  const before = await readResult(path, trial.id);
  if (before !== undefined && !(before.state === "failed" && retryFailed)) {
    // Of a process that was killed when all was done.
    await tidyClaims(path);
    return tell(screen, path, before);
  }
  const folder = await openRunFolder({ out: path, resume: true, name: "" });
  try {
    // It may have ended while the folder was not ours yet.
    const meanwhile = await readResult(path, trial.id);
    if (meanwhile?.state === "done" || (meanwhile !== undefined && !retryFailed)) return tell(screen, path, meanwhile);
    await attempt(RULES.write, path, () => rm(join(path, RESULT_FILE), { force: true }));
    return await runIn(path, trial, command);
  } finally {
    await folder.close();
  }
}

async function readTrial({ from, precision, onFile }: RunTrialCommand): Promise<Trial> {
  if ("config" in from) {
    const experiment = await readExperimentFile(from.config);
    return { id: await trialId(experiment.config, precision), experiment, precision, base: dirname(from.config) };
  }
  const { sweep, document, model } = await readSweepFile(from.sweep, onFile);
  const experiment = await findTrial(sweep, document, from.id);
  if (experiment !== undefined) return { id: from.id, experiment, precision: sweep.precision, base: dirname(model) };
  throw new FileError([
    {
      code: "file.no-trial",
      problem: "the sweep has a trial with that id",
      at: { kind: "value", name: from.sweep },
      received: `none with the id ${from.id}`,
      hint: "latchgrad sweep --list shows them; another document has other ids",
    },
  ]);
}

async function runIn(
  path: string,
  { id, experiment, precision, base }: Trial,
  command: RunTrialCommand,
): Promise<number> {
  const { screen, threads } = command;
  const checkpoints = join(path, CHECKPOINTS_FOLDER);
  await tidyCheckpoints(checkpoints);
  const store = checkpointFolder(checkpoints);
  const moved = readExperiment(movedConfig(experiment.config, base, path));
  let result: TrialResult | undefined;
  let code: number;
  stopWithParent();
  try {
    code = await trainInFolder({
      folder: path,
      store,
      loaded: await loadCheckpoint(store),
      experiment: moved,
      precision,
      threads,
      tensorboard: false,
      screen,
      onStep: stepTeller(),
      onEnd: async (done, used) => {
        result = await resultOf(path, moved, done, used);
      },
    });
  } catch (error) {
    // Numbers that became meaningless and models that are too large are what came of the trial. Anything else, such as a full disk, says nothing about it.
    if (!(error instanceof RunError || error instanceof CompileError)) throw error;
    result = { state: "failed", error: formatFailure(error, { file: id, debug: false }).trimEnd() };
    code = EXIT.trialFailed;
  }
  if (result === undefined) return code;
  await writeResult(path, id, result);
  return tell(screen, path, result);
}

async function resultOf(
  path: string,
  experiment: Experiment,
  done: DoneEvent,
  precision: Precision,
): Promise<TrialResult> {
  const modelStep = done.best?.step ?? done.step;
  const openFile = filesBeside(join(path, MODEL_FILES.config));
  const scoresOn = async (split: Evaluation["split"]): Promise<Scores> =>
    scoresOf(await evaluateModel(experiment, done.weights, { split, precision, openFile, step: modelStep }));
  const test = done.evaluation === undefined ? await scoresOn("test") : scoresOf(done.evaluation);
  return {
    state: "done",
    step: done.step,
    modelStep,
    reason: done.reason,
    scores: { train: await scoresOn("train"), validation: await scoresOn("validation"), test },
  };
}

const scoresOf = ({ loss, metrics }: Evaluation): Scores => ({ loss, ...metrics });

function tell(screen: Screen, path: string, result: TrialResult): number {
  if (result.state === "done") {
    screen.write(`the trial in ${path} is done: validation loss ${result.scores.validation["loss"]}\n`);
    return EXIT.success;
  }
  screen.write(`the trial in ${path} has failed, and is run again with --retry-failed only:\n${result.error}\n`);
  return EXIT.trialFailed;
}

/** Whether an error says that another process has the folder. */
export const isTaken = (error: unknown): boolean =>
  error instanceof FileError && error.issues.some(({ code }) => code === "file.locked");
