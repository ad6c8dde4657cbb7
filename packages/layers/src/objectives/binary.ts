/** Objectives for targets that are yes or no, or the probability of yes: the prediction is ln(p / (1 - p)), a logit. */
import { isFloat, sameDims, softplus, type TensorType } from "@latchgrad/core";
import { defineObjective, objectiveSchema } from "./objective.js";

const needs = "logits, and a target of numbers from 0 to 1 with the same dims";
const accepts = (prediction: TensorType, target: TensorType): boolean =>
  isFloat(target.dtype) && sameDims(prediction.dims, target.dims);

/** -y ln p - (1 - y) ln(1 - p) with p = sigmoid(x), which is softplus(x) - x y without the loss of small probabilities. */
export const binaryCrossEntropy = defineObjective({
  type: "binaryCrossEntropy",
  summary: "Mean negative logarithm of the probability that sigmoid gives to the right answer, in nats.",
  schema: objectiveSchema("binaryCrossEntropy"),
  needs,
  accepts,
  each: (g, logits, target) => g.sub(softplus(g, logits), g.mul(logits, target)),
  average: "arithmetic",
  better: "lower",
});

export const binaryAccuracy = defineObjective({
  type: "binaryAccuracy",
  summary: "Share of positions where logit and target are on the same side: above 0 and above 1/2, or neither.",
  schema: objectiveSchema("binaryAccuracy"),
  needs,
  accepts,
  each(g, logits, target) {
    const yes = g.lt(0, logits);
    const right = g.lt(0.5, target);
    return g.cast(g.or(g.and(yes, right), g.and(g.not(yes), g.not(right))), { dtype: logits.type.dtype });
  },
  average: "arithmetic",
  better: "higher",
});
