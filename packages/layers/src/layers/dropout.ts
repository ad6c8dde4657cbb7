/** Dropout: noise while training, nothing otherwise. */
import type { Value } from "@latchgrad/core";
import * as z from "zod";
import { checkFloats, defineLayer, layerSchema, type LayerScope } from "./layer.js";

/** The share of elements set to zero. */
export const rateSchema = z.number().min(0).lt(1);

/**
 * While training each element of x is 0 with probability `rate`, and otherwise divided by 1 - rate, so that the
 * mean stays the same ("inverted" dropout; Srivastava et al. 2014, section 10). `path` tells the masks of one layer apart.
 */
export function dropElements(scope: LayerScope, path: string, x: Value, rate: number): Value {
  if (!scope.training || rate === 0) return x;
  const { g } = scope;
  const kept = g.le(rate, scope.uniform(path, x.type.dims));
  return g.select(kept, g.mul(x, 1 / (1 - rate)), 0);
}

export const dropout = defineLayer({
  type: "dropout",
  summary:
    "While training, sets a random share of the elements to zero and scales up the others; otherwise the identity.",
  schema: layerSchema("dropout", {
    rate: rateSchema.meta({ description: "Probability that an element is set to zero.", examples: [0.2] }),
  }),
  build(scope, { rate }, [input]) {
    checkFloats(scope, input, 0, "[...]");
    return { output: dropElements(scope, "mask", input, rate) };
  },
});
