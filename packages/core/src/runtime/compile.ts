/** From a graph to an executable: checks, passes, and the executor. */
import type { Precision } from "../codegen/lanes-target.js";
import { CompileError } from "../errors/errors.js";
import { checkGraph } from "../graph/verify.js";
import type { Graph } from "../ir/graph.js";
import { valueTypes } from "../ir/graph.js";
import { suggestName } from "../errors/suggest.js";
import { allPasses, loopPasses } from "../passes/index.js";
import { runPasses, type Pass } from "../passes/pass.js";
import { executableOf, type Engines } from "./engine.js";
import type { Executable, TensorsByName } from "./executable.js";
import { referenceEngine } from "./reference.js";
import { startThreads } from "./threads.js";
import { hasRelaxedSimd, wasmEngine } from "./wasm.js";

export interface CompileOptions {
  /** Initial values of the state parameters; every one needs a value. */
  readonly state?: TensorsByName;
  /**
   * "compiled": WebAssembly. "reference": the ops' own definitions in f64, slow. By default compiled, except
   * for graphs with f64, which are for checking rather than for speed.
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

/** True when some value of the graph, or of its regions, is f64. */
const hasF64 = (graph: Graph): boolean =>
  valueTypes(graph).some((type) => type.dtype === "f64") || graph.nodes.some((node) => node.regions.some(hasF64));

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

const f64NotCompiled = (graph: string): CompileError =>
  new CompileError([
    {
      code: "compile.f64",
      problem: "compiled graphs hold f32, i32, u32 and bool",
      at: { kind: "value", name: `graph ${graph}` },
      received: "values of type f64",
      hint: 'leave out executor, or choose "reference"',
    },
  ]);

/**
 * An executable for `graph`. Rejects with GraphError when the graph breaks an invariant, RunError when state does
 * not fit, CompileError when "compiled" is asked for and the graph has f64, for unknown passes, and for numbers of threads out of range.
 */
export async function compile(graph: Graph, options: CompileOptions = {}): Promise<Executable> {
  const { state = {}, precision = "fast", without = [], threads = 1 } = options;
  checkPassNames(without);
  checkThreads(threads);
  const kept = (passes: readonly Pass[]): readonly Pass[] => passes.filter((pass) => !without.includes(pass.name));
  checkGraph(graph);
  const executor = options.executor ?? (hasF64(graph) ? "reference" : "compiled");
  if (executor === "compiled" && hasF64(graph)) throw f64NotCompiled(graph.name);
  // They start while this thread is busy with the passes.
  const starting = threads > 1 && executor === "compiled" ? startThreads(threads) : undefined;
  const optimized = runPasses(graph, kept(allPasses));
  const granted = precision === "fast" && hasRelaxedSimd() ? "fast" : "reproducible";
  const shared = await starting;
  const engines: Engines = {
    threads: shared?.count ?? 1,
    make: async (sorted, bindings) =>
      executor === "reference"
        ? Promise.resolve(referenceEngine(sorted, bindings))
        : wasmEngine(sorted, bindings, granted, kept(loopPasses), shared),
    stop: () => shared?.stop(),
  };
  try {
    return executableOf(optimized, state, engines);
  } catch (error) {
    engines.stop();
    throw error;
  }
}
