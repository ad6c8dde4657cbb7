/** The LSTM, composed of primitives; its gradient follows from theirs. */
import { matmul, type Value } from "@latchgrad/core";
import * as z from "zod";
import { commonCellFields, defineCell, FEATURES, type WeightSpec } from "./cell.js";

/** Suffixes of the weights: forget gate, input gate, candidate, output gate. */
const GATES = ["f", "i", "g", "o"] as const;
type Gate = (typeof GATES)[number];

/**
 *     f  = sigmoid(x Wf + h Uf + bf)
 *     i  = sigmoid(x Wi + h Ui + bi)
 *     g  = tanh(x Wg + h Ug + bg)
 *     c' = f * c + i * g
 *     o  = sigmoid(x Wo + h Uo + bo)
 *     h' = o * tanh(c')
 *
 * x [B, input]; h, c and the gates [B, units]; W* [input, units]; U* [units, units]; b* [units]. Output: h'.
 */
export const lstm = defineCell({
  type: "lstm",
  summary:
    "Long short-term memory with a forget gate, without peepholes (Hochreiter, Schmidhuber 1997; Gers, Schmidhuber, Cummins 2000).",
  schema: z.strictObject({
    type: z.literal("lstm"),
    ...commonCellFields,
    forgetBias: z
      .number()
      .default(1)
      .describe(
        "Initial value of the forget gate's bias; 1 lets a new network remember (Gers et al. 2000; Jozefowicz et al. 2015).",
      ),
  }),
  make: ({ units, inputInit, recurrentInit, forgetBias }) => ({
    stateNames: ["h", "c"],
    states: () => [
      { name: "h", dims: [units] },
      { name: "c", dims: [units] },
    ],
    inputs: FEATURES,
    context: [],
    weights: ({
      inputs: {
        x: [input],
      },
    }) =>
      GATES.flatMap((gate): readonly WeightSpec[] => [
        { name: `W${gate}`, dims: [input, units], initializer: inputInit },
        { name: `U${gate}`, dims: [units, units], initializer: recurrentInit },
        {
          name: `b${gate}`,
          dims: [units],
          initializer: gate === "f" ? { type: "constant", value: forgetBias } : "zeros",
        },
      ]),
    start:
      ({ weights }) =>
      ({ g, inputs: { x }, state: { h, c } }) => {
        const affine = (gate: Gate): Value =>
          g.add(g.add(matmul(g, x, weights[`W${gate}`]), matmul(g, h, weights[`U${gate}`])), weights[`b${gate}`]);

        // 1. The forget gate decides what the cell keeps.
        const forget = g.named("forget", g.sigmoid(affine("f")));

        // 2. The input gate decides how much of the candidate the cell takes in.
        const input = g.named("input", g.sigmoid(affine("i")));
        const candidate = g.named("candidate", g.tanh(affine("g")));

        // 3. The new cell state.
        const nextC = g.named("nextC", g.add(g.mul(forget, c), g.mul(input, candidate)));

        // 4. The output gate decides what of the cell state shows as hidden state.
        const output = g.named("output", g.sigmoid(affine("o")));
        const nextH = g.named("nextH", g.mul(output, g.tanh(nextC)));

        return { state: { h: nextH, c: nextC }, output: nextH };
      },
  }),
});
