/** A rate that decays by the same factor at each step. */
import * as z from "zod";
import { scalar } from "../scalars.js";
import { rateField, stepsField, type Schedule } from "./schedule.js";

const schema = z
  .strictObject({
    type: z.literal("exponential"),
    rate: rateField.meta({ description: "The rate of the first step.", examples: [0.01] }),
    factor: z
      .number()
      .positive()
      .meta({ description: "What the rate is multiplied by in the course of `every` steps.", examples: [0.5] }),
    every: stepsField.default(1).describe("Steps in which the factor acts once, smoothly."),
  })
  .meta({ id: "exponentialSchedule" });

export const exponential: Schedule<typeof schema> = {
  type: "exponential",
  summary: "The rate decays smoothly by a factor per so many steps.",
  formula: "rate(t) = rate · factor^(t / every)",
  schema,
  rate: (g, t, { rate, factor, every }) => g.mul(g.pow(scalar(g, factor, t.type.dtype), g.div(t, every)), rate),
};
