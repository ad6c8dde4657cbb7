/** The compiled executor as an engine: one WebAssembly module per graph and set of sizes, with state in its memory. */
import type { Precision } from "../codegen/lanes-target.js";
import { lower } from "../codegen/lower.js";
import { relaxedSimdProbe, writeModule, type CompiledModule } from "../codegen/module.js";
import { planMemory } from "../codegen/plan-memory.js";
import type { Port, Program, Site } from "../codegen/program.js";
import { schedule } from "../codegen/schedule.js";
import { CompileError, RunError } from "../errors/errors.js";
import { bindGraph } from "../graph/bind.js";
import { expandRegions } from "../graph/expand.js";
import type { DimBindings } from "../shape/dim.js";
import type { TensorData } from "../shape/tensor-data.js";
import { indexAt } from "../shape/strides.js";
import { runPasses, type Pass } from "../passes/pass.js";
import type { Diagnosis } from "./diagnosis.js";
import type { Engine, Interface } from "./engine.js";
import { notFinite } from "./locate.js";
import type { Recorder } from "./recorder.js";
import { replayCompiled } from "./replay-compiled.js";
import type { Threads } from "./threads.js";
import { MOST_BYTES, put, take, viewOf, type View } from "./views.js";

/** In place of the number of a site, while no wrong index was met. */
const NOT_STOPPED = -1;

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** How many of the largest tensors an error about memory names. */
const NAMED_TENSORS = 5;

function tooLarge(graph: string, program: Program, bytes: number): CompileError {
  const largest = [...program.buffers].sort((a, b) => b.bytes - a.bytes).slice(0, NAMED_TENSORS);
  return new CompileError([
    {
      code: "compile.memory",
      problem: "the memory that a run needs is within what a WebAssembly module can have",
      at: { kind: "value", name: `graph ${graph}` },
      expected: `at most ${megabytes(MOST_BYTES)}`,
      received: `${megabytes(bytes)}; the largest tensors take ${largest.map((buffer) => megabytes(buffer.bytes)).join(", ")}`,
      hint: "a smaller batch or shorter sequences; for a loop that is differentiated, checkpoint keeps fewer steps",
    },
  ]);
}

/** Whether this engine fuses multiply and add; on by default in V8 from Node 22 on. */
export const hasRelaxedSimd = (): boolean => WebAssembly.validate(relaxedSimdProbe());

/** A module in the memory that it runs in. */
interface Loaded {
  readonly memory: WebAssembly.Memory;
  run(): void | Promise<void>;
  remove(): void;
}

async function loadAlone({ bytes, pages }: CompiledModule, recorder?: Recorder): Promise<Loaded> {
  const memory = new WebAssembly.Memory({ initial: pages });
  const env: WebAssembly.ModuleImports = recorder === undefined ? { memory } : { memory, probe: recorder.probe };
  const { instance } = await WebAssembly.instantiate(bytes, { env });
  const run = instance.exports.run as () => void;
  return { memory, run: recorder === undefined ? run : recorder.timed(run), remove: () => undefined };
}

async function loadShared({ bytes, pages }: CompiledModule, threads: Threads): Promise<Loaded> {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  return { memory, ...(await threads.add(await WebAssembly.compile(bytes), memory)) };
}

function stopped(
  { op, stops, at }: Exclude<Site, { readonly stops: "finite" }>,
  index: number,
  limit: number,
): RunError {
  if (stops === "limit")
    return new RunError([
      {
        code: `${op}.limit`,
        problem: `a ${op} loop ends within its limit of steps`,
        at,
        expected: `at most ${limit}`,
        hint: "a larger limit, if the condition becomes false at all",
      },
    ]);
  return new RunError([
    {
      code: `${op}.index`,
      problem: `indices of ${op} lie within the axis that they index`,
      at,
      expected: `0 to ${limit - 1}`,
      received: String(index),
    },
  ]);
}

/** An engine for a graph without f64, on the calling thread or on several. Throws CompileError when the plan does not fit into memory. */
export async function wasmEngine(
  { graph, state, inputs, outputs }: Interface,
  bindings: DimBindings,
  precision: Precision,
  passes: readonly Pass[],
  { made, finite, recorder }: Diagnosis,
  threads: Threads | undefined,
): Promise<Engine> {
  const compiled = runPasses(expandRegions(bindGraph(graph, bindings)), passes);
  const program = lower(compiled, precision, { finite, observer: recorder?.observer });
  const plan = planMemory(program, threads?.count);
  if (plan.bytes > MOST_BYTES) throw tooLarge(graph.name, program, plan.bytes);
  const { memory, run, remove } = await (threads === undefined
    ? loadAlone(writeModule(program, plan), recorder)
    : loadShared(writeModule(program, plan, schedule(program, plan, threads.count)), threads));
  for (const { port, data } of program.constants) viewOf(memory, plan, port).array.set(data);

  const views = (ports: readonly Port[], names: readonly string[]): readonly View[] => {
    const byName = new Map(ports.map((port) => [port.name, port]));
    return names.flatMap((name) => {
      const port = byName.get(name);
      return port === undefined ? [] : [viewOf(memory, plan, port)];
    });
  };
  const namesOf = (params: Interface["inputs"]): readonly string[] => params.map((param) => param.name);
  const stateViews = views(program.inputs, namesOf(state));
  const inputViews = views(program.inputs, namesOf(inputs));
  const outputViews = views(program.outputs, outputs);
  const report = new Int32Array(memory.buffer, 0, 3);
  /** State has not advanced, and inputs are never written over: the memory is as it was when the run began. */
  const locate = async (output: string): Promise<RunError> => {
    const given = new Map(program.inputs.map((port) => [port.name, take(viewOf(memory, plan, port))]));
    const shown = program.outputs.flatMap((port) => (port.name === output ? [take(viewOf(memory, plan, port))] : []));
    const [{ data, dims }] = shown;
    const at = data.findIndex((value) => !Number.isFinite(value));
    const replay = replayCompiled(precision, (param) => given.get(param) as TensorData);
    return notFinite(made, compiled, bindings, replay, { output, value: data[at], index: indexAt(at, dims) });
  };
  return {
    load(values) {
      stateViews.forEach((view, i) => {
        put(view, values[i]);
      });
    },
    save: () => stateViews.map(take),
    async run(values) {
      inputViews.forEach((view, i) => {
        put(view, values[i]);
      });
      report[0] = NOT_STOPPED;
      try {
        await run();
      } catch (error) {
        if (!(error instanceof WebAssembly.RuntimeError) || report[0] === NOT_STOPPED) throw error;
        const [number, index, limit] = report;
        const site = program.sites[number];
        throw site.stops === "finite" ? await locate(site.output) : stopped(site, index, limit);
      }
      return outputViews.map(take);
    },
    remove,
  };
}
