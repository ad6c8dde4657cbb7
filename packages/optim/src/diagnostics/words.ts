/** Findings in words, for the command line and for reports. */
import type { Advice, GradientFlowRecord } from "./records.js";

const ADVICE: Readonly<Record<Advice, string>> = {
  clip: 'clip gradients ("clip": {"globalNorm": 1})',
  lowerLearningRate: "try a lower learning rate",
  forgetBias: "start the forget gate open, with a bias of 1 or more",
  orthogonalStart: "start recurrent weights orthogonal",
  gatedCell: "use a cell with gates, such as lstm or gru",
};

/** What to do, as part of a sentence. */
export const adviceInWords = (advice: Advice): string => ADVICE[advice];

const DIGITS = 2;

/**
 * What the gradient of a layer does, in one line: "gradients vanish in memory: times 0.71 per step back, 1.2e-15 of
 * it arrives 99 steps before the end; use a cell with gates, such as lstm or gru".
 */
export function verdictInWords({ layer, verdict }: Pick<GradientFlowRecord, "layer" | "verdict">): string {
  const { kind, perStep, ratio, steps, advice } = verdict;
  if (kind === "none") return `${layer} has no gradient through time to judge`;
  const says = { vanishing: "gradients vanish", exploding: "gradients explode", steady: "gradients are steady" }[kind];
  const how =
    perStep === null || ratio === null
      ? "they are not finite"
      : `times ${perStep.toPrecision(DIGITS)} per step back, ${ratio.toPrecision(DIGITS)} of it arrives ${steps} steps before the end`;
  const what = advice.map(adviceInWords).join("; or ");
  return `${says} in ${layer}: ${how}${what === "" ? "" : `; ${what}`}`;
}
