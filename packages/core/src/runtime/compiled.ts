/** A graph with its sizes as a WebAssembly module, apart from the memory that it runs in: what engines can share. */
import type { Precision } from "../codegen/lanes-target.js";
import { lower } from "../codegen/lower.js";
import { writeModule } from "../codegen/module.js";
import { planMemory, type MemoryPlan } from "../codegen/plan-memory.js";
import type { Program } from "../codegen/program.js";
import { schedule } from "../codegen/schedule.js";
import { bindGraph } from "../graph/bind.js";
import { expandRegions } from "../graph/expand.js";
import type { Graph } from "../ir/graph.js";
import { runPasses, type Pass } from "../passes/pass.js";
import type { DimBindings } from "../shape/dim.js";
import { tooLarge } from "./memory.js";
import type { Recorder } from "./recorder.js";
import type { Turns } from "./turns.js";

export interface Compiled {
  /** As it was lowered: without symbols, its passes run. */
  readonly graph: Graph;
  readonly module: WebAssembly.Module;
  /** Of memory. */
  readonly pages: number;
  readonly bytes: number;
  readonly plan: Pick<MemoryPlan, "addresses">;
  readonly program: Pick<Program, "inputs" | "outputs" | "sites" | "constants">;
}

export interface Target {
  readonly precision: Precision;
  readonly passes: readonly Pass[];
  /** Outputs that have to be finite. */
  readonly finite: readonly string[];
  readonly recorder?: Recorder | undefined;
  /** How many run it together. */
  readonly threads: number;
  /** Bytes that it may take at most. */
  readonly memoryLimit: number;
  /** Asked between the parts of the work. */
  readonly turns: Turns;
}

/** A module for a graph. Throws CompileError when the plan does not fit into the limit. */
export async function compileModule(
  made: Graph,
  bindings: DimBindings,
  { precision, passes, finite, recorder, threads, memoryLimit, turns }: Target,
): Promise<Compiled> {
  let graph = expandRegions(bindGraph(made, bindings));
  for (const pass of passes) {
    graph = runPasses(graph, [pass]);
    await turns();
  }
  const program = lower(graph, precision, { finite, observer: recorder?.observer });
  await turns();
  const plan = planMemory(program, threads);
  if (plan.bytes > memoryLimit) throw tooLarge(made.name, graph, plan.bytes, memoryLimit, precision);
  await turns();
  const pieces = threads === 1 ? undefined : schedule(program, plan, threads);
  await turns();
  const { bytes, pages } = writeModule(program, plan, pieces);
  const { inputs, outputs, sites, constants } = program;
  return {
    graph,
    module: await WebAssembly.compile(bytes),
    pages,
    bytes: plan.bytes,
    plan: { addresses: plan.addresses },
    program: { inputs, outputs, sites, constants },
  };
}
