/** RMSProp: each gradient divided by a running average of its recent size. */
import * as z from "zod";
import { decayField, epsilonField, learningRateField, moved, type Optimizer } from "./optimizer.js";

const schema = z.strictObject({
  type: z.literal("rmsProp"),
  learningRate: learningRateField,
  decay: decayField(0.9),
  epsilon: epsilonField(1e-8),
  momentum: z.number().min(0).lt(1).default(0).describe("Share of the velocity that stays at each update, in [0, 1)."),
  centered: z
    .boolean()
    .default(false)
    .describe("Divide by the standard deviation of the gradient instead of its size."),
});

export const rmsProp: Optimizer<typeof schema, "square" | "mean" | "velocity"> = {
  type: "rmsProp",
  summary: "Gradient descent where each gradient is divided by the root of a running average of its square.",
  source:
    "Tieleman & Hinton 2012, lecture 6e of Neural Networks for Machine Learning; momentum and centering as in Graves 2013, Generating sequences with recurrent neural networks",
  formula: [
    "square' = decay · square + (1 - decay) · g²",
    "mean' = decay · mean + (1 - decay) · g   (centered only)",
    "size = √square', centered: √(square' - mean'²)",
    "velocity' = momentum · velocity + g / (size + epsilon)   (momentum only)",
    "W' = W - learningRate · g / (size + epsilon), with momentum: W - learningRate · velocity'",
  ],
  schema,
  slots: ({ momentum, centered }) => [
    "square",
    ...(centered ? (["mean"] as const) : []),
    ...(momentum > 0 ? (["velocity"] as const) : []),
  ],
  update({ g, param, gradient, state, learningRate, options: { decay, epsilon, momentum, centered } }) {
    const square = moved(g, state.square, g.mul(gradient, gradient), decay);
    const mean = centered ? moved(g, state.mean, gradient, decay) : undefined;
    // The variance cannot be negative, but its rounded value can.
    const spread = mean === undefined ? square : g.max(g.sub(square, g.mul(mean, mean)), 0);
    const scaled = g.div(gradient, g.add(g.sqrt(spread), epsilon));
    const velocity = momentum > 0 ? g.add(g.mul(state.velocity, momentum), scaled) : undefined;
    return {
      param: g.sub(param, g.mul(velocity ?? scaled, learningRate)),
      state: { square, ...(mean === undefined ? {} : { mean }), ...(velocity === undefined ? {} : { velocity }) },
    };
  },
};
