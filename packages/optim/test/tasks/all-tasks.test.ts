import { describe, expect, test } from "vitest";
import { tasks, taskSchema, type TaskConfig } from "../../src/tasks/registry.js";
import { SPLITS } from "../../src/data/batch.js";
import { openAny as open, promisedTypes, typesOf } from "./open.js";

const text = Array.from({ length: 40 }, (_, i) => `Line ${i} of a text about nothing in particular.\n`).join("");

/** Configs of every task, with the number of time steps that they give; typed by name, so that none can be forgotten. */
const cases: Readonly<Record<TaskConfig["type"], readonly (readonly [object, number])[]>> = {
  adding: [
    [{ length: 12 }, 12],
    [{ length: 30, variant: "1997" }, 33],
  ],
  copyMemory: [
    [{ delay: 7 }, 27],
    [{ delay: 3, symbols: 40, count: 4, encoding: "index" }, 11],
  ],
  temporalOrder: [
    [{}, 110],
    [{ length: 40, encoding: "index" }, 44],
  ],
  sine: [[{ length: 9, ahead: 3 }, 9]],
  mackeyGlass: [[{ length: 20, samples: 900 }, 20]],
  sequences: [
    [
      {
        files: ["a.csv"],
        sequence: "id",
        inputs: { x: ["a", { column: "b", normalize: "minMax" }, { column: "kind", categories: 4 }] },
        targets: { y: { column: "label", classes: 2 } },
        validation: 0.2,
        test: 0.2,
      },
      9,
    ],
    [
      {
        files: ["a.csv"],
        sequence: "id",
        inputs: { x: ["a", "b"], kind: [{ column: "kind", categories: ["x", "y"], encoding: "index" }] },
        targets: { y: { column: "label", classes: ["odd", "even"], per: "step" } },
        validation: 0.2,
        test: 0.2,
      },
      9,
    ],
  ],
  series: [
    [
      {
        files: ["a.csv"],
        inputs: { x: ["a", { column: "kind", categories: 4 }] },
        targets: { y: { columns: ["a", "b"] } },
        length: 5,
        horizon: 2,
      },
      5,
    ],
    [
      {
        files: ["a.csv"],
        inputs: { x: ["a", "b"] },
        targets: { y: { columns: ["a"], per: "sequence" } },
        length: 6,
        stride: 4,
      },
      6,
    ],
  ],
  transduction: [
    [{ longest: 9 }, 9],
    [{ longest: 6, shortest: 6, rule: "reverse", symbols: 3, encoding: "oneHot" }, 6],
  ],
  text: [
    [{ files: ["a.txt"], length: 16, unit: "bytes" }, 16],
    [{ files: ["words.txt", "words.txt"], length: 10, unit: "words", vocabulary: 30 }, 10],
  ],
  textCharacters: [
    [{ files: ["a.txt"], length: 16 }, 16],
    [{ files: ["a.txt", "b.txt"], length: 10, symbols: 20, encoding: "oneHot" }, 10],
  ],
};

const configs = Object.entries(cases).flatMap(([type, all]) =>
  all.map(([options, steps]) => ({ name: `${type} ${JSON.stringify(options)}`, config: { type, ...options }, steps })),
);

/** 60 sequences of 4 to 9 steps with two numbers, a category and a class. */
const table = ["id,a,b,kind,label"]
  .concat(
    Array.from({ length: 60 }, (_, n) =>
      Array.from(
        { length: 4 + (n % 6) },
        (_, t) =>
          `s${n},${Math.sin(n + t).toFixed(4)},${n * 10 + t},${["x", "y", "z"][(n + t) % 3]},${n % 2 === 0 ? "even" : "odd"}`,
      ),
    ).flat(),
  )
  .join("\n");
/** Words that all parts have, in an order that does not come again. */
const words = Array.from({ length: 600 }, (_, i) => `w${(i * i * 7 + (i >> 3)) % 11}`).join(" ");
const readFile = (path: string): string => (path.endsWith(".csv") ? table : path === "words.txt" ? words : text);

describe.each(configs)("$name", ({ config, steps }) => {
  test.each(["f32", "f64"] as const)("gives what its signature promises, in %s", async (dtype) => {
    const task = await open(config, { dtype, readFile });
    for (const split of SPLITS)
      expect(typesOf(await task.batch(split, 0, 3))).toEqual(promisedTypes(config, dtype, 3, steps));
  });

  test("gives the same batch for the same seed, split and index, whatever was asked before", async () => {
    const first = await open(config, { readFile });
    const wanted = await Promise.all(SPLITS.map(async (split) => first.batch(split, 5, 2)));
    const second = await open(config, { readFile });
    await second.batch("train", 2, 2);
    await second.batch("train", 100, 2);
    await second.batch("test", 0, 2);
    const later = await Promise.all([...SPLITS].reverse().map(async (split) => second.batch(split, 5, 2)));
    expect(later).toEqual(wanted.reverse());
  });

  test("gives other training batches for another seed and another index", async () => {
    const task = await open(config, { readFile });
    const other = await open(config, { seed: "other", readFile });
    const first = await task.batch("train", 0, 2);
    expect(await task.batch("train", 1, 2)).not.toEqual(first);
    expect(await other.batch("train", 0, 2)).not.toEqual(first);
  });

  test("has no example in two splits", async () => {
    const task = await open(config, { readFile });
    const rows = async (split: (typeof SPLITS)[number]): Promise<string[]> => {
      const { x } = await task.batch(split, 0, 2);
      const width = x.data.length / 2;
      return [0, 1].map((b) => x.data.slice(b * width, (b + 1) * width).join());
    };
    const all = (await Promise.all(SPLITS.map(rows))).flat();
    expect(new Set(all).size).toBe(all.length);
  });

  test("has baselines with a reason, and one for its usual loss", async () => {
    const task = await open(config, { readFile });
    const { usual } = tasks[config.type as TaskConfig["type"]];
    for (const split of SPLITS) {
      const baselines = task.baselines(split);
      expect(baselines.some(({ metric, loss }) => metric === "loss" && loss === usual.loss)).toBe(true);
      for (const { value, says } of baselines) {
        expect(value).toBeGreaterThan(0);
        expect(says.length).toBeGreaterThan(10);
      }
    }
  });
});

test("the registry knows each task under its own name", () => {
  for (const [name, { type, summary, source }] of Object.entries(tasks)) {
    expect(type).toBe(name);
    expect(summary).toMatch(/^[A-Z].*\.$/);
    expect(source.length).toBeGreaterThan(10);
  }
});

test("unknown tasks and options are refused", () => {
  expect(taskSchema.safeParse({ type: "subtracting", length: 10 }).success).toBe(false);
  expect(taskSchema.safeParse({ type: "adding", length: 10, lenght: 10 }).success).toBe(false);
  expect(taskSchema.safeParse({ type: "adding", length: 10, variant: "1997" }).success).toBe(false);
  expect(taskSchema.safeParse({ type: "sine", length: 10, shortestPeriod: 30, longestPeriod: 20 }).success).toBe(false);
  expect(taskSchema.safeParse({ type: "transduction", shortest: 5, longest: 4 }).success).toBe(false);
});
