/** A layer written as equations. */
import { joinPointer } from "@latchgrad/core";
import { applyEquations } from "../cells/apply-equations.js";
import { equationFields, numbersField, shapesSchema } from "../cells/document-schema.js";
import { refuse } from "../config/refuse.js";
import { defineLayer, layerSchema, weightFields } from "./layer.js";

/**
 * Inputs [.., shape of an example]: the axes in front, such as batch and time, are not seen by the equations and come out
 * again. Weights are named "gate.W".
 */
export const equations = defineLayer({
  type: "equations",
  summary: "A layer without state, written as equations of one example.",
  schema: layerSchema("equations", {
    reads: shapesSchema
      .default({ x: ["features"] })
      .describe("What it reads by name, in the order of the inputs, with the shape of one example."),
    hyper: numbersField,
    ...equationFields,
    equations: equationFields.equations.meta({
      description: "The equations of one example, in any order.",
      examples: [["k = sigmoid(x @ V + c)"]],
    }),
    output: equationFields.output.meta({
      description: "What comes out: an expression, often a name that an equation defines.",
      examples: ["k * tanh(x @ W + b) + (1 - k) * x"],
    }),
    ...weightFields,
  }),
  arity: { least: 1, most: 100 },
  build(scope, config, inputs) {
    if (inputs.length !== Object.keys(config.reads).length)
      refuse("input-count", joinPointer(scope.pointer, "reads"), {
        problem: "the layer reads as many values as it has names for",
        expected: `${inputs.length} names`,
        received: Object.keys(config.reads).join(", "),
      });
    inputs.forEach(({ type: { dims } }, i) => {
      const [name, shape] = Object.entries(config.reads)[i];
      if (dims.length > 1 && dims[1] === scope.time && [shape].flat().length > dims.length - 2)
        scope.needsWhole(`"reads": "${name}" with the axis of the steps`);
    });
    const { g, name, pointer, dtype, training, weight, uniform } = scope;
    return {
      output: applyEquations({ g, kind: "layer", name, pointer, dtype, training, weight, uniform }, config, inputs),
    };
  },
});
