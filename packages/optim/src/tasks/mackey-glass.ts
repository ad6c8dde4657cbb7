/**
 * Mackey-Glass forecast: a chaotic series that obeys a differential equation
 * with delay, x'(t) = 0.2 x(t-17) / (1 + x(t-17)^10) - 0.1 x(t).
 */
import * as z from "zod";
import { floatTensor } from "../data/batch.js";
import type { TaskDefinition } from "./task.js";
import { asLists, orderFields, splitFields, stretchesOf, windowsOf, type Stretch } from "./windows.js";

const schema = z.strictObject({
  type: z.literal("mackeyGlass"),
  length: z
    .int()
    .min(1)
    .max(100_000)
    .meta({ description: "Number of time steps in a sequence; one step is one unit of time.", examples: [50] }),
  ahead: z.int().min(1).max(10_000).default(6).describe("How many steps ahead to forecast."),
  samples: z.int().min(100).max(1_000_000).default(10_000).describe("Number of values in the whole series."),
  ...orderFields,
  ...splitFields,
});

const GAIN = 0.2;
const LOSS = 0.1;
const DELAY = 17;
/** Value before time 0; the usual choice. */
const HISTORY = 1.2;
/** Units of time before the first sample, in which the series forgets its start. */
const TRANSIENT = 1000;
/** Integration steps per unit of time; the error of a step is then far below f32. */
const STEPS_PER_UNIT = 10;

/** By products, which every engine rounds alike; in a chaotic series a last bit of Math.pow becomes another series. */
function tenthPower(x: number): number {
  const square = x * x;
  const fourth = square * square;
  return fourth * fourth * square;
}

const slope = (x: number, delayed: number): number => (GAIN * delayed) / (1 + tenthPower(delayed)) - LOSS * x;

/** x(0), x(1), ... x(count - 1), by the classic Runge-Kutta method of fourth order. */
export function mackeyGlassSeries(count: number): Float64Array {
  const h = 1 / STEPS_PER_UNIT;
  const lag = DELAY * STEPS_PER_UNIT;
  const steps = Math.max(0, count - 1) * STEPS_PER_UNIT;
  const x = new Float64Array(steps + 1);
  const slopes = new Float64Array(steps + 1);
  x[0] = HISTORY;
  const before = (n: number): number => (n <= 0 ? HISTORY : x[n]);
  const slopeBefore = (n: number): number => (n < 0 ? 0 : slopes[n]);
  for (let n = 0; n < steps; n++) {
    const at = n - lag;
    const start = before(at);
    const end = before(at + 1);
    // Cubic Hermite interpolation keeps the fourth order at the half step. Just before time 0 the history is flat.
    const middle = at < 0 ? HISTORY : (start + end) / 2 + (h / 8) * (slopeBefore(at) - slopeBefore(at + 1));
    const k1 = slope(x[n], start);
    slopes[n] = k1;
    const k2 = slope(x[n] + (h / 2) * k1, middle);
    const k3 = slope(x[n] + (h / 2) * k2, middle);
    const k4 = slope(x[n] + h * k3, end);
    x[n + 1] = x[n] + (h / 6) * (k1 + 2 * k2 + 2 * k3 + k4);
  }
  return Float64Array.from({ length: count }, (_, i) => x[i * STEPS_PER_UNIT]);
}

/** The mean of (x(t + ahead) - x(t))² over all pairs inside a stretch. */
function persistenceError(series: Float64Array, { from, to }: Stretch, ahead: number): number {
  let sum = 0;
  for (let t = from; t + ahead < to; t++) {
    const change = series[t + ahead] - series[t];
    sum += change * change;
  }
  return sum / (to - from - ahead);
}

export const mackeyGlass: TaskDefinition<typeof schema> = {
  type: "mackeyGlass",
  summary: "Forecast the chaotic Mackey-Glass series with delay 17.",
  source: "Mackey & Glass 1977, Oscillation and chaos in physiological control systems",
  usual: { loss: "meanSquaredError", metrics: [] },
  schema,
  signature: (_, dtype) => ({
    inputs: { x: { dtype, dims: ["B", "T", 1] } },
    targets: { y: { dtype, dims: ["B", "T", 1] } },
  }),
  open({ length, ahead, samples, order, validation, test }, { seed, dtype }) {
    const stretches = stretchesOf(samples, { validation, test });
    const windows = windowsOf({ seed, task: "mackeyGlass", stretches: asLists(stretches), length, order, ahead });
    const series = mackeyGlassSeries(TRANSIENT + samples).subarray(TRANSIENT);
    return {
      batchesPerEpoch: windows.batchesPerEpoch,
      batch(split, index, size) {
        const starts = windows.starts(split, index, size);
        const x = floatTensor(dtype, starts.length, length, 1);
        const y = floatTensor(dtype, starts.length, length, 1);
        starts.forEach((start, b) => {
          x.data.set(series.subarray(start, start + length), b * length);
          y.data.set(series.subarray(start + ahead, start + ahead + length), b * length);
        });
        return { x, y, ...windows.besides(split, index, size) };
      },
      baselines: (split) => [
        {
          metric: "loss",
          loss: "meanSquaredError",
          value: persistenceError(series, stretches[split], ahead),
          says: "forecasting the present value (persistence)",
        },
      ],
    };
  },
};
