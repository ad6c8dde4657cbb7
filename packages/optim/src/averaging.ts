/**
 * The exponential moving average of weights, which is often the better model
 * than the last weights (Polyak & Juditsky 1992, "Acceleration of stochastic
 * approximation by averaging"): average' = decay · average + (1 - decay) · W'.
 * It begins as the initial weights, and is kept as the state `average/<weight>`.
 */
import type { GraphBuilder, Value } from "@latchgrad/core";
import * as z from "zod";
import type { StateTensor } from "./optimizers/apply.js";
import { moved } from "./optimizers/optimizer.js";

export const averageSchema = z
  .strictObject({
    decay: z
      .number()
      .gt(0)
      .lt(1)
      .meta({ description: "Share of the average that stays at each update.", examples: [0.999] }),
  })
  .meta({
    description:
      "Keeps an exponential moving average of the weights. Evaluations and the final model use it instead of the last weights.",
    examples: [{ decay: 0.999 }],
  });
export type AverageConfig = z.output<typeof averageSchema>;

export const averageName = (weight: string): string => `average/${weight}`;

export const averagingState = (weights: readonly StateTensor[]): readonly StateTensor[] =>
  weights.map(({ name, type }) => ({ name: averageName(name), type }));

/** The next averages, from those before and the weights after the update. */
export const averageWeights = (
  g: GraphBuilder,
  { decay }: AverageConfig,
  weights: readonly StateTensor[],
  before: Readonly<Record<string, Value>>,
  after: Readonly<Record<string, Value>>,
): Readonly<Record<string, Value>> =>
  Object.fromEntries(
    weights.map(({ name }) => [averageName(name), moved(g, before[averageName(name)], after[name], decay)]),
  );
