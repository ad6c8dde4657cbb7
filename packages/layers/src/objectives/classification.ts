/** Objectives for targets that are ids of classes: the prediction holds one unnormalized logarithm (logit) per class. */
import { logsumexp, sameDims, type GraphBuilder, type TensorType, type Value } from "@latchgrad/core";
import { defineObjective, objectiveSchema } from "./objective.js";

const needs = "logits [..., classes] and a target of ids, i32[...]";
const accepts = (prediction: TensorType, target: TensorType): boolean =>
  target.dtype === "i32" && prediction.dims.length > 0 && sameDims(prediction.dims.slice(0, -1), target.dims);

/**
 * -ln softmax(logits)[target] = logsumexp(logits) - logits[target], in nats. logits [..., classes]; target i32[...].
 * Positions that a mask leaves out need a valid id all the same.
 */
function crossEntropy(g: GraphBuilder, logits: Value, target: Value): Value {
  const axis = logits.type.dims.length - 1;
  return g.sub(logsumexp(g, logits, { axis }), g.gather(logits, target, { axis, batch: axis }));
}

export const softmaxCrossEntropy = defineObjective({
  type: "softmaxCrossEntropy",
  summary: "Mean negative logarithm of the probability that softmax gives to the right class, in nats.",
  schema: objectiveSchema("softmaxCrossEntropy"),
  needs,
  accepts,
  each: crossEntropy,
  average: "arithmetic",
  better: "lower",
});

export const accuracy = defineObjective({
  type: "accuracy",
  summary: "Share of positions where the class with the greatest logit is the right one.",
  schema: objectiveSchema("accuracy"),
  needs,
  accepts,
  each: (g, logits, target) =>
    g.cast(g.eq(g.argmax(logits, { axis: logits.type.dims.length - 1 }), target), { dtype: logits.type.dtype }),
  average: "arithmetic",
  better: "higher",
});

export const perplexity = defineObjective({
  type: "perplexity",
  summary: "e to the mean cross-entropy: among how many equally likely classes the model hesitates.",
  schema: objectiveSchema("perplexity"),
  needs,
  accepts,
  each: crossEntropy,
  finish: (g, mean) => g.exp(mean),
  average: "geometric",
  better: "lower",
});

export const bitsPerSymbol = defineObjective({
  type: "bitsPerSymbol",
  summary: "Mean cross-entropy in bits instead of nats.",
  schema: objectiveSchema("bitsPerSymbol"),
  needs,
  accepts,
  each: (g, logits, target) => g.mul(crossEntropy(g, logits, target), Math.LOG2E),
  average: "arithmetic",
  better: "lower",
});
