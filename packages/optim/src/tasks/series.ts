/** Time series from data files, cut into windows: what comes next in them, or what is to be said of their steps. */
import type { FloatDType } from "@latchgrad/core";
import * as z from "zod";
import { floatTensor, integerTensor, type Batch } from "../data/batch.js";
import {
  columnName,
  columnsOf,
  inputsField,
  namesDiffer,
  NAMES_RULE,
  targetsField,
  typesOf,
  widthOf,
  type Slot,
} from "../data/columns.js";
import { put, stepTensors, type EncodedSteps } from "../data/encode.js";
import { openSeries } from "../data/series-store.js";
import { formatOf, tableFields } from "../data/table-fields.js";
import type { TaskDefinition } from "./task.js";
import { orderFields, splitFields, windowsOf } from "./windows.js";

const LONGEST = 100_000;

const schema = z
  .strictObject({
    type: z.literal("series"),
    ...tableFields,
    series: columnName.optional().meta({
      description:
        "The column that says which series a row belongs to; rows of one series stand together, in the order of time. Absent: each file is a series.",
      examples: ["station"],
    }),
    inputs: inputsField,
    targets: targetsField("step"),
    length: z
      .int()
      .min(1)
      .max(LONGEST)
      .meta({ description: "Number of rows in a window.", examples: [48] }),
    stride: z
      .int()
      .min(1)
      .max(LONGEST)
      .optional()
      .meta({
        description:
          "Rows from the beginning of a window to that of the next one; less than length makes windows overlap. Absent: length.",
        examples: [12],
      }),
    ahead: z
      .int()
      .min(0)
      .max(10_000)
      .default(1)
      .describe("How many steps later than the input the first target is; 0 is the same row."),
    horizon: z
      .int()
      .min(1)
      .max(10_000)
      .default(1)
      .describe("How many steps a target of numbers has, from `ahead` on, side by side."),
    ...orderFields,
    ...splitFields,
  })
  .refine(namesDiffer, NAMES_RULE)
  .refine(({ targets, horizon }) => horizon === 1 || !Object.values(targets).some((target) => "column" in target), {
    path: ["horizon"],
    error: "a target of classes has a horizon of one step",
  })
  .refine(({ order, stride, length }) => order !== "stream" || stride === undefined || stride === length, {
    path: ["stride"],
    error: "windows of streams follow each other: their stride is their length",
  });

/** Targets of windows: at each step, or behind the last one, the values from `ahead` on. */
function targetTensors(
  slots: readonly Slot[],
  windows: readonly EncodedSteps[],
  { length, ahead, horizon }: { readonly length: number; readonly ahead: number; readonly horizon: number },
  dtype: FloatDType,
): Batch {
  const tensors: Record<string, Batch[string]> = {};
  slots.forEach((slot, i) => {
    if (slot.is !== "target") return;
    const { name, per } = slot;
    const width = widthOf(slots, name);
    const places = per === "step" ? [windows.length, length] : [windows.length];
    const tensor = (tensors[name] ??=
      width === 0 ? integerTensor(...places) : floatTensor(dtype, ...places, width * horizon));
    const size = Math.max(1, width);
    windows.forEach(({ values }, b) => {
      for (let t = per === "step" ? 0 : length - 1; t < length; t++) {
        const place = per === "step" ? b * length + t : b;
        for (let h = 0; h < horizon; h++) put(tensor, (place * horizon + h) * size, slot, values[i][t + ahead + h]);
      }
    });
  });
  return tensors;
}

/**
 * Inputs [B,T,columns] of floats, or i32[B,T] of symbols; targets per step [B,T,columns·horizon], the columns of each step ahead side by
 * side, or i32[B,T] of classes; those of the whole window are without T.
 */
export const series: TaskDefinition<typeof schema> = {
  type: "series",
  summary: "Forecast time series from data files, or tell something about their steps.",
  source: "your own CSV or JSON lines files",
  usual: { loss: "meanSquaredError", metrics: ["meanAbsoluteError"] },
  schema,
  signature: (config, dtype) => typesOf(columnsOf(config), dtype, config.horizon),
  async open(config, context) {
    const { length, stride, ahead, horizon, order, badRows, validation, test } = config;
    const { seed, dtype } = context;
    const columns = columnsOf(config, config.series);
    const { slots } = columns;
    const store = await openSeries(
      {
        files: config.files,
        format: formatOf(config),
        columns,
        hasId: config.series !== undefined,
        badRows,
        shares: { validation, test },
        ahead,
        horizon,
      },
      context,
    );
    const { stretches, baselines, data } = store;
    const reach = ahead + horizon - 1;
    const windows = windowsOf({ seed, task: "series", stretches, length, stride, order, ahead: reach });
    const inputs = slots.filter(({ is }) => is === "input");
    return {
      data,
      baselines,
      batchesPerEpoch: windows.batchesPerEpoch,
      async batch(split, index, size) {
        const read: EncodedSteps[] = [];
        for (const start of windows.starts(split, index, size)) read.push(await store.read(start, length + reach));
        const rows = read.map((encoded) => ({ encoded, from: 0, steps: length }));
        return {
          ...stepTensors(inputs, rows, length, dtype),
          ...targetTensors(slots, read, { length, ahead, horizon }, dtype),
          ...windows.besides(split, index, size),
        };
      },
    };
  },
};
