/** A run made ready: the task opened, the step compiled, the state that it starts from in place. */
import { CheckpointError, compile, type Executable, type Precision } from "@latchgrad/core";
import { averagesOf, makeEvaluator, type Average, type Evaluator } from "./evaluation.js";
import type { Experiment } from "./experiment.js";
import { COUNTS } from "./gathering.js";
import type { RunState } from "./run-state.js";
import { sha256 } from "./sha256.js";
import { openTask } from "./tasks/registry.js";
import type { ReadFile, Task } from "./tasks/task.js";
import { makeThroughput, type Throughput } from "./throughput.js";
import { trainingStep, type StepGraph } from "./training-step.js";

export interface Run {
  readonly experiment: Experiment;
  readonly task: Task;
  readonly step: StepGraph;
  readonly executable: Executable;
  readonly evaluator: Evaluator;
  /** Inputs and targets that the step reads. */
  readonly used: ReadonlySet<string>;
  /** How the values of a metric in several batches become one. */
  readonly averages: (metric: string) => Average;
  readonly throughput: Throughput;
  /** SHA-256 of each file that the task read. */
  readonly files: Readonly<Record<string, string>>;
  /** Batches that were left out so far. */
  skipped: number;
  dispose(): void;
}

interface RunOptions {
  readonly readFile?: ReadFile | undefined;
  readonly state?: RunState | undefined;
  readonly precision?: Precision | undefined;
  readonly threads?: number | undefined;
}

/** Throws ConfigError, CheckpointError, RunError or CompileError. */
export async function openRun(
  experiment: Experiment,
  { readFile, state, precision = "fast", threads = 1 }: RunOptions,
): Promise<Run> {
  const { training, dtype } = experiment.config;
  const files: Record<string, string> = {};
  const task = await openTask(experiment.config.task, {
    seed: training.seed,
    dtype,
    readFile: readFile === undefined ? undefined : fingerprinting(readFile, files),
  });
  if (state !== undefined) checkFiles(state.files, files);
  const step = trainingStep(experiment.model, training);
  const tensors = state?.tensors ?? step.initialState(training.seed);
  // Where batches may be left out, the step itself looks at them.
  const checkFinite = training.skipNonFinite === undefined ? step.mustBeFinite : false;
  const executable = await compile(step.graph, { state: tensors, precision, threads, checkFinite });
  const evaluator = await makeEvaluator(experiment, task, precision);
  return {
    experiment,
    task,
    step,
    executable,
    evaluator,
    used: new Set(step.graph.params.map((param) => param.name)),
    averages: averagesOf(experiment),
    throughput: makeThroughput(),
    files,
    skipped: training.skipNonFinite === undefined ? 0 : tensors[COUNTS.skipped].data[0],
    dispose() {
      executable.dispose();
      evaluator.dispose();
    },
  };
}

/** Reads files, and notes the hash of each. */
const fingerprinting =
  (readFile: ReadFile, files: Record<string, string>): ReadFile =>
  async (path) => {
    const text = await readFile(path);
    files[path] = await sha256(new TextEncoder().encode(text));
    return text;
  };

/** With other data a run would go on with other bits, and nobody would notice. */
function checkFiles(before: RunState["files"], now: RunState["files"]): void {
  const changed = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    (path) => before[path] !== now[path],
  );
  if (changed.length === 0) return;
  throw new CheckpointError(
    changed.map((path) => ({
      code: "checkpoint.data",
      problem: "a run goes on with the data that it began with",
      at: { kind: "value", name: `file ${path}` },
      expected: before[path] === undefined ? "no such file" : `SHA-256 ${before[path]}`,
      received: now[path] === undefined ? "no such file" : `SHA-256 ${now[path]}`,
      hint: "restore the file, or begin a new run with the new one",
    })),
  );
}
