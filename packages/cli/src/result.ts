/** The result of a run in plain words: how it ended, and how the model compares with what needs no learning. */
import type { Baseline, DoneEvent, TrainingConfig } from "@latchgrad/optim";
import { formatCount, formatNumber, formatPlural } from "./format.js";
import { formatEvaluation, type Result } from "./progress.js";

/** How a run ended, as far as words need it. */
export interface Outcome extends Pick<DoneEvent, "reason" | "step"> {
  readonly best?: { readonly step: number; readonly value: number } | undefined;
}

/** Why the run ended, after how many steps. */
export function formatEnding({ reason, step, best: model }: Outcome, training: TrainingConfig): string {
  const { steps, stopWhen, best } = training;
  const count =
    step === steps ? `all ${formatPlural(steps, "step")}` : `${formatCount(step)} of ${formatPlural(steps, "step")}`;
  const kept =
    model === undefined || best === undefined
      ? ""
      : `; the model is that of step ${formatCount(model.step)}, with the best validation ${best.metric}, ${formatNumber(model.value)}`;
  switch (reason) {
    case "steps":
      return `trained for ${count}${kept}`;
    case "stopped":
      return `trained for ${count}, until the validation ${formatGoal(stopWhen)}${kept}`;
    case "stale":
      return `trained for ${count}, until ${formatPlural(best?.patience ?? 0, "evaluation")} in a row brought nothing better${kept}`;
    case "aborted":
      return `interrupted after ${count}${kept}`;
    default:
      return reason satisfies never;
  }
}

function formatGoal(goal: TrainingConfig["stopWhen"]): string {
  if (goal === undefined) return "goal was reached";
  const { metric, below, above } = goal;
  return below === undefined ? `${metric} was above ${above ?? 0}` : `${metric} was below ${below}`;
}

/** The result on the test part, and the baseline that it is compared with where the task has one. */
export function formatResult(
  evaluation: Result & { readonly baseline?: Pick<Baseline, "metric" | "value" | "says"> | undefined },
  betterOf: (metric: string) => "lower" | "higher",
): string {
  const { baseline, split, loss, metrics } = evaluation;
  const result = formatEvaluation(evaluation);
  if (baseline === undefined) return result;
  const value = baseline.metric === "loss" ? loss : metrics[baseline.metric];
  const scores = `${split} ${baseline.metric} ${formatNumber(baseline.value)}`;
  return `${result}\n${baseline.says}: ${scores}, so the model is ${scoreAgainst(value, baseline.value, betterOf(baseline.metric))}`;
}

/** Within this share of the baseline, a result counts as no different. */
const NO_DIFFERENCE = 0.02;

/** "41 times better", "23% better", "no better", "12% worse". */
export function scoreAgainst(value: number, baseline: number, better: "lower" | "higher"): string {
  if (better === "higher") return compareShares(value, baseline);
  if (value === 0 && baseline > 0) return "without any error";
  const ratio = baseline / value;
  if (Math.abs(ratio - 1) <= NO_DIFFERENCE || !Number.isFinite(ratio)) return "no better";
  if (ratio >= 2) return `${formatNumber(ratio, 2)} times better`;
  if (ratio > 1) return `${Math.round(100 * (1 - 1 / ratio))}% better`;
  return ratio > 0.5 ? `${Math.round(100 * (1 / ratio - 1))}% worse` : `${formatNumber(1 / ratio, 2)} times worse`;
}

/** Shares of right answers differ by points: from 96% to 98% is not "2% better". */
function compareShares(value: number, baseline: number): string {
  const points = 100 * (value - baseline);
  if (Math.abs(points) < 100 * NO_DIFFERENCE) return "no better";
  return `${formatNumber(Math.abs(points), 2)} percentage points ${points > 0 ? "better" : "worse"}`;
}
