/** Updates: how large weights are, and how much of them one update changes. */
import type { TensorData, TensorsByName } from "@latchgrad/core";
import { QUANTILES, type UpdatesRecord } from "./records.js";
import { recorded } from "./steps.js";

export interface WeightsAround {
  /** Absent: there was no update yet. */
  readonly before?: TensorsByName | undefined;
  readonly after: TensorsByName;
  /** By weight; of the diagnostic batch. */
  readonly gradients: TensorsByName;
}

export const updatesRecords = (
  names: readonly string[],
  step: number,
  { before, after, gradients }: WeightsAround,
): readonly UpdatesRecord[] =>
  names.map((weight) => {
    const now = after[weight].data;
    const then = before?.[weight].data ?? now;
    const weightNorm = norm(then);
    const updateNorm = norm(now, then);
    return {
      kind: "updates",
      step,
      weight,
      elements: now.length,
      weightNorm: recorded(weightNorm),
      gradientNorm: recorded(norm(gradients[weight].data)),
      ...(before === undefined ? {} : { updateNorm: recorded(updateNorm), ratio: recorded(updateNorm / weightNorm) }),
      quantiles: quantilesOf(now).map(recorded),
    };
  });

/** The 2-norm of values, or of their difference from others. */
function norm(values: TensorData["data"], others?: TensorData["data"]): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const difference = values[i] - (others?.[i] ?? 0);
    sum += difference * difference;
  }
  return Math.sqrt(sum);
}

/** Values at the shares of QUANTILES, between two elements by linear interpolation. */
export function quantilesOf(values: TensorData["data"]): readonly number[] {
  const sorted = Float64Array.from(values).sort();
  return QUANTILES.map((share) => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const above = Math.min(sorted.length - 1, below + 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  });
}
