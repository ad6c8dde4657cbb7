/** What came of a run, in words. */
import { betterOf } from "@latchgrad/optim";
import { formatCount, formatPlural } from "../format.js";
import { formatEnding, formatResult } from "../result.js";
import { resultOf, type RunData } from "./run-data.js";

/** Steps that were made so far. */
export const stepsMade = ({ end, steps, evaluations }: RunData): number =>
  end?.step ?? Math.max(steps.step.at(-1) ?? 0, evaluations.at(-1)?.step ?? 0);

const REASONS = ["steps", "stopped", "stale", "aborted"] as const;
const isReason = (reason: string): reason is (typeof REASONS)[number] => REASONS.some((known) => known === reason);

/** How the run ended, or how far it is. */
export function endingOf(run: RunData): string {
  const { training } = run.experiment.config;
  const { end } = run;
  if (end === undefined)
    return `The run has made ${formatCount(stepsMade(run))} of ${formatPlural(training.steps, "step")} and has no end yet: it goes on at the moment, or was stopped.`;
  if (!isReason(end.reason)) return `The run ended after ${formatPlural(end.step, "step")}.`;
  return sentence(formatEnding({ reason: end.reason, step: end.step, best: end.best }, training));
}

/** The latest result and how it compares with the baseline, in sentences; empty before the first evaluation. */
export function resultSentences(run: RunData): readonly string[] {
  const result = resultOf(run);
  if (result === undefined) return [];
  return formatResult(result, (metric) => betterOf(run.experiment, metric))
    .split("\n")
    .map(sentence);
}

/** "Test loss 0.00423." of "test loss 0.00423". */
const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
