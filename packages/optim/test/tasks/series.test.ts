import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mackeyGlassSeries } from "../../src/tasks/mackey-glass.js";
import { SPLITS } from "../../src/data/batch.js";
import { asLists, stretchesOf, windowsOf } from "../../src/tasks/windows.js";
import { batchesOf, mean, open, rowOf } from "./open.js";
import { largestError } from "../support.js";

test("sine: the target is the input some steps ahead, and persistence scores its baseline", async () => {
  const ahead = 3;
  const task = await open({ type: "sine", length: 12, ahead });
  const errors = batchesOf(task, "test", 40, 100).flatMap(({ x, y }) => {
    for (let b = 0; b < 100; b++) expect(rowOf(y, b).slice(0, -ahead)).toEqual(rowOf(x, b).slice(ahead));
    return Array.from(x.data, (value, i) => (y.data[i] - value) ** 2);
  });
  expect(mean(errors) / task.baselines("test")[0].value).toBeCloseTo(1, 1);
});

test("sine: one period gives 1 - cos(2πk/p) as baseline", async () => {
  const task = await open({ type: "sine", length: 5, ahead: 4, shortestPeriod: 25, longestPeriod: 25 });
  expect(task.baselines("test")[0].value).toBeCloseTo(1 - Math.cos((2 * Math.PI * 4) / 25), 12);
});

/** Heun's method with linear interpolation: second order, so a hundredth of a step gives about 1e-6. Written apart on purpose. */
function heunMackeyGlass(units: number, stepsPerUnit: number): readonly number[] {
  const h = 1 / stepsPerUnit;
  const lag = 17 * stepsPerUnit;
  const x = [1.2];
  const delayed = (n: number): number => (n - lag < 0 ? 1.2 : x[n - lag]);
  const slope = (value: number, past: number): number => (0.2 * past) / (1 + Math.pow(past, 10)) - 0.1 * value;
  for (let n = 0; n < units * stepsPerUnit; n++) {
    const first = slope(x[n], delayed(n));
    const second = slope(x[n] + h * first, delayed(n + 1));
    x.push(x[n] + (h * (first + second)) / 2);
  }
  return Array.from({ length: units + 1 }, (_, i) => x[i * stepsPerUnit]);
}

describe("Mackey-Glass", () => {
  test("agrees with an independent integration in finer steps", () => {
    expect(largestError(mackeyGlassSeries(301), heunMackeyGlass(300, 400))).toBeLessThan(1e-5);
  });

  test("is x(0) e^(-t/10) plus a constant while the past is constant", () => {
    const gain = (0.2 * 1.2) / (1 + 1.2 ** 10);
    const exact = Array.from({ length: 18 }, (_, t) => 10 * gain + (1.2 - 10 * gain) * Math.exp(-t / 10));
    expect(largestError(mackeyGlassSeries(18), exact)).toBeLessThan(1e-9);
  });

  test("the target is the input some steps ahead, and persistence on a whole split scores its baseline", async () => {
    const task = await open({ type: "mackeyGlass", length: 10, ahead: 4, samples: 1000 });
    const batches = batchesOf(task, "validation", task.batchesPerEpoch("validation", 3) ?? 0, 3);
    const errors = batches.flatMap(({ x, y }) => {
      for (let b = 0; b < x.dims[0]; b++) expect(rowOf(y, b).slice(0, -4)).toEqual(rowOf(x, b).slice(4));
      return Array.from(x.data, (value, i) => (y.data[i] - value) ** 2);
    });
    // Windows leave out a few places at the end of the stretch, hence not exactly.
    expect(mean(errors) / task.baselines("validation")[0].value).toBeCloseTo(1, 1);
  });
});

describe("windows", () => {
  const plans = fc.record({
    count: fc.integer({ min: 200, max: 2000 }),
    length: fc.integer({ min: 1, max: 15 }),
    ahead: fc.integer({ min: 1, max: 4 }),
    size: fc.integer({ min: 1, max: 40 }),
    seed: fc.integer(),
  });

  test("stay in their stretch, do not overlap in an epoch, and training varies them by epoch", () => {
    fc.assert(
      fc.property(plans, ({ count, length, ahead, size, seed }) => {
        const stretches = stretchesOf(count, { validation: 0.1, test: 0.1 });
        const windows = windowsOf({
          seed,
          task: "series",
          stretches: asLists(stretches),
          length,
          order: "shuffled",
          ahead,
        });
        for (const split of SPLITS) {
          const batches = windows.batchesPerEpoch(split, size) ?? 0;
          const epoch = (n: number): readonly number[] =>
            Array.from({ length: batches }, (_, i) => windows.starts(split, n * batches + i, size)).flat();
          const starts = [...epoch(0)].sort((a, b) => a - b);
          expect(starts[0]).toBeGreaterThanOrEqual(stretches[split].from);
          expect((starts.at(-1) ?? 0) + length + ahead).toBeLessThanOrEqual(stretches[split].to);
          starts.slice(1).forEach((start, i) => expect(start - starts[i]).toBe(length));
          if (split === "train") expect(epoch(1)).not.toEqual(epoch(0));
          else expect(epoch(1)).toEqual(epoch(0));
        }
      }),
      { seed: 4, numRuns: 50 },
    );
  });

  test("too few data for one window are a ConfigError that says how long a window may be", async () => {
    await expect(open({ type: "mackeyGlass", length: 50, samples: 200 })).rejects.toMatchObject({
      name: "ConfigError",
      issues: [
        {
          code: "config.too-little-data",
          at: { kind: "config", pointer: "/task/length" },
          expected: "at most 14, as the data are",
        },
      ],
    });
  });
});

test("sine: rows are waves of one period, to the last bits of f64", async () => {
  const length = 50;
  const task = await open({ type: "sine", length, shortestPeriod: 7, longestPeriod: 90 });
  const { x } = task.batch("train", 0, 40);
  for (let b = 0; b < 40; b++) {
    const row = Array.from(x.data.slice(b * length, (b + 1) * length), Number);
    // x(t-1) + x(t+1) = 2 cos(w) x(t); w from where x is largest.
    const top = row.slice(1, -1).reduce((best, value, i) => (Math.abs(value) > Math.abs(row[best]) ? i + 1 : best), 1);
    const cosine = (row[top - 1] + row[top + 1]) / (2 * row[top]);
    const sine = Math.sqrt(1 - cosine * cosine);
    for (let t = 1; t < length - 1; t++) {
      expect(Math.abs(row[t - 1] + row[t + 1] - 2 * cosine * row[t])).toBeLessThan(1e-14);
      expect(Math.abs(row[t] ** 2 + ((row[t + 1] - row[t] * cosine) / sine) ** 2 - 1)).toBeLessThan(1e-13);
    }
  }
});
