/** Layers that join several inputs into one; what makes a chain of layers a graph. */
import { formatType, sameDims, type Value } from "@latchgrad/core";
import { refuse } from "../config/refuse.js";
import { checkFloats, defineLayer, layerSchema, type LayerScope } from "./layer.js";

const SEVERAL = { least: 2, most: 100 };

/** Checks that all inputs agree in their first axes, up to `ignored` axes at the end. */
function checkAlike(scope: LayerScope, inputs: readonly Value[], ignored: number, form: string): void {
  const leading = (input: Value) => input.type.dims.slice(0, input.type.dims.length - ignored);
  for (const input of inputs) checkFloats(scope, input, ignored, form);
  if (inputs.every((input) => sameDims(leading(input), leading(inputs[0])))) return;
  refuse("inputs-differ", scope.pointer, {
    problem: `the inputs of the layer "${scope.name}" have equal dims${ignored === 0 ? "" : " but for the last"}`,
    received: inputs.map((input) => formatType(input.type)).join(", "),
  });
}

/** out[..., :] = x0[..., :], x1[..., :], ... behind each other. */
export const concat = defineLayer({
  type: "concat",
  summary: "Joins its inputs along the last axis.",
  schema: layerSchema("concat", {}),
  arity: SEVERAL,
  build(scope, _, inputs) {
    checkAlike(scope, inputs, 1, "[..., features]");
    return { output: scope.g.concat(inputs, { axis: inputs[0].type.dims.length - 1 }) };
  },
});

/** out = x0 + x1 + ... */
export const add = defineLayer({
  type: "add",
  summary: "Adds its inputs, element by element.",
  schema: layerSchema("add", {}),
  arity: SEVERAL,
  build(scope, _, inputs) {
    checkAlike(scope, inputs, 0, "[...]");
    return { output: inputs.reduce((sum, input) => scope.g.add(sum, input)) };
  },
});
