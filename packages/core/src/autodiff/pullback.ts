/** Pullback: the graph that also carries cotangents of outputs back to parameters. */
import { DifferentiationError } from "../errors/errors.js";
import type { Issue } from "../errors/issue.js";
import { suggestName } from "../errors/suggest.js";
import { buildScope, type BuilderScope } from "../graph/builder.js";
import type { Graph } from "../ir/graph.js";
import { outputTypes } from "../ir/graph.js";
import type { Value } from "../ops/op.js";
import { filled } from "../ops/rules.js";
import { formatType, isFloat, type TensorType } from "../shape/tensor-type.js";
import { reverse } from "./reverse.js";
import { splitRegion } from "./split.js";

export interface PullbackRequest {
  /** Outputs whose cotangents are given. */
  readonly of: readonly string[];
  /** Parameters whose cotangents are wanted. */
  readonly wrt: readonly string[];
}

/** How the names of cotangents of outputs begin. */
export const COTANGENT = "ct.";

/** `prefix` before the name, as often as it takes to be new: the derivative of a derivative has gradients of its own. */
function freshName(prefix: string, name: string, taken: readonly { readonly name: string }[]): string {
  let fresh = prefix + name;
  while (taken.some((other) => other.name === fresh)) fresh = prefix + fresh;
  return fresh;
}

/** Name of the parameter that takes the cotangent of an output in the pullback of `graph`: `ct.<output>`. */
export const cotangentName = (output: string, graph?: Graph): string =>
  freshName(COTANGENT, output, graph?.params ?? []);

/**
 * Name of the output that holds the cotangent (for a scalar: the gradient) of a parameter, in the pullback or gradient
 * of `graph`: `grad.<param>`, or `grad.grad.<param>` where the graph is a gradient already and has the first.
 */
export const gradientName = (param: string, graph?: Graph): string => freshName("grad.", param, graph?.outputs ?? []);

/**
 * A graph with the outputs of `graph` and one more for each parameter of `wrt`, named as `gradientName` says: the
 * vector-Jacobian product with the cotangents of the outputs `of`, which are further
 * parameters named as `cotangentName` says. Zeros for a parameter that no output depends on. State pairs are kept.
 * Throws DifferentiationError for unknown names, for what is not a float, and where a path has no derivative.
 */
export function pullback(graph: Graph, request: PullbackRequest): Graph {
  const g = buildScope(`${graph.name}.pullback`);
  return reverseGraph(g, graph, request, (output, type) => g.param(cotangentName(output, graph), type));
}

/** The common part of pullback and gradient: they differ in where cotangents of outputs come from. */
export function reverseGraph(
  g: BuilderScope,
  graph: Graph,
  { of, wrt }: PullbackRequest,
  cotangentOf: (output: string, type: TensorType) => Value,
): Graph {
  const types = outputTypes(graph);
  checkNames(graph, "output", of, new Map(graph.outputs.map(({ name }, i) => [name, types[i]])));
  checkNames(graph, "parameter", wrt, new Map(graph.params.map(({ name, type }) => [name, type])));
  const inputs = graph.params.map((param) => g.param(param.name, param.type, param.origin));
  const { outputs, pull } = reverse(g, graph, {
    inputs,
    active: graph.params.map((param) => wrt.includes(param.name)),
    live: graph.outputs.map((output) => of.includes(output.name)),
    split: splitRegion,
  });
  const pulled = pull(
    graph.outputs.map(({ name }, i) => (of.includes(name) ? cotangentOf(name, types[i]) : undefined)),
  );
  const named: Record<string, Value> = Object.fromEntries(graph.outputs.map(({ name }, i) => [name, outputs[i]]));
  graph.params.forEach(({ name, type }, i) => {
    if (wrt.includes(name)) named[gradientName(name, graph)] = pulled[i] ?? filled(g.emit, type, 0);
  });
  return g.build(named, graph.state);
}

function checkNames(
  graph: Graph,
  kind: "output" | "parameter",
  wanted: readonly string[],
  known: ReadonlyMap<string, TensorType>,
): void {
  const issues = wanted.flatMap((name): readonly Issue[] => {
    const at = { kind: "value", name: `${kind} ${name} of graph ${graph.name}` } as const;
    const type = known.get(name);
    if (type === undefined)
      return [
        {
          code: `gradient.unknown-${kind}`,
          problem: `the graph has the ${kind} that is named`,
          at,
          hint: suggestName(name, [...known.keys()]),
        },
      ];
    if (isFloat(type.dtype)) return [];
    return [
      {
        code: "gradient.not-a-float",
        problem: "derivatives exist between floats only",
        at,
        expected: "f32 or f64",
        received: formatType(type),
      },
    ];
  });
  if (issues.length > 0) throw new DifferentiationError(issues);
}
