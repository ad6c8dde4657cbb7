/** Objectives for targets that are numbers. */
import { isFloat, sameDims, square, type TensorType } from "@latchgrad/core";
import { defineObjective, objectiveSchema } from "./objective.js";

const needs = "a target of numbers with the dims of the prediction";
const accepts = (prediction: TensorType, target: TensorType): boolean =>
  isFloat(target.dtype) && sameDims(prediction.dims, target.dims);

/** mean (prediction - target)² */
export const meanSquaredError = defineObjective({
  type: "meanSquaredError",
  summary: "Mean of the squared differences.",
  schema: objectiveSchema("meanSquaredError"),
  needs,
  accepts,
  each: (g, prediction, target) => square(g, g.sub(prediction, target)),
  average: "arithmetic",
  better: "lower",
});

/** mean |prediction - target| */
export const meanAbsoluteError = defineObjective({
  type: "meanAbsoluteError",
  summary: "Mean of the absolute differences.",
  schema: objectiveSchema("meanAbsoluteError"),
  needs,
  accepts,
  each: (g, prediction, target) => g.abs(g.sub(prediction, target)),
  average: "arithmetic",
  better: "lower",
});
