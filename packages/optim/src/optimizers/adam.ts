/** Adam, and AdamW, which only differs in how weights decay. */
import { portableLog, type GraphBuilder, type Value } from "@latchgrad/core";
import * as z from "zod";
import { scalar } from "../scalars.js";
import { decayField, epsilonField, learningRateField, moved, type Optimizer, type UpdateRule } from "./optimizer.js";

const fields = {
  learningRate: learningRateField,
  beta1: decayField(0.9),
  beta2: decayField(0.999),
  epsilon: epsilonField(1e-8),
};
const adamSchema = z.strictObject({ type: z.literal("adam"), ...fields });
const adamWSchema = z.strictObject({
  type: z.literal("adamW"),
  ...fields,
  weightDecay: z
    .number()
    .nonnegative()
    .default(0.01)
    .describe("Share of the learning rate by which weights shrink at each update, apart from the gradient."),
});

export type AdamSlot = "mean" | "square";
type AdamOptions = Readonly<Record<"beta1" | "beta2" | "epsilon", number>>;

/**
 * 1 - beta^t, by which an average of t values that began at zero is too small.
 * As -expm1(t · ln beta) it keeps full relative accuracy in f32 also while beta^t is near 1.
 */
function startedShare(g: GraphBuilder, beta: number, t: Value): Value {
  // An average without memory is never too small, and ln 0 does not exist.
  if (beta === 0) return scalar(g, 1, t.type.dtype);
  return g.neg(g.expm1(g.mul(t, portableLog(beta))));
}

/** Algorithm 1 of the paper, with the corrections of both averages taken into the scalars. */
function adamStep(
  { g, gradient, state, learningRate, count, options, once }: UpdateRule<AdamOptions, AdamSlot>,
  param: Value,
): { readonly param: Value; readonly state: Readonly<Record<AdamSlot, Value>> } {
  const { beta1, beta2, epsilon } = options;
  const mean = moved(g, state.mean, gradient, beta1);
  const square = moved(g, state.square, g.mul(gradient, gradient), beta2);
  const rate = once("rate", () => g.div(learningRate, startedShare(g, beta1, count)));
  const rootScale = once("rootScale", () => g.rsqrt(startedShare(g, beta2, count)));
  const divisor = g.add(g.mul(g.sqrt(square), rootScale), epsilon);
  return { param: g.sub(param, g.mul(g.div(mean, divisor), rate)), state: { mean, square } };
}

const averages = [
  "mean' = beta1 · mean + (1 - beta1) · g",
  "square' = beta2 · square + (1 - beta2) · g²",
  "m = mean' / (1 - beta1^t), s = square' / (1 - beta2^t)",
] as const;

export const adam: Optimizer<typeof adamSchema, AdamSlot> = {
  type: "adam",
  summary:
    "Running averages of gradient and squared gradient, corrected for their start at zero, set each element's step.",
  source: "Kingma & Ba 2015, Adam: a method for stochastic optimization, algorithm 1",
  formula: [...averages, "W' = W - learningRate · m / (√s + epsilon)"],
  schema: adamSchema,
  slots: () => ["mean", "square"],
  update: (rule) => adamStep(rule, rule.param),
};

export const adamW: Optimizer<typeof adamWSchema, AdamSlot> = {
  type: "adamW",
  summary: "Adam, where weights shrink by a share of the learning rate instead of through the gradient.",
  source: "Loshchilov & Hutter 2019, Decoupled weight decay regularization, algorithm 2 with the rate as its schedule",
  formula: [...averages, "W' = W · (1 - learningRate · weightDecay) - learningRate · m / (√s + epsilon)"],
  schema: adamWSchema,
  slots: () => ["mean", "square"],
  update(rule) {
    const { g, param, learningRate, options, once } = rule;
    const kept = once("kept", () => g.sub(1, g.mul(learningRate, options.weightDecay)));
    return adamStep(rule, g.mul(param, kept));
  },
};
