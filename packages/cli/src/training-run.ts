/** A run in its folder: what happens is shown, written down and saved, and in the end there is a model. */
import { MODEL_FILES } from "@latchgrad/layers";
import type { Issue, Precision } from "@latchgrad/core";
import {
  betterOf,
  metricNames,
  checkResume,
  saveCheckpoint,
  train,
  type CheckpointStore,
  type DoneEvent,
  type Experiment,
  type Loaded,
  type TaskData,
  type TrainingEvent,
} from "@latchgrad/optim";
import { join } from "node:path";
import { formatData } from "./format-data.js";
import { experimentHeading } from "./describe-experiment.js";
import { addSession, sessionNow } from "./environment.js";
import { filesBeside } from "./experiment-file.js";
import { EXIT, EXIT_BY_SIGNAL } from "./failure.js";
import { formatCount, formatDuration } from "./format.js";
import { catchInterrupt, type StopSignal } from "./interrupt.js";
import { isFile } from "./files.js";
import { beginModelFolder, writeModelFolder } from "./model-folder.js";
import { showProgress, type Progress } from "./progress.js";
import { formatEnding, formatResult } from "./result.js";
import { gradientNews } from "./gradient-news.js";
import { openRunLog, type RunLog } from "./run-log.js";
import type { Screen } from "./screen.js";

export interface TrainingRun {
  readonly folder: string;
  readonly store: CheckpointStore;
  /** What it goes on from; absent: it begins. */
  readonly loaded: Loaded | undefined;
  readonly experiment: Experiment;
  /** Absent: "fast", or what the run began with. */
  readonly precision?: Precision | undefined;
  readonly threads: number;
  readonly tensorboard: boolean;
  readonly screen: Screen;
  /** Called after each step. */
  readonly onStep?: ((step: number) => void) | undefined;
  /** Called at the end of a run that nobody stopped, once its model is written. */
  readonly onEnd?: ((done: DoneEvent, precision: Precision) => Promise<void>) | undefined;
}

/** Makes the run, from where it is to its end or to a signal; returns the exit code. Throws LatchgradError. */
export async function trainInFolder(run: TrainingRun): Promise<number> {
  const { folder, loaded, experiment, screen } = run;
  const { config } = experiment;
  const precision = run.precision ?? loaded?.checkpoint.precision ?? "fast";
  if (loaded !== undefined) checkResume(loaded.checkpoint, experiment, precision);
  screen.write(`${experimentHeading(experiment)}\n${goingOn(loaded)}\n`);

  const began = performance.now();
  const progress = showProgress({
    screen,
    mayStop: config.training.stopWhen !== undefined || config.training.best?.patience !== undefined,
  });
  const interrupt = catchInterrupt((signal) => {
    progress.print(stopping(signal));
  });
  let data: TaskData | undefined;
  const events = train(experiment, {
    signal: interrupt.signal,
    openFile: filesBeside(join(folder, MODEL_FILES.config)),
    onData: (found) => {
      data = found;
    },
    state: loaded?.checkpoint.state,
    checkpoints: true,
    precision,
    threads: run.threads,
  });
  let done: DoneEvent;
  try {
    done = await follow(events, { ...run, precision, data: () => data }, progress);
  } finally {
    await events.return();
    progress.end();
    interrupt.release();
  }

  await writeModelFolder(folder, {
    config,
    weights: done.weights,
    step: done.best?.step ?? done.step,
    precision,
    fitted: data?.fitted,
  });
  screen.write(`\n${formatEnding(done, config.training)}, in ${formatDuration((performance.now() - began) / 1000)}\n`);
  if (done.evaluation !== undefined)
    screen.write(`${formatResult(done.evaluation, (metric) => betterOf(experiment, metric))}\n`);
  screen.write(`the model is in ${join(folder, "/")}: ${MODEL_FILES.config}, ${MODEL_FILES.weights}\n`);
  if (done.reason !== "aborted") await run.onEnd?.(done, precision);
  const stoppedBy = interrupt.received();
  if (done.reason !== "aborted" || stoppedBy === undefined) return EXIT.success;
  screen.write(`to go on: latchgrad train ${folder} --resume\n`);
  return EXIT_BY_SIGNAL[stoppedBy];
}

const stopping = (signal: StopSignal): string =>
  `Stopping after this step. ${signal === "SIGINT" ? "Press Ctrl-C again" : "Send the signal again"} to stop at once, without saving.\n`;

/** From where a run goes on, and which checkpoints it had to pass over, as lines. */
function goingOn(loaded: Loaded | undefined): string {
  if (loaded === undefined) return "";
  const lines = loaded.passedOver.map(
    ({ at, received }: Issue) => `passing over the ${at.kind === "value" ? at.name : ""}: ${received ?? ""}\n`,
  );
  return `${lines.join("")}going on after step ${formatCount(loaded.checkpoint.state.step)}\n`;
}

interface Started extends TrainingRun {
  readonly precision: Precision;
  /** Known once the first event is there. */
  readonly data: () => TaskData | undefined;
}

/** Shows, writes down and saves what happens in a run; returns its end. */
async function follow(
  events: AsyncGenerator<TrainingEvent, void>,
  run: Started,
  progress: Progress,
): Promise<DoneEvent> {
  // Data that cannot be read, models that cannot be compiled and first steps that cannot be made show here, before anything is written.
  let next = await events.next();
  const log = await beginFolder(run, progress);
  const news = gradientNews();
  try {
    for (; next.done !== true; next = await events.next()) {
      const event = next.value;
      if (event.kind === "checkpoint") {
        await save(run, event.state, log);
        continue;
      }
      await log.add(event);
      if (event.kind === "done") {
        await log.end();
        return event;
      }
      if (event.kind === "step") {
        progress.step(event);
        run.onStep?.(event.step);
      } else if (event.kind === "evaluation") progress.evaluation(event);
      else progress.print(news(event));
    }
  } finally {
    await log.close();
  }
  throw new TypeError("internal: a run ended without an end; please report this");
}

/** Writes what stands in the folder from the start, and opens the log. */
async function beginFolder(run: Started, progress: Progress): Promise<RunLog> {
  const { folder, loaded, experiment, precision } = run;
  const { config } = experiment;
  const data = run.data();
  if (data !== undefined) progress.print(formatData(data));
  const fromStep = loaded?.checkpoint.state.step ?? 0;
  const session = sessionNow({
    fromStep,
    precision,
    seed: config.training.seed,
    threads: run.threads,
    skippedRows: data?.skipped.count,
  });
  const before = await addSession(folder, session);
  // Last, because from then on the folder alone tells what the run is. What stands in the folder of one that goes on may be its model already.
  if (loaded === undefined || !(await isFile(join(folder, MODEL_FILES.config))))
    await beginModelFolder(folder, config, data?.fitted);
  if (before !== undefined && before.roundsOnce !== session.roundsOnce)
    progress.print(
      'This engine rounds products otherwise than the one before it: with precision "fast" the result will not be exactly that of a run without a break.\n',
    );
  return openRunLog(folder, {
    metrics: metricNames(experiment.model),
    tensorboard: run.tensorboard,
    diagnostics: config.training.diagnose !== undefined,
    lengths: loaded?.checkpoint.logs,
    warn: progress.print,
  });
}

async function save(run: Started, state: DoneEvent["state"], log: RunLog): Promise<void> {
  const { experiment, precision, store } = run;
  const logs = await log.save();
  await saveCheckpoint(
    store,
    { config: experiment.config, precision, state, logs },
    { weights: experiment.model.params.map(({ name }) => name), keep: experiment.config.training.checkpoints.keep },
  );
}
