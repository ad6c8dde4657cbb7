/** A linear rise at the start, before any other schedule begins. */
import * as z from "zod";
import { plainScheduleOf, plainScheduleSchemas } from "./plain.js";
import { stepsField, type Schedule } from "./schedule.js";

const schema = z.strictObject({
  type: z.literal("warmup"),
  steps: stepsField.meta({ description: "Steps of the rise.", examples: [200] }),
  from: z.number().min(0).max(1).default(0).describe("The share of the full rate that the first step has."),
  then: z.discriminatedUnion("type", plainScheduleSchemas).meta({
    description: "The schedule that begins when the rise is done.",
    examples: [{ type: "cosine", rate: 0.01, steps: 2000 }],
  }),
});

/**
 * Goyal et al. 2017, "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", section 2.2.
 * Before its time `then` is asked for its first rate, so one product covers the rise and what follows.
 */
export const warmup: Schedule<typeof schema> = {
  type: "warmup",
  summary: "The rate rises linearly to its full value; then another schedule begins at its own step 0.",
  formula: "rate(t) = min(1, from + (1 - from) · t / steps) · then(max(0, t - steps))",
  schema,
  rate(g, t, { steps, from, then }) {
    const rise = g.min(g.add(g.mul(g.div(t, steps), 1 - from), from), 1);
    return g.mul(plainScheduleOf(then).rate(g, g.max(g.sub(t, steps), 0), then), rise);
  },
};
