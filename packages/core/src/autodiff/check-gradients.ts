/** checkGradients: any graph's gradient against central differences in f64. */
import { evaluate, type Tensors } from "../graph/evaluate.js";
import type { Graph } from "../ir/graph.js";
import type { Tensor } from "../shape/tensor.js";
import { gradient, type GradientRequest } from "./gradient.js";
import { gradientName } from "./pullback.js";

export interface GradientCheck {
  readonly param: string;
  /** Largest difference between an element of the gradient and its central difference, divided by the largest magnitude of either, or by 1. */
  readonly error: number;
  /** Flat index of the element with that difference. */
  readonly worst: number;
  readonly gradient: number;
  readonly difference: number;
  /** Elements compared. */
  readonly checked: number;
  readonly passed: boolean;
}

export interface GradientCheckOptions extends GradientRequest {
  /** Largest error that passes. Default 1e-6. */
  readonly tolerance?: number;
  /** Half the distance between the two points, relative to elements above 1. Default 1e-5, near the best for f64. */
  readonly step?: number;
  /** Elements compared per parameter, spread evenly; default 64. */
  readonly samples?: number;
}

/** One report for each parameter of `wrt`, at the point `inputs`. Throws what evaluate and gradient throw. */
export function checkGradients(graph: Graph, inputs: Tensors, options: GradientCheckOptions): readonly GradientCheck[] {
  const { of, wrt, tolerance = 1e-6, step = 1e-5, samples = 64 } = options;
  const analytic = evaluate(gradient(graph, { of, wrt }), inputs);
  return wrt.map((param) => {
    const point = inputs[param];
    const exact = analytic[gradientName(param, graph)].data;
    const at = (index: number, value: number): number => {
      const data = point.data.slice();
      data[index] = value;
      const moved: Tensor = { type: point.type, data };
      return evaluate(graph, { ...inputs, [param]: moved })[of].data[0];
    };
    const indices = evenlySpread(exact.length, samples);
    const differences = indices.map((index) => {
      const width = step * Math.max(1, Math.abs(point.data[index]));
      const [above, below] = [point.data[index] + width, point.data[index] - width];
      return (at(index, above) - at(index, below)) / (above - below);
    });
    const scale = Math.max(1, ...indices.map((index, i) => Math.max(Math.abs(exact[index]), Math.abs(differences[i]))));
    const errors = indices.map((index, i) => Math.abs(exact[index] - differences[i]) / scale);
    // NaN must not hide behind a comparison that is false.
    const worst = errors.reduce((best, error, i) => (error > errors[best] || Number.isNaN(error) ? i : best), 0);
    const error = errors.length === 0 ? 0 : errors[worst];
    return {
      param,
      error,
      worst: indices[worst] ?? 0,
      gradient: exact[indices[worst] ?? 0],
      difference: differences[worst] ?? 0,
      checked: indices.length,
      passed: error <= tolerance,
    };
  });
}

const evenlySpread = (count: number, samples: number): readonly number[] =>
  count <= samples
    ? Array.from({ length: count }, (_, i) => i)
    : Array.from({ length: samples }, (_, i) => Math.floor((i * count) / samples));
