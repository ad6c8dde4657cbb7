/** What a training step spends its time on: the steps of an experiment, measured part by part. */
import { makeProfiler, type Precision, type Profile } from "@latchgrad/core";
import type { OpenFile } from "./data/file-bytes.js";
import type { Experiment } from "./experiment.js";
import { train } from "./trainer.js";

export interface ProfilingOptions {
  /** Steps that are measured. Absent: as many as three seconds have, and five at least. */
  readonly steps?: number | undefined;
  /** How sums of products are rounded; "fast" when absent. */
  readonly precision?: Precision | undefined;
  /** Needed by tasks that read files. */
  readonly openFile?: OpenFile | undefined;
}

/** Engines compile what runs often a second time, for speed; steps before that say little. */
const WARM_UP_MS = 1000;
const WARM_UP_STEPS = 3;
const MEASURED_MS = 3000;
const MEASURED_STEPS = 5;
/** More than anybody waits for. */
const NO_END = 1e9;

/**
 * The profile of training steps from the initial weights on, on one thread; a run is a batch. Evaluations, diagnoses and the making of batches are not part of
 * it. Throws as `train` does.
 */
export async function profileTraining(
  experiment: Experiment,
  { steps, precision, openFile }: ProfilingOptions = {},
): Promise<Profile> {
  const profiler = makeProfiler();
  const { config } = experiment;
  const training = { ...config.training, steps: NO_END, evaluate: undefined, diagnose: undefined };
  const endless = { ...experiment, config: { ...config, training } };
  let isWarm = false;
  let began = performance.now();
  let made = 0;
  for await (const event of train(endless, { profile: profiler, precision, openFile })) {
    if (event.kind !== "step") continue;
    made++;
    const passed = performance.now() - began;
    if (isWarm) {
      if (steps === undefined ? made >= MEASURED_STEPS && passed >= MEASURED_MS : made >= steps) break;
    } else if (made >= WARM_UP_STEPS && passed >= WARM_UP_MS) {
      profiler.reset();
      isWarm = true;
      began = performance.now();
      made = 0;
    }
  }
  return profiler.read();
}
