/**
 * What losses and metrics are: a number per position, and its mean over the
 * positions that count. One object each, as with layers; a loss is an objective that has a
 * gradient worth following.
 */
import { mean, type GraphBuilder, type TensorType, type Value } from "@latchgrad/core";
import * as z from "zod";
import { nameSchema, referenceSchema } from "../config/names.js";

/** An objective in a document. */
export interface ObjectivePlace<Config> {
  readonly config: Config;
  /** JSON pointer. */
  readonly pointer: string;
}

export type Better = "lower" | "higher";
export const BETTER = ["lower", "higher"] as const satisfies readonly Better[];

export interface ObjectiveDefinition<S extends z.ZodObject = z.ZodObject> {
  readonly type: string;
  /** One sentence. */
  readonly summary: string;
  readonly schema: S;
  /** What prediction and target it takes; completes "needs". */
  readonly needs: string;
  accepts(prediction: TensorType, target: TensorType): boolean;
  /** The value at each position, to be averaged: [B, ...]. */
  each(g: GraphBuilder, prediction: Value, target: Value, place: ObjectivePlace<z.output<S>>): Value;
  /** Makes the result of the mean. Absent: it is the mean. */
  finish?(g: GraphBuilder, mean: Value): Value;
  /** How values of several batches become one: the mean, or, for what is an exponential of a mean, the geometric mean. */
  readonly average: "arithmetic" | "geometric";
  /** Which of two values is the better one; a function where the document says it. */
  readonly better: Better | ((config: z.output<S>) => Better);
}

/** The keys that every objective has. */
const commonFields = {
  name: nameSchema.optional().meta({
    id: "objectiveName",
    description:
      "How it is called among the results, such as a metric to stop at. By default its type. A loss that is the only one is " +
      'called "loss".',
    examples: ["forecast"],
  }),
  prediction: referenceSchema.optional().meta({
    id: "prediction",
    description: "The layer output that is judged. By default the model's prediction.",
    examples: ["forecast"],
  }),
  target: nameSchema
    .default("y")
    .meta({ id: "target", description: "The target of the task that it is compared with." }),
  mask: z
    .union([nameSchema, z.literal(false)])
    .optional()
    .meta({
      id: "mask",
      description:
        'Name of the target with a weight per position, [B] or [B, T]; positions with 0 do not count. By default "mask", ' +
        "when the task has it; false counts all positions.",
      examples: ["mask", false],
    }),
};

/** The schema of an objective without settings of its own. */
export const objectiveSchema = <const Type extends string>(type: Type) =>
  z.strictObject({ type: z.literal(type), ...commonFields });

/** What a loss has besides. */
export const lossFields = {
  weight: z.number().nonnegative().default(1).meta({
    id: "lossWeight",
    description: "What the loss is multiplied with in the sum of all losses, which training makes small.",
  }),
};

/** Keeps the type of the schema. */
export const defineObjective = <S extends z.ZodObject>(definition: ObjectiveDefinition<S>): typeof definition =>
  definition;

/**
 * The mean of `each` [B, ...]. A mask [B] or [B, T] weights the positions: the result is Σ mask·each / Σ mask over all
 * elements, and 0 when the mask is 0 everywhere, so that a batch without any target does no harm.
 */
export function maskedMean(g: GraphBuilder, each: Value, mask: Value | undefined): Value {
  const axes = each.type.dims.map((_, axis) => axis);
  if (mask === undefined) return axes.length === 0 ? each : mean(g, each, { axis: axes });
  const weights = g.broadcast(g.cast(mask, { dtype: each.type.dtype }), {
    dims: each.type.dims,
    axes: mask.type.dims.map((_, axis) => axis),
  });
  const total = g.reduceSum(weights, { axes });
  return g.div(g.reduceSum(g.mul(each, weights), { axes }), g.select(g.eq(total, 0), 1, total));
}
