/**
 * Chunking: a loop that is to save memory, and that no derivative has cut already, runs over chunks of its steps. What the other passes
 * take out of the loop over the steps of a chunk stays in the loop over chunks, whose steps are kept apart. Decision 0066.
 */
import { rewriteLoops, type LoopParts, type RewriteLoop } from "./loops.js";
import type { Pass } from "./pass.js";

function planChunks({ op, node }: LoopParts): RewriteLoop | undefined {
  const run = op.inChunks?.(node.attrs);
  if (run === undefined) return undefined;
  return (g, { body, consts, carries, stacks, others }) =>
    run(g, [...consts, ...carries, ...stacks, ...others], [body]);
}

/** Runs loops with checkpoints in chunks of steps. */
export const chunk: Pass = {
  name: "chunk",
  summary: "Runs loops with checkpoints in chunks of steps.",
  run: (graph) => rewriteLoops(graph, planChunks),
};
