/** Sequences from data files: rows of numbers and categories, of any length, with classes or numbers to be told. */
import { i32 } from "@latchgrad/core";
import * as z from "zod";
import {
  columnName,
  columnsOf,
  inputsField,
  namesDiffer,
  NAMES_RULE,
  targetsField,
  typesOf,
  BESIDES,
} from "../data/columns.js";
import { sequenceTensors, stepTensors } from "../data/encode.js";
import { openSequences } from "../data/sequence-store.js";
import { formatOf, tableFields } from "../data/table-fields.js";
import { bucketsOf } from "./buckets.js";
import { floatTensor, integerTensor } from "../data/batch.js";
import type { TaskDefinition } from "./task.js";
import { splitFields } from "./windows.js";

const MOST_STEPS = 1_000_000;

const schema = z
  .strictObject({
    type: z.literal("sequences"),
    ...tableFields,
    sequence: columnName.optional().meta({
      description:
        "The column that says which sequence a row belongs to; rows of one sequence stand together. Absent, only with jsonLines: each line is a sequence, with lists.",
      examples: ["id"],
    }),
    inputs: inputsField,
    targets: targetsField("sequence"),
    longest: z.int().min(1).max(MOST_STEPS).default(10_000).describe("Steps of a sequence at most."),
    buckets: z
      .union([z.int().min(1).max(100), z.array(z.int().min(1).max(MOST_STEPS)).min(1).max(100)])
      .default(1)
      .describe(
        "Sequences of about the same length share batches, padded to the length of their bucket: how many buckets, or their lengths.",
      ),
    ...splitFields,
  })
  .refine(namesDiffer, NAMES_RULE)
  .refine(({ sequence, format }) => sequence !== undefined || format !== "csv", {
    path: ["sequence"],
    error: "rows of CSV files say which sequence they belong to",
  });

/**
 * Inputs [B,T,columns] of floats, or i32[B,T] of symbols, and `lengths` i32[B]; targets of one step or of the whole sequence, and
 * `mask` [B,T] where there are targets of steps: 1 where there is a step.
 */
export const sequences: TaskDefinition<typeof schema> = {
  type: "sequences",
  summary: "Tell something about sequences from data files.",
  source: "your own CSV or JSON lines files",
  usual: { loss: "softmaxCrossEntropy", metrics: ["accuracy"] },
  schema,
  signature(config, dtype) {
    const columns = columnsOf(config);
    const { inputs, targets } = typesOf(columns, dtype);
    const hasSteps = columns.slots.some(({ is, per }) => is === "target" && per === "step");
    return {
      inputs: { ...inputs, [BESIDES.lengths]: i32("B") },
      targets: { ...targets, ...(hasSteps ? { [BESIDES.mask]: { dtype, dims: ["B", "T"] } } : {}) },
    };
  },
  async open(config, context) {
    const { sequence, longest, badRows, buckets, validation, test } = config;
    const { seed, dtype } = context;
    const columns = columnsOf(config, sequence);
    const { slots } = columns;
    const store = await openSequences(
      {
        files: config.files,
        format: formatOf(config),
        columns,
        isPerRow: sequence !== undefined,
        longest,
        badRows,
        shares: { validation, test },
      },
      context,
    );
    const lengthsIn = (split: keyof typeof store.parts): readonly number[] =>
      store.parts[split].map(({ steps }) => steps);
    const order = bucketsOf({
      seed,
      task: "sequences",
      buckets,
      lengths: { train: lengthsIn("train"), validation: lengthsIn("validation"), test: lengthsIn("test") },
    });
    const hasSteps = slots.some(({ is, per }) => is === "target" && per === "step");
    return {
      data: store.data,
      baselines: store.baselines,
      batchesPerEpoch: order.batchesPerEpoch,
      async batch(split, index, size) {
        const { numbers, length } = order.batch(split, index, size);
        const rows = [];
        for (const number of numbers) {
          const encoded = await store.read(split, number);
          rows.push({ encoded, from: 0, steps: encoded.steps });
        }
        const lengths = integerTensor(rows.length);
        const mask = floatTensor(dtype, rows.length, length);
        rows.forEach(({ steps }, b) => {
          lengths.data[b] = steps;
          mask.data.fill(1, b * length, b * length + steps);
        });
        return {
          ...stepTensors(slots, rows, length, dtype),
          ...sequenceTensors(slots, rows, dtype),
          [BESIDES.lengths]: lengths,
          ...(hasSteps ? { [BESIDES.mask]: mask } : {}),
        };
      },
    };
  },
};
