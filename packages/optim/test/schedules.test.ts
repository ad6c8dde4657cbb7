import { buildGraph, evaluate, f64 } from "@latchgrad/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { learningRateAt, learningRateSchema, schedules, type LearningRateConfig } from "../src/schedules/registry.js";
import fixtures from "./fixtures/schedules.json";
import { largestError, tensorOf } from "./support.js";

interface TorchOptions {
  readonly step_size?: number;
  readonly gamma?: number;
  readonly T_max?: number;
  readonly eta_min?: number;
  readonly start_factor?: number;
  readonly total_iters?: number;
  readonly warmup?: number;
}

/** How each scheduler of the fixtures is written in a config. Torch's cosine rises again past its end. */
const configs: Readonly<Record<string, (rate: number, options: TorchOptions) => object>> = {
  StepLR: (rate, { step_size, gamma }) => ({ type: "step", rate, every: step_size, factor: gamma }),
  ExponentialLR: (rate, { gamma }) => ({ type: "exponential", rate, factor: gamma }),
  CosineAnnealingLR: (rate, { T_max, eta_min }) => ({
    type: "cosine",
    rate,
    steps: T_max,
    floor: eta_min,
    after: "rise",
  }),
  LinearLR: (rate, { start_factor, total_iters }) => ({
    type: "warmup",
    steps: total_iters,
    from: start_factor,
    then: { type: "constant", rate },
  }),
  warmupCosine: (rate, { start_factor, warmup, T_max, eta_min }) => ({
    type: "warmup",
    steps: warmup,
    from: start_factor,
    then: { type: "cosine", rate, steps: T_max, floor: eta_min },
  }),
};

/** The rates at steps 0 to count - 1. */
function ratesOf(config: LearningRateConfig, count: number): readonly number[] {
  const g = buildGraph("schedule");
  const graph = g.build({ rate: learningRateAt(g, g.param("t", f64()), config) });
  return Array.from({ length: count }, (_, t) => evaluate(graph, { t: tensorOf(f64(), [t]) }).rate.data[0]);
}

describe("schedules follow PyTorch", () => {
  test.each(fixtures.cases)("$name", ({ scheduler, lr, options, rates }) => {
    const config = learningRateSchema.parse(configs[scheduler](lr, options));
    expect(largestError(ratesOf(config, rates.length), rates)).toBeLessThan(1e-13);
  });

  test("every schedule has a fixture", () => {
    const used = new Set(
      fixtures.cases.flatMap(({ scheduler, lr, options }) =>
        [...JSON.stringify(configs[scheduler](lr, options)).matchAll(/"type":"(\w+)"/g)].map(([, type]) => type),
      ),
    );
    expect([...used].sort()).toEqual(Object.keys(schedules).sort());
  });
});

test("a number is a constant rate", () => {
  expect(ratesOf(0.25, 3)).toEqual([0.25, 0.25, 0.25]);
});

test("by default the cosine stays at its floor", () => {
  const rates = ratesOf(learningRateSchema.parse({ type: "cosine", rate: 1, steps: 4, floor: 0.1 }), 12);
  expect(largestError(rates.slice(4), new Array<number>(8).fill(0.1))).toBeLessThan(1e-15);
});

test("a schedule for several steps per factor passes through the factors", () => {
  const rates = ratesOf(learningRateSchema.parse({ type: "exponential", rate: 1, factor: 0.5, every: 3 }), 7);
  expect(largestError([rates[0], rates[3], rates[6]], [1, 0.5, 0.25])).toBeLessThan(1e-15);
});

const plain = fc.oneof(
  fc.record({ type: fc.constant("constant"), rate: fc.double({ min: 1e-6, max: 1, noNaN: true }) }),
  fc.record({
    type: fc.constant("exponential"),
    rate: fc.constant(0.1),
    factor: fc.double({ min: 0.5, max: 1, noNaN: true }),
  }),
  fc.record({ type: fc.constant("step"), rate: fc.constant(0.1), every: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ type: fc.constant("cosine"), rate: fc.constant(0.1), steps: fc.integer({ min: 1, max: 30 }) }),
);

test("warm-up rises in equal steps to the first rate of any schedule, then is that schedule", () => {
  fc.assert(
    fc.property(
      plain,
      fc.integer({ min: 1, max: 10 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (then, steps, from) => {
        const alone = ratesOf(learningRateSchema.parse(then), 20);
        const rates = ratesOf(learningRateSchema.parse({ type: "warmup", steps, from, then }), steps + 20);
        expect(largestError(rates.slice(steps), alone)).toBeLessThan(1e-12);
        const rise = Array.from({ length: steps }, (_, t) => alone[0] * (from + ((1 - from) * t) / steps));
        expect(largestError(rates.slice(0, steps), rise)).toBeLessThan(1e-12);
      },
    ),
    { seed: 3, numRuns: 50 },
  );
});

test("the registry knows each schedule under its own name, with its formula", () => {
  for (const [name, { type, summary, formula }] of Object.entries(schedules)) {
    expect(type).toBe(name);
    expect(summary).toMatch(/^[A-Z].*\.$/);
    expect(formula).toMatch(/^rate\(t\) = /);
  }
});
