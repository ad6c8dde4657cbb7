/** The same rate at every step. */
import * as z from "zod";
import { scalar } from "../scalars.js";
import { rateField, type Schedule } from "./schedule.js";

const schema = z.strictObject({ type: z.literal("constant"), rate: rateField }).meta({ id: "constantSchedule" });

export const constant: Schedule<typeof schema> = {
  type: "constant",
  summary: "The same rate at every step; a plain number is the short form.",
  formula: "rate(t) = rate",
  schema,
  rate: (g, t, { rate }) => scalar(g, rate, t.type.dtype),
};
