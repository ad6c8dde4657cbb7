/** Whether gradients vanish or explode, as one judgement about a curve of norms. */
import { portableExp, portableLog } from "@latchgrad/core";
import type { Advice, GradientVerdict } from "./records.js";
import { recorded } from "./steps.js";

/** Less than this share of the gradient arrives at the far end: what happened there is as good as not learned from. */
export const VANISHED = 1e-3;
/** The gradient of the far end is so many times that of the near one. */
export const EXPLODED = 1e2;
/** Fewer steps do not show where a curve goes. */
const FEWEST_STEPS = 4;

/** What the advice depends on. */
export interface Situation {
  /** Whether some state is multiplied by a value of its own in each step, as by a forget gate. */
  readonly isGated: boolean;
  readonly isClipped: boolean;
}

/**
 * The verdict on norms by how many steps before the end they are, the last step first. The factor per step is the slope of a straight
 * line through their logarithms (least squares), so that one unusual step decides nothing; zeros, too small for the
 * element type, are left out.
 */
export function judge(norms: readonly number[], situation: Situation): GradientVerdict {
  const steps = norms.length - 1;
  if (norms.some((norm) => !Number.isFinite(norm)))
    return { kind: "exploding", perStep: null, steps, ratio: null, advice: adviceOn("exploding", situation) };
  const points = norms.flatMap((norm, back) => (norm > 0 ? [{ back, log: portableLog(norm) }] : []));
  if (steps < FEWEST_STEPS || points.length < 2) return { kind: "none", perStep: null, steps, ratio: null, advice: [] };
  const slope = slopeOf(points);
  const ratio = portableExp(slope * steps);
  const kind = ratio < VANISHED ? "vanishing" : ratio > EXPLODED ? "exploding" : "steady";
  return {
    kind,
    perStep: recorded(portableExp(slope)),
    steps,
    ratio: recorded(ratio),
    advice: adviceOn(kind, situation),
  };
}

function slopeOf(points: readonly { readonly back: number; readonly log: number }[]): number {
  const mean = (of: (point: (typeof points)[number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [back, log] = [mean((point) => point.back), mean((point) => point.log)];
  const covariance = mean((point) => (point.back - back) * (point.log - log));
  return covariance / mean((point) => (point.back - back) * (point.back - back));
}

function adviceOn(kind: GradientVerdict["kind"], { isGated, isClipped }: Situation): Advice[] {
  if (kind === "vanishing") return isGated ? ["forgetBias", "orthogonalStart"] : ["gatedCell", "orthogonalStart"];
  if (kind === "exploding") return [isClipped ? "lowerLearningRate" : "clip", "orthogonalStart"];
  return [];
}
