/**
 * The invariants of a graph. Builders, passes, parser and JSON reader keep them;
 * this file checks them, after every pass in tests and wherever a graph comes from elsewhere.
 *
 *   graph.ids               values are numbered consecutively: parameters from 0, then the results of each node
 *   graph.result-names      a node has one name per result
 *   graph.duplicate-name    value names are unique in a graph
 *   graph.inputs            a node reads parameters and results of earlier nodes only; a region sees nothing but its own
 *   graph.unknown-op        every op exists
 *   graph.regions           only ops with a body own regions
 *   graph.type, <op>.*      a node is a correct use of its op, and states the types that follow from it
 *   graph.dims, graph.axes  known dims are whole numbers, 0 or more, and few
 *   graph.output            an output is an existing value
 *   graph.duplicate-output  output names are unique in a graph
 *   graph.state             a state pair joins a parameter and an output of one type, and no parameter is in two
 *   graph.region-state      regions have no state
 *   graph.depth             regions are nested at most 100 deep
 *
 * All problems are reported, except those that only follow from another: a node with a broken input or region
 * is not inferred.
 */
import { GraphError } from "../errors/errors.js";
import type { Issue } from "../errors/issue.js";
import { suggestName } from "../errors/suggest.js";
import { valueNames, valueTypes, type Graph, type Node } from "../ir/graph.js";
import { findOp, ops } from "../ops/index.js";
import { duplicateOutputs, duplicates, nodeProblem, stateProblems, typeProblem, type Fact } from "./invariants.js";
import { DEEPEST_NESTING } from "./limits.js";
import { formatNode, formatValue } from "./print.js";

/** Every invariant that a graph breaks; none when it is correct. */
export const verifyGraph = (graph: Graph): readonly Issue[] => issuesOf(graph, 0);

/** Throws GraphError with every invariant that the graph breaks. */
export function checkGraph(graph: Graph): void {
  const issues = verifyGraph(graph);
  if (issues.length > 0) throw new GraphError(issues);
}

function issuesOf(graph: Graph, depth: number): readonly Issue[] {
  const issues: Issue[] = [];
  const report = (text: string, fact: Fact, origin?: string): void => {
    issues.push({ ...fact, at: { kind: "node", graph: graph.name, text, origin } });
  };
  if (depth > DEEPEST_NESTING) {
    report(graph.name, { code: "graph.depth", problem: `regions are nested at most ${DEEPEST_NESTING} deep` });
    return issues;
  }
  for (const { name, type, origin } of graph.params) {
    const problem = typeProblem(type);
    if (problem !== undefined) report(formatValue(name), problem, origin);
  }
  issues.push(...nodeIssues(graph, depth), ...nameIssues(graph));
  const types = valueTypes(graph);
  graph.outputs.forEach(({ name, value }) => {
    if (types[value] === undefined)
      report(name, {
        code: "graph.output",
        problem: "an output is an existing value",
        expected: `0 to ${types.length - 1}`,
        received: String(value),
      });
  });
  for (const { index, fact } of duplicateOutputs(graph.outputs)) report(graph.outputs[index].name, fact);
  const typed = graph.outputs.flatMap(({ name, value }) =>
    types[value] === undefined ? [] : { name, type: types[value] },
  );
  for (const { index, fact } of stateProblems(graph.state, graph.params, typed))
    report(`state ${formatValue(graph.state[index].param)}`, fact);
  if (depth > 0 && graph.state.length > 0)
    report(`state ${formatValue(graph.state[0].param)}`, {
      code: "graph.region-state",
      problem: "only the outermost graph has state, not a region",
    });
  return issues;
}

function nodeIssues(graph: Graph, depth: number): readonly Issue[] {
  const issues: Issue[] = [];
  const names = valueNames(graph);
  const types = valueTypes(graph);
  let nextId = graph.params.length;
  for (const node of graph.nodes) {
    const regionIssues = node.regions.flatMap((region) => issuesOf(region, depth + 1));
    issues.push(...regionIssues);
    let facts = wiringFacts(node, nextId);
    if (facts.length === 0 && regionIssues.length === 0) facts = useFacts(graph, node, types, names);
    nextId += node.types.length;
    if (facts.length === 0) continue;
    const at = { kind: "node", graph: graph.name, text: formatNode(node, names), origin: node.origin } as const;
    issues.push(...facts.map((fact) => ({ ...fact, at })));
  }
  return issues;
}

/** Problems of numbers and counts, which must be absent before types can be compared. */
function wiringFacts(node: Node, nextId: number): readonly Fact[] {
  const facts: Fact[] = [];
  if (node.id !== nextId)
    facts.push({
      code: "graph.ids",
      problem: "values are numbered consecutively: parameters, then the results of each node",
      expected: String(nextId),
      received: String(node.id),
    });
  if (node.names.length !== node.types.length)
    facts.push({
      code: "graph.result-names",
      problem: "a node has one name per result",
      expected: String(node.types.length),
      received: String(node.names.length),
    });
  const unknown = node.inputs.filter((id) => !Number.isInteger(id) || id < 0 || id >= nextId);
  if (unknown.length > 0)
    facts.push({
      code: "graph.inputs",
      problem: "a node reads parameters and results of earlier nodes only",
      expected: nextId === 0 ? "no inputs, as there is no earlier value" : `0 to ${nextId - 1}`,
      received: unknown.join(", "),
    });
  return facts;
}

function useFacts(graph: Graph, node: Node, types: Node["types"], names: readonly string[]): readonly Fact[] {
  const op = findOp(node.op);
  if (op === undefined)
    return [
      {
        code: "graph.unknown-op",
        problem: "every node uses an op that exists",
        received: node.op,
        hint: suggestName(node.op, Object.keys(ops)),
      },
    ];
  const problem = nodeProblem(
    {
      op,
      inputs: node.inputs.map((id) => types[id]),
      inputNames: () => node.inputs.map((id) => names[id]),
      attrs: node.attrs,
      regions: node.regions,
      graph: graph.name,
    },
    node.types,
  );
  return problem === undefined ? [] : [problem];
}

function nameIssues(graph: Graph): readonly Issue[] {
  const names = valueNames(graph);
  return duplicates(names).map((id) => ({
    code: "graph.duplicate-name",
    problem: "value names are unique in a graph",
    at: { kind: "node", graph: graph.name, text: formatValue(names[id]) },
    received: `a second value named ${formatValue(names[id])}`,
  }));
}
