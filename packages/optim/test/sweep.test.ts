// A sweep is a list of trials before anything runs: what is in it, what it is called, and what is wrong with it.
import { ConfigError } from "@latchgrad/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { draw, type Distribution } from "../src/sweep/distributions.js";
import { canonicalJson, findTrial, planSweep, trialId } from "../src/sweep/plan.js";
import { readSweep } from "../src/sweep/sweep-schema.js";

const document = {
  format: 1,
  name: "adding",
  task: { type: "adding", length: 5 },
  layers: [
    { name: "memory", type: "recurrent", cell: { type: "lstm", units: 3 }, output: "last" },
    { name: "sum", type: "dense", units: 1 },
  ],
  loss: { type: "meanSquaredError" },
  training: { optimizer: { type: "adam", learningRate: 0.01 }, batch: 4, steps: 6, seed: 1 },
};
const RATE = "training.optimizer.learningRate";
const UNITS = "layers.memory.cell.units";
const plan = (sweep: object): ReturnType<typeof planSweep> =>
  planSweep(readSweep({ format: 1, name: "s", model: "model.json", ...sweep }), document);
const valuesIn = (trials: Awaited<ReturnType<typeof plan>>): readonly unknown[] =>
  trials.map(({ settings, seed }) => [...settings.map(({ value }) => value), seed]);

async function problemsOf(sweep: object): Promise<readonly unknown[]> {
  try {
    await plan(sweep);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.issues.map(({ code, at }) => [code, at.kind === "config" ? at.pointer : at.kind]);
    throw error;
  }
  return [];
}

describe("trials", () => {
  test("every combination of the grid, with every seed, in their order; the config is what the settings say", async () => {
    const trials = await plan({ grid: { [UNITS]: [2, 3], [RATE]: [0.1, 0.2] }, seeds: [7, "b"] });
    expect(valuesIn(trials)).toEqual([
      [2, 0.1, 7],
      [2, 0.1, "b"],
      [2, 0.2, 7],
      [2, 0.2, "b"],
      [3, 0.1, 7],
      [3, 0.1, "b"],
      [3, 0.2, 7],
      [3, 0.2, "b"],
    ]);
    const { config } = trials[5].experiment;
    expect([config.training.seed, config.training.optimizer, config.layers[0]]).toMatchObject([
      "b",
      { learningRate: 0.1 },
      { cell: { units: 3 } },
    ]);
  });

  test("draws are those of the seed, the same with and without other fields, and with more samples", async () => {
    const rate = { [RATE]: { type: "logUniform", low: 1e-4, high: 1e-1 } };
    const few = await plan({ random: { samples: 3, seed: 5, values: rate } });
    const more = await plan({
      random: { samples: 5, seed: 5, values: { ...rate, [UNITS]: { type: "integer", low: 2, high: 4 } } },
    });
    const other = await plan({ random: { samples: 3, seed: 6, values: rate } });
    const rates = (trials: typeof few): readonly unknown[] => trials.map(({ settings }) => settings[0].value);
    expect(rates(more).slice(0, 3)).toEqual(rates(few));
    expect(rates(other)).not.toEqual(rates(few));
  });

  test("settings that come to the same config are one trial", async () => {
    expect(valuesIn(await plan({ grid: { [RATE]: [0.1, 0.1, 0.2] } }))).toEqual([
      [0.1, undefined],
      [0.2, undefined],
    ]);
  });

  test("an id is found again, and depends on config and precision alone", async () => {
    const sweep = readSweep({ format: 1, name: "s", model: "m", grid: { [RATE]: [0.1, 0.2] } });
    const [, second] = await planSweep(sweep, document);
    const renamed = { ...sweep, name: "another", model: "elsewhere" };
    expect((await findTrial(renamed, document, second.id))?.config).toEqual(second.experiment.config);
    expect(await findTrial(sweep, document, "0".repeat(16))).toBeUndefined();
    expect(second.id).toMatch(/^[0-9a-f]{16}$/);
    expect(await trialId(second.experiment.config, "reproducible")).not.toBe(second.id);
  });

  test("the order of keys plays no part in an id", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(value));
      }),
    );
  });
});

describe("distributions", () => {
  const cases: readonly [Distribution, (value: number) => boolean][] = [
    [{ type: "uniform", low: -1, high: 2 }, (x) => x >= -1 && x <= 2],
    [{ type: "logUniform", low: 1e-4, high: 1 }, (x) => x >= 1e-4 && x <= 1],
    [{ type: "integer", low: 3, high: 5 }, (x) => [3, 4, 5].includes(x)],
    [{ type: "choice", values: [1, 8] }, (x) => [1, 8].includes(x)],
  ];
  test.each(cases)("%j stays in its range", (distribution, fits) => {
    const values = Array.from({ length: 500 }, (_, i) => draw(distribution, 1, "x", i)) as readonly number[];
    expect(values.filter((value) => !fits(value))).toEqual([]);
  });

  test("means are those of the distributions, within 4 standard errors of 4000 draws", () => {
    const mean = (distribution: Distribution, of: (x: number) => number): number =>
      Array.from({ length: 4000 }, (_, i) => of(Number(draw(distribution, 3, "x", i)))).reduce((a, b) => a + b) / 4000;
    expect(Math.abs(mean({ type: "uniform", low: 0, high: 1 }, (x) => x) - 0.5)).toBeLessThan(4 / Math.sqrt(12 * 4000));
    expect(Math.abs(mean({ type: "logUniform", low: 0.01, high: 1 }, Math.log10) + 1)).toBeLessThan(
      8 / Math.sqrt(12 * 4000),
    );
    expect(Math.abs(mean({ type: "integer", low: 1, high: 3 }, (x) => x) - 2)).toBeLessThan(
      4 * Math.sqrt(2 / 3 / 4000),
    );
  });
});

describe("what is wrong is said before anything runs, at its place in the sweep", () => {
  test.each([
    ["a value that the schema refuses", { grid: { [RATE]: [0.1, -1] } }, `/grid/${RATE}/1`],
    ["a path that is none", { grid: { "training..steps": [1] } }, "/grid/training..steps/0"],
    ["a layer that is not there", { set: { "layers.memroy.cell.units": 4 } }, "/set/layers.memroy.cell.units"],
    [
      "draws that do not fit",
      { random: { samples: 2, values: { [UNITS]: { type: "uniform", low: 2, high: 3 } } } },
      `/random/values/${UNITS}`,
    ],
    ["a metric that the model does not compute", { rank: { metric: "accuracy" } }, "/rank/metric"],
    [
      "too many trials",
      {
        grid: { [UNITS]: Array.from({ length: 200 }, (_, i) => i + 1) },
        seeds: Array.from({ length: 200 }, (_, i) => i),
      },
      "/grid",
    ],
    ["an empty grid", { grid: { [UNITS]: [] } }, `/grid/${UNITS}`],
    [
      "low above high",
      { random: { samples: 1, values: { [UNITS]: { type: "integer", low: 5, high: 2 } } } },
      `/random/values/${UNITS}`,
    ],
  ])("%s", async (_, sweep, pointer) => {
    const problems = await problemsOf(sweep);
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems) expect(problem).toEqual([expect.stringMatching(/^config\./), pointer]);
  });

  test("the problems of all trials are told at once", async () => {
    const problems = await problemsOf({ grid: { [RATE]: [-1, 0.1], "training.batch": [0, 4] } });
    expect(problems.map((problem) => (problem as readonly unknown[])[1])).toEqual(
      expect.arrayContaining([`/grid/${RATE}/0`, "/grid/training.batch/0"]),
    );
  });
});
