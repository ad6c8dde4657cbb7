/**
 * The diagnoses of a run: graphs of their own, made from the model, that look at the weights of a step. The training step knows
 * nothing of them, so no bit of it can change.
 */
import {
  bindGraph,
  compile,
  gradient,
  gradientName,
  inspectLoops,
  lastStepOnly,
  nudgeGraph,
  nudgeName,
  traceGraph,
  type Graph,
  type LoopView,
  type Precision,
  type TensorData,
  type TensorsByName,
} from "@latchgrad/core";
import { usedInputs } from "../evaluation.js";
import type { Experiment } from "../experiment.js";
import { floatTensor, type Batch } from "../data/batch.js";
import type { Task } from "../tasks/task.js";
import { flowRecords } from "./gradient-flow.js";
import { exampleRecords, gatesRecords, retentionRecords, traceOf, tracedPaths, valuesRecords } from "./inner-values.js";
import { makeMemoryProbe, type TaskAtLength } from "./memory.js";
import type { Diagnostic, DiagnoseConfig } from "./options.js";
import type { DiagnosticRecord } from "./records.js";
import { updatesRecords } from "./updates.js";

export interface DiagnoseRequest {
  readonly step: number;
  /** Before the last update; absent where there was none. */
  readonly before?: TensorsByName | undefined;
  readonly after: TensorsByName;
}

export interface Diagnoser {
  readonly every: number;
  /** Whether it wants the weights from before an update. */
  readonly wantsBefore: boolean;
  diagnose(request: DiagnoseRequest): Promise<readonly DiagnosticRecord[]>;
  dispose(): void;
}

export interface DiagnoserSetting {
  readonly experiment: Experiment;
  readonly task: Task;
  /** The task at the lengths that the config asks for. */
  readonly lengths: readonly TaskAtLength[];
  readonly precision: Precision;
}

/** Prepares the diagnoses that a config asks for. Throws CompileError where a graph cannot be compiled. */
export async function makeDiagnoser(
  options: DiagnoseConfig,
  { experiment, task, lengths, precision }: DiagnoserSetting,
): Promise<Diagnoser> {
  const { model, config } = experiment;
  const wants = (...kinds: readonly Diagnostic[]): boolean => kinds.some((kind) => options.kinds.includes(kind));
  const { graph, loops: all } = inspectLoops(model.graph("eval"));
  const loops = all.filter(({ name }) => options.layers?.includes(name) ?? true);
  const trained = model.params.filter(({ trainable }) => trainable).map(({ name }) => name);
  const batch = await task.batch("validation", 0, options.batch);
  const inputs = Object.keys(model.signature.inputs);

  const states = wants("gradientFlow")
    ? [...new Set(loops.flatMap((loop) => loop.states.map(({ next }) => next)))]
    : [];
  const nudged = nudgeGraph(graph, states);
  const nudges = nudged.params.filter(({ name }) => states.some((path) => name === nudgeName(path)));
  const wrt = [...nudges.map(({ name }) => name), ...(wants("updates") ? trained : [])];
  const runners: Runner[] = [];
  const runner = async (made: Graph): Promise<Runner> => {
    const ready = await makeRunner(made, batch, precision);
    runners.push(ready);
    return ready;
  };
  const gradients = async (of: Graph, names: readonly string[]): Promise<Runner | undefined> =>
    names.length === 0
      ? undefined
      : runner(outputsOnly(gradient(of, { of: "loss", wrt: names }), new Set(names.map((name) => gradientName(name)))));
  const whole = await gradients(nudged, wrt);
  const fromEnd = loops.some(({ stacks }) => stacks)
    ? await gradients(
        lastStepOnly(nudged),
        nudges.map(({ name }) => name),
      )
    : undefined;

  const lengthPaths = [...new Set(loops.flatMap((loop) => loop.lengths ?? []))];
  const paths = [...(wants("values", "gates") ? loops.flatMap(tracedPaths) : []), ...lengthPaths];
  const tracing = paths.length === 0 ? undefined : await runner(tracesOnly(graph, [...new Set(paths)]));
  const memory = wants("memory") ? await makeMemoryProbe(experiment, task, lengths, precision) : undefined;
  const { clip } = config.training;

  return {
    every: options.every,
    wantsBefore: wants("updates"),
    async diagnose({ step, before, after }) {
      const traces = (await tracing?.run(after)) ?? {};
      const lengthsOf = ({ lengths: path }: LoopView): TensorData | undefined =>
        path === undefined ? undefined : traces[traceOf(path)];
      const results = (await whole?.run(after)) ?? {};
      const ends = await fromEnd?.run(after);
      const records: DiagnosticRecord[] = [];
      if (wants("values") && step === 0)
        records.push(...exampleRecords(batch, inputs, batch["lengths"], options.examples, step));
      for (const loop of loops) {
        if (wants("gradientFlow"))
          records.push(...flowRecords(loop, step, { whole: results, fromEnd: ends, lengthsOf }, clip !== undefined));
        const shown = [loop, step, traces, lengthsOf(loop)] as const;
        if (wants("values")) records.push(...valuesRecords(...shown, options.examples));
        if (wants("gates")) records.push(...gatesRecords(...shown), ...retentionRecords(...shown));
      }
      if (memory !== undefined) records.push(...(await memory.measure(after, step)));
      if (wants("updates")) {
        const own = Object.fromEntries(trained.map((name) => [name, results[gradientName(name)]]));
        records.push(...updatesRecords(trained, step, { before, after, gradients: own }));
      }
      return records;
    },
    dispose() {
      for (const each of runners) each.dispose();
      memory?.dispose();
    },
  };
}

/** A graph that is run on one batch with the weights of the moment; what is neither is zeros. */
interface Runner {
  run(weights: TensorsByName): Promise<TensorsByName>;
  dispose(): void;
}

async function makeRunner(made: Graph, batch: Batch, precision: Precision): Promise<Runner> {
  const used = new Set(made.params.map(({ name }) => name));
  const given = usedInputs(batch, used);
  const graph = bindGraph(made, sizesOf(made, given));
  const executable = await compile(graph, { precision });
  return {
    async run(weights) {
      const known = { ...usedInputs(weights, used), ...given };
      const zeros = graph.params
        .filter(({ name }) => !Object.hasOwn(known, name))
        .map(({ name, type: { dtype, dims } }): readonly [string, TensorData] => [
          name,
          floatTensor(dtype === "f64" ? dtype : "f32", ...dims.map(Number)),
        ]);
      return executable.run({ ...known, ...Object.fromEntries(zeros) });
    },
    dispose() {
      executable.dispose();
    },
  };
}

/** What the symbols in the types of inputs stand for. */
const sizesOf = ({ params }: Graph, given: Batch): Readonly<Record<string, number>> =>
  Object.fromEntries(
    params.flatMap(({ name, type }) =>
      Object.hasOwn(given, name)
        ? type.dims.flatMap((dim, axis) => (typeof dim === "string" ? [[dim, given[name].dims[axis]] as const] : []))
        : [],
    ),
  );

const outputsOnly = (graph: Graph, names: ReadonlySet<string>): Graph => ({
  ...graph,
  outputs: graph.outputs.filter(({ name }) => names.has(name)),
});

/** The traces of a graph without its own outputs. */
function tracesOnly(graph: Graph, paths: readonly string[]): Graph {
  return outputsOnly(traceGraph(graph, paths), new Set(paths.map(traceOf)));
}
