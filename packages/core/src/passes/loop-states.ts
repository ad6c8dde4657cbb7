/** What becomes of the loops of a graph when it is compiled: which of their states are recurrences without a loop. */
import { bindGraph } from "../graph/bind.js";
import { expandRegions } from "../graph/expand.js";
import type { Graph, Origin } from "../ir/graph.js";
import type { DimBindings } from "../shape/dim.js";
import { allPasses, loopPasses } from "./index.js";
import { carriesOf, findLinearCarries } from "./linear-carries.js";
import { linearize } from "./linearize.js";
import { rewriteLoops } from "./loops.js";
import { runPasses } from "./pass.js";

export interface LoopStates {
  /** Name of the loop's body. */
  readonly name: string;
  readonly origin: Origin | undefined;
  /** Steps. */
  readonly steps: number;
  /** States that are computed step after step. */
  readonly looped: readonly string[];
  /** States that are linear in themselves or a few in each other, element by element, or do not look back: they are computed for all steps by linearRecurrence, coupledRecurrence or neither. */
  readonly linear: readonly string[];
}

/** The loops of a graph whose symbols have these sizes, as the compiled executor sees them, inner ones first. */
export function loopStates(graph: Graph, sizes: DimBindings): readonly LoopStates[] {
  const bound = expandRegions(bindGraph(runPasses(graph, allPasses), sizes));
  const found: LoopStates[] = [];
  rewriteLoops(runPasses(bound, loopPasses.slice(0, loopPasses.indexOf(linearize))), (loop) => {
    const rounds = findLinearCarries(loop)?.rounds.flat() ?? [];
    const linear = new Set(rounds.flatMap(carriesOf));
    const names = loop.params.carries.map(({ name }) => name);
    found.push({
      name: loop.body.name,
      origin: loop.node.origin,
      steps: Number(loop.count),
      looped: names.filter((_, carry) => !linear.has(carry)),
      linear: names.filter((_, carry) => linear.has(carry)),
    });
    return undefined;
  });
  return found;
}
