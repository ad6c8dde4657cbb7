// What is seen while a model is trained, on a terminal and where it is none.
import type { Evaluation, StepEvent } from "@latchgrad/optim";
import { describe, expect, test } from "vitest";
import { showProgress, type Progress } from "../src/progress";
import type { Screen } from "../src/screen";

const stepAt = (step: number, loss = 0.5): StepEvent => ({
  kind: "step",
  step,
  steps: 1000,
  loss,
  metrics: {},
  learningRate: 0.01,
  gradientNorm: 1,
  examplesPerSecond: 812.3,
});
const evaluation: Evaluation = {
  split: "validation",
  step: 400,
  loss: 0.0123,
  metrics: { accuracy: 0.98 },
  batches: 10,
};

interface Watched {
  readonly progress: Progress;
  readonly wait: (milliseconds: number) => void;
  readonly written: () => string;
}

function watch(columns: number | undefined, mayStop = false): Watched {
  let text = "";
  let time = 0;
  const screen: Screen = { columns, write: (part) => void (text += part) };
  return {
    progress: showProgress({ screen, mayStop, now: () => time }),
    wait: (milliseconds) => void (time += milliseconds),
    written: () => text,
  };
}

describe("on a terminal", () => {
  test("one line changes in place", () => {
    const { progress, wait, written } = watch(120);
    progress.step(stepAt(1));
    wait(200);
    progress.step(stepAt(2, 0.25));
    wait(200);
    progress.step(stepAt(500, 0.375));
    expect(written()).not.toContain("\n");
    expect(written().split("\r\u001b[2K").at(-1)).toMatch(
      /^step 500\/1,000 {2}█{10}░{10} {2}loss 0\.371 █▁▅ {2}812 examples\/s {2}\S+ s left$/,
    );
  });

  test("the last evaluation and batches that were left out stand in it too", () => {
    const { progress, wait, written } = watch(200);
    progress.evaluation(evaluation);
    wait(200);
    progress.step({ ...stepAt(450, Number.NaN), skipped: 1 });
    expect(written()).toContain("examples/s  1 batch left out  validation loss 0.0123, accuracy 0.980 at step 400");
    expect(written()).not.toContain("NaN");
  });

  test("the curve of the loss covers the whole run, however long it is", () => {
    const { progress, wait, written } = watch(200);
    for (let step = 1; step <= 1000; step++) progress.step(stepAt(step, 1000 - step));
    wait(200);
    progress.step(stepAt(1000, 0));
    const curve = /[▁-█]{2,}(?= {2})/.exec(written().slice(written().indexOf("loss")))?.[0] ?? "";
    expect(curve.length).toBeGreaterThan(7);
    expect(curve.length).toBeLessThan(17);
    expect([...curve]).toEqual([...curve].sort().reverse());
    expect([curve.at(0), curve.at(-1)]).toEqual(["█", "▁"]);
  });

  test("it is not redrawn faster than an eye can follow", () => {
    const { progress, wait, written } = watch(120);
    for (let step = 1; step <= 50; step++) {
      wait(1);
      progress.step(stepAt(step));
    }
    expect(written()).toBe("");
  });

  test("the time left counts all steps so far", () => {
    const { progress, wait, written } = watch(120);
    progress.step(stepAt(1));
    wait(10_000);
    progress.step(stepAt(101));
    expect(written()).toContain("1 min 30 s left");
  });

  test("the time left is a limit when the run may stop earlier", () => {
    const { progress, wait, written } = watch(120, true);
    progress.step(stepAt(1));
    wait(10_000);
    progress.step(stepAt(101));
    expect(written()).toContain("at most 1 min 30 s left");
  });

  test("evaluations stay above it, and nothing of it is left at the end", () => {
    const { progress, wait, written } = watch(120);
    wait(200);
    progress.step(stepAt(400));
    progress.evaluation(evaluation);
    expect(written()).toContain(
      "\r\u001b[2Kstep 400  validation loss 0.0123, accuracy 0.980\n\r\u001b[2Kstep 400/1,000",
    );
    progress.end();
    expect(written().endsWith("\r\u001b[2K")).toBe(true);
  });

  test("it never reaches the last column, where it would wrap", () => {
    const { progress, wait, written } = watch(30);
    wait(200);
    progress.step(stepAt(400));
    expect(written().replace("\r\u001b[2K", "")).toHaveLength(29);
  });

  test("the loss is an average of the recent past, from the first step on", () => {
    const { progress, wait, written } = watch(120);
    progress.step(stepAt(1, 1));
    wait(200);
    progress.step(stepAt(2, 0));
    // Weights 0.9 and 1: the average of 1 and 0 is 0.9 / 1.9.
    expect(written()).toContain("loss 0.474");
  });
});

describe("where it is no terminal", () => {
  test("a plain line comes now and then", () => {
    const { progress, wait, written } = watch(undefined);
    for (let step = 1; step <= 250; step++) {
      progress.step(stepAt(step));
      wait(100);
    }
    const lines = written().trimEnd().split("\n");
    expect(lines).toEqual([
      "step 101/1,000  loss 0.500  812 examples/s  1 min 30 s left",
      "step 201/1,000  loss 0.500  812 examples/s  1 min 20 s left",
    ]);
  });

  test("every evaluation is a line", () => {
    const { progress, written } = watch(undefined);
    progress.evaluation(evaluation);
    progress.end();
    expect(written()).toBe("step 400  validation loss 0.0123, accuracy 0.980\n");
  });
});
