/** Elementwise functions, as a layer and as an option of dense. */
import { gelu, relu, silu, softmax, softplus, type GraphBuilder, type Value } from "@latchgrad/core";
import * as z from "zod";
import { checkFloats, defineLayer, layerSchema } from "./layer.js";

/** The functions by name. softmax acts over the last axis, the others on each element. */
const activations = {
  linear: (_: GraphBuilder, x: Value) => x,
  tanh: (g: GraphBuilder, x: Value) => g.tanh(x),
  sigmoid: (g: GraphBuilder, x: Value) => g.sigmoid(x),
  relu,
  gelu,
  silu,
  softplus,
  softmax: (g: GraphBuilder, x: Value) => softmax(g, x, { axis: -1 }),
} as const;

export type ActivationName = keyof typeof activations;

/** The name of an activation in a config. */
export const activationSchema = z.enum(Object.keys(activations) as ActivationName[]);

/** The activation of that name applied to x. */
export const activate = (g: GraphBuilder, name: ActivationName, x: Value): Value => activations[name](g, x);

export const activation = defineLayer({
  type: "activation",
  summary: "Applies a function to each element, or softmax to the last axis.",
  schema: layerSchema("activation", { function: activationSchema.describe("The function to apply.") }),
  build(scope, config, [input]) {
    const isOverAxis = config.function === "softmax";
    checkFloats(scope, input, isOverAxis ? 1 : 0, isOverAxis ? "[..., features]" : "[...]");
    if (isOverAxis && input.type.dims.length === 2 && input.type.dims[1] === scope.time)
      scope.needsWhole('"function": "softmax" over the steps');
    return { output: activate(scope.g, config.function, input) };
  },
});
