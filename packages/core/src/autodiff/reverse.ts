/**
 * Reverse mode over one graph: the forward nodes are copied into a builder, and
 * the rules of the ops are applied from the last node to the first. Everything
 * that differentiates (pullback, gradient, the split of a region) goes through here.
 */
import { DifferentiationError } from "../errors/errors.js";
import type { Graph, Node, ValueId } from "../ir/graph.js";
import { valueCount, valueTypes } from "../ir/graph.js";
import { opOf, type BuilderScope } from "../graph/builder.js";
import { placeOf } from "../graph/place.js";
import { add } from "../ops/arithmetic.js";
import type { Cotangent, NoDerivative, Op, RegionDerivative, RegionVjpRule, Value } from "../ops/op.js";
import { isFloat } from "../shape/tensor-type.js";
import { dependentOutputs, dependentValues } from "./dependence.js";

export interface ReverseRequest {
  readonly inputs: readonly Value[];
  /** Of each parameter: whether its cotangent is wanted. */
  readonly active: readonly boolean[];
  /** Of each output: whether a cotangent may arrive. */
  readonly live: readonly boolean[];
  /** How regions are split; handed in because the split of a region differentiates it in turn. */
  readonly split: RegionVjpRule["split"];
}

export interface Reversed {
  /** The outputs of the graph. */
  readonly outputs: readonly Value[];
  /** Cotangents of the active parameters (undefined: zero) from those of the outputs. Throws DifferentiationError. */
  pull(cotangents: readonly (Value | undefined)[]): readonly (Value | undefined)[];
}

/** Float values through which a cotangent can flow from a live output to an active parameter. */
function findUseful(graph: Graph, dependent: readonly boolean[], live: readonly boolean[]): boolean[] {
  const types = valueTypes(graph);
  const useful = new Array<boolean>(valueCount(graph)).fill(false);
  const mark = (id: ValueId): void => {
    if (dependent[id] && isFloat(types[id].dtype)) useful[id] = true;
  };
  graph.outputs.forEach(({ value }, i) => {
    if (live[i]) mark(value);
  });
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (node.types.some((_, k) => useful[node.id + k])) node.inputs.forEach(mark);
  }
  return useful;
}

/** Copies `graph` into the builder and prepares the way back. */
export function reverse(g: BuilderScope, graph: Graph, { inputs, active, live, split }: ReverseRequest): Reversed {
  const dependent = dependentValues(graph, active);
  const useful = findUseful(graph, dependent, live);
  const values: Value[] = [...inputs];
  const derivatives = new Map<Node, RegionDerivative>();

  for (const node of graph.nodes) {
    const operands = node.inputs.map((id) => values[id]);
    const op = opOf(node);
    // What depends on what is asked for by integers and masks alone, such as the choice of a branch, has the derivative zero.
    const isActive = (id: ValueId, k: number): boolean => dependent[id] && isFloat(operands[k].type.dtype);
    if (op.kind === "region" && node.inputs.some(isActive) && node.types.some((_, k) => useful[node.id + k])) {
      const derivative = g.at(node.origin, () =>
        op.vjp({
          op,
          inputs: operands,
          attrs: node.attrs,
          regions: node.regions,
          scope: g,
          active: node.inputs.map(isActive),
          live: node.types.map((_, k) => useful[node.id + k]),
          split,
          dependent: dependentOutputs,
        }),
      );
      derivatives.set(node, derivative);
      derivative.results.forEach((value, k) => {
        values.push(value);
        g.named(node.names[k], value);
      });
    } else values.push(...g.copy(node, operands));
  }

  function pull(cotangents: readonly (Value | undefined)[]): readonly (Value | undefined)[] {
    const sums = new Map<ValueId, Value>();
    const accumulate = (id: ValueId, cotangent: Value): void => {
      const sum = sums.get(id);
      sums.set(id, sum === undefined ? cotangent : g.emit(add, [sum, cotangent]));
    };
    graph.outputs.forEach(({ value }, i) => {
      const cotangent = cotangents[i];
      if (cotangent !== undefined && useful[value]) accumulate(value, cotangent);
    });
    for (let i = graph.nodes.length - 1; i >= 0; i--) {
      const node = graph.nodes[i];
      const arrived = node.types.map((_, k) => (useful[node.id + k] ? sums.get(node.id + k) : undefined));
      if (arrived.every((cotangent) => cotangent === undefined)) continue;
      g.at(node.origin, () => {
        const op = opOf(node);
        const pulled =
          op.kind === "region" ? derivatives.get(node)?.pull(arrived) : pullOp(g, op, node, values, arrived[0]);
        pulled?.forEach((cotangent, k) => {
          const id = node.inputs[k];
          if (cotangent === null) return;
          if (!("noDerivative" in cotangent)) {
            if (useful[id]) accumulate(id, cotangent);
          } else if (dependent[id]) throw noDerivative(graph, node, cotangent);
        });
      });
    }
    return graph.params.map((_, id) => (active[id] ? sums.get(id) : undefined));
  }
  return { outputs: graph.outputs.map(({ value }) => values[value]), pull };
}

function pullOp(
  g: BuilderScope,
  op: Op,
  node: Node,
  values: readonly Value[],
  cotangent: Value | undefined,
): readonly Cotangent[] {
  if (cotangent === undefined) return [];
  return op.vjp({
    inputs: node.inputs.map((id) => values[id]),
    attrs: node.attrs,
    output: values[node.id],
    cotangent,
    emit: g.emit,
  });
}

function noDerivative(graph: Graph, node: Node, { noDerivative: problem, hint }: NoDerivative): DifferentiationError {
  return new DifferentiationError([
    {
      code: "gradient.no-derivative",
      problem,
      at: placeOf(graph, node),
      hint: hint ?? "put stopGradient around the operand if no gradient is meant to flow here",
    },
  ]);
}
