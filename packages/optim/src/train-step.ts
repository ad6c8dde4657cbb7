/** One step of a run: its batches through the step graph, and what to tell about it. */
import { RunError, type TensorsByName } from "@latchgrad/core";
import { batchSize, usedInputs } from "./evaluation.js";
import type { StepEvent } from "./events.js";
import type { Run } from "./run.js";

/** Makes the step after `done` others. Throws RunError where a loss or gradient is not a number that training can go on from. */
export async function makeStep(run: Run, done: number): Promise<StepEvent> {
  const { training } = run.experiment.config;
  const parts: TensorsByName[] = [];
  const skippedBefore = run.skipped;
  const began = performance.now();
  let examples = 0;
  for (let part = 0; part < training.accumulate; part++) {
    const batch = run.task.batch("train", done * training.accumulate + part, training.batch);
    const outputs = await run.executable.run(usedInputs(batch, run.used));
    examples += batchSize(batch);
    if (isCounted(run, outputs, done + 1)) parts.push(outputs);
    // The last one also tells rate and norm, whether or not it counted.
    if (part + 1 < training.accumulate) continue;
    const milliseconds = performance.now() - began;
    const mean = (name: string): number => meanOf(run, name, parts);
    const perEpoch = run.task.batchesPerEpoch("train", training.batch);
    return {
      kind: "step",
      step: done + 1,
      steps: training.steps,
      loss: mean("loss"),
      metrics: Object.fromEntries(run.step.metrics.map((name) => [name, mean(name)])),
      learningRate: outputs["learningRate"].data[0],
      gradientNorm: outputs["gradientNorm"].data[0],
      examplesPerSecond: run.throughput.add(examples, milliseconds),
      ...(run.skipped === skippedBefore ? {} : { skipped: run.skipped - skippedBefore }),
      epoch: perEpoch === undefined ? undefined : Math.floor((done * training.accumulate) / perEpoch) + 1,
    };
  }
  throw new TypeError("internal: a step has no batch; please report this");
}

/** Whether a batch counts. Where batches are not left out, one with meaningless numbers stops the run. */
function isCounted(run: Run, outputs: TensorsByName, step: number): boolean {
  const { skipNonFinite } = run.experiment.config.training;
  if (skipNonFinite === undefined) {
    checkLoss(outputs["loss"].data[0], `step ${step}`);
    checkGradient(outputs["gradientNorm"].data[0], `step ${step}`);
    return true;
  }
  const before = run.skipped;
  run.skipped = outputs["skipped"].data[0];
  if (run.skipped > skipNonFinite.atMost) throw tooManySkipped(run.skipped, skipNonFinite.atMost, step);
  return run.skipped === before;
}

/** The value of the loss or a metric over the batches of a step. */
function meanOf(run: Run, name: string, parts: readonly TensorsByName[]): number {
  if (parts.length === 1) return parts[0][name].data[0];
  const { before, after } = run.averages(name);
  return after(parts.reduce((sum, outputs) => sum + before(outputs[name].data[0]), 0) / parts.length);
}

const HINT = "try a lower learning rate, or clip gradients";

/** Stops a run whose loss has become meaningless, and says where that showed first. */
export function checkLoss(loss: number, place: string): void {
  if (Number.isFinite(loss)) return;
  throw new RunError([
    {
      code: "run.loss-not-finite",
      problem: "the loss is a finite number",
      at: { kind: "value", name: `loss of ${place}` },
      received: String(loss),
      hint: HINT,
    },
  ]);
}

/** An infinite norm may be no more than squares too large for f32, and clipping makes it harmless; NaN ruins all weights. */
function checkGradient(norm: number, place: string): void {
  if (!Number.isNaN(norm)) return;
  throw new RunError([
    {
      code: "run.gradient-not-finite",
      problem: "the gradient is a finite number",
      at: { kind: "value", name: `gradient of ${place}` },
      received: String(norm),
      hint: HINT,
    },
  ]);
}

const tooManySkipped = (skipped: number, atMost: number, step: number): RunError =>
  new RunError([
    {
      code: "run.too-many-skipped",
      problem: "no more batches are left out than skipNonFinite allows",
      at: { kind: "value", name: `step ${step}` },
      expected: `at most ${atMost} with a loss or gradient that is not finite`,
      received: String(skipped),
      hint: HINT,
    },
  ]);
