/** The registry: one line per task. */
import type { FloatDType } from "@latchgrad/core";
import { readWithSchema, type Signature } from "@latchgrad/layers";
import * as z from "zod";
import { adding } from "./adding.js";
import { copyMemory } from "./copy-memory.js";
import { mackeyGlass } from "./mackey-glass.js";
import { sine } from "./sine.js";
import type { Task, TaskContext, TaskDefinition } from "./task.js";
import { temporalOrder } from "./temporal-order.js";
import { textCharacters } from "./text-characters.js";
import { transduction } from "./transduction.js";

export const tasks = { adding, copyMemory, mackeyGlass, sine, temporalOrder, textCharacters, transduction } as const;

export const taskSchema = z
  .discriminatedUnion("type", [
    adding.schema,
    copyMemory.schema,
    mackeyGlass.schema,
    sine.schema,
    temporalOrder.schema,
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

/** The task ready to give batches. Throws ConfigError when a file cannot be read, or the data are too few. */
export const openTask = async (config: TaskConfig, context: TaskContext): Promise<Task> =>
  taskOf(config).open(config, context);
