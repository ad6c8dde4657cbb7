/** The gated recurrent unit, with its reset gate before or after the recurrent product. */
import { matmul, type Value } from "@latchgrad/core";
import * as z from "zod";
import { commonCellFields, defineCell, FEATURES, type WeightSpec } from "./cell.js";

/** Suffixes of the weights: reset gate, update gate, candidate. */
const GATES = ["r", "z", "n"] as const;
type Gate = (typeof GATES)[number];

/**
 *     r  = sigmoid(x Wr + br + h Ur)
 *     z  = sigmoid(x Wz + bz + h Uz)
 *     n  = tanh(x Wn + (r * h) Un + bn)            reset "before"
 *     n  = tanh(x Wn + bn + r * (h Un + bUn))      reset "after"
 *     h' = (1 - z) * n + z * h
 *
 * x [B, input]; h and the gates [B, units]; W* [input, units]; U* [units, units]; b* [units]. Output: h'.
 */
export const gru = defineCell({
  type: "gru",
  summary:
    'Gated recurrent unit: reset "before" as in Cho et al. 2014 (arXiv:1406.1078), "after" as in cuDNN, PyTorch and Keras 3.',
  schema: z.strictObject({
    type: z.literal("gru"),
    ...commonCellFields,
    reset: z
      .enum(["before", "after"])
      .default("after")
      .describe(
        "Where the reset gate acts: before or after the product of the state with its weights. The two differ in their weights: " +
          '"after" has a further bias, bUn.',
      ),
  }),
  make: ({ units, inputInit, recurrentInit, reset }) => ({
    stateNames: ["h"],
    states: () => [{ name: "h", dims: [units] }],
    inputs: FEATURES,
    context: [],
    weights: ({
      inputs: {
        x: [input],
      },
    }) => [
      ...GATES.flatMap((gate): readonly WeightSpec[] => [
        { name: `W${gate}`, dims: [input, units], initializer: inputInit },
        { name: `U${gate}`, dims: [units, units], initializer: recurrentInit },
        { name: `b${gate}`, dims: [units], initializer: "zeros" },
      ]),
      ...(reset === "after" ? [{ name: "bUn", dims: [units], initializer: "zeros" } as const] : []),
    ],
    start:
      ({ weights }) =>
      ({ g, inputs: { x }, state: { h } }) => {
        const inputSide = (gate: Gate): Value => g.add(matmul(g, x, weights[`W${gate}`]), weights[`b${gate}`]);
        const gateOf = (gate: Gate): Value => g.sigmoid(g.add(inputSide(gate), matmul(g, h, weights[`U${gate}`])));

        const resetGate = g.named("reset", gateOf("r"));
        const update = g.named("update", gateOf("z"));
        const seen = inputSide("n");
        const memory =
          reset === "before"
            ? matmul(g, g.mul(resetGate, h), weights.Un)
            : g.mul(resetGate, g.add(matmul(g, h, weights.Un), weights.bUn));
        const candidate = g.named("candidate", g.tanh(g.add(seen, memory)));
        const next = g.named("nextH", g.add(g.mul(g.sub(1, update), candidate), g.mul(update, h)));
        return { state: { h: next }, output: next };
      },
  }),
});
