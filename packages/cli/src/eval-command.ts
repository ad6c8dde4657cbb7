/** `latchgrad eval`: a trained model on the data of its task, with the numbers that its training gave at the end. */
import type { Precision } from "@latchgrad/core";
import { betterOf, evaluateModel, type Evaluation, type Split } from "@latchgrad/optim";
import { join } from "node:path";
import { MODEL_FILES } from "@latchgrad/layers";
import { experimentHeading } from "./describe-experiment.js";
import { filesBeside } from "./experiment-file.js";
import { EXIT } from "./failure.js";
import { formatCount, formatPlural } from "./format.js";
import { readTrainedModel } from "./model-folder.js";
import { formatResult } from "./result.js";
import type { Screen } from "./screen.js";

export interface EvalCommand {
  /** Folder of a model or of a run. */
  readonly folder: string;
  readonly split: Split;
  /** Absent: as many as the evaluations of the training. */
  readonly batches?: number | undefined;
  /** Absent: that of the run, or "fast". */
  readonly precision?: Precision | undefined;
  /** Print one JSON object in place of text. */
  readonly json: boolean;
  readonly screen: Screen;
}

/** Evaluates a model; returns the exit code. Throws LatchgradError. */
export async function evalCommand({ folder, split, batches, json, screen, ...options }: EvalCommand): Promise<number> {
  const stored = await readTrainedModel(folder);
  const { experiment, weights, fitted, step } = stored;
  const precision = options.precision ?? stored.precision;
  const openFile = filesBeside(join(folder, MODEL_FILES.config));
  const evaluation = await evaluateModel(experiment, weights, { split, batches, precision, openFile, fitted, step });
  if (json) {
    screen.write(`${JSON.stringify(asRecord(evaluation, precision))}\n`);
    return EXIT.success;
  }
  const { batch } = experiment.config.training;
  screen.write(
    `${experimentHeading(experiment)}\nthe model after ${formatPlural(step, "step")}, on ` +
      `${formatPlural(evaluation.batches, "batch", "batches")} of ${formatCount(batch)}, precision ${precision}\n`,
  );
  screen.write(`${formatResult(evaluation, (metric) => betterOf(experiment, metric))}\n`);
  return EXIT.success;
}

/** The evaluation as it stands in a run's metrics.jsonl, and what it depends on. */
const asRecord = ({ split, step, loss, metrics, batches, baseline }: Evaluation, precision: Precision): object => ({
  split,
  step,
  loss,
  metrics,
  batches,
  precision,
  baseline,
});
