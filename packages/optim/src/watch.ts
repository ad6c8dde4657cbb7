/** What evaluations decide: which model is the best so far, and whether the run has come to its end. */
import type { TensorsByName } from "@latchgrad/core";
import { betterSideOf, type Better } from "@latchgrad/layers";
import type { Evaluation } from "./events.js";
import type { Experiment, TrainingConfig } from "./experiment.js";
import type { RunState } from "./run-state.js";

/** The part of a run's state that evaluations change. */
export type Watched = Pick<RunState, "best" | "sinceBest" | "ending">;

/** Before the first evaluation. */
export const UNWATCHED: Watched = { sinceBest: 0 };

/** What is watched, after one more evaluation of `weights`. */
export function watchEvaluation(
  experiment: Experiment,
  before: Watched,
  evaluation: Evaluation,
  weights: TensorsByName,
): Watched {
  const { training } = experiment.config;
  const after = keepBest(experiment, before, evaluation, weights);
  if (isReached(training, evaluation)) return { ...after, ending: "stopped" };
  const patience = training.best?.patience;
  return patience !== undefined && after.sinceBest >= patience ? { ...after, ending: "stale" } : after;
}

function keepBest(
  experiment: Experiment,
  before: Watched,
  evaluation: Evaluation,
  weights: TensorsByName,
): Pick<Watched, "best" | "sinceBest"> {
  const { best } = experiment.config.training;
  if (best === undefined) return { sinceBest: 0 };
  const { metric, margin } = best;
  const value = valueOf(evaluation, metric);
  const gain =
    before.best === undefined
      ? Number.POSITIVE_INFINITY
      : betterOf(experiment, metric) === "lower"
        ? before.best.value - value
        : value - before.best.value;
  // A metric may become infinite where the loss is not; that is never the best, and no document can hold it.
  return Number.isFinite(value) && gain > margin
    ? { best: { step: evaluation.step, value, weights }, sinceBest: 0 }
    : { best: before.best, sinceBest: before.sinceBest + 1 };
}

/** Whether a lower or a higher value of the loss or a metric is better. */
export function betterOf({ model }: Experiment, metric: string): Better {
  const objective = model.objectives.find(({ name }) => name === metric);
  return objective === undefined ? "lower" : betterSideOf(objective.config);
}

const valueOf = ({ loss, metrics: values }: Evaluation, metric: string): number =>
  metric === "loss" ? loss : values[metric];

function isReached({ stopWhen }: TrainingConfig, evaluation: Evaluation): boolean {
  if (stopWhen === undefined) return false;
  const value = valueOf(evaluation, stopWhen.metric);
  const { below, above } = stopWhen;
  return (below !== undefined && value < below) || (above !== undefined && value > above);
}
