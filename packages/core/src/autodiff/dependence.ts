/** Which values of a graph depend on some of its parameters, by whatever path. */
import type { Graph } from "../ir/graph.js";
import { opOf } from "../graph/builder.js";

/** By value id. stopGradient does not interrupt a dependence; it interrupts derivatives. */
export function dependentValues(graph: Graph, params: readonly boolean[]): readonly boolean[] {
  const dependent: boolean[] = [...params];
  for (const node of graph.nodes) {
    const marked = node.inputs.map((id) => dependent[id]);
    if (!marked.includes(true)) dependent.push(...node.types.map(() => false));
    else {
      const op = opOf(node);
      if (op.kind === "op") dependent.push(true);
      else dependent.push(...op.dependence(marked, node.regions, node.attrs, dependentOutputs));
    }
  }
  return dependent;
}

/** By output. */
export function dependentOutputs(graph: Graph, params: readonly boolean[]): readonly boolean[] {
  const dependent = dependentValues(graph, params);
  return graph.outputs.map(({ value }) => dependent[value]);
}
