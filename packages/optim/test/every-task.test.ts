import { expect, test } from "vitest";
import type { TaskConfig } from "../src/tasks/registry.js";
import { doneOf, eventsOf, read, stepsOf } from "./documents.js";

const cell = { type: "lstm", units: 4 };
const last = { name: "memory", type: "recurrent", cell, output: "last" };
const sequence = { name: "memory", type: "recurrent", cell };
const dense = (units: number): object => ({ name: "answer", type: "dense", units });
const symbols = { loss: { type: "softmaxCrossEntropy" }, metrics: [{ type: "accuracy" }, { type: "bitsPerSymbol" }] };
const numbers = { loss: { type: "meanSquaredError" }, metrics: [] };

/** A task with a small model that fits it, and the metric of the baseline that its result is compared with. */
const cases: Readonly<Record<TaskConfig["type"], readonly (readonly [object, readonly object[], object, string])[]>> = {
  adding: [
    [{ length: 8 }, [last, dense(1)], numbers, "loss"],
    [{ length: 20, variant: "1997" }, [last, dense(1)], numbers, "loss"],
  ],
  copyMemory: [[{ delay: 3, count: 2 }, [sequence, dense(9)], symbols, "loss"]],
  temporalOrder: [[{ length: 20 }, [last, dense(4)], symbols, "accuracy"]],
  sine: [[{ length: 8 }, [sequence, dense(1)], numbers, "loss"]],
  mackeyGlass: [[{ length: 20, samples: 400 }, [sequence, dense(1)], numbers, "loss"]],
  sequences: [
    [
      {
        files: ["a.csv"],
        sequence: "id",
        inputs: { x: ["a"] },
        targets: { y: { column: "label", classes: 2 } },
        validation: 0.2,
        test: 0.2,
      },
      [last, dense(2)],
      { loss: { type: "softmaxCrossEntropy" }, metrics: [{ type: "accuracy" }] },
      "accuracy",
    ],
  ],
  series: [
    [
      { files: ["a.csv"], inputs: { x: ["a"] }, targets: { y: { columns: ["a"] } }, length: 4, horizon: 2 },
      [sequence, dense(2)],
      numbers,
      "loss",
    ],
    [
      {
        files: ["a.csv"],
        inputs: { x: ["a"] },
        targets: { y: { column: "label", classes: 2 } },
        length: 1,
        order: "stream",
      },
      [sequence, dense(2)],
      { loss: { type: "softmaxCrossEntropy" }, metrics: [{ type: "accuracy" }] },
      "accuracy",
    ],
  ],
  transduction: [
    [
      { longest: 5, rule: "reverse" },
      [
        { name: "letters", type: "embedding", count: 9, units: 3 },
        { name: "encoder", type: "recurrent", cell },
        { type: "shift", inputs: "y", fill: 8 },
        { type: "shared", layer: "letters" },
        { type: "recurrent", cell, initialState: { h: "encoder.h", c: "encoder.c" } },
        { type: "attention", memory: "encoder" },
        dense(9),
      ],
      symbols,
      "accuracy",
    ],
  ],
  text: [
    [
      { files: ["a.txt"], length: 12, unit: "bytes" },
      [{ type: "embedding", count: 256, units: 3 }, sequence, dense(256)],
      symbols,
      "bitsPerSymbol",
    ],
    [
      { files: ["a.txt"], length: 5, unit: "words", vocabulary: 12 },
      [{ type: "embedding", count: 12, units: 3 }, sequence, dense(12)],
      { loss: { type: "softmaxCrossEntropy" }, metrics: [{ type: "perplexity" }] },
      "perplexity",
    ],
  ],
  textCharacters: [
    [
      { files: ["a.txt"], length: 12, symbols: 20 },
      [{ type: "embedding", count: 20, units: 3 }, sequence, dense(20)],
      symbols,
      "bitsPerSymbol",
    ],
    [
      { files: ["a.txt"], length: 12, symbols: 20, encoding: "oneHot" },
      [sequence, dense(20)],
      symbols,
      "bitsPerSymbol",
    ],
  ],
};

const rows = Object.entries(cases).flatMap(([type, all]) =>
  all.map(([options, layers, objectives, metric]) => ({ task: { type, ...options }, layers, objectives, metric })),
);

test.each(rows)("trains and is compared with its baseline: $task", async ({ task, layers, objectives, metric }) => {
  const experiment = read({ steps: 3, batch: 4, evaluate: { every: 2, batches: 2 } }, { task, layers, ...objectives });
  const rows = Array.from({ length: 80 }, (_, n) => `s${n >> 1},${Math.sin(n)},${n % 4 < 2 ? "a" : "b"}`);
  const readFile = (path: string): string =>
    path.endsWith(".csv")
      ? ["id,a,label", ...rows].join("\n")
      : "the quick brown fox jumps over the lazy dog. ".repeat(20);
  const events = await eventsOf(experiment, { readFile });
  expect(stepsOf(events)).toHaveLength(3);
  expect(doneOf(events).evaluation?.baseline?.metric).toBe(metric);
});
