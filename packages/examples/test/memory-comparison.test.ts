// The comparison runs for every cell and length, and its table has a place for each.
import { expect, test } from "vitest";
import { compareMemory, memoryTable, type Change, type MemoryResult } from "../src/index";

const fewSteps: Change = (document) => ({
  ...document,
  training: { ...document.training, batch: 4, steps: 4, evaluate: { every: 2, batches: 1 } },
});

test("trains each cell at each length", async () => {
  const results: MemoryResult[] = [];
  for await (const result of compareMemory([4, 6], fewSteps)) results.push(result);
  expect(results.map(({ cell, length }) => `${cell} ${length}`)).toEqual([
    "rnn 4",
    "gru 4",
    "lstm 4",
    "rnn 6",
    "gru 6",
    "lstm 6",
  ]);
  for (const { loss, baseline } of results) {
    expect(Number.isFinite(loss)).toBe(true);
    expect(baseline).toBeCloseTo(1 / 6, 10);
  }
});

test("the table has a row per length and a column per cell", () => {
  const result = { step: 250, loss: 0.00512, baseline: 1 / 6 };
  const results: readonly MemoryResult[] = [
    { ...result, cell: "rnn", length: 10, reached: true },
    { ...result, cell: "lstm", length: 10, reached: true },
    { ...result, cell: "rnn", length: 50, loss: 0.17, reached: false },
  ];
  expect(memoryTable(results)).toEqual([
    ["length", "rnn", "gru", "lstm"],
    ["10", "0.0051 (250 steps)", "", "0.0051 (250 steps)"],
    ["50", "0.1700 (not solved)", "", ""],
  ]);
});
