/** Stochastic gradient descent, plain, with momentum, or with Nesterov's. */
import * as z from "zod";
import { learningRateField, type Optimizer } from "./optimizer.js";

const schema = z.strictObject({
  type: z.literal("sgd"),
  learningRate: learningRateField,
  momentum: z.number().min(0).lt(1).default(0).describe("Share of the velocity that stays at each update, in [0, 1)."),
  nesterov: z.boolean().default(false).describe("Look ahead along the velocity; needs momentum."),
  weightDecay: z.number().nonnegative().default(0).describe("Adds weightDecay · W to the gradient (an L2 penalty)."),
});

/**
 * The velocity accumulates gradients and the rate is applied outside it, so a change of the rate acts at once.
 * Sutskever et al. 2013 put the rate inside; for a constant rate both are the same.
 */
export const sgd: Optimizer<typeof schema, "velocity"> = {
  type: "sgd",
  summary: "Gradient descent with optional momentum, Nesterov's look-ahead and weight decay.",
  source:
    "Robbins & Monro 1951; Polyak 1964; Nesterov 1983; Sutskever et al. 2013, On the importance of initialization and momentum in deep learning",
  formula: [
    "g = gradient + weightDecay · W",
    "velocity' = momentum · velocity + g",
    "W' = W - learningRate · velocity'",
    "with nesterov: W' = W - learningRate · (g + momentum · velocity')",
    "without momentum: W' = W - learningRate · g",
  ],
  schema,
  slots: ({ momentum }) => (momentum > 0 ? ["velocity"] : []),
  update({ g, param, gradient, state, learningRate, options: { momentum, nesterov, weightDecay } }) {
    const slope = weightDecay > 0 ? g.add(gradient, g.mul(param, weightDecay)) : gradient;
    if (momentum === 0) return { param: g.sub(param, g.mul(slope, learningRate)), state: {} };
    const velocity = g.add(g.mul(state.velocity, momentum), slope);
    const direction = nesterov ? g.add(slope, g.mul(velocity, momentum)) : velocity;
    return { param: g.sub(param, g.mul(direction, learningRate)), state: { velocity } };
  },
};
