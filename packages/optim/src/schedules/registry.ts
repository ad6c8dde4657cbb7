/** All schedules by name, and what a config may write as a learning rate. */
import type { GraphBuilder, Value } from "@latchgrad/core";
import * as z from "zod";
import { scalar } from "../scalars.js";
import { plainScheduleSchemas, plainSchedules } from "./plain.js";
import { rateField, type Schedule } from "./schedule.js";
import { warmup } from "./warmup.js";

export const schedules = { ...plainSchedules, warmup } as const;

const scheduleSchema = z.discriminatedUnion("type", [...plainScheduleSchemas, warmup.schema]);
type ScheduleConfig = z.output<typeof scheduleSchema>;

/** A number, or a schedule by name with its options. */
export const learningRateSchema = z.union([rateField, scheduleSchema]).meta({
  id: "learningRate",
  description: "A number, or a schedule of the step.",
  examples: [0.01, { type: "cosine", rate: 0.01, steps: 2000 }],
});
export type LearningRateConfig = z.output<typeof learningRateSchema>;

/** The rate at step `t` (a float scalar: the number of updates done) as a scalar of the same type. */
export function learningRateAt(g: GraphBuilder, t: Value, config: LearningRateConfig): Value {
  if (typeof config === "number") return scalar(g, config, t.type.dtype);
  const schedule: Schedule<z.ZodType<ScheduleConfig>> = schedules[config.type];
  return schedule.rate(g, t, config);
}
