/** What is computed from timings. */
import type { Timing } from "../measure.ts";
import { PEAK, PEAK_MULTIPLY_ADDS, PEAK_OF_TWO, PEAK_OF_TWO_MULTIPLY_ADDS } from "../peak.ts";

export const timesOf = (timings: readonly Timing[], name: string): Timing | undefined =>
  timings.find((timing) => timing.name === name);

/** Median of a contender, ms; NaN when it did not take part. */
export const medianOf = (timings: readonly Timing[], name: string): number => timesOf(timings, name)?.median ?? NaN;

/** Of the first step, what is neither the drawing of weights nor a step as they are later, ms; NaN where that is not known. */
export function compilationOf(timings: readonly Timing[], name: string): number {
  const { first = NaN, weights = NaN, median = NaN } = timesOf(timings, name) ?? {};
  return first - weights - median;
}

/** The medians of the processes that a contender was measured in, the least and the largest; empty when it was one. */
export function spreadOf(timings: readonly Timing[], name: string, print: (value: number) => string): string {
  const { processes = [] } = timesOf(timings, name) ?? {};
  return processes.length === 0 ? "" : `${print(Math.min(...processes))} to ${print(Math.max(...processes))}`;
}

/** Multiply-adds per ms that the peak's loop reached next to these timings. */
export const peakOf = (timings: readonly Timing[], peak = PEAK): number =>
  PEAK_MULTIPLY_ADDS / (timesOf(timings, peak)?.minimum ?? NaN);

/**
 * The part of the peak that `work` multiply-adds per step are. From the minima of both: a long step is interrupted by other
 * processes more often than the peak's short loop, and its median would be held against one of another kind.
 */
export const fractionOfPeak = (timings: readonly Timing[], name: string, work: number, peak = PEAK): number =>
  work / (timesOf(timings, name)?.minimum ?? NaN) / peakOf(timings, peak);

/** What the peak's loop on two threads at once reached of one, from medians; NaN when it did not take part. */
export const coresToOne = (timings: readonly Timing[]): number =>
  PEAK_OF_TWO_MULTIPLY_ADDS / medianOf(timings, PEAK_OF_TWO) / (PEAK_MULTIPLY_ADDS / medianOf(timings, PEAK));
