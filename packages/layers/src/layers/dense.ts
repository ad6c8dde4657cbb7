/** The fully connected layer. */
import { matmul } from "@latchgrad/core";
import * as z from "zod";
import { sizeSchema } from "../cells/cell.js";
import { initializerSchema } from "../init/registry.js";
import { activate, activationSchema } from "./activation.js";
import { checkFloats, defineLayer, knownSize, layerSchema, weightFields } from "./layer.js";

/** out = activation(x W + b). x [..., input]; W [input, units]; b [units]; out [..., units]. */
export const dense = defineLayer({
  type: "dense",
  summary: "Multiplies the last axis with a weight matrix, adds a bias and applies an activation.",
  schema: layerSchema("dense", {
    units: sizeSchema.meta({ description: "Size of the output's last axis.", examples: [1] }),
    activation: activationSchema.default("linear").describe("Function applied to the result."),
    bias: z.boolean().default(true).describe("Whether a bias is added."),
    weightInit: initializerSchema.default("glorotUniform").describe("Initial values of the weight matrix W."),
    biasInit: initializerSchema.default("zeros").describe("Initial values of the bias b."),
    ...weightFields,
  }),
  build(scope, { units, activation, bias, weightInit, biasInit }, [input]) {
    const { g } = scope;
    checkFloats(scope, input, 1, "[..., features]");
    const W = scope.weight("W", [knownSize(scope, input, -1), units], weightInit);
    const product = matmul(g, input, W);
    const sum = bias ? g.add(product, scope.weight("b", [units], biasInit)) : product;
    return { output: activate(g, activation, sum) };
  },
});
