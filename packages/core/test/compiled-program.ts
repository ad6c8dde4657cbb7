/** Programs as the compiled executor makes them, for tests that look into them. */
import type { Precision } from "../src/codegen/lanes-target.js";
import { lower } from "../src/codegen/lower.js";
import type { Block, Program, Step } from "../src/codegen/program.js";
import { bindGraph } from "../src/graph/bind.js";
import { expandRegions } from "../src/graph/expand.js";
import type { Graph } from "../src/ir/graph.js";
import { loopPasses } from "../src/passes/index.js";
import { runPasses } from "../src/passes/pass.js";
import type { DimBindings } from "../src/shape/dim.js";

export const programOf = (graph: Graph, bindings: DimBindings, precision: Precision): Program =>
  lower(runPasses(expandRegions(bindGraph(graph, bindings)), loopPasses, { check: true }), precision);

/** All steps, those of loops behind the loop. */
export const stepsOf = ({ steps }: Block): readonly Step[] =>
  steps.flatMap((step) => (step.kind === "loop" ? [step, ...stepsOf(step.loop.body)] : [step]));
