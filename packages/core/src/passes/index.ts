/** The named passes, in their default order. */
import type { Graph } from "../ir/graph.js";
import { accumulate } from "./accumulate.js";
import { chunk } from "./chunk.js";
import { cse } from "./cse.js";
import { dce } from "./dce.js";
import { defer } from "./defer.js";
import { divide } from "./divide.js";
import { fold } from "./fold.js";
import { hoist } from "./hoist.js";
import { linearize } from "./linearize.js";
import { narrow } from "./narrow.js";
import { postpone } from "./postpone.js";
import { runPasses, type Pass, type PassOptions } from "./pass.js";
import { simplify } from "./simplify.js";
import { sink } from "./sink.js";
import { spread } from "./spread.js";

/**
 * dce first, so that nobody works on dead nodes; fold before simplify, whose rules ask for constants; cse when equal
 * expressions have become equal nodes; dce last, for what the others left behind.
 */
export const allPasses: readonly Pass[] = [dce, fold, simplify, cse, dce];

/**
 * What the compiled executor runs on top, for a graph whose loops have no lengths any more: chunk before all, so that the others see the loops that run; narrow first of them, so that nobody
 * works for what is not read; divide, which gives hoist more to take out, and dce for what it leaves; sink before hoist, so that nothing is brought out for all steps that is only added up; hoist before linearize, which then finds rows; hoist again for
 * what read a linear carry; defer for what only reads what is stacked by now; then narrow, for rows that are equal by now, postpone, and once more what tidies up behind them. spread comes when nobody looks for products any more
 * but accumulate, which comes when equal products are one
 * and dead ones are gone, and leaves dead the products that it takes into sums.
 */
export const loopPasses: readonly Pass[] = [
  chunk,
  ...allPasses,
  narrow,
  divide,
  dce,
  sink,
  hoist,
  linearize,
  hoist,
  defer,
  narrow,
  postpone,
  fold,
  simplify,
  cse,
  dce,
  spread,
  accumulate,
  dce,
];

/** The graph after all passes: it computes the same outputs, with fewer nodes. */
export const optimize = (graph: Graph, options?: PassOptions): Graph => runPasses(graph, allPasses, options);
