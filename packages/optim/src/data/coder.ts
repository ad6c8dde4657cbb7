/**
 * From rows to the inputs of a trained model, and from its predictions back: numbers in their own units, classes by name. What was
 * fitted in training is all that it needs, so that a program which only predicts never sees the training data.
 */
import { portableExp, type FloatDType, type Issue, type TensorData } from "@latchgrad/core";
import { integerTensor, type Batch } from "./batch.js";
import { columnsOf, BESIDES, type Columns, type ColumnsConfig, type Slot } from "./columns.js";
import { openDataFile, type DataFile, type FormatOptions } from "./data-file.js";
import { encodersOf, stepTensors } from "./encode.js";
import { textBytes, type FileBytes } from "./file-bytes.js";
import { checkFitted, type Fitted, type FittedColumn } from "./fitted.js";
import { sequencesIn, type SequenceOptions, type Value } from "./read-values.js";

/** The input values of one sequence, as `DataCoder.read` gives them and `encode` takes them. */
export interface InputSequence {
  /** What the column of the sequence says, or the place of its line. */
  readonly id: string;
  readonly steps: number;
  /** For each column of an input its values, one per step: numbers as they stand in the file, texts of categories. */
  readonly values: readonly (readonly Value[])[];
  /** Why it cannot be used; none where it can. */
  readonly issues: readonly Issue[];
}

/** One prediction in the terms of the data: numbers by column and, in a forecast, step ahead; or classes by name. */
export interface Decoded {
  readonly columns: readonly {
    readonly column: string;
    /** Number, class, or for each step ahead one of them. */
    readonly values: readonly (number | string)[];
    /** The probability of each class, in the order of `classes`; absent for numbers. */
    readonly probabilities?: readonly number[] | undefined;
    readonly classes?: readonly string[] | undefined;
  }[];
}

/** Gives the part of a sequence that a line says; undefined for one that says none, such as the names of a CSV file's columns. Throws as `read` does. */
export type ReadLine = (text: string) => Promise<InputSequence | undefined>;

export interface DataCoder {
  /** How rows are written. */
  readonly format: FormatOptions["format"];
  /** The column that says which sequence a row belongs to. Absent: there is none. */
  readonly sequence: string | undefined;
  /** The columns that a file must have for the inputs; targets are not needed. */
  readonly columns: readonly string[];
  /**
   * The sequences of a file, in their order; it is never held as a whole. Throws ConfigError where columns are missing, DataError where
   * it is no text.
   */
  read(path: string, file: FileBytes): AsyncGenerator<InputSequence, void>;
  /** A reader of lines that come one by one, as from a pipe, each with the next step of a sequence, or a list of steps. */
  lines(path: string): ReadLine;
  /** The inputs of a batch: normalized, padded with zeros to the longest sequence, with `lengths`. A model may not use all of them. */
  encode(sequences: readonly Pick<InputSequence, "steps" | "values">[]): Batch;
  /**
   * What vectors of outputs [..., width] say about a target, one `Decoded` for each: numbers in their own units, classes by
   * the softmax of their logits.
   */
  decode(target: string, outputs: TensorData): readonly Decoded[];
}

export interface CoderOptions {
  readonly columns: ColumnsConfig;
  readonly fitted: Fitted;
  readonly dtype: FloatDType;
  readonly format: FormatOptions;
  /** The column of the sequence. Absent: each line of JSON lines is a sequence, or all rows of a file are one. */
  readonly sequence: string | undefined;
  /** Whether all rows of a file are one series. */
  readonly isSeries: boolean;
  /** Whether models may read the lengths of sequences. */
  readonly hasLengths: boolean;
  readonly longest: number;
}

/** Throws ConfigError where what was fitted belongs to other columns. */
export function makeCoder(options: CoderOptions): DataCoder {
  const { fitted, dtype, format, sequence, isSeries, hasLengths, longest } = options;
  const all = columnsOf(options.columns);
  checkFitted(fitted, all.slots);
  const columns: Columns = columnsOf({ inputs: options.columns.inputs, targets: {} }, sequence);
  const { slots, wanted } = columns;
  // Inputs come first among the slots, so that the first columns are theirs.
  const encoders = encodersOf(slots, fitted);
  const isPerRow = isSeries || sequence !== undefined;
  const rows: SequenceOptions = { slots, dtype, isPerRow, hasId: sequence !== undefined, longest };
  return {
    columns: wanted,
    format: format.format,
    sequence,
    async *read(path, bytes) {
      yield* sequencesIn(await openDataFile(path, bytes, wanted, format, "/task"), rows);
    },
    lines(path) {
      let file: DataFile | undefined;
      let line = 0;
      return async (text) => {
        line++;
        const bytes = textBytes(`${text}\n`);
        let byte = 0;
        if (file === undefined) {
          file = await openDataFile(path, bytes, wanted, format, "/task");
          if (format.format === "csv") return undefined;
          byte = file.start.byte;
        }
        for await (const found of sequencesIn({ ...file, bytes }, rows, { byte, line })) return found;
        return undefined;
      };
    },
    encode(sequences) {
      const stretches = sequences.map(({ steps, values }) => ({
        encoded: { steps, values: values.map((list, i) => Float64Array.from(list, encoders[i])) },
        from: 0,
        steps,
      }));
      const length = stretches.reduce((most, { steps }) => Math.max(most, steps), 1);
      const lengths = integerTensor(stretches.length);
      stretches.forEach(({ steps }, b) => (lengths.data[b] = steps));
      return { ...stepTensors(slots, stretches, length, dtype), ...(hasLengths ? { [BESIDES.lengths]: lengths } : {}) };
    },
    decode: (target, outputs) => decodeTarget(all.slots, fitted.columns, target, outputs),
  };
}

function decodeTarget(
  slots: readonly Slot[],
  fitted: readonly FittedColumn[],
  target: string,
  { dims, data }: TensorData,
): readonly Decoded[] {
  const places = slots.flatMap(({ name, is }, i) => (is === "target" && name === target ? [i] : []));
  const width = dims[dims.length - 1];
  const count = width === 0 ? 0 : data.length / width;
  return Array.from({ length: count }, (_, n): Decoded => {
    const vector = Float64Array.from(data.subarray(n * width, (n + 1) * width));
    return {
      columns: places.map((i, k) => {
        const found = fitted[i];
        const { column } = slots[i];
        if ("symbols" in found) return decodeClass(column, found.symbols, vector);
        const horizon = Math.floor(width / places.length);
        const values = Array.from(
          { length: horizon },
          (_, h) => vector[h * places.length + k] * found.scale + found.shift,
        );
        return { column, values };
      }),
    };
  });
}

function decodeClass(column: string, classes: readonly string[], logits: Float64Array): Decoded["columns"][number] {
  const known = logits.subarray(0, classes.length);
  const most = known.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = known.map((logit) => portableExp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return {
    column,
    values: [classes[known.indexOf(most)]],
    probabilities: Array.from(powers, (power) => power / sum),
    classes,
  };
}
