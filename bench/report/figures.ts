/** What is computed from timings. */
import type { Timing } from "../measure.ts";
import { PEAK, PEAK_MULTIPLY_ADDS } from "../peak.ts";

export const timingOf = (timings: readonly Timing[], name: string): Timing | undefined =>
  timings.find((timing) => timing.name === name);

/** Median of a contender, ms; NaN when it did not take part. */
export const medianOf = (timings: readonly Timing[], name: string): number => timingOf(timings, name)?.median ?? NaN;

/** Multiply-adds per ms that the peak's loop reached next to these timings. */
export const peakOf = (timings: readonly Timing[]): number =>
  PEAK_MULTIPLY_ADDS / (timingOf(timings, PEAK)?.minimum ?? NaN);

/**
 * The part of the peak that `work` multiply-adds per step are. From the minima of both: a long step is interrupted by other
 * processes more often than the peak's short loop, and its median would be held against one of another kind.
 */
export const fractionOfPeak = (timings: readonly Timing[], name: string, work: number): number =>
  work / (timingOf(timings, name)?.minimum ?? NaN) / peakOf(timings);
