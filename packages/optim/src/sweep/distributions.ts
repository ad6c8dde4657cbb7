/** What values of a sweep can be drawn from. */
import { portableExp, portableLog } from "@latchgrad/core";
import { randomNumbers, type Seed } from "@latchgrad/layers";
import * as z from "zod";

const uniform = z
  .strictObject({
    type: z.literal("uniform"),
    low: z.number().meta({ description: "The least value.", examples: [0] }),
    high: z.number().meta({ description: "No value is above it.", examples: [1] }),
  })
  .refine(({ low, high }) => low < high, { error: "low is below high" });
const logUniform = z
  .strictObject({
    type: z.literal("logUniform"),
    low: z
      .number()
      .positive()
      .meta({ description: "The least value, above 0.", examples: [0.0001] }),
    high: z
      .number()
      .positive()
      .meta({ description: "No value is above it.", examples: [0.1] }),
  })
  .refine(({ low, high }) => low < high, { error: "low is below high" });
const integer = z
  .strictObject({
    type: z.literal("integer"),
    low: z.int().meta({ description: "The least value.", examples: [8] }),
    high: z.int().meta({ description: "The greatest value.", examples: [64] }),
  })
  .refine(({ low, high }) => low <= high, { error: "low is at most high" });
const choice = z.strictObject({
  type: z.literal("choice"),
  values: z
    .array(z.unknown())
    .min(1)
    .max(1000)
    .meta({ description: "Each is drawn alike often.", examples: [[16, 32, 64]] }),
});

/** The kinds of distributions, by name. */
export const distributions = {
  uniform: { summary: "A number between two, all alike likely.", schema: uniform },
  logUniform: { summary: "A positive number between two, all orders of magnitude alike likely.", schema: logUniform },
  integer: { summary: "A whole number from one to another, all alike likely.", schema: integer },
  choice: { summary: "One of some values.", schema: choice },
} as const;

export const distributionSchema = z.discriminatedUnion("type", [uniform, logUniform, integer, choice]);
export type Distribution = z.output<typeof distributionSchema>;

/** Draw `index` of a field: a function of the seed, the path and the index, so that another field changes no draw of this one. */
export function draw(distribution: Distribution, seed: Seed, path: string, index: number): unknown {
  const u = randomNumbers(seed, `/sweep/${path}/${index}`).uniform();
  switch (distribution.type) {
    case "uniform":
      return distribution.low + u * (distribution.high - distribution.low);
    case "logUniform":
      return Math.min(
        distribution.high,
        distribution.low * portableExp(u * portableLog(distribution.high / distribution.low)),
      );
    case "integer":
      return distribution.low + Math.floor(u * (distribution.high - distribution.low + 1));
    case "choice":
      return distribution.values[Math.floor(u * distribution.values.length)];
    default:
      return distribution satisfies never;
  }
}
