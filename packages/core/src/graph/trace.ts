/**
 * Traces: inner values of a graph as further outputs, also those in loops, which are stacked over the steps. A rewrite of
 * the graph, so it works for whatever a graph is: forward, with its gradient, a whole training step.
 */
import { CompileError } from "../errors/errors.js";
import { suggestName } from "../errors/suggest.js";
import type { Graph, Node } from "../ir/graph.js";
import { outputTypes, valueNames, valueTypes } from "../ir/graph.js";
import type { Value } from "../ops/op.js";
import { filled } from "../ops/rules.js";
import { sameDims, type Dims } from "../shape/tensor-type.js";
import { buildScope, opOf, type BuilderScope } from "./builder.js";
import { distinctNames } from "./names.js";

const PREFIX = "trace.";

/** The part of a path that a region adds: the name of its node, and, where that has several, of the region. */
const segmentOf = (node: Node, region: Graph): string =>
  node.regions.length === 1 ? node.names[0] : `${node.names[0]}.${region.name}`;

/**
 * The graph with more outputs: `trace.<path>` for every inner value that a name means. A path is the names of the loops
 * and branches around a value (of the first result of each) and its own, joined by "/": `memory/forget` is the value
 * `forget` in the loop that makes `memory`. A name means every value whose path it is or ends, so `forget` alone means that of all layers.
 * Values are those of nodes and parameters, also carries and step index of a loop.
 *
 * The value of a loop gets the steps as its first axis, in the places of their indices also where the loop runs
 * backward; loops in loops give several, the outermost first. With lengths, rows are what the outputs of that loop are
 * beyond an example's length, zero or held. A branch that is not taken gives zeros.
 *
 * Throws CompileError for names that mean nothing, or only values that cannot be traced: in while loops, whose number of
 * steps nobody knows, and in loops with lengths where the first axis is not the batch.
 */
export function traceGraph(graph: Graph, names: readonly string[]): Graph {
  const candidates = candidatesOf(graph, "");
  const wanted = new Set(names.flatMap((name) => meantBy(name, candidates, graph)));
  const isWanted = (path: string): boolean => wanted.has(path);
  const { g, values, traced } = copyTraced(graph, "", isWanted);
  const traces = distinctNames([
    ...graph.outputs.map(({ name }) => name),
    ...traced.map(({ path }) => PREFIX + path),
  ]).slice(graph.outputs.length);
  return g.build(
    {
      ...Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values[value]])),
      ...Object.fromEntries(traces.map((name, i) => [name, traced[i].value])),
    },
    graph.state,
  );
}

/** A value of the graph or of a region, and why it cannot be traced, if so. */
interface Candidate {
  readonly path: string;
  /** Of its rows, with an axis for every loop around. */
  readonly dims: Dims;
  readonly obstacle?: "while" | "lengths" | undefined;
}

/** All values, those of regions behind their node's. */
function candidatesOf(graph: Graph, prefix: string): readonly Candidate[] {
  const types = valueTypes(graph);
  const own = valueNames(graph).map((name, id): Candidate => ({ path: prefix + name, dims: types[id].dims }));
  const inner = graph.nodes.flatMap((node) =>
    node.regions.flatMap((region) =>
      candidatesOf(region, `${prefix}${segmentOf(node, region)}/`).map((each) => seenFrom(node, region, each)),
    ),
  );
  return [...own, ...inner];
}

/** A candidate of a region as it is outside. */
function seenFrom(node: Node, region: Graph, candidate: Candidate): Candidate {
  const op = opOf(node);
  if (op.kind === "op" || candidate.obstacle !== undefined) return candidate;
  const structure = op.structure(node.inputs.length, node.attrs);
  if (structure.kind === "while") return { ...candidate, obstacle: "while" };
  if (structure.kind !== "loop") return candidate;
  const dims = [structure.count, ...candidate.dims];
  // Where steps may be skipped, every row that leaves the loop belongs to the batch.
  const batch = outputTypes(region)[0].dims.slice(0, 1);
  const isOfBatch = op.skipsSteps?.(node.attrs) !== true || sameDims(candidate.dims.slice(0, 1), batch);
  return { ...candidate, dims, obstacle: isOfBatch ? undefined : "lengths" };
}

const OBSTACLES = {
  while: {
    code: "compile.trace-while",
    problem: "a value that is traced is not in a while loop, because nobody knows how many rows it would have",
    hint: "trace a result of the loop, or write the loop as a scan",
  },
  lengths: {
    code: "compile.trace-lengths",
    problem: "a value that is traced in a loop with lengths has the batch as its first axis",
    hint: undefined,
  },
} as const;

/** The paths of the values that a name means. Throws CompileError where there is none. */
function meantBy(name: string, candidates: readonly Candidate[], graph: Graph): readonly string[] {
  const meant = candidates.filter(({ path }) => path === name || path.endsWith(`/${name}`));
  const possible = meant.filter(({ obstacle }) => obstacle === undefined);
  if (possible.length > 0) return possible.map(({ path }) => path);
  const at = { kind: "value", name: `value ${name} of graph ${graph.name}` } as const;
  const obstacle = meant.at(0)?.obstacle;
  if (obstacle !== undefined) throw new CompileError([{ ...OBSTACLES[obstacle], at }]);
  const known = candidates.flatMap(({ path }) => [path, path.slice(path.lastIndexOf("/") + 1)]);
  throw new CompileError([
    {
      code: "compile.unknown-trace",
      problem: "a value that is traced is one that the graph has",
      at,
      hint: suggestName(name, [...new Set(known)]),
    },
  ]);
}

interface Traced {
  readonly path: string;
  readonly value: Value;
}

interface Copy {
  readonly g: BuilderScope;
  /** By the ids of the graph that was copied. */
  readonly values: readonly Value[];
  readonly traced: readonly Traced[];
}

/** A copy under construction, in which regions return what is traced inside them. */
function copyTraced(graph: Graph, prefix: string, isWanted: (path: string) => boolean): Copy {
  const g: BuilderScope = buildScope(graph.name);
  const values: Value[] = [];
  const traced: Traced[] = [];
  const push = (name: string, value: Value): void => {
    values.push(value);
    if (isWanted(prefix + name)) traced.push({ path: prefix + name, value });
  };
  for (const param of graph.params) push(param.name, g.param(param.name, param.type, param.origin));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((id) => values[id]);
    const copies = node.regions.map((region) => copyTraced(region, `${prefix}${segmentOf(node, region)}/`, isWanted));
    const inner = copies.flatMap((copy) => copy.traced);
    if (inner.length === 0) {
      g.copy(node, inputs).forEach((value, k) => {
        push(node.names[k], value);
      });
      continue;
    }
    const results = g.node({
      op: opOf(node),
      inputs,
      attrs: node.attrs,
      regions: node.regions.map((region, r) => withTraces(region, copies, r)),
      names: [...node.names, ...inner.map(({ path }) => path.slice(path.lastIndexOf("/") + 1))],
      origin: node.origin,
    });
    node.types.forEach((_, k) => {
      push(node.names[k], results[k]);
    });
    inner.forEach(({ path }, i) => traced.push({ path, value: results[node.types.length + i] }));
  }
  return { g, values, traced };
}

/** The region with its outputs, then those traced in all regions of its node: its own, and zeros for the others. */
function withTraces(region: Graph, copies: readonly Copy[], at: number): Graph {
  const { g, values } = copies[at];
  const traces = copies.flatMap(({ traced }, other) =>
    traced.map(({ value }) => (other === at ? value : filled(g.emit, value.type, 0))),
  );
  const names = distinctNames([...region.outputs.map(({ name }) => name), ...traces.map(() => "trace")]);
  const outputs = [...region.outputs.map(({ value }) => values[value]), ...traces];
  return g.build(Object.fromEntries(names.map((name, i) => [name, outputs[i]])));
}
