// The result of a run in words.
import type { DoneEvent, Evaluation, TrainingConfig } from "@latchgrad/optim";
import { describe, expect, test } from "vitest";
import { formatEnding, formatResult } from "../src/result";

const scored = (loss: number, value: number): Evaluation => ({
  split: "test",
  step: 10,
  loss,
  metrics: {},
  batches: 1,
  baseline: { metric: "loss", value, says: "guessing" },
});
const verdict = (loss: number, value: number): string =>
  formatResult(scored(loss, value), () => "lower").replace(/^.*\n.*so the model is /, "");

describe("a loss against its baseline", () => {
  test("is told in full", () => {
    expect(formatResult(scored(0.0041, 1 / 6), () => "lower")).toBe(
      "test loss 0.00410\nguessing: test loss 0.167, so the model is 41 times better",
    );
  });

  test.each([
    [0.05, 0.1667, "3.3 times better"],
    [0.08, 0.1, "20% better"],
    [0.1, 0.1, "no better"],
    [0.101, 0.1, "no better"],
    [0.12, 0.1, "20% worse"],
    [0.5, 0.1, "5.0 times worse"],
    [0, 0.1, "without any error"],
    [0, 0, "no better"],
  ])("%f against %f is %s", (loss, value, words) => {
    expect(verdict(loss, value)).toBe(words);
  });
});

test("shares of right answers differ by points", () => {
  const evaluation: Evaluation = {
    ...scored(0.1, 0.25),
    metrics: { accuracy: 0.98 },
    baseline: { metric: "accuracy", value: 0.25, says: "guessing" },
  };
  expect(formatResult(evaluation, () => "higher")).toContain("73 percentage points better");
});

test("without a baseline, the result stands alone", () => {
  expect(formatResult({ ...scored(0.1, 1), baseline: undefined }, () => "lower")).toBe("test loss 0.100");
});

describe("the end of a run", () => {
  const training: TrainingConfig = {
    optimizer: { type: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    batch: 1,
    accumulate: 1,
    checkpoints: { keep: 3 },
    best: { metric: "loss", patience: 4, margin: 0 },
    steps: 1500,
    seed: 1,
    stopWhen: { metric: "loss", below: 0.01 },
  };
  const ending = (reason: DoneEvent["reason"], step: number): string => formatEnding({ reason, step }, training);

  test.each([
    ["steps", 1500, "trained for all 1,500 steps"],
    ["stopped", 650, "trained for 650 of 1,500 steps, until the validation loss was below 0.01"],
    ["stale", 650, "trained for 650 of 1,500 steps, until 4 evaluations in a row brought nothing better"],
    ["aborted", 12, "interrupted after 12 of 1,500 steps"],
  ] as const)("%s", (reason, step, text) => {
    expect(ending(reason, step)).toBe(text);
  });

  test("says which model is kept, where the best one is", () => {
    const best = { step: 900, value: 0.0123 };
    expect(formatEnding({ reason: "steps", step: 1500, best }, training)).toBe(
      "trained for all 1,500 steps; the model is that of step 900, with the best validation loss, 0.0123",
    );
  });
});
