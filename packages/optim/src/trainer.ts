/**
 * The training loop: batches in, events out. It has no hidden state: what a
 * step depends on is the executable's state and the step number, so the same
 * seed gives the same bits, whether or not a run was stopped in between.
 */
import type { Precision, Profiler } from "@latchgrad/core";
import type { CheckpointEvent, DiagnosisEvent, DoneEvent, Evaluation, TrainingEvent } from "./events.js";
import type { OpenFile } from "./data/file-bytes.js";
import type { TaskData } from "./data/task-data.js";
import type { Experiment } from "./experiment.js";
import { checkLoss, failureOf } from "./failure.js";
import { openRun, type Run } from "./run.js";
import type { RunState } from "./run-state.js";
import type { ReadFile } from "./tasks/task.js";
import { makeStep } from "./train-step.js";
import { UNWATCHED, watchEvaluation, type Watched } from "./watch.js";

export interface TrainOptions {
  /** Ends the run between two steps, with the event done and reason "aborted". */
  readonly signal?: AbortSignal | undefined;
  /** Needed by tasks that read files. */
  readonly readFile?: ReadFile | undefined;
  /** In place of readFile: opens files, of which then no more is held in memory than is needed at a time. */
  readonly openFile?: OpenFile | undefined;
  /** Is told, before the first step, what was found in the task's files. */
  readonly onData?: ((data: TaskData) => void) | undefined;
  /** The state of an earlier run of the same experiment, which then goes on exactly where it was. */
  readonly state?: RunState | undefined;
  /** Whether to tell when a checkpoint is due: before the first step, as the config says, and before the run ends. */
  readonly checkpoints?: boolean | undefined;
  /** How sums of products are rounded; "fast" when absent. */
  readonly precision?: Precision | undefined;
  /** How many threads share each step; see `compile`. Nothing in the run depends on it. Default 1. */
  readonly threads?: number | undefined;
  /** Is told the time of every part of the training steps; then they take one thread. */
  readonly profile?: Profiler | undefined;
}

/** Between two checkpoints, where the config does not count steps. A clock that is set does not change it. */
const CHECKPOINT_MS = 60_000;

/**
 * Trains the model of an experiment. Events come in the order diagnosis and checkpoint (of a new run), step, evaluation, diagnosis and
 * checkpoint (where they are due), ..., done.
 * Nothing runs between the consumer's requests, and leaving the loop early frees everything.
 * Throws TrainingError, with the state from before that step, when a loss or a weight is not a finite number; ConfigError or DataError when the
 * task's data cannot be read, CheckpointError when `state` was made with other data.
 */
export async function* train(experiment: Experiment, options: TrainOptions = {}): AsyncGenerator<TrainingEvent, void> {
  const run = await openRun(experiment, options);
  if (run.task.data !== undefined) options.onData?.(run.task.data);
  try {
    yield* runSteps(run, options);
  } finally {
    run.dispose();
  }
}

async function* runSteps(run: Run, { signal, state, checkpoints }: TrainOptions): AsyncGenerator<TrainingEvent, void> {
  const { training } = run.experiment.config;
  let done = state?.step ?? 0;
  let watched: Watched = state ?? UNWATCHED;
  /** The step of the last checkpoint, here or in the run that this one goes on from. */
  let saved = state?.step;
  const isDue = checkpointClock(training.checkpoints.every);
  const checkpoint = async (): Promise<CheckpointEvent> => {
    saved = done;
    return { kind: "checkpoint", step: done, state: await stateOf(run, done, watched) };
  };

  /** What `running` gives; where it fails for a number that is not finite, the error has the state as it is after `done` steps. */
  const explained = async <T>(place: string, running: Promise<T>): Promise<T> => {
    try {
      return await running;
    } catch (error) {
      throw await failureOf(error, place, async () => stateOf(run, done, watched));
    }
  };

  let aborted = false;
  while (done < training.steps && watched.ending === undefined) {
    aborted = signal?.aborted === true;
    if (aborted) break;
    // What a new run begins with is told once the first step has shown that it can be made.
    const first = state === undefined && done === 0 ? await diagnoseNow(run, 0) : undefined;
    const beginning = checkpoints === true && saved === undefined ? await checkpoint() : undefined;
    const isSeen = isDiagnosed(run, done + 1);
    const before = isSeen && run.diagnoser?.wantsBefore === true ? await run.executable.readState() : undefined;
    const event = await explained(`step ${done + 1}`, makeStep(run, done));
    // In front of the checkpoint, which then knows that it was told.
    if (first !== undefined) yield first;
    if (beginning !== undefined) yield beginning;
    yield event;
    done++;
    if (training.evaluate !== undefined && done % training.evaluate.every === 0) {
      const weights = run.step.modelWeights(await run.executable.readState());
      const evaluation = await explained(placeOf("validation", done), evaluateNow(run, "validation", weights, done));
      watched = watchEvaluation(run.experiment, watched, evaluation, weights);
      yield { kind: "evaluation", ...evaluation };
    }
    const diagnosis = isSeen || watched.ending !== undefined ? await diagnoseNow(run, done, before) : undefined;
    if (diagnosis !== undefined) yield diagnosis;
    if (checkpoints === true && isDue(done)) yield await checkpoint();
  }
  if (checkpoints === true && saved !== done) yield await checkpoint();
  const ended = await stateOf(run, done, watched);
  yield await explained(placeOf("test", watched.best?.step ?? done), endOf(run, ended, aborted));
}

/** Whether there is a diagnosis after a step, as far as that is known before it. */
function isDiagnosed({ diagnoser, experiment }: Run, step: number): boolean {
  return diagnoser !== undefined && (step % diagnoser.every === 0 || step === experiment.config.training.steps);
}

/** What diagnoses find in the weights as they are; `before` are those before the last update. */
async function diagnoseNow(run: Run, step: number, before?: RunState["tensors"]): Promise<DiagnosisEvent | undefined> {
  if (run.diagnoser === undefined) return undefined;
  const after = await run.executable.readState();
  return { kind: "diagnosis", step, records: await run.diagnoser.diagnose({ step, before, after }) };
}

/** Says after each step whether a checkpoint is due. */
function checkpointClock(every: number | undefined): (step: number) => boolean {
  let last = performance.now();
  return (step) => {
    if (every !== undefined) return step % every === 0;
    const isDue = performance.now() - last >= CHECKPOINT_MS;
    if (isDue) last = performance.now();
    return isDue;
  };
}

const stateOf = async (run: Run, step: number, { best, sinceBest, ending }: Watched): Promise<RunState> => ({
  step,
  tensors: await run.executable.readState(),
  best,
  sinceBest,
  ending,
  files: run.files,
});

async function endOf(run: Run, state: RunState, aborted: boolean): Promise<DoneEvent> {
  const { best, step } = state;
  const weights = best?.weights ?? run.step.modelWeights(state.tensors);
  return {
    kind: "done",
    reason: aborted ? "aborted" : (state.ending ?? "steps"),
    step,
    weights,
    best,
    state,
    evaluation: aborted ? undefined : await evaluateNow(run, "test", weights, best?.step ?? step),
  };
}

async function evaluateNow(
  run: Run,
  split: "validation" | "test",
  weights: RunState["tensors"],
  step: number,
): Promise<Evaluation> {
  const evaluation = await run.evaluator.evaluate(split, weights, step);
  checkLoss(evaluation.loss, placeOf(split, step));
  return evaluation;
}

const placeOf = (split: "validation" | "test", step: number): string => `the ${split} evaluation after step ${step}`;
