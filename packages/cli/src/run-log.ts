/**
 * What a run writes down step by step: `metrics.jsonl` with everything, `metrics.csv` with the steps,
 * `evaluations.csv`, `timing.jsonl` with the speed, and on request `diagnostics.jsonl` and TensorBoard's event file. They are only ever
 * appended to. `log.SHA256SUMS` has their checksums when a run ends or is stopped. A checkpoint notes how long they are, and a run that goes on from
 * it first cuts off what came later, so that no step stands there twice and none is missing, whenever the run was stopped.
 */
import type { DiagnosisEvent, DoneEvent, Evaluation, EvaluationEvent, StepEvent } from "@latchgrad/optim";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { changedFiles, LOG_SUMS_FILE, removeLogSums, writeLogSums } from "./checksums.js";
import { attempt, RULES } from "./files.js";
import { eventFileStart, scalarEvents } from "./tensorboard.js";

type Entry = StepEvent | EvaluationEvent | DiagnosisEvent | DoneEvent;

/** One of the files: what stands at its start, and what an entry adds. */
interface Format {
  readonly file: string;
  /** Whether it tells the time. Then no checkpoint notes its length, whose digits would depend on the clock, and it is never cut off. */
  readonly isClocked?: boolean;
  start(): string | Uint8Array;
  add(entry: Entry): string | Uint8Array;
}

/** Lines are kept together for so long before they are written. */
const WRITE_AFTER_MS = 1000;

export interface RunLog {
  add(entry: Entry): Promise<void>;
  /** Waits until the disk has everything; returns the lengths in bytes that a checkpoint notes. */
  save(): Promise<Readonly<Record<string, number>>>;
  /** Writes what is left, and the checksums of all: the run has ended or was stopped. */
  end(): Promise<void>;
  /** Writes what is left and closes the files. */
  close(): Promise<void>;
}

export interface RunLogOptions {
  /** Names of the model's metrics. */
  readonly metrics: readonly string[];
  readonly tensorboard: boolean;
  /** Whether the network is looked into. */
  readonly diagnostics: boolean;
  /** The lengths of a checkpoint. Absent: the files begin anew. */
  readonly lengths?: Readonly<Record<string, number>> | undefined;
  /** Told about files that are not as the checkpoint knew them. */
  warn(text: string): void;
}

/** Opens the log in a run's folder. Throws FileError. */
export async function openRunLog(
  folder: string,
  { metrics, tensorboard, diagnostics, lengths, warn }: RunLogOptions,
): Promise<RunLog> {
  const goesOnWithEvents = lengths !== undefined && Object.hasOwn(lengths, eventFile.file);
  const formats = [
    jsonLines,
    stepTable(metrics),
    evaluationTable(metrics),
    timingLines(() => performance.now()),
    ...(diagnostics ? [diagnosticLines] : []),
    ...(tensorboard || goesOnWithEvents ? [eventFile] : []),
  ];
  if (lengths !== undefined) await tellChanges(folder, warn);
  await removeLogSums(folder);
  const files: { readonly format: Format; readonly file: AppendedFile }[] = [];
  const closeAll = async (): Promise<void> => {
    for (const { file } of files) await file.close();
  };
  try {
    for (const format of formats) {
      const length = format.isClocked === true && lengths !== undefined ? "all" : lengths?.[format.file];
      const file = await openAt(join(folder, format.file), length, warn);
      files.push({ format, file });
      if (length === undefined) file.append(format.start());
    }
  } catch (error) {
    await closeAll();
    throw error;
  }
  let last = performance.now();
  const write = async (): Promise<void> => {
    last = performance.now();
    for (const { file } of files) await file.write();
  };
  const noted = files.filter(({ format }) => format.isClocked !== true);
  return {
    async add(entry) {
      for (const { format, file } of files) file.append(format.add(entry));
      if (performance.now() - last >= WRITE_AFTER_MS || entry.kind !== "step") await write();
    },
    async save() {
      await write();
      for (const { file } of files) await file.sync();
      return Object.fromEntries(noted.map(({ format, file }) => [format.file, file.length()]));
    },
    async end() {
      await write();
      // The event file tells the time, so equal runs would have other checksums.
      await writeLogSums(
        folder,
        noted.flatMap(({ format }) => (format === eventFile ? [] : [format.file])),
      );
    },
    async close() {
      try {
        await write();
      } finally {
        await closeAll();
      }
    },
  };
}

/** No line is read again, so a damaged one harms no result; but whoever reads the log later has to know. */
async function tellChanges(folder: string, warn: (text: string) => void): Promise<void> {
  const changed = await changedFiles(folder, LOG_SUMS_FILE);
  if (changed.length > 0)
    warn(
      `${changed.join(", ")}: not as the run left ${changed.length === 1 ? "it" : "them"}, so earlier lines may be wrong; the run itself goes on exactly\n`,
    );
}

interface AppendedFile {
  append(content: string | Uint8Array): void;
  write(): Promise<void>;
  sync(): Promise<void>;
  /** Bytes, once everything is written. */
  length(): number;
  close(): Promise<void>;
}

/** A file to append to, cut off at `length` first; undefined is 0. */
async function openAt(
  path: string,
  length: number | "all" | undefined,
  warn: (text: string) => void,
): Promise<AppendedFile> {
  let pending: Uint8Array[] = [];
  const handle = await attempt(RULES.write, path, () => open(path, "a+"));
  const wanted = length === "all" ? (await handle.stat()).size : (length ?? 0);
  let end = await attempt(RULES.write, path, () => cutOff(handle, wanted)).catch(async (error: unknown) => {
    await handle.close();
    throw error;
  });
  if (end < wanted)
    warn(
      `${path} has ${end} of ${wanted} bytes; the lines that are missing stay missing, the run itself goes on exactly\n`,
    );
  return {
    append(content) {
      pending.push(typeof content === "string" ? new TextEncoder().encode(content) : content);
    },
    async write() {
      if (pending.length === 0) return;
      const bytes = Buffer.concat(pending);
      pending = [];
      await attempt(RULES.write, path, () => handle.appendFile(bytes));
      end += bytes.length;
    },
    sync: () => attempt(RULES.write, path, () => handle.sync()),
    length: () => end,
    close: () => handle.close(),
  };
}

/** Cuts a file off at `length`; returns its length then, which is less where it was shorter. */
async function cutOff(handle: FileHandle, length: number): Promise<number> {
  const { size } = await handle.stat();
  if (size > length) await handle.truncate(length);
  return Math.min(size, length);
}

const jsonLines: Format = {
  file: "metrics.jsonl",
  start: () => "",
  add: (entry) => (entry.kind === "diagnosis" ? "" : `${JSON.stringify(plainEntry(entry))}\n`),
};

const diagnosticLines: Format = {
  file: "diagnostics.jsonl",
  start: () => "",
  add: (entry) =>
    entry.kind === "diagnosis" ? entry.records.map((record) => `${JSON.stringify(record)}\n`).join("") : "",
};

/** An entry as it is written down: without what depends on the clock, so that equal runs write equal files. */
function plainEntry(entry: Exclude<Entry, DiagnosisEvent>): object {
  switch (entry.kind) {
    case "step": {
      const { kind, step, epoch, loss, metrics, learningRate, gradientNorm, skipped } = entry;
      return { kind, step, epoch, loss, metrics, learningRate, gradientNorm, skipped };
    }
    case "evaluation":
      return plainEvaluation(entry.kind, entry);
    case "done": {
      const { reason, step, best, evaluation } = entry;
      return {
        kind: "end",
        reason,
        step,
        best: best === undefined ? undefined : { step: best.step, value: best.value },
        test: evaluation === undefined ? undefined : plainEvaluation("evaluation", evaluation),
      };
    }
    default:
      return entry satisfies never;
  }
}

const plainEvaluation = (
  kind: "evaluation",
  { split, step, loss, metrics, batches, baseline }: Evaluation,
): object => ({
  kind,
  split,
  step,
  loss,
  metrics,
  batches,
  baseline:
    baseline === undefined ? undefined : { metric: baseline.metric, value: baseline.value, says: baseline.says },
});

const row = (...cells: readonly (string | number | undefined)[]): string =>
  `${cells.map((cell) => cell ?? "").join(",")}\n`;

const stepTable = (names: readonly string[]): Format => ({
  file: "metrics.csv",
  start: () => row("step", "epoch", "loss", ...names, "learningRate", "gradientNorm", "skipped"),
  add(entry) {
    if (entry.kind !== "step") return "";
    const { step, epoch, loss, metrics, learningRate, gradientNorm, skipped } = entry;
    return row(step, epoch, loss, ...names.map((name) => metrics[name]), learningRate, gradientNorm, skipped);
  },
});

const evaluationTable = (names: readonly string[]): Format => ({
  file: "evaluations.csv",
  start: () => row("step", "split", "loss", ...names),
  add(entry) {
    const evaluation = entry.kind === "done" ? entry.evaluation : entry.kind === "evaluation" ? entry : undefined;
    if (evaluation === undefined) return "";
    const { step, split, loss, metrics } = evaluation;
    return row(step, split, loss, ...names.map((name) => metrics[name]));
  },
});

/** Between two lines of the speed: a share of the time so far, so that a run of a month has not many more than one of a minute. */
const TIMING_SHARE = 0.01;
const TIMING_LEAST_MS = 50;

/** The speed by the machine's clock. A run that goes on appends to it, and its seconds begin again. */
function timingLines(now: () => number): Format {
  const began = now();
  let last = began;
  return {
    file: "timing.jsonl",
    isClocked: true,
    start: () => "",
    add(entry) {
      const time = now();
      if (entry.kind !== "step" || time - last < Math.max(TIMING_LEAST_MS, TIMING_SHARE * (time - began))) return "";
      last = time;
      const { step, examplesPerSecond } = entry;
      const seconds = Number(((time - began) / 1000).toFixed(3));
      return `${JSON.stringify({ step, seconds, examplesPerSecond: Math.round(examplesPerSecond) })}\n`;
    },
  };
}

/** The name that TensorBoard looks for; there is one per run, because it is cut off like the others. */
const eventFile: Format = {
  file: "events.out.tfevents.0.latchgrad",
  start: eventFileStart,
  add(entry) {
    if (entry.kind === "diagnosis") return new Uint8Array();
    if (entry.kind === "step")
      return scalarEvents(entry.step, {
        "train/loss": entry.loss,
        ...prefixed("train", entry.metrics),
        "train/learningRate": entry.learningRate,
        "train/gradientNorm": entry.gradientNorm,
      });
    const evaluation = entry.kind === "done" ? entry.evaluation : entry;
    if (evaluation === undefined) return new Uint8Array();
    return scalarEvents(evaluation.step, prefixed(evaluation.split, { loss: evaluation.loss, ...evaluation.metrics }));
  },
};

const prefixed = (prefix: string, values: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}/${name}`, value]));
