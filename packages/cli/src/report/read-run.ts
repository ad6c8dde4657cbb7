/** Reads the folder of a run, also of one that goes on at the moment, was killed, or has damaged lines. */
import { MODEL_FILES } from "@latchgrad/layers";
import { readDiagnostics, SUMS_FILE, type DiagnosticRecord } from "@latchgrad/optim";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { changedFiles, LOG_SUMS_FILE } from "../checksums.js";
import { sessionsIn } from "../environment.js";
import { readExperimentFile } from "../experiment-file.js";
import { FileError } from "../failure.js";
import { attempt, isFile, readText, RULES } from "../files.js";
import { formatCount } from "../format.js";
import type { EvaluationRow, RunData, RunEnd, TimingRow } from "./run-data.js";

const METRICS = "metrics.jsonl";
const TIMING = "timing.jsonl";
const DIAGNOSTICS = "diagnostics.jsonl";

/**
 * The run in a folder. Lines of its log that are no records are left out and told of in `remarks`. Throws FileError for a folder that
 * is none of a run, and ConfigError for its document.
 */
export async function readRun(folder: string): Promise<RunData> {
  for (const name of [MODEL_FILES.config, METRICS]) if (!(await isFile(join(folder, name)))) throw noRun(folder, name);
  const experiment = await readExperimentFile(join(folder, MODEL_FILES.config), []);
  const log = await readLog(join(folder, METRICS));
  const timing = await readTiming(join(folder, TIMING));
  const { records, remarks } = await readRecords(join(folder, DIAGNOSTICS));
  const changed = [
    ...(await changedFiles(folder, SUMS_FILE, [MODEL_FILES.config])),
    ...(await changedFiles(folder, LOG_SUMS_FILE)),
  ];
  return {
    folder,
    experiment,
    ...log,
    timing,
    sessions: await sessionsIn(folder),
    diagnostics: records,
    remarks: [...changed.map(notAsWritten), ...log.remarks, ...remarks],
  };
}

const notAsWritten = (name: string): string =>
  `${name} is not as it was written, so what is shown here may not be what the run was and did.`;

const noRun = (folder: string, missing: string): FileError =>
  new FileError([
    {
      code: "file.no-run",
      problem: "the folder is that of a run",
      at: { kind: "value", name: folder },
      received: `a path without ${missing}`,
      hint: "latchgrad train makes such a folder, and says where it is",
    },
  ]);

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** JSON has no NaN and no infinities; null stands for them. */
const numberIn = (fields: Fields, key: string): number => {
  const value = fields[key];
  return typeof value === "number" ? value : Number.NaN;
};

/** Calls `take` with the value of each line of a file that holds an object; returns a remark on those that do not. */
async function eachLine(path: string, take: (fields: Fields) => void): Promise<readonly string[]> {
  const unread: number[] = [];
  let number = 0;
  await attempt(RULES.read, path, async () => {
    for await (const line of createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Infinity })) {
      number++;
      const fields = fieldsIn(line);
      if (fields !== undefined) take(fields);
      else if (line.trim() !== "") unread.push(number);
    }
  });
  return remarksOn(path, unread, number);
}

function fieldsIn(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A line that was being written when the run was killed is no more than a remark; the run cuts it off when it goes on. */
function remarksOn(path: string, unread: readonly number[], lines: number): readonly string[] {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (unread.length === 0) return [];
  if (unread.length === 1 && unread[0] === lines)
    return [`The last line of ${name} was cut off, as in a run that was killed, and is left out.`];
  const places = unread.slice(0, 5).map(formatCount).join(", ");
  const more = unread.length > 5 ? ", …" : "";
  return [`${name} has ${unread.length} lines that are no records and are left out: ${places}${more}.`];
}

type Log = Pick<RunData, "steps" | "evaluations" | "end" | "remarks">;

async function readLog(path: string): Promise<Log> {
  const step: number[] = [];
  const loss: number[] = [];
  const learningRate: number[] = [];
  const gradientNorm: number[] = [];
  const metrics = new Map<string, number[]>();
  const evaluations: EvaluationRow[] = [];
  let skipped = 0;
  let end: RunEnd | undefined;
  const remarks = await eachLine(path, (fields) => {
    if (fields["kind"] === "step") {
      step.push(numberIn(fields, "step"));
      loss.push(numberIn(fields, "loss"));
      learningRate.push(numberIn(fields, "learningRate"));
      gradientNorm.push(numberIn(fields, "gradientNorm"));
      for (const [name, value] of Object.entries(numbersIn(fields, "metrics"))) {
        const column = metrics.get(name) ?? [];
        // A metric that earlier steps did not have begins with a gap.
        while (column.length < step.length - 1) column.push(Number.NaN);
        column.push(value);
        metrics.set(name, column);
      }
      skipped += numberIn(fields, "skipped") || 0;
    } else if (fields["kind"] === "evaluation") evaluations.push(evaluationIn(fields));
    else if (fields["kind"] === "end") end = endIn(fields);
  });
  for (const column of metrics.values()) while (column.length < step.length) column.push(Number.NaN);
  const columns = { step, loss, learningRate, gradientNorm, metrics: Object.fromEntries(metrics), skipped };
  return { steps: columns, evaluations, end, remarks };
}

function numbersIn(fields: Fields, key: string): Readonly<Record<string, number>> {
  const inner = fields[key];
  return isFields(inner) ? Object.fromEntries(Object.keys(inner).map((name) => [name, numberIn(inner, name)])) : {};
}

const textIn = (fields: Fields, key: string): string => {
  const value = fields[key];
  return typeof value === "string" ? value : "";
};

function evaluationIn(fields: Fields): EvaluationRow {
  const baseline = fields["baseline"];
  return {
    split: textIn(fields, "split"),
    step: numberIn(fields, "step"),
    loss: numberIn(fields, "loss"),
    metrics: numbersIn(fields, "metrics"),
    baseline: isFields(baseline)
      ? { metric: textIn(baseline, "metric"), value: numberIn(baseline, "value"), says: textIn(baseline, "says") }
      : undefined,
  };
}

function endIn(fields: Fields): RunEnd {
  const { best, test } = fields;
  return {
    reason: textIn(fields, "reason"),
    step: numberIn(fields, "step"),
    best: isFields(best) ? { step: numberIn(best, "step"), value: numberIn(best, "value") } : undefined,
    test: isFields(test) ? evaluationIn(test) : undefined,
  };
}

/** The speed, for which no result depends on; lines of steps that a run made again are all there. */
async function readTiming(path: string): Promise<readonly TimingRow[]> {
  if (!(await isFile(path))) return [];
  const rows: TimingRow[] = [];
  await eachLine(path, (fields) => {
    const row = {
      step: numberIn(fields, "step"),
      seconds: numberIn(fields, "seconds"),
      examplesPerSecond: numberIn(fields, "examplesPerSecond"),
    };
    if (Object.values(row).every(Number.isFinite)) rows.push(row);
  });
  return rows;
}

async function readRecords(
  path: string,
): Promise<{ readonly records: readonly DiagnosticRecord[]; readonly remarks: readonly string[] }> {
  if (!(await isFile(path))) return { records: [], remarks: [] };
  const text = await readText(path);
  const { records, unread } = readDiagnostics(text);
  return { records, remarks: remarksOn(path, unread, text.trimEnd().split("\n").length) };
}
