/** Sine forecast: after each value of a sine wave, the value some steps ahead. */
import * as z from "zod";
import { randomAt } from "./random.js";
import { floatTensor } from "../data/batch.js";
import { endlessTask, type TaskDefinition } from "./task.js";

const schema = z
  .strictObject({
    type: z.literal("sine"),
    length: z
      .int()
      .min(1)
      .max(100_000)
      .meta({ description: "Number of time steps.", examples: [50] }),
    ahead: z.int().min(1).max(10_000).default(1).describe("How many steps ahead to forecast."),
    shortestPeriod: z.number().min(2).default(20).describe("Least period of a wave, in steps."),
    longestPeriod: z.number().min(2).default(40).describe("Greatest period of a wave, in steps."),
  })
  .refine(({ shortestPeriod, longestPeriod }) => shortestPeriod <= longestPeriod, {
    path: ["longestPeriod"],
    error: "longestPeriod is not below shortestPeriod",
  });

/** Coefficients of sin x / x and of cos x in x², by Taylor: what follows is below 2^-56 for |x| <= π/4. */
const SINE = [1, -1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800, 1 / 6227020800, -1 / 1307674368000];
const COSINE = [1, -1 / 2, 1 / 24, -1 / 720, 1 / 40320, -1 / 3628800, 1 / 479001600, -1 / 87178291200];
const inPowersOf = (square: number, coefficients: readonly number[]): number =>
  coefficients.reduceRight((sum, coefficient) => sum * square + coefficient, 0);

/** sin(2π·turns), by sums and products alone: Math.sin has other last bits in other engines. */
function sineOfTurns(turns: number): number {
  const quarters = Math.round(4 * turns);
  const x = 2 * Math.PI * (turns - quarters / 4);
  const isAcross = quarters % 2 !== 0;
  const value = isAcross ? inPowersOf(x * x, COSINE) : x * inPowersOf(x * x, SINE);
  const half = ((quarters % 4) + 4) % 4 >= 2;
  return half ? -value : value;
}

/** Intervals of Simpson's rule for the mean over all periods; the integrand is smooth. */
const INTERVALS = 1000;

/**
 * The mean squared error of forecasting the present value. For a wave of period p at a random phase it is
 * E[(sin(a + 2πk/p) - sin a)²] = 1 - cos(2πk/p); this is the mean over p uniform on [low, high].
 */
function persistenceError(ahead: number, low: number, high: number): number {
  const errorAt = (period: number): number => 1 - sineOfTurns(ahead / period + 0.25);
  let sum = 0;
  for (let i = 0; i <= INTERVALS; i++) {
    const weight = i === 0 || i === INTERVALS ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * errorAt(low + ((high - low) * i) / INTERVALS);
  }
  return sum / (3 * INTERVALS);
}

export const sine: TaskDefinition<typeof schema> = {
  type: "sine",
  summary: "Forecast sine waves of random period and phase.",
  source: "customary first example of sequence forecasting",
  usual: { loss: "meanSquaredError", metrics: [] },
  schema,
  signature: (_, dtype) => ({
    inputs: { x: { dtype, dims: ["B", "T", 1] } },
    targets: { y: { dtype, dims: ["B", "T", 1] } },
  }),
  open: ({ length, ahead, shortestPeriod, longestPeriod }, { seed, dtype }) =>
    endlessTask(
      (split, index, size) => {
        const random = randomAt(seed, "sine", split, index);
        const x = floatTensor(dtype, size, length, 1);
        const y = floatTensor(dtype, size, length, 1);
        for (let b = 0; b < size; b++) {
          const period = random.between(shortestPeriod, longestPeriod);
          const phase = random.between(0, period);
          const waveAt = (t: number): number => sineOfTurns((t + phase) / period);
          for (let t = 0; t < length; t++) {
            x.data[b * length + t] = waveAt(t);
            y.data[b * length + t] = waveAt(t + ahead);
          }
        }
        return { x, y };
      },
      {
        metric: "loss",
        loss: "meanSquaredError",
        value: persistenceError(ahead, shortestPeriod, longestPeriod),
        says: "forecasting the present value (persistence)",
      },
    ),
};
