/**
 * Which columns of data files become which inputs and targets: their schemas, the types that they give, and the plain list of
 * slots that everything else works on. A slot is one column in one input or target.
 */
import { i32, type FloatDType, type TensorType } from "@latchgrad/core";
import { nameSchema, type Signature } from "@latchgrad/layers";
import * as z from "zod";

const MOST_SYMBOLS = 65_536;
const MOST_COLUMNS = 1000;

export const columnName = z.string().min(1).max(300);
export const normalizeField = z
  .enum(["standard", "minMax", "none"])
  .default("standard")
  .describe(
    "standard: mean 0 and standard deviation 1; minMax: 0 to 1; none: as they are. Mean, deviation and range are those of the training part.",
  );
const labelSchema = z.string().max(1000);

const numberColumnSchema = z.strictObject({
  column: columnName.meta({ description: "Name of a column of numbers.", examples: ["load"] }),
  normalize: normalizeField,
});
const categoryColumnSchema = z.strictObject({
  column: columnName.meta({ description: "Name of a column of categories.", examples: ["kind"] }),
  categories: z
    .union([
      z.int().min(2).max(MOST_SYMBOLS),
      z
        .array(labelSchema)
        .min(1)
        .max(MOST_SYMBOLS - 1),
    ])
    .meta({
      description:
        "The categories, or how many symbols there are: the most frequent categories of the training part, and symbol 0 for all others. A list has symbol 0 besides.",
      examples: [10, ["sun", "rain"]],
    }),
  encoding: z
    .enum(["oneHot", "index"])
    .default("oneHot")
    .describe(
      "One-hot vectors beside the other columns, or whole numbers for an embedding, as the only column of an input.",
    ),
});
const columnSchema = z.union([columnName, numberColumnSchema, categoryColumnSchema]);
type ColumnConfig = z.output<typeof columnSchema>;

export const inputsField = z
  .record(nameSchema, z.array(columnSchema).min(1).max(MOST_COLUMNS))
  .refine((inputs) => Object.keys(inputs).length > 0, { error: "there is at least one input" })
  .refine((inputs) => Object.values(inputs).every((columns) => columns.length === 1 || !columns.some(isIndex)), {
    error: "a column with encoding index is the only one of its input",
  })
  .meta({
    description:
      "What the model reads: for each input its columns, side by side. A name alone is a column of numbers, normalized by mean and deviation.",
    examples: [{ x: ["load", { column: "day", categories: 8 }] }],
  });

/** How often there is a target. */
const perField = (value: "step" | "sequence") =>
  z
    .enum(["step", "sequence"])
    .default(value)
    .describe(
      "Whether there is a target at every step, or one for the whole sequence; of a window, behind its last step.",
    );

const targetSchemaOf = (per: "step" | "sequence") =>
  z.union([
    z.strictObject({
      column: columnName.meta({ description: "Name of a column of classes.", examples: ["label"] }),
      classes: z.union([z.int().min(2).max(MOST_SYMBOLS), z.array(labelSchema).min(2).max(MOST_SYMBOLS)]).meta({
        description: "The classes in the order of their numbers, or how many the training part has at most.",
        examples: [["circle", "line"], 3],
      }),
      per: perField(per),
    }),
    z.strictObject({
      columns: z
        .array(columnName)
        .min(1)
        .max(MOST_COLUMNS)
        .meta({ description: "Names of columns of numbers, side by side.", examples: [["load"]] }),
      normalize: normalizeField,
      per: perField(per),
    }),
  ]);
export type TargetConfig = z.output<ReturnType<typeof targetSchemaOf>>;

export const targetsField = (per: "step" | "sequence") =>
  z
    .record(nameSchema, targetSchemaOf(per))
    .refine((targets) => Object.keys(targets).length > 0, { error: "there is at least one target" })
    .meta({
      description: "What the model is to say: for each target a column of classes, or columns of numbers.",
      examples: [{ y: { column: "label", classes: 3 } }, { y: { columns: ["load"] } }],
    });

/** Names that batches have besides those of the config. */
export const BESIDES = { lengths: "lengths", mask: "mask" } as const;
const TAKEN: readonly string[] = [...Object.values(BESIDES), "key", "step", "begins", "prediction", "loss"];

export interface ColumnsConfig {
  readonly inputs: Readonly<Record<string, readonly ColumnConfig[]>>;
  readonly targets: Readonly<Record<string, TargetConfig>>;
}

/** Whether names of inputs and targets mean one thing each, and none that batches have besides. */
export function namesDiffer({ inputs, targets }: ColumnsConfig): boolean {
  const names = [...Object.keys(inputs), ...Object.keys(targets)];
  return new Set(names).size === names.length && !names.some((name) => TAKEN.includes(name));
}
/** What is said where they do not. */
export const NAMES_RULE: { readonly path: string[]; readonly error: string } = {
  path: ["inputs"],
  error:
    "inputs and targets have different names, other than those with a meaning of their own, such as lengths and mask",
};

/** One column in one input or target. */
export interface Slot {
  /** The input or target. */
  readonly name: string;
  readonly column: string;
  /** Which of the wanted columns of a row it is. */
  readonly at: number;
  readonly is: "input" | "target";
  readonly per: "step" | "sequence";
  readonly values: SlotValues;
  /** First of its elements in the vector of the input or target, and how many it has; 0 of an index. */
  readonly offset: number;
  readonly width: number;
}

export type SlotValues =
  | { readonly kind: "number"; readonly normalize: "standard" | "minMax" | "none" }
  | {
      readonly kind: "symbol";
      /** Whether symbol 0 stands for what is not known. */
      readonly hasOther: boolean;
      readonly size: number;
      /** Absent: found in the training part. */
      readonly labels?: readonly string[] | undefined;
    };

export interface Columns {
  /** The columns that rows give, in their order; the column of the sequence, if any, is the first. */
  readonly wanted: readonly string[];
  readonly slots: readonly Slot[];
}

const isIndex = (column: ColumnConfig): boolean =>
  typeof column === "object" && "encoding" in column && column.encoding === "index";

/** The columns and slots that a config asks for; `first` is a column wanted besides. */
export function columnsOf({ inputs, targets }: ColumnsConfig, first?: string): Columns {
  const wanted: string[] = first === undefined ? [] : [first];
  const slots: Slot[] = [];
  const want = (column: string): number => {
    const at = wanted.indexOf(column);
    return at >= 0 ? at : wanted.push(column) - 1;
  };
  for (const [name, columns] of Object.entries(inputs)) {
    let offset = 0;
    for (const config of columns) {
      const column = typeof config === "string" ? config : config.column;
      const values = inputValues(config);
      const width = isIndex(config) ? 0 : values.kind === "number" ? 1 : values.size;
      slots.push({ name, column, at: want(column), is: "input", per: "step", values, offset, width });
      offset += width;
    }
  }
  for (const [name, target] of Object.entries(targets)) {
    const { per } = target;
    if ("column" in target) {
      const { column, classes } = target;
      const labels = typeof classes === "number" ? undefined : classes;
      const size = typeof classes === "number" ? classes : classes.length;
      const values = { kind: "symbol", hasOther: false, size, labels } as const;
      slots.push({ name, column, at: want(column), is: "target", per, values, offset: 0, width: 0 });
      continue;
    }
    target.columns.forEach((column, offset) => {
      const values = { kind: "number", normalize: target.normalize } as const;
      slots.push({ name, column, at: want(column), is: "target", per, values, offset, width: 1 });
    });
  }
  return { wanted, slots };
}

function inputValues(config: ColumnConfig): SlotValues {
  if (typeof config === "string") return { kind: "number", normalize: "standard" };
  if (!("categories" in config)) return { kind: "number", normalize: config.normalize };
  const { categories } = config;
  return typeof categories === "number"
    ? { kind: "symbol", hasOther: true, size: categories }
    : { kind: "symbol", hasOther: true, size: categories.length + 1, labels: categories };
}

/** Elements of the vectors of an input or target; 0 where it has whole numbers in their place. */
export const widthOf = (slots: readonly Slot[], name: string): number =>
  slots.filter((slot) => slot.name === name).reduce((sum, { width }) => sum + width, 0);

/** The types of inputs and targets. Targets of numbers are `horizon` vectors side by side. */
export function typesOf({ slots }: Columns, dtype: FloatDType, horizon = 1): Signature {
  const typeOf = ({ name, is, per }: Slot): TensorType => {
    const places = per === "step" ? ["B", "T"] : ["B"];
    const width = widthOf(slots, name);
    return width === 0 ? i32(...places) : { dtype, dims: [...places, is === "input" ? width : width * horizon] };
  };
  const named = (is: Slot["is"]): Record<string, TensorType> =>
    Object.fromEntries(slots.filter((slot) => slot.is === is).map((slot) => [slot.name, typeOf(slot)]));
  return { inputs: named("input"), targets: named("target") };
}
