/** The plain recurrent network. */
import { matmul, relu } from "@latchgrad/core";
import * as z from "zod";
import { commonCellFields, defineCell, FEATURES } from "./cell.js";

/**
 *     h' = tanh(x W + h U + b)
 *
 * x [B, input]; h [B, units]; W [input, units]; U [units, units]; b [units]. Output: h'.
 */
export const elman = defineCell({
  type: "rnn",
  summary: "Simple recurrent network (Elman 1990); with relu and identity recurrent weights the IRNN (Le et al. 2015).",
  schema: z.strictObject({
    type: z.literal("rnn"),
    ...commonCellFields,
    activation: z.enum(["tanh", "relu"]).default("tanh").describe("Non-linearity of the state."),
  }),
  make: ({ units, inputInit, recurrentInit, activation }) => ({
    stateNames: ["h"],
    states: () => [{ name: "h", dims: [units] }],
    inputs: FEATURES,
    context: [],
    weights: ({
      inputs: {
        x: [input],
      },
    }) => [
      { name: "W", dims: [input, units], initializer: inputInit },
      { name: "U", dims: [units, units], initializer: recurrentInit },
      { name: "b", dims: [units], initializer: "zeros" },
    ],
    start:
      ({ weights: { W, U, b } }) =>
      ({ g, inputs: { x }, state: { h } }) => {
        const sum = g.add(g.add(matmul(g, x, W), matmul(g, h, U)), b);
        const next = g.named("nextH", activation === "tanh" ? g.tanh(sum) : relu(g, sum));
        return { state: { h: next }, output: next };
      },
  }),
});
