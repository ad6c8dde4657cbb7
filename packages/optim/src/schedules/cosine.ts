/** Half a wave of the cosine, from the full rate down to a floor. */
import * as z from "zod";
import { rateField, stepsField, type Schedule } from "./schedule.js";

const schema = z
  .strictObject({
    type: z.literal("cosine"),
    rate: rateField.meta({ description: "The rate of the first step.", examples: [0.01] }),
    steps: stepsField.meta({ description: "Steps from the full rate down to the floor.", examples: [2000] }),
    floor: z.number().nonnegative().default(0).describe("The lowest rate."),
    after: z
      .enum(["hold", "rise"])
      .default("hold")
      .describe("Past the end: stay at the floor, or follow the wave up again."),
  })
  .meta({ id: "cosineSchedule" });

/** Loshchilov & Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", equation 5, without restarts. */
export const cosine: Schedule<typeof schema> = {
  type: "cosine",
  summary: "The rate follows half a cosine wave down to a floor.",
  formula:
    "rate(t) = floor + (rate - floor) · (1 + cos(π · min(t, steps) / steps)) / 2; without the min where after is rise",
  schema,
  rate(g, t, { rate, steps, floor, after }) {
    const done = g.div(after === "hold" ? g.min(t, steps) : t, steps);
    return g.add(g.mul(g.add(g.cos(g.mul(done, Math.PI)), 1), (rate - floor) / 2), floor);
  },
};
