/** From a graph to an executable: checks, passes, and the executor. */
import type { Precision } from "../codegen/lanes-target.js";
import { CompileError } from "../errors/errors.js";
import { checkGraph } from "../graph/verify.js";
import { traceGraph } from "../graph/trace.js";
import type { Graph } from "../ir/graph.js";
import { valueTypes } from "../ir/graph.js";
import { suggestName } from "../errors/suggest.js";
import { allPasses, loopPasses } from "../passes/index.js";
import { runPasses, type Pass } from "../passes/pass.js";
import { isFloat } from "../shape/tensor-type.js";
import { executableOf, type Engines } from "./engine.js";
import type { Executable, TensorsByName } from "./executable.js";
import { graphKey, moduleKey, type CompileCache } from "./compile-cache.js";
import { compileModule, type Compiled, type Target } from "./compiled.js";
import type { Diagnosis } from "./diagnosis.js";
import { checkMemoryLimit } from "./memory.js";
import type { Profiler } from "./profile.js";
import { makeRecorder, type Recorder } from "./recorder.js";
import { referenceEngine } from "./reference.js";
import { startThreads } from "./threads.js";
import { makeTurns } from "./turns.js";
import { withTraces } from "./traced.js";
import { MOST_BYTES } from "./views.js";
import { checkEngine, grantedPrecision } from "./wasm-support.js";
import { wasmEngine } from "./wasm.js";

export interface CompileOptions {
  /** Initial values of the state parameters; every one needs a value. */
  readonly state?: TensorsByName;
  /**
   * "compiled" (default): WebAssembly. "reference": the ops' own definitions in f64, slow, which compiled code is held against.
   */
  readonly executor?: "compiled" | "reference";
  /**
   * "fast" (default): multiply and add with one rounding where the engine can. "reproducible": plain multiply and
   * add, the same bits in every engine.
   */
  readonly precision?: Precision;
  /**
   * How many threads share each run, from 1 (the default) to 64; more than there are cores only cost time. No result
   * depends on it, not even in its last bit. Where memory cannot be shared (a page that is not cross-origin isolated) or workers
   * cannot be made, and for the reference executor, it is 1. With more than one, a run on a page's main thread does not
   * block the page.
   */
  readonly threads?: number;
  /** Names of passes to leave out, to see what they do or whether one is at fault. */
  readonly without?: readonly string[];
  /**
   * true: when an output or a next state has an element that is infinite or NaN, the run is a NonFiniteError that says
   * where it arose, and state stays as it was. Or the names of the outputs that this is asked of. Costs one reading of
   * them, and another run, node by node, where it fails; without it a run costs nothing more.
   */
  readonly checkFinite?: boolean | readonly string[];
  /** Is given the time that each node takes, which makes runs slower; no result changes. Only for compiled code, on one thread. */
  readonly profile?: Profiler;
  /**
   * Inner values to return beside the outputs, as traceGraph says; the name of each is `trace.<path>`. A second module
   * computes them from the same inputs and state, and only what they need, so no bit of outputs and state changes.
   */
  readonly trace?: readonly string[];
  /**
   * Bytes of memory that runs may take at most; above it, the first run with such sizes is a CompileError that names the largest
   * tensors, before anything runs. By default, and at most, 4 GiB, which is what a WebAssembly module can have.
   */
  readonly memoryLimit?: number;
  /** Executables of the same graph and sizes that are given one cache compile once, such as those of many trials. */
  readonly cache?: CompileCache;
}

const MOST_THREADS = 64;

function checkThreads(threads: number): void {
  if (Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS) return;
  throw new CompileError([
    {
      code: "compile.threads",
      problem: "the number of threads is a whole number",
      at: { kind: "value", name: "threads" },
      expected: `1 to ${MOST_THREADS}`,
      received: String(threads),
    },
  ]);
}

function checkPassNames(names: readonly string[]): void {
  const known = [...new Set(loopPasses.map((pass) => pass.name))];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new CompileError(
      unknown.map((name) => ({
        code: "compile.unknown-pass",
        problem: "a pass that is left out is one that there is",
        at: { kind: "value", name: `pass ${name}` },
        hint: suggestName(name, known),
      })),
    );
}

/** The outputs to be checked. Throws CompileError for unknown names. */
function checkedOutputs(graph: Graph, option: CompileOptions["checkFinite"] = false): readonly string[] {
  if (option === false) return [];
  const types = valueTypes(graph);
  const floats = graph.outputs.filter(({ value }) => isFloat(types[value].dtype)).map(({ name }) => name);
  if (option === true) return floats;
  const unknown = option.filter((name) => !floats.includes(name));
  if (unknown.length > 0)
    throw new CompileError(
      unknown.map((name) => ({
        code: "compile.unknown-output",
        problem: "an output that has to be finite is a float output of the graph",
        at: { kind: "value", name: `output ${name}` },
        hint: suggestName(name, floats),
      })),
    );
  return option;
}

const profileNotCompiled = (graph: string): CompileError =>
  new CompileError([
    {
      code: "compile.profile",
      problem: "what is profiled is compiled code",
      at: { kind: "value", name: `graph ${graph}` },
      received: "the reference executor",
      hint: "leave out profile, or the executor",
    },
  ]);

/** A recorder for one module, of whose times the profiler knows. */
function recorderFor(profiler: Profiler | undefined): Recorder | undefined {
  if (profiler === undefined) return undefined;
  const recorder = makeRecorder();
  profiler.collect(recorder.recorded);
  return recorder;
}

/** The traces of a graph without its own outputs: state is given to it like inputs. */
function tracesAlone(graph: Graph, names: readonly string[]): Graph {
  const isOutput = new Set(graph.outputs.map(({ name }) => name));
  const traced = traceGraph(graph, names);
  return { ...traced, outputs: traced.outputs.filter(({ name }) => !isOutput.has(name)), state: [] };
}

/**
 * An executable for `graph`. Rejects with GraphError when the graph breaks an invariant, RunError when state does
 * not fit, CompileError where WebAssembly is missing or not allowed, when a profile of the reference executor is asked for, for unknown
 * names of passes, outputs and inner values, and for numbers of threads out of range.
 */
export async function compile(graph: Graph, options: CompileOptions = {}): Promise<Executable> {
  const {
    state = {},
    executor = "compiled",
    precision = "fast",
    without = [],
    trace = [],
    profile,
    threads = 1,
  } = options;
  checkPassNames(without);
  checkThreads(threads);
  const { memoryLimit = MOST_BYTES, cache } = options;
  checkMemoryLimit(memoryLimit);
  const turns = makeTurns();
  await turns();
  const kept = (passes: readonly Pass[]): readonly Pass[] => passes.filter((pass) => !without.includes(pass.name));
  checkGraph(graph);
  if (executor === "compiled") checkEngine(graph.name);
  if (executor === "reference" && profile !== undefined) throw profileNotCompiled(graph.name);
  const finite = checkedOutputs(graph, options.checkFinite);
  const traces = trace.length === 0 ? undefined : tracesAlone(graph, trace);
  // They start while this thread is busy with the passes.
  const isShared = threads > 1 && executor === "compiled" && profile === undefined;
  const starting = isShared ? startThreads(threads) : undefined;
  const granted = grantedPrecision(precision);
  // What is profiled tells its own recorder, and is not shared.
  const sharing = profile === undefined ? cache : undefined;
  const keyOf = (made: Graph, outputs: readonly string[]): string =>
    sharing === undefined ? "" : graphKey(made, [without, granted, outputs, threads, memoryLimit]);
  const optimize = (made: Graph, key: string): Graph => {
    const make = (): Graph => runPasses(made, kept(allPasses));
    return sharing?.optimized(key, make) ?? make();
  };
  const key = keyOf(graph, finite);
  await turns();
  const optimized = optimize(graph, key);
  const shared = await starting;
  const enginesFor = (
    made: Graph,
    ofGraph: string,
    asked: () => Omit<Diagnosis, "made">,
    stop: () => void,
  ): Engines => ({
    threads: shared?.count ?? 1,
    make: async (sorted, bindings) => {
      const diagnosis: Diagnosis = { ...asked(), made };
      if (executor === "reference") return referenceEngine(sorted, bindings, diagnosis);
      const target: Target = {
        precision: granted,
        passes: kept(loopPasses),
        finite: diagnosis.finite,
        recorder: diagnosis.recorder,
        threads: shared?.count ?? 1,
        memoryLimit,
        turns,
      };
      const make = async (): Promise<Compiled> => compileModule(sorted.graph, bindings, target);
      const compiled = await (sharing?.compiled(moduleKey(ofGraph, bindings), make) ?? make());
      return wasmEngine(sorted, bindings, granted, compiled, diagnosis, shared);
    },
    turns,
    stop,
  });
  const stop = (): void => shared?.stop();
  try {
    const main = executableOf(
      optimized,
      state,
      enginesFor(graph, key, () => ({ finite, recorder: recorderFor(profile) }), stop),
    );
    if (traces === undefined) return main;
    const keyOfTraces = keyOf(traces, []);
    const others = enginesFor(
      traces,
      keyOfTraces,
      () => ({ finite: [] }),
      () => undefined,
    );
    return withTraces(main, executableOf(optimize(traces, keyOfTraces), {}, others));
  } catch (error) {
    stop();
    throw error;
  }
}
