/** The compiled executor as an engine: one WebAssembly module per graph and set of sizes, with state in its memory. */
import type { Precision } from "../codegen/lanes-target.js";
import type { Port, Site } from "../codegen/program.js";
import { RunError } from "../errors/errors.js";
import type { DimBindings } from "../shape/dim.js";
import type { TensorData } from "../shape/tensor-data.js";
import { indexAt } from "../shape/strides.js";
import type { Compiled } from "./compiled.js";
import type { Diagnosis } from "./diagnosis.js";
import type { Engine, Interface } from "./engine.js";
import { notFinite } from "./locate.js";
import { notGranted } from "./memory.js";
import type { Recorder } from "./recorder.js";
import { replayCompiled } from "./replay-compiled.js";
import type { Threads } from "./threads.js";
import { put, take, viewOf, type View } from "./views.js";

/** In place of the number of a site, while no wrong index was met. */
const NOT_STOPPED = -1;

/** A module in the memory that it runs in. */
interface Loaded {
  readonly memory: WebAssembly.Memory;
  run(): void | Promise<void>;
  remove(): void;
}

/** Memory of a module's size. Throws CompileError when the machine has no more. */
function memoryFor(graph: string, { pages, bytes }: Compiled, shared: boolean): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory(shared ? { initial: pages, maximum: pages, shared } : { initial: pages });
  } catch (error) {
    throw error instanceof RangeError ? notGranted(graph, bytes) : error;
  }
}

async function loadAlone(graph: string, compiled: Compiled, recorder?: Recorder): Promise<Loaded> {
  const memory = memoryFor(graph, compiled, false);
  const env: WebAssembly.ModuleImports = recorder === undefined ? { memory } : { memory, probe: recorder.probe };
  const instance = await WebAssembly.instantiate(compiled.module, { env });
  const run = instance.exports.run as () => void;
  return { memory, run: recorder === undefined ? run : recorder.timed(run), remove: () => undefined };
}

async function loadShared(graph: string, compiled: Compiled, threads: Threads): Promise<Loaded> {
  const memory = memoryFor(graph, compiled, true);
  return { memory, ...(await threads.add(compiled.module, memory)) };
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

/** An engine for a compiled graph, on the calling thread or on several. Throws CompileError when there is no memory for it. */
export async function wasmEngine(
  { state, inputs, outputs }: Interface,
  bindings: DimBindings,
  precision: Precision,
  compiled: Compiled,
  { made, recorder }: Pick<Diagnosis, "made" | "recorder">,
  threads: Threads | undefined,
): Promise<Engine> {
  const { program, plan } = compiled;
  const { memory, run, remove } = await (threads === undefined
    ? loadAlone(made.name, compiled, recorder)
    : loadShared(made.name, compiled, threads));
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
    return notFinite(made, compiled.graph, bindings, replay, { output, value: data[at], index: indexAt(at, dims) });
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
