/** `latchgrad sweep`: the trials of a sweep in processes of their own, a few at a time; what is done already is not done again. */
import { betterOf, planSweep, type SweepConfig, type Trial } from "@latchgrad/optim";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT, EXIT_BY_SIGNAL, formatFailure } from "../failure.js";
import { makeFolder, writeFiles } from "../files.js";
import { lockFolder, tidyClaims } from "../folder-lock.js";
import { formatNumber, formatPlural, formatTable } from "../format.js";
import { catchInterrupt } from "../interrupt.js";
import { folderName } from "../model-folder.js";
import type { Screen } from "../screen.js";
import { shortNames } from "../report/sweep-figures.js";
import { formatResults, resultFiles, sweepSummary, valueOf, type TrialRow } from "./results.js";
import { readSweepFile } from "./sweep-file.js";
import { showSweepProgress, type SweepProgress } from "./sweep-progress.js";
import { startTrial, type TrialProcess } from "./trial-process.js";
import { readResult, trialFolder } from "./trial-result.js";

export interface SweepCommand {
  /** Path of the sweep's document. */
  readonly file: string;
  /** Absent: "sweeps" and the name of the sweep. */
  readonly out?: string | undefined;
  /** Trials at a time; absent: one per processor. */
  readonly jobs?: number | undefined;
  readonly retryFailed: boolean;
  /** Write results.html and the plots. */
  readonly report: boolean;
  /** Only say which trials there are. */
  readonly list: boolean;
  /** What starts this command in another process. */
  readonly self: readonly [string, ...string[]];
  readonly screen: Screen;
  readonly onFile: (path: string) => void;
}

/** A trial that signals end so often in a row is not started again. */
const MOST_KILLS = 5;
/** Between two looks at a trial that another process is at. */
const TAKEN_WAIT_MS = 1000;

/** Runs a sweep to its end or to a signal; returns the exit code. Throws LatchgradError before anything runs. */
export async function sweepCommand(command: SweepCommand): Promise<number> {
  const { file, screen, list, onFile } = command;
  const { sweep, document } = await readSweepFile(file, onFile);
  const trials = await planSweep(sweep, document);
  const out = command.out ?? join("sweeps", folderName(sweep.name));
  const seeds = sweep.seeds === undefined ? "" : `, ${formatPlural(sweep.seeds.length, "seed")} each`;
  screen.write(`${sweep.name}: ${formatPlural(trials.length, "trial")}${seeds}, in ${join(out, "/")}\n`);
  if (list) {
    screen.write(`\n${formatTrials(trials)}`);
    return EXIT.success;
  }
  await makeFolder(out);
  const lock = await lockFolder(out);
  try {
    return await runSweep(command, { sweep, trials, out });
  } finally {
    await lock.release();
  }
}

interface Plan {
  readonly sweep: SweepConfig;
  readonly trials: readonly Trial[];
  readonly out: string;
}

async function runSweep(command: SweepCommand, { sweep, trials, out }: Plan): Promise<number> {
  const { screen, retryFailed, jobs = availableParallelism() } = command;
  const rows = new Map<string, TrialRow>();
  for (const trial of trials) {
    const result = await readResult(trialFolder(out, trial.id), trial.id);
    rows.set(trial.id, { trial, result: result?.state === "failed" && retryFailed ? undefined : result });
    if (result !== undefined) await tidyClaims(trialFolder(out, trial.id));
  }
  const withState = (state: string): readonly string[] =>
    trials.flatMap(({ id }) => (rows.get(id)?.result?.state === state ? [id] : []));
  const queue = trials.filter(({ id }) => rows.get(id)?.result === undefined);
  const before = trials.length - queue.length;
  if (before > 0) screen.write(`${formatPlural(before, "trial")} of them ended before\n`);
  const progress = showSweepProgress({
    screen,
    steps: new Map(trials.map(({ id, experiment }) => [id, experiment.config.training.steps])),
    done: withState("done"),
    failed: withState("failed"),
  });
  const running = new Set<TrialProcess>();
  const interrupt = catchInterrupt((signal) => {
    const again = signal === "SIGINT" ? "Press Ctrl-C again" : "Send the signal again";
    progress.print(`Stopping: the trials under way save their state. ${again} not to wait for them.\n`);
    for (const trial of running) trial.stop();
  });
  const broken: string[] = [];
  const side = betterOf(trials[0].experiment, sweep.rank.metric);
  // One after the other: two trials may end at the same moment, and both would write the same files.
  let saved = Promise.resolve();
  const save = (): Promise<void> => (saved = saved.then(() => writeFiles(out, resultFiles([...rows.values()]))));

  const runner: Runner = {
    command,
    out,
    retries: new Set(retryFailed ? trials.map(({ id }) => id) : []),
    running,
    progress,
    isStopping: () => interrupt.signal.aborted,
  };
  const work = async (): Promise<void> => {
    for (let trial = queue.shift(); trial !== undefined && !interrupt.signal.aborted; trial = queue.shift()) {
      const error = await runTrial(runner, trial);
      const result = await readResult(trialFolder(out, trial.id), trial.id);
      rows.set(trial.id, { trial, result });
      const row = { trial, result };
      if (error === undefined && result !== undefined) progress.print(endLine(row, sweep));
      if (error !== undefined) {
        broken.push(trial.id);
        progress.print(`trial ${trial.id} could not be run\n${error}\n`);
      }
      if (result !== undefined) await save();
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(jobs, queue.length) }, work));
    await save();
  } finally {
    progress.clear();
    interrupt.release();
    for (const trial of running) trial.stop();
  }
  screen.write(`\n${formatResults([...rows.values()], sweep, side, (id) => join(trialFolder(out, id), "/"))}`);
  screen.write(`the results are in ${join(out, "results.csv")} and results.jsonl\n`);
  if (command.report) await reportOf(command, { sweep, out, rows: [...rows.values()], side });
  const stoppedBy = interrupt.received();
  if (stoppedBy !== undefined) {
    screen.write("to go on: the same command again\n");
    return EXIT_BY_SIGNAL[stoppedBy];
  }
  if (broken.length > 0) {
    screen.write(
      `${formatPlural(broken.length, "trial")} could not be run: ${broken.join(", ")}; the same command tries again\n`,
    );
    return EXIT.failure;
  }
  const failed = withState("failed");
  if (failed.length === 0) return EXIT.success;
  screen.write(
    `${formatPlural(failed.length, "trial")} failed: ${failed.join(", ")}; --retry-failed runs them again\n`,
  );
  return EXIT.trialFailed;
}

interface Finished {
  readonly sweep: SweepConfig;
  readonly out: string;
  readonly rows: readonly TrialRow[];
  readonly side: "lower" | "higher";
}

/** The page and the plots. Where they cannot be written, this is told and no more: the results are there. */
async function reportOf({ screen }: SweepCommand, { sweep, out, rows, side }: Finished): Promise<void> {
  try {
    const { SWEEP_PAGE, writeSweepReport } = await import("./sweep-report.js");
    await writeSweepReport(
      out,
      sweepSummary(rows, sweep, side, (id) => join(trialFolder("", id), "/")),
    );
    screen.write(`as a page with plots: ${join(out, SWEEP_PAGE)}\n`);
  } catch (error) {
    screen.write(`the page with plots could not be written: ${formatFailure(error, { file: out, debug: false })}`);
  }
}

interface Runner {
  readonly command: SweepCommand;
  readonly out: string;
  /** Trials that may be run although they have failed; each once. */
  readonly retries: Set<string>;
  readonly running: Set<TrialProcess>;
  readonly progress: SweepProgress;
  isStopping(): boolean;
}

/** Runs a trial until it has a result or the sweep stops; returns why it could not be run, if it could not. */
async function runTrial(runner: Runner, { id }: Trial): Promise<string | undefined> {
  const { command, out, retries, running, progress } = runner;
  for (let kills = 0; !runner.isStopping();) {
    const args = ["run-trial", command.file, id, "--out", out, ...(retries.has(id) ? ["--retry-failed"] : [])];
    const trial = startTrial(command.self, args, (step) => {
      progress.step(id, step);
    });
    running.add(trial);
    progress.begin(id, 0);
    const { code, signal, errors } = await trial.ended;
    running.delete(trial);
    const isEnd = code === EXIT.success || code === EXIT.trialFailed;
    progress.end(id, code === EXIT.success ? "done" : code === EXIT.trialFailed ? "failed" : "other");
    if (isEnd || runner.isStopping()) return undefined;
    if (code === EXIT.taken) await sleep(TAKEN_WAIT_MS);
    else if (signal === undefined) return errors.trimEnd();
    else if (++kills === MOST_KILLS)
      return `the system ended it ${MOST_KILLS} times with ${signal}; perhaps memory is short: try fewer --jobs`;
  }
  return undefined;
}

function endLine(row: TrialRow, { rank }: SweepConfig): string {
  const { id, settings, seed } = row.trial;
  const names = shortNames(settings.map(({ path }) => path));
  const what = [
    ...settings.map(({ value }, i) => `${names[i]} ${JSON.stringify(value)}`),
    ...(seed === undefined ? [] : [`seed ${seed}`]),
  ];
  const value = valueOf(row, rank);
  const outcome = value === undefined ? "failed" : `${rank.split} ${rank.metric} ${formatNumber(value)}`;
  return `${id}  ${what.join(", ")}: ${outcome}\n`;
}

function formatTrials(trials: readonly Trial[]): string {
  const names = shortNames(trials[0].settings.map(({ path }) => path));
  return formatTable([
    ["id", ...names, ...(trials[0].seed === undefined ? [] : ["seed"])],
    ...trials.map(({ id, settings, seed }) => [
      id,
      ...settings.map(({ value }) => (typeof value === "string" ? value : JSON.stringify(value))),
      ...(seed === undefined ? [] : [String(seed)]),
    ]),
  ]);
}
