/** Region ops in simpler terms, throughout a graph: what an executor needs to know is then only their structure. */
import type { Graph } from "../ir/graph.js";
import type { Value } from "../ops/op.js";
import { buildScope, opOf, type BuilderScope } from "./builder.js";

/** The graph with every region op expanded that its op can expand, innermost first. */
export function expandRegions(graph: Graph): Graph {
  if (!graph.nodes.some((node) => node.regions.length > 0)) return graph;
  const g: BuilderScope = buildScope(graph.name);
  const values: Value[] = graph.params.map((param) => g.param(param.name, param.type, param.origin));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((id) => values[id]);
    const op = opOf(node);
    const regions = node.regions.map(expandRegions);
    const simpler =
      op.kind === "region" ? g.at(node.origin, () => op.expand?.(g, inputs, regions, node.attrs)) : undefined;
    if (simpler === undefined) values.push(...g.copy({ ...node, regions }, inputs));
    else values.push(...simpler.map((value, k) => g.named(node.names[k], value)));
  }
  return g.build(Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values[value]])), graph.state);
}
