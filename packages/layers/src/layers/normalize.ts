/** Layer normalization. */
import { layerNorm as normalize } from "@latchgrad/core";
import * as z from "zod";
import { checkFloats, defineLayer, knownSize, layerSchema, weightFields } from "./layer.js";

/** out = (x - mean(x)) / sqrt(variance(x) + epsilon) * scale + shift over the last axis. scale, shift [features]. */
export const layerNorm = defineLayer({
  type: "layerNorm",
  summary: "Brings the last axis to mean 0 and variance 1, then scales and shifts it (Ba, Kiros, Hinton 2016).",
  schema: layerSchema("layerNorm", {
    epsilon: z.number().positive().default(1e-5).describe("Added to the variance, against division by zero."),
    ...weightFields,
  }),
  build(scope, { epsilon }, [input]) {
    const { g } = scope;
    checkFloats(scope, input, 1, "[..., features]");
    const size = knownSize(scope, input, -1);
    const scale = scope.weight("scale", [size], "ones");
    const shift = scope.weight("shift", [size], "zeros");
    return { output: g.add(g.mul(normalize(g, input, { axis: -1, epsilon }), scale), shift) };
  },
});
