/** A run made ready: the task opened, the step compiled, the state that it starts from in place. */
import { CheckpointError, compile, type Executable, type Precision, type Profiler } from "@latchgrad/core";
import { makeDiagnoser, type Diagnoser } from "./diagnostics/diagnose.js";
import type { TaskAtLength } from "./diagnostics/memory.js";
import { averagesOf, makeEvaluator, type Average, type Evaluator } from "./evaluation.js";
import { experimentStep, type Experiment } from "./experiment.js";
import { COUNTS } from "./gathering.js";
import type { RunState } from "./run-state.js";
import type { DataContext } from "./data/context.js";
import { fileHash, textBytes, type OpenFile } from "./data/file-bytes.js";
import { openTask, taskAtLength } from "./tasks/registry.js";
import type { ReadFile, Task } from "./tasks/task.js";
import { makeThroughput, type Throughput } from "./throughput.js";
import type { StepGraph } from "./training-step.js";

export interface Run {
  readonly experiment: Experiment;
  readonly task: Task;
  readonly step: StepGraph;
  readonly executable: Executable;
  readonly evaluator: Evaluator;
  /** Absent where the config asks for no diagnoses. */
  readonly diagnoser?: Diagnoser | undefined;
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
  readonly openFile?: OpenFile | undefined;
  readonly state?: RunState | undefined;
  readonly precision?: Precision | undefined;
  readonly threads?: number | undefined;
  readonly profile?: Profiler | undefined;
}

/** Throws ConfigError, CheckpointError, RunError or CompileError. */
export async function openRun(
  experiment: Experiment,
  { readFile, openFile, state, precision = "fast", threads = 1, profile }: RunOptions,
): Promise<Run> {
  const { training, dtype } = experiment.config;
  const files: Record<string, string> = {};
  const context: DataContext = {
    seed: training.seed,
    dtype,
    openFile: fingerprinting(openFile ?? (readFile === undefined ? undefined : opening(readFile)), files),
  };
  const task = await openTask(experiment.config.task, context);
  if (state !== undefined) checkFiles(state.files, files);
  const step = experimentStep(experiment);
  const tensors = state?.tensors ?? step.initialState(training.seed);
  // Where batches may be left out, the step itself looks at them.
  const checkFinite = training.skipNonFinite === undefined ? step.mustBeFinite : false;
  const executable = await compile(step.graph, { state: tensors, precision, threads, checkFinite, profile });
  const evaluator = await makeEvaluator(experiment, task, precision);
  const diagnoser =
    training.diagnose === undefined
      ? undefined
      : await makeDiagnoser(training.diagnose, {
          experiment,
          task,
          lengths: await tasksAtLengths(experiment, context),
          precision,
        });
  return {
    experiment,
    task,
    step,
    executable,
    evaluator,
    diagnoser,
    used: new Set(step.graph.params.map((param) => param.name)),
    averages: averagesOf(experiment),
    throughput: makeThroughput(),
    files,
    skipped: training.skipNonFinite === undefined ? 0 : tensors[COUNTS.skipped].data[0],
    dispose() {
      executable.dispose();
      evaluator.dispose();
      diagnoser?.dispose();
    },
  };
}

/** The task at the lengths that diagnoses ask for. */
async function tasksAtLengths({ config }: Experiment, context: DataContext): Promise<readonly TaskAtLength[]> {
  const made: TaskAtLength[] = [];
  for (const length of config.training.diagnose?.lengths ?? []) {
    const changed = taskAtLength(config.task, length);
    if (changed !== undefined) made.push({ length, task: await openTask(changed, context) });
  }
  return made;
}

/** Opens files that can only be read as a whole. */
const opening =
  (readFile: ReadFile): OpenFile =>
  async (path) =>
    textBytes(await readFile(path));

/** Opens files, and notes the hash of each. */
const fingerprinting = (openFile: OpenFile | undefined, files: Record<string, string>): OpenFile | undefined =>
  openFile === undefined
    ? undefined
    : async (path) => {
        const file = await openFile(path);
        files[path] = await fileHash(file);
        return file;
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
