/** Values of slots as the numbers that a model reads, and stretches of them as a padded batch. */
import type { FloatDType, TensorData } from "@latchgrad/core";
import { floatTensor, integerTensor, type Batch } from "./batch.js";
import { widthOf, type Slot } from "./columns.js";
import type { Fitted } from "./fitted.js";

/** A sequence, or a stretch of one: for each slot its values, one per step, or a single one for the whole sequence. */
export interface EncodedSteps {
  readonly steps: number;
  readonly values: readonly Float64Array[];
}

/** For each slot the number that stands for a value: normalized, or the number of a symbol, which is -1 for a class that is not known. */
export function encodersOf(
  slots: readonly Slot[],
  { columns }: Fitted,
): readonly ((value: number | string) => number)[] {
  return slots.map(({ values }, i) => {
    const fitted = columns[i];
    if ("shift" in fitted) return (value) => (Number(value) - fitted.shift) / fitted.scale;
    const first = values.kind === "symbol" && values.hasOther ? 1 : 0;
    const numbers = new Map(fitted.symbols.map((symbol, n) => [symbol, n + first]));
    return (value) => numbers.get(String(value)) ?? first - 1;
  });
}

/** One row of a batch: the steps of a sequence from one on, as many as are there or as the batch has. */
export interface BatchRow {
  readonly encoded: EncodedSteps;
  readonly from: number;
  readonly steps: number;
}

/** Inputs, and targets per step, of rows padded with zeros to `length` steps. */
export function stepTensors(
  slots: readonly Slot[],
  rows: readonly BatchRow[],
  length: number,
  dtype: FloatDType,
): Batch {
  const tensors: Record<string, TensorData> = {};
  slots.forEach((slot, i) => {
    if (slot.per !== "step") return;
    const width = widthOf(slots, slot.name);
    const tensor = (tensors[slot.name] ??=
      width === 0 ? integerTensor(rows.length, length) : floatTensor(dtype, rows.length, length, width));
    rows.forEach(({ encoded, from, steps }, b) => {
      for (let t = 0; t < steps; t++)
        put(tensor, (b * length + t) * Math.max(1, width), slot, encoded.values[i][from + t]);
    });
  });
  return tensors;
}

/** Writes the value of a slot into the vector that begins at `start`, or the place of an index. */
export function put({ data }: TensorData, start: number, { offset, width, values }: Slot, value: number): void {
  if (values.kind === "symbol" && width > 0) data[start + offset + value] = 1;
  else data[start + offset] = value;
}

/** A target of the whole sequence, one row per example. */
export function sequenceTensors(slots: readonly Slot[], rows: readonly BatchRow[], dtype: FloatDType): Batch {
  const tensors: Record<string, TensorData> = {};
  slots.forEach((slot, i) => {
    if (slot.per !== "sequence") return;
    const width = widthOf(slots, slot.name);
    const tensor = (tensors[slot.name] ??=
      width === 0 ? integerTensor(rows.length) : floatTensor(dtype, rows.length, width));
    rows.forEach(({ encoded }, b) => {
      put(tensor, b * Math.max(1, width), slot, encoded.values[i][0]);
    });
  });
  return tensors;
}
