/** A rate that drops every so many steps. */
import * as z from "zod";
import { scalar } from "../scalars.js";
import { rateField, stepsField, type Schedule } from "./schedule.js";

const schema = z
  .strictObject({
    type: z.literal("step"),
    rate: rateField.meta({ description: "The rate of the first steps.", examples: [0.01] }),
    every: stepsField.meta({ description: "Steps between two drops.", examples: [1000] }),
    factor: z.number().positive().default(0.1).describe("What the rate is multiplied by at each drop."),
  })
  .meta({ id: "stepSchedule" });

export const step: Schedule<typeof schema> = {
  type: "step",
  summary: "The rate is multiplied by a factor every so many steps.",
  formula: "rate(t) = rate · factor^floor(t / every)",
  schema,
  rate: (g, t, { rate, every, factor }) =>
    g.mul(g.pow(scalar(g, factor, t.type.dtype), g.floor(g.div(t, every))), rate),
};
