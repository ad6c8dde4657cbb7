/**
 * Nudges: a graph with something to add to inner values of its loops, so that the gradient of the loss with respect to
 * it, at zero, is that of the value at every step. A rewrite of the graph, so it does not depend on how loops are differentiated.
 */
import { CompileError } from "../errors/errors.js";
import type { Graph, Node } from "../ir/graph.js";
import { valueNames } from "../ir/graph.js";
import { add } from "../ops/arithmetic.js";
import type { Value } from "../ops/op.js";
import { isFloat, type TensorType } from "../shape/tensor-type.js";
import { buildGraph, opOf, type BuilderScope, type GraphBuilder } from "./builder.js";

const PREFIX = "nudge.";

/** The parameter that is added to the value of a path. */
export const nudgeName = (path: string): string => PREFIX + path;

/**
 * The graph with a parameter `nudge.<path>` for each path, which is added to that value before anything reads it. A path is
 * that of `traceGraph`, of a value in a loop that is in no other: `memory/nextC` is the value `nextC` in the loop that makes
 * `memory`. The parameter has the steps as its first axis, in the places of their indices. At zeros the graph computes
 * what it did, and `gradient` with respect to it is dL/dvalue at every step, by all paths to L; zero in steps beyond an example's length.
 * Throws CompileError for a path that means no float of a loop.
 */
export function nudgeGraph(graph: Graph, paths: readonly string[]): Graph {
  const g = buildGraph(graph.name);
  const values: Value[] = graph.params.map(({ name, type, origin }) => g.param(name, type, origin));
  const left = new Set(paths);
  for (const node of graph.nodes) {
    const prefix = `${node.names[0]}/`;
    const wanted = new Set([...left].flatMap((path) => (path.startsWith(prefix) ? [path.slice(prefix.length)] : [])));
    const inputs = node.inputs.map((id) => values[id]);
    const nudged = wanted.size === 0 ? undefined : nudgedLoop(g, node, inputs, wanted);
    for (const name of nudged?.found ?? []) left.delete(prefix + name);
    values.push(...(nudged?.results ?? g.copy(node, inputs)));
  }
  if (left.size > 0)
    throw new CompileError(
      [...left].map((path) => ({
        code: "compile.unknown-nudge",
        problem: "a value that is nudged is a float in a loop of the graph",
        at: { kind: "value", name: `value ${path} of graph ${graph.name}` },
      })),
    );
  return g.build(Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values[value]])), graph.state);
}

interface NudgedLoop {
  readonly results: readonly Value[];
  readonly found: readonly string[];
}

/** The loop with rows to add to the wanted values of its body; undefined when the node is no loop. */
function nudgedLoop(
  g: GraphBuilder,
  node: Node,
  inputs: readonly Value[],
  wanted: ReadonlySet<string>,
): NudgedLoop | undefined {
  const op = opOf(node);
  if (op.kind !== "region") return undefined;
  const structure = op.structure(node.inputs.length, node.attrs);
  if (structure.kind !== "loop") return undefined;
  const [body] = node.regions;
  const names = valueNames(body);
  const types = [...body.params.map(({ type }) => type), ...body.nodes.flatMap((each) => each.types)];
  const found = names.filter((name, id) => wanted.has(name) && isFloat(types[id].dtype));
  const rows = found.map((name): { readonly name: string; readonly type: TensorType } => ({
    name: nudgeName(name),
    type: types[names.indexOf(name)],
  }));
  const stacks = rows.map(({ name, type }) =>
    g.param(nudgeName(`${node.names[0]}/${name.slice(PREFIX.length)}`), {
      dtype: type.dtype,
      dims: [structure.count, ...type.dims],
    }),
  );
  const results = g.node({
    op,
    inputs: [
      ...inputs.slice(0, body.params.length - 1),
      ...stacks,
      // Behind the stacks stand the lengths.
      ...inputs.slice(body.params.length - 1),
    ],
    attrs: node.attrs,
    regions: [nudgedBody(body, rows)],
    names: node.names,
    origin: node.origin,
  });
  return { results, found };
}

/** The body with a parameter for each row in front of the step index; what reads a value of that name reads the sum. */
function nudgedBody(body: Graph, rows: readonly { readonly name: string; readonly type: TensorType }[]): Graph {
  const b: BuilderScope = buildGraph(body.name);
  const declare = ({ name, type, origin }: Graph["params"][number]): Value => b.param(name, type, origin);
  const params = body.params.slice(0, -1).map(declare);
  const nudges = new Map(rows.map(({ name, type }) => [name, b.param(name, type)]));
  const index = declare(body.params[body.params.length - 1]);
  const nudge = (name: string, value: Value): Value => {
    const row = nudges.get(nudgeName(name));
    return row === undefined ? value : b.emit(add, [value, row]);
  };
  const values = [...params, index].map((value, i) => nudge(body.params[i].name, value));
  for (const node of body.nodes) {
    const made = b.at(node.origin, () =>
      b
        .copy(
          node,
          node.inputs.map((id) => values[id]),
        )
        .map((value, k) => nudge(node.names[k], value)),
    );
    values.push(...made);
  }
  return b.build(Object.fromEntries(body.outputs.map(({ name, value }) => [name, values[value]])));
}

/**
 * The same graph for a derivative that sets out from the last step of every loop only: of what a loop stacks, the rows of all
 * other steps pass no gradient on. The last step is that with the greatest index, or of an example with a length its last one; of
 * loops that run backward the first. Values do not change.
 */
export function lastStepOnly(graph: Graph): Graph {
  const g = buildGraph(graph.name);
  const values: Value[] = graph.params.map(({ name, type, origin }) => g.param(name, type, origin));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((id) => values[id]);
    const results = g.copy(node, inputs);
    const op = opOf(node);
    const structure = op.kind === "region" ? op.structure(node.inputs.length, node.attrs) : undefined;
    if (structure?.kind !== "loop") {
      values.push(...results);
      continue;
    }
    const lengths = inputs.at(node.regions[0].params.length - 1);
    values.push(
      ...results.map((result, k) =>
        k < structure.carries || !isFloat(result.type.dtype)
          ? result
          : g.select(isLastStep(g, result.type, structure.reverse, lengths), result, g.stopGradient(result)),
      ),
    );
  }
  return g.build(Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values[value]])), graph.state);
}

/** bool of the dims of a stack [steps, B, ...]: which rows are those of the last step visited. */
function isLastStep(g: GraphBuilder, { dims }: TensorType, reverse: boolean, lengths: Value | undefined): Value {
  const index = g.iota({ dtype: "i32", dims, axis: 0 });
  if (reverse) return g.eq(index, 0);
  if (lengths === undefined) return g.eq(g.reverse(index, { axes: [0] }), 0);
  // Held rows behind the last step are that step's.
  return g.lt(g.broadcast(lengths, { dims, axes: [1] }), g.add(index, 2));
}
