/** A loss or metric written as equations. */
import { isFloat } from "@latchgrad/core";
import * as z from "zod";
import { applyEquations } from "../cells/apply-equations.js";
import { equationFields, numbersField, shapeSchema } from "../cells/document-schema.js";
import { BETTER, defineObjective, objectiveSchema } from "./objective.js";

const { functions, equations: equationsField, output } = equationFields;

/** The mean over all examples of what the equations give for one. */
export const equations = defineObjective({
  type: "equations",
  summary: "What equations give for each example, written with prediction and target.",
  schema: objectiveSchema("equations").extend({
    reads: z
      .strictObject({
        prediction: shapeSchema.default([]),
        target: shapeSchema.default([]),
      })
      .prefault({})
      .meta({
        description: "The shapes of prediction and target for one example; without, every element is one.",
        examples: [{ prediction: ["classes"], target: ["classes"] }],
      }),
    hyper: numbersField,
    functions,
    equations: equationsField.meta({
      description: "Equations of one example, in any order.",
      examples: [["d = prediction - target"]],
    }),
    output: output.meta({ description: "What is averaged: a number for one example.", examples: ["d^2"] }),
    better: z.enum(BETTER).default("lower").describe("Which of two values of a metric is the better one."),
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
  better: ({ better }) => better,
});
