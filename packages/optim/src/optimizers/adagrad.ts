/** Adagrad: a rate per element that falls with the gradients it has seen. */
import * as z from "zod";
import { epsilonField, learningRateField, type Optimizer } from "./optimizer.js";

const schema = z.strictObject({
  type: z.literal("adagrad"),
  learningRate: learningRateField,
  epsilon: epsilonField(1e-10),
});

export const adagrad: Optimizer<typeof schema, "sum"> = {
  type: "adagrad",
  summary: "Gradient descent where each gradient is divided by the root of the sum of all its squares so far.",
  source: "Duchi, Hazan & Singer 2011, Adaptive subgradient methods for online learning and stochastic optimization",
  formula: ["sum' = sum + g²", "W' = W - learningRate · g / (√sum' + epsilon)"],
  schema,
  slots: () => ["sum"],
  update({ g, param, gradient, state, learningRate, options: { epsilon } }) {
    const sum = g.add(state.sum, g.mul(gradient, gradient));
    const scaled = g.div(gradient, g.add(g.sqrt(sum), epsilon));
    return { param: g.sub(param, g.mul(scaled, learningRate)), state: { sum } };
  },
};
