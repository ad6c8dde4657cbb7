/** Value and gradient of a scalar output. */
import { DifferentiationError } from "../errors/errors.js";
import { buildScope } from "../graph/builder.js";
import type { Graph } from "../ir/graph.js";
import { filled } from "../ops/rules.js";
import { formatType } from "../shape/tensor-type.js";
import { cotangentName, reverseGraph } from "./pullback.js";

export interface GradientRequest {
  /** The scalar output, usually the loss. */
  readonly of: string;
  /** The parameters to differentiate with respect to. */
  readonly wrt: readonly string[];
}

/**
 * A graph with the outputs of `graph` and, for each parameter of `wrt`, the gradient of the scalar output `of`
 * as the output `grad.<param>` (see `gradientName`). It is an ordinary graph: it can be differentiated again.
 * Throws DifferentiationError for unknown names, an output that is not a float scalar, and where a path has no derivative.
 */
export function gradient(graph: Graph, { of, wrt }: GradientRequest): Graph {
  const g = buildScope(`${graph.name}.gradient`);
  return reverseGraph(g, graph, { of: [of], wrt }, (output, type) => {
    if (type.dims.length > 0)
      throw new DifferentiationError([
        {
          code: "gradient.not-a-scalar",
          problem: "a gradient is taken of a scalar output",
          at: { kind: "value", name: `output ${output} of graph ${graph.name}` },
          expected: type.dtype,
          received: formatType(type),
          hint: "reduce it with reduceSum or mean, or use pullback and give a cotangent",
        },
      ]);
    // Named as in a pullback, so that what depends on it can be told from the way forward.
    return g.named(cotangentName(output, graph), filled(g.emit, type, 1));
  });
}
