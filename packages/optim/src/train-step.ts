/** One step of a run: its batches through the step graph, and what to tell about it. */
import { RunError, type TensorsByName } from "@latchgrad/core";
import { withSavingHint } from "./checkpoint-saving.js";
import { batchSize, usedInputs } from "./evaluation.js";
import type { StepEvent } from "./events.js";
import { REMEDY } from "./failure.js";
import type { Run } from "./run.js";

/** Makes the step after `done` others. Throws NonFiniteError where loss or weights are no numbers that training can go on from, RunError where too many batches were left out. */
export async function makeStep(run: Run, done: number): Promise<StepEvent> {
  const { training } = run.experiment.config;
  const parts: TensorsByName[] = [];
  const skippedBefore = run.skipped;
  const began = performance.now();
  let examples = 0;
  for (let part = 0; part < training.accumulate; part++) {
    const batch = await run.task.batch("train", done * training.accumulate + part, training.batch);
    const outputs = await run.executable.run(usedInputs(batch, run.used)).catch((error: unknown) => {
      throw withSavingHint(error, run.experiment, batch);
    });
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

/** Whether a batch counts. Where batches are not left out, the executable has stopped at meaningless numbers. */
function isCounted(run: Run, outputs: TensorsByName, step: number): boolean {
  const { skipNonFinite } = run.experiment.config.training;
  if (skipNonFinite === undefined) return true;
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

const tooManySkipped = (skipped: number, atMost: number, step: number): RunError =>
  new RunError([
    {
      code: "run.too-many-skipped",
      problem: "no more batches are left out than skipNonFinite allows",
      at: { kind: "value", name: `step ${step}` },
      expected: `at most ${atMost} with a loss or gradient that is not finite`,
      received: String(skipped),
      hint: REMEDY,
    },
  ]);
