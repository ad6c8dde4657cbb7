/** A loss or metric written as equations. */
import { isFloat } from "@latchgrad/core";
import { applyEquations } from "../cells/apply-equations.js";
import { equationFields, numbersField, shapesSchema } from "../cells/document-schema.js";
import { defineObjective, objectiveSchema } from "./objective.js";

const { functions, equations: equationsField, output } = equationFields;

/** The mean over all examples of what the equations give for one. */
export const equations = defineObjective({
  type: "equations",
  summary: "What equations give for each example, written with prediction and target.",
  schema: objectiveSchema("equations").extend({
    reads: shapesSchema
      .default({ prediction: [], target: [] })
      .refine(
        (reads) => Object.keys(reads).join() === "prediction,target",
        "a loss reads prediction and target, in this order",
      )
      .describe("The shapes of prediction and target for one example; without, every element is one."),
    hyper: numbersField,
    functions,
    equations: equationsField,
    output,
  }),
  needs: "a prediction of numbers",
  accepts: (prediction) => isFloat(prediction.dtype),
  each(g, prediction, target, { config, pointer }) {
    const { dtype } = prediction.type;
    if (!isFloat(dtype)) throw new TypeError("internal: the prediction was not checked; please report this");
    const scope = { g, kind: "loss", name: config.type, pointer, dtype, training: false } as const;
    const weight = (): never => {
      throw new TypeError("internal: a loss has no weights; please report this");
    };
    return applyEquations({ ...scope, weight }, { ...config, params: {} }, [prediction, target]);
  },
  average: "arithmetic",
  better: "lower",
});
