/** The registry: one line per task. */
import type { FloatDType } from "@latchgrad/core";
import { readWithSchema, type Signature } from "@latchgrad/layers";
import * as z from "zod";
import { adding } from "./adding.js";
import { copyMemory } from "./copy-memory.js";
import { mackeyGlass } from "./mackey-glass.js";
import { sequences } from "./sequences.js";
import { series } from "./series.js";
import { sine } from "./sine.js";
import { makeCoder, type DataCoder } from "../data/coder.js";
import type { DataContext } from "../data/context.js";
import type { Fitted } from "../data/fitted.js";
import { mapFiles } from "../data/open-files.js";
import { formatOf } from "../data/table-fields.js";
import { makeTextCoder, type TextCoder } from "../data/text/text-coder.js";
import type { Task, TaskDefinition } from "./task.js";
import { temporalOrder } from "./temporal-order.js";
import { asText, text, textCharacters } from "./text.js";
import { transduction } from "./transduction.js";

export const tasks = {
  adding,
  copyMemory,
  mackeyGlass,
  sequences,
  series,
  sine,
  temporalOrder,
  text,
  textCharacters,
  transduction,
} as const;

export const taskSchema = z
  .discriminatedUnion("type", [
    adding.schema,
    copyMemory.schema,
    mackeyGlass.schema,
    sequences.schema,
    series.schema,
    sine.schema,
    temporalOrder.schema,
    text.schema,
    textCharacters.schema,
    transduction.schema,
  ])
  .meta({ description: "Where examples come from.", examples: [{ type: "adding", length: 50 }] });
export type TaskConfig = z.output<typeof taskSchema>;

/** The definition that a config names. */
const taskOf = (config: TaskConfig): TaskDefinition<z.ZodType<TaskConfig>> => tasks[config.type];

/** Types of a task's inputs and targets; float ones have element type `dtype`. */
export const signatureOf = (config: TaskConfig, dtype: FloatDType): Signature =>
  taskOf(config).signature(config, dtype);

/** The config of a task for sequences of another length; undefined where the task has no such option. Throws ConfigError for a length that it cannot have. */
export function taskAtLength(config: TaskConfig, length: number): TaskConfig | undefined {
  const changed = taskOf(config).atLength?.(config, length);
  return changed === undefined
    ? undefined
    : readWithSchema(taskSchema, changed, { pointer: "/training/diagnose/lengths" });
}

/** Whether the batches of a task go on where the ones before ended, with the state of the model handed over. */
export const isStream = (config: TaskConfig): boolean => "order" in config && config.order === "stream";

/** The task ready to give batches. Throws ConfigError when a file cannot be read, or the data are too few. */
export const openTask = async (config: TaskConfig, context: DataContext): Promise<Task> =>
  taskOf(config).open(config, context);

/** Rows that are read at once for predictions; those of streams have no end. */
const LONGEST_SERIES = 1_000_000;

/**
 * What turns rows into inputs and predictions back, for a task whose data are rows of files; undefined for others. Rows are written as the
 * task's are, or in `format`. Throws ConfigError.
 */
export const coderOf = (
  config: TaskConfig,
  fitted: Fitted,
  dtype: FloatDType,
  format?: DataCoder["format"],
): DataCoder | undefined => {
  if (config.type !== "sequences" && config.type !== "series") return undefined;
  const sequence = config.type === "sequences" ? config.sequence : config.series;
  return makeCoder({
    columns: config,
    fitted,
    dtype,
    format: formatOf({ ...config, format: format ?? config.format }),
    sequence,
    isSeries: config.type === "series" && sequence === undefined,
    hasLengths: config.type === "sequences",
    longest: config.type === "sequences" ? config.longest : LONGEST_SERIES,
  });
};

/** What turns texts into inputs and predictions back, for a task whose data are a text; undefined for others. Throws ConfigError. */
export const textCoderOf = (config: TaskConfig, fitted: Fitted, dtype: FloatDType): TextCoder | undefined =>
  config.type === "text" || config.type === "textCharacters"
    ? makeTextCoder({ ...(config.type === "text" ? config : asText(config)), fitted, dtype })
    : undefined;

/** The same task with its files under other paths; a task that names none as it is. */
export const withFiles = (config: TaskConfig, change: (path: string) => string): TaskConfig => {
  switch (config.type) {
    case "textCharacters":
      return { ...config, files: config.files.map(change) };
    case "sequences":
    case "series":
    case "text":
      return { ...config, files: mapFiles(config.files, change) };
    default:
      return config;
  }
};
