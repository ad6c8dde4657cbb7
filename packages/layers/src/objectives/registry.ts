/** The losses and metrics that configs can name. One line each; whatever can be a loss can be watched as a metric too. */
import * as z from "zod";
import { binaryAccuracy, binaryCrossEntropy } from "./binary.js";
import { accuracy, bitsPerSymbol, perplexity, softmaxCrossEntropy } from "./classification.js";
import { equations } from "./equations.js";
import { lossFields, type Better, type ObjectiveDefinition } from "./objective.js";
import { meanAbsoluteError, meanSquaredError } from "./regression.js";

export const losses = {
  meanSquaredError,
  meanAbsoluteError,
  softmaxCrossEntropy,
  binaryCrossEntropy,
  equations,
} as const;

export const metrics = { ...losses, accuracy, binaryAccuracy, perplexity, bitsPerSymbol } as const;

type Loss = (typeof losses)[keyof typeof losses];
type MetricSchema = (typeof metrics)[keyof typeof metrics]["schema"];

const withWeight = <D extends Loss>({ summary, schema }: D) => ({
  summary,
  schema: z.strictObject({ ...(schema as D["schema"]).shape, ...lossFields }),
});
type LossSchema = ReturnType<typeof withWeight<Loss>>["schema"];

/** The losses as configs write them, where each has a weight. */
export const weightedLosses = Object.values(losses).map((definition) => withWeight<Loss>(definition));

const lossSchemas = weightedLosses.map(({ schema }): LossSchema => schema);
const metricSchemas = Object.values(metrics).map((definition): MetricSchema => definition.schema);

/** How a config writes the loss. */
export const lossSchema = z
  .discriminatedUnion("type", lossSchemas as [LossSchema, ...LossSchema[]])
  .meta({ id: "loss", description: "What is made small, and of what." });

/** How a config writes a metric. */
export const metricSchema = z
  .discriminatedUnion("type", metricSchemas as [MetricSchema, ...MetricSchema[]])
  .meta({ id: "metric", description: "What is computed for people to watch, and of what." });

/** A loss or a metric with its settings. */
export type ObjectiveConfig = z.output<typeof metricSchema>;

/** The definition of the loss or metric that a config describes. */
export const objectiveDefinitionOf = (config: ObjectiveConfig): ObjectiveDefinition => metrics[config.type];

/** Which of two values of a loss or metric is the better one. */
export function betterSideOf(config: ObjectiveConfig): Better {
  const { better } = objectiveDefinitionOf(config);
  return typeof better === "function" ? better(config) : better;
}
