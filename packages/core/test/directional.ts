/**
 * The test of every derivative: <u, J·v> by central differences against <Jᵀ·u, v> by the pullback, for a
 * random direction v of the parameters and a random cotangent u of the outputs.
 */
import { cotangentName, gradientName, pullback, type PullbackRequest } from "../src/autodiff/pullback.js";
import { evaluatorOf } from "../src/graph/evaluate.js";
import type { Graph } from "../src/ir/graph.js";
import type { DimBindings } from "../src/shape/dim.js";
import type { Tensor } from "../src/shape/tensor.js";
import { randomTensor } from "./use.js";

export type Point = ReadonlyMap<string, Tensor>;

const dot = (x: Float64Array, y: Float64Array): number => x.reduce((sum, value, i) => sum + value * y[i], 0);

/** The outputs of a graph by name, at a point by parameter name. */
export function evaluateAt(graph: Graph, point: Point, bindings: DimBindings): ReadonlyMap<string, Tensor> {
  const results = evaluatorOf(graph, bindings)(graph.params.map((param) => tensorOf(point, param.name)));
  return new Map(graph.outputs.map(({ name }, i) => [name, results[i]]));
}

export function tensorOf(tensors: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new TypeError(`the test has no tensor ${name}`);
  return tensor;
}

/** Random tensors for the parameters that the point does not have yet. */
export const completed = (graph: Graph, point: Point, bindings: DimBindings, random: () => number): Point =>
  new Map(
    graph.params.map(({ name, type }) => [name, point.get(name) ?? randomTensor(type, bindings, random)] as const),
  );

/** Near the best for f64, where the error of the formula and that of rounding meet. */
const STEP = 1e-5;

export interface Comparison {
  readonly difference: number;
  readonly derivative: number;
  /** The point of the pullback graph: with the cotangents. */
  readonly point: Point;
  readonly pulled: Graph;
}

export function compareDirectional(
  graph: Graph,
  request: PullbackRequest,
  point: Point,
  bindings: DimBindings,
  random: () => number,
): Comparison {
  const pulled = pullback(graph, request);
  const all = completed(pulled, point, bindings, random);
  const gradients = evaluateAt(pulled, all, bindings);
  const directions = request.wrt.map((name) => randomTensor(tensorOf(all, name).type, bindings, random));
  const derivative = request.wrt.reduce(
    (sum, name, i) => sum + dot(tensorOf(gradients, gradientName(name, graph)).data, directions[i].data),
    0,
  );
  const along = (distance: number): number => {
    const moved = new Map(all);
    request.wrt.forEach((name, i) => {
      const { type, data } = tensorOf(all, name);
      moved.set(name, { type, data: data.map((value, k) => value + distance * directions[i].data[k]) });
    });
    const outputs = evaluateAt(graph, moved, bindings);
    return request.of.reduce(
      (sum, name) => sum + dot(tensorOf(all, cotangentName(name, graph)).data, tensorOf(outputs, name).data),
      0,
    );
  };
  return { difference: (along(STEP) - along(-STEP)) / (2 * STEP), derivative, point: all, pulled };
}
