/** What passes over loops share: a loop with its parts by role, and a copy of a graph in which loops are rewritten. */
import { buildScope, opOf, type BuilderScope } from "../graph/builder.js";
import type { Graph, Node, Param } from "../ir/graph.js";
import type { RegionOp, Value } from "../ops/op.js";
import type { Dim } from "../shape/dim.js";

/** A loop of a graph under construction. */
export interface LoopNode {
  readonly op: RegionOp;
  readonly node: Node;
  readonly body: Graph;
  readonly count: Dim;
  /** From the last step to the first. */
  readonly reverse: boolean;
  /** Whether each step is to be made by itself. */
  readonly apart: boolean;
  /** Inputs by role; `others` follow the stacks. */
  readonly consts: readonly Value[];
  readonly carries: readonly Value[];
  readonly stacks: readonly Value[];
  readonly others: readonly Value[];
  /** Parameters of the body by role. */
  readonly params: {
    readonly consts: readonly Param[];
    readonly carries: readonly Param[];
    readonly rows: readonly Param[];
    readonly index: Param;
  };
}

/** What a loop is without its inputs. */
export type LoopParts = Omit<LoopNode, "consts" | "carries" | "stacks" | "others">;

/** The parts of a node that is a loop, with the body in place of its own; undefined for other nodes. */
export function loopPartsOf(node: Node, body: Graph): LoopParts | undefined {
  const op = opOf(node);
  if (op.kind !== "region") return undefined;
  const structure = op.structure(node.inputs.length, node.attrs);
  if (structure.kind !== "loop") return undefined;
  const { consts, carries, count, reverse } = structure;
  const firstRow = consts + carries;
  const params = {
    consts: body.params.slice(0, consts),
    carries: body.params.slice(consts, firstRow),
    rows: body.params.slice(firstRow, -1),
    index: body.params[body.params.length - 1],
  };
  const apart = op.keepsStepsApart?.(node.attrs) === true;
  return { op, node, body, count, reverse, apart, params };
}

function withInputs(parts: LoopParts, inputs: readonly Value[]): LoopNode {
  const { consts, carries, rows } = parts.params;
  const firstRow = consts.length + carries.length;
  return {
    ...parts,
    consts: inputs.slice(0, consts.length),
    carries: inputs.slice(consts.length, firstRow),
    stacks: inputs.slice(firstRow, firstRow + rows.length),
    others: inputs.slice(firstRow + rows.length),
  };
}

/** Gives results in place of the loop's. */
export type RewriteLoop = (g: BuilderScope, loop: LoopNode) => readonly Value[];

/** How a loop is rewritten, or undefined to leave it as it is. */
export type PlanLoop = (loop: LoopParts) => RewriteLoop | undefined;

interface LoopChange {
  readonly regions: readonly Graph[];
  readonly parts: LoopParts | undefined;
  readonly rewrite: RewriteLoop | undefined;
}

/** What becomes of nodes with regions, innermost first; nothing about those that stay as they are. */
function findChanges(graph: Graph, plan: PlanLoop): ReadonlyMap<Node, LoopChange> {
  const changes = new Map<Node, LoopChange>();
  for (const node of graph.nodes) {
    if (node.regions.length === 0) continue;
    const regions = node.regions.map((region) => rewriteLoops(region, plan));
    const parts = regions.length === 1 ? loopPartsOf(node, regions[0]) : undefined;
    const rewrite = parts === undefined ? undefined : plan(parts);
    if (rewrite !== undefined || regions.some((region, i) => region !== node.regions[i]))
      changes.set(node, { regions, parts, rewrite });
  }
  return changes;
}

/** A copy of the graph with its loops rewritten, innermost first; the graph itself when all stay as they are. */
export function rewriteLoops(graph: Graph, plan: PlanLoop): Graph {
  const changes = findChanges(graph, plan);
  if (changes.size === 0) return graph;
  const g: BuilderScope = buildScope(graph.name);
  const values: Value[] = graph.params.map((param) => g.param(param.name, param.type, param.origin));
  const named = new Set(values);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((id) => values[id]);
    const { regions = node.regions, parts, rewrite } = changes.get(node) ?? {};
    const results = parts === undefined ? undefined : g.at(node.origin, () => rewrite?.(g, withInputs(parts, inputs)));
    // A result may be a value that was there before, such as an initial carry: it keeps its name.
    results?.forEach((value, k) => {
      if (!named.has(value)) g.named(node.names[k], value);
    });
    for (const value of results ?? g.copy({ ...node, regions }, inputs)) {
      values.push(value);
      named.add(value);
    }
  }
  return g.build(Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values[value]])), graph.state);
}
