/** After a run whose results were not finite: runs the graph once more, node by node, and says where that began. */
import { backwardNodes } from "../autodiff/backward.js";
import { NonFiniteError } from "../errors/errors.js";
import type { Issue } from "../errors/issue.js";
import type { LoopStep, NonFinite, OperandRange } from "../errors/non-finite.js";
import { bindGraph } from "../graph/bind.js";
import { opOf } from "../graph/builder.js";
import { expandRegions } from "../graph/expand.js";
import { placeOf } from "../graph/place.js";
import { valueTypes, type Graph, type Node } from "../ir/graph.js";
import { dce } from "../passes/dce.js";
import type { DimBindings } from "../shape/dim.js";
import { formatType } from "../shape/tensor-type.js";
import { makeFinder, type Birth, type Finder, type Found } from "./finder.js";

/** Runs a graph without symbols on the inputs and state of the run that failed, and shows a finder every node. */
export type Replay = (graph: Graph, finder: Finder) => Promise<void> | void;

export interface Located {
  readonly output: string;
  /** As it came out. */
  readonly value: number;
  readonly index: readonly number[];
}

/**
 * The error for an output that is not finite. The graph as the user made it is run first, because it has every node in
 * its place; `compiled` is what failed, in which sums may be rounded otherwise, so that it finds the place when the first does not.
 */
export async function notFinite(
  graph: Graph,
  compiled: Graph | undefined,
  bindings: DimBindings,
  replay: Replay,
  shown: Located,
): Promise<NonFiniteError> {
  const backward = backwardNodes(graph);
  const asMade = expandRegions(dce.run(graph));
  for (const candidate of compiled === undefined ? [asMade] : [asMade, compiled]) {
    const bound = bindGraph(candidate, bindings);
    const finder = makeFinder(bound);
    await replay(bound, finder);
    const found = finder.find(shown.output);
    if (found !== undefined) return errorOf(bound, found, shown, pairs(bound, candidate), backward);
  }
  const issue = issueOf({
    at: { kind: "value", name: `output ${shown.output}` },
    received: `${shown.value} at ${formatIndex(shown.index)}`,
  });
  const { output, value, index } = shown;
  const type = formatType(valueTypes(graph)[graph.outputs.find(({ name }) => name === output)?.value ?? 0]);
  const found: NonFinite = {
    value,
    output,
    index,
    type,
    name: output,
    graph: graph.name,
    steps: [],
    pass: "forward",
    operands: [],
  };
  return new NonFiniteError([issue], found);
}

const issueOf = (rest: Omit<Issue, "code" | "problem">): Issue => ({
  code: "run.not-finite",
  problem: "what a run computes is finite",
  ...rest,
});

const formatIndex = (index: readonly number[]): string => (index.length === 0 ? "a scalar" : `[${index.join(",")}]`);

interface Pair {
  /** With its symbols. */
  readonly graph: Graph;
  /** The node of the outermost graph that it belongs to; absent for that graph. */
  readonly within: string | undefined;
}

/** A graph and its regions with sizes, and as they were with symbols. */
function pairs(bound: Graph, unbound: Graph): ReadonlyMap<Graph, Pair> {
  const found = new Map<Graph, Pair>();
  const visit = (one: Graph, other: Graph, within: string | undefined): void => {
    found.set(one, { graph: other, within });
    one.nodes.forEach((node, i) => {
      node.regions.forEach((region, r) => {
        visit(region, other.nodes[i].regions[r], within ?? node.names[0]);
      });
    });
  };
  visit(bound, unbound, undefined);
  return found;
}

/** Steps of loops as they were written: of a loop in chunks and the loop over a chunk, one step of the whole. */
function writtenSteps(graph: Graph, steps: readonly LoopStep[]): readonly LoopStep[] {
  if (steps.length === 0) return [];
  const [outer, ...within] = steps;
  const loop = loopNamed(graph, outer.loop);
  const region = loop?.regions.at(-1);
  if (loop === undefined || region === undefined) return steps;
  const op = opOf(loop);
  const inner = within.length === 0 ? undefined : loopNamed(region, within[0].loop);
  const body = inner?.regions.at(-1);
  if (op.kind === "region" && inner !== undefined && body !== undefined) {
    const step = op.stepInChunks?.(loop.attrs, region, inner, outer.step, within[0].step);
    if (step !== undefined) return [{ loop: outer.loop, step }, ...writtenSteps(body, within.slice(1))];
  }
  return [outer, ...writtenSteps(region, within)];
}

/** The loop of that name, in the graph or in what runs in place in it. */
function loopNamed(graph: Graph, name: string): Node | undefined {
  for (const node of graph.nodes) {
    if (node.regions.length === 0) continue;
    if (node.names[0] === name) return node;
    const op = opOf(node);
    if (op.kind !== "region") continue;
    const { kind } = op.structure(node.inputs.length, node.attrs);
    if (kind !== "inline" && kind !== "branch") continue;
    for (const region of node.regions) {
      const found = loopNamed(region, name);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function errorOf(
  root: Graph,
  { birth, given }: Found,
  { output }: Located,
  graphs: ReadonlyMap<Graph, Pair>,
  backward: ReadonlySet<string>,
): NonFiniteError {
  const { graph, node, id, value, name, index, operands } = birth;
  const steps = writtenSteps(root, birth.steps);
  const pair = graphs.get(graph);
  const type = formatType(valueTypes(pair?.graph ?? graph)[id]);
  const isBackward = backward.has(pair?.within ?? node?.names[0] ?? "");
  const isState = graph.state.some(({ param }) => param === name);
  const found: NonFinite = {
    value,
    output,
    name,
    graph: graph.name,
    op: node?.op,
    origin: node === undefined ? graph.params[id].origin : node.origin,
    type,
    index,
    steps,
    pass: isBackward ? "backward" : "forward",
    operands,
  };
  const issue = issueOf({
    at: node === undefined ? { kind: "value", name: `${isState ? "state" : "input"} ${name}` } : placeOf(graph, node),
    ...(operands.length === 0
      ? {}
      : { expected: `finite results from ${[...new Set(operands.map(formatOperand))].join("; ")}` }),
    received: [
      `${value} at ${formatIndex(index)} of ${type}`,
      ...steps.map(formatStep),
      ...(node === undefined ? [] : [`in the ${found.pass} pass`]),
      `seen in output ${output}`,
    ].join(", "),
    hint: given.length === 0 ? undefined : `given as infinite: ${given.map(formatGiven).join(", ")}`,
  });
  return new NonFiniteError([issue], found);
}

const formatStep = ({ loop, step }: LoopStep): string => `in step ${step} of %${loop}`;

const formatGiven = ({ name, index }: Birth): string => `${name} at ${formatIndex(index)}`;

const formatNumber = (value: number): string => String(Number(value.toPrecision(6)));

function formatOperand({ name, range, notFinite, value }: OperandRange): string {
  const facts = [
    ...(value === undefined ? [] : [formatNumber(value)]),
    ...(range === undefined || range[0] === range[1] ? [] : [`from ${range.map(formatNumber).join(" to ")}`]),
    ...(value === undefined && range !== undefined && range[0] === range[1] ? [`all ${formatNumber(range[0])}`] : []),
    ...(notFinite === 0 ? [] : [`${notFinite} not finite`]),
  ];
  return `%${name}: ${facts.join(", ")}`;
}
