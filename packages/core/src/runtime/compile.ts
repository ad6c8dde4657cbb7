/** From a graph to an executable: checks, passes, and the executor. */
import type { Precision } from "../codegen/lanes-target.js";
import { CompileError } from "../errors/errors.js";
import { checkGraph } from "../graph/verify.js";
import type { Graph } from "../ir/graph.js";
import { valueTypes } from "../ir/graph.js";
import { optimize } from "../passes/index.js";
import { executableOf } from "./engine.js";
import type { Executable, TensorsByName } from "./executable.js";
import { referenceEngine } from "./reference.js";
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
}

/** True when some value of the graph, or of its regions, is f64. */
const hasF64 = (graph: Graph): boolean =>
  valueTypes(graph).some((type) => type.dtype === "f64") || graph.nodes.some((node) => node.regions.some(hasF64));

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
 * not fit, CompileError when "compiled" is asked for and the graph has f64.
 */
export async function compile(graph: Graph, options: CompileOptions = {}): Promise<Executable> {
  const { state = {}, precision = "fast" } = options;
  checkGraph(graph);
  const executor = options.executor ?? (hasF64(graph) ? "reference" : "compiled");
  if (executor === "compiled" && hasF64(graph)) throw f64NotCompiled(graph.name);
  const optimized = optimize(graph);
  const granted = precision === "fast" && hasRelaxedSimd() ? "fast" : "reproducible";
  return Promise.resolve(
    executableOf(optimized, state, async (sorted, bindings) =>
      executor === "reference"
        ? Promise.resolve(referenceEngine(sorted, bindings))
        : wasmEngine(sorted, bindings, granted),
    ),
  );
}
