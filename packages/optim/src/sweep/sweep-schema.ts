/** A sweep: many trainings of one experiment with other settings, as a document. */
import { jsonSchemaOf, readWithSchema } from "@latchgrad/layers";
import * as z from "zod";
import { SPLITS } from "../data/batch.js";
import { distributions, distributionSchema } from "./distributions.js";

/** The version that this code writes and reads. */
export const SWEEP_FORMAT = 1;
/** More trials than this are a mistake rather than a plan. */
export const MOST_TRIALS = 10_000;
const MOST_VALUES = 1000;

const valuesOfPaths = <S extends z.ZodType>(value: S) => z.record(z.string().min(1).max(1000), value);

export const sweepSchema = z
  .strictObject({
    $schema: z
      .string()
      .max(2000)
      .optional()
      .meta({
        description: "Where the JSON Schema is.",
        examples: ["./node_modules/@latchgrad/optim/schema/sweep-1.json"],
      }),
    format: z.literal(SWEEP_FORMAT).describe("Version of the document's form."),
    name: z
      .string()
      .min(1)
      .max(200)
      .meta({ description: "What the sweep is called.", examples: ["cells by length"] }),
    model: z
      .string()
      .min(1)
      .max(2000)
      .meta({ description: "Path of the experiment, from this document on.", examples: ["adding-lstm.json"] }),
    set: valuesOfPaths(z.unknown())
      .default({})
      .describe(
        "Fields of the experiment that are changed for all trials, by path as for --set: training.steps, or /training/steps.",
      ),
    grid: valuesOfPaths(z.array(z.unknown()).min(1).max(MOST_VALUES))
      .default({})
      .meta({
        description: "Fields and their values; every combination is tried.",
        examples: [{ "layers.memory.cell.type": ["lstm", "gru"], "task.length": [20, 50] }],
      }),
    random: z
      .strictObject({
        samples: z
          .int()
          .min(1)
          .max(MOST_TRIALS)
          .meta({ description: "How many draws.", examples: [20] }),
        seed: z
          .union([z.string().max(1000), z.int()])
          .default("sweep")
          .describe("Of the draws; the same seed gives the same ones."),
        values: valuesOfPaths(distributionSchema).meta({
          description:
            "Fields and what their values are drawn from. Every draw is tried with every combination of the grid.",
          examples: [{ "training.optimizer.learningRate": { type: "logUniform", low: 0.0001, high: 0.1 } }],
        }),
      })
      .optional()
      .meta({
        description: "Values drawn at random.",
        examples: [{ samples: 10, values: { "training.batch": { type: "choice", values: [16, 32] } } }],
      }),
    seeds: z
      .array(z.union([z.string().max(1000), z.int()]))
      .min(1)
      .max(MOST_VALUES)
      .optional()
      .meta({
        description: "Each setting is trained once with each of these as training.seed; results are means over them.",
        examples: [[1, 2, 3]],
      }),
    rank: z
      .strictObject({
        metric: z
          .string()
          .max(200)
          .default("loss")
          .describe('What trials are compared by: "loss" or the name of a metric.'),
        split: z
          .enum(SPLITS)
          .default("validation")
          .describe("The part of the data that decides. The test part is told in any case."),
      })
      .prefault({})
      .describe("What makes one setting better than another."),
    precision: z.enum(["fast", "reproducible"]).default("fast").describe("How sums of products are rounded."),
  })
  .describe("A Latchgrad sweep: one experiment with many settings.");

/** A sweep as a person writes it. */
export type SweepDocument = z.input<typeof sweepSchema>;
export type SweepConfig = z.output<typeof sweepSchema>;

/** The sweep in a JSON value. Throws ConfigError with every problem. */
export const readSweep = (document: unknown): SweepConfig => readWithSchema(sweepSchema, document);

/** The JSON Schema of a sweep; published as schema/sweep-1.json. */
export const sweepJsonSchema = (): object => jsonSchemaOf(sweepSchema, Object.values(distributions));
