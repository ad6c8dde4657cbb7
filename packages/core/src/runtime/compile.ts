/** From a graph to an executable: checks, passes, and the executor. */
import { checkGraph } from "../graph/verify.js";
import type { Graph } from "../ir/graph.js";
import { optimize } from "../passes/index.js";
import type { Executable, TensorsByName } from "./executable.js";
import { referenceExecutable } from "./reference.js";

export interface CompileOptions {
  /** Initial values of the state parameters; every one needs a value. */
  readonly state?: TensorsByName;
}

/** An executable for `graph`. Rejects with GraphError when the graph breaks an invariant, RunError when state does not fit. */
export async function compile(graph: Graph, { state = {} }: CompileOptions = {}): Promise<Executable> {
  checkGraph(graph);
  return Promise.resolve(referenceExecutable(optimize(graph), state));
}
