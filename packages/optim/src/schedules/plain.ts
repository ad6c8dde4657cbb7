/** The registry of schedules that stand by themselves; warm-up leads into any of them. */
import type * as z from "zod";
import { constant } from "./constant.js";
import { cosine } from "./cosine.js";
import { exponential } from "./exponential.js";
import type { Schedule } from "./schedule.js";
import { step } from "./step.js";

export const plainSchedules = { constant, cosine, exponential, step } as const;

export const plainScheduleSchemas = [constant.schema, cosine.schema, exponential.schema, step.schema] as const;

export type PlainScheduleConfig = z.output<(typeof plainScheduleSchemas)[number]>;

/** The definition that a config names. */
export const plainScheduleOf = (config: PlainScheduleConfig): Schedule<z.ZodType<PlainScheduleConfig>> =>
  plainSchedules[config.type];
