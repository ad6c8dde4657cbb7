/** A pass: a function from graph to graph that keeps what the graph computes. */
import { internalError } from "../errors/errors.js";
import { formatIssue } from "../errors/issue.js";
import type { Graph } from "../ir/graph.js";
import { verifyGraph } from "../graph/verify.js";

export interface Pass {
  /** The word that switches it off, and that a golden file's run line uses. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  run(graph: Graph): Graph;
}

export interface PassOptions {
  /** Verifies the graph after each pass, and names the pass that broke it. For tests and for finding mistakes. */
  readonly check?: boolean;
}

/** The graph after all passes, in their order. */
export function runPasses(graph: Graph, passes: readonly Pass[], { check = false }: PassOptions = {}): Graph {
  return passes.reduce((before, pass) => {
    const after = pass.run(before);
    const issues = check ? verifyGraph(after) : [];
    if (issues.length > 0)
      throw internalError(`pass ${pass.name} broke graph ${before.name}:\n${issues.map(formatIssue).join("\n")}\n`);
    return after;
  }, graph);
}
