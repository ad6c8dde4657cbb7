/**
 * What a learning rate schedule is: one object with its name, its options and
 * the rate as a graph of the step. Adding one touches its file, a line of the
 * registry, and a test case.
 */
import type { GraphBuilder, Value } from "@latchgrad/core";
import * as z from "zod";

export interface Schedule<S extends z.ZodType = z.ZodType> {
  readonly type: string;
  /** One sentence. */
  readonly summary: string;
  /** The rate at step t, the number of updates already done. */
  readonly formula: string;
  readonly schema: S;
  /** The rate at step `t`, a float scalar ≥ 0; a scalar of the same type. */
  rate(g: GraphBuilder, t: Value, options: z.output<S>): Value;
}

export const rateField = z
  .number()
  .positive()
  .meta({ description: "The learning rate, above 0.", examples: [0.01] });
export const stepsField = z.int().positive().describe("A number of steps, at least 1.");
