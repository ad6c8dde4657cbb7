/** Opening tasks from their configs, and reading batches, for the tests of tasks. */
import { formatType, type TensorData } from "@latchgrad/core";
import type { Batch, Split } from "../../src/data/batch.js";
import { textBytes } from "../../src/data/file-bytes.js";
import { openTask, signatureOf, taskSchema } from "../../src/tasks/registry.js";
import type { ReadFile, Task } from "../../src/tasks/task.js";

export interface OpenOptions {
  readonly seed?: string | number;
  readonly dtype?: "f32" | "f64";
  readonly readFile?: ReadFile;
}

export const openAny = async (
  config: object,
  { seed = "tests", dtype = "f64", readFile }: OpenOptions = {},
): Promise<Task> =>
  openTask(taskSchema.parse(config), {
    seed,
    dtype,
    openFile: readFile === undefined ? undefined : async (path) => textBytes(await readFile(path)),
  });

/** A task that has its batches at once, as all have that do not read them from files. */
export interface ReadyTask extends Task {
  batch(split: Split, index: number, size: number): Batch;
}

export async function open(config: object, options: OpenOptions = {}): Promise<ReadyTask> {
  const task = await openAny(config, options);
  return {
    ...task,
    batch(split, index, size) {
      const batch = task.batch(split, index, size);
      if (batch instanceof Promise) throw new Error("the batch comes later");
      return batch;
    },
  };
}

/** Names and types that a config promises, with the symbols replaced by these sizes. */
export function promisedTypes(config: object, dtype: "f32" | "f64", B: number, T: number): Record<string, string> {
  const { inputs, targets } = signatureOf(taskSchema.parse(config), dtype);
  const sizeOf = (dim: number | string): number | string =>
    dim === "B" ? B : dim === "T" ? T : dim === "S" ? T + 1 : dim;
  return Object.fromEntries(
    Object.entries({ ...inputs, ...targets }).map(([name, type]) => [
      name,
      formatType({ dtype: type.dtype, dims: type.dims.map(sizeOf) }),
    ]),
  );
}

export const typesOf = (batch: Batch): Record<string, string> =>
  Object.fromEntries(Object.entries(batch).map(([name, { dtype, dims }]) => [name, formatType({ dtype, dims })]));

/** Row `b` of a tensor, flat. */
export function rowOf({ dims, data }: TensorData, b: number): readonly number[] {
  const width = data.length / dims[0];
  return Array.from(data.slice(b * width, (b + 1) * width));
}

/** All rows of the first `count` batches. */
export const batchesOf = (task: ReadyTask, split: Split, count: number, size: number): readonly Batch[] =>
  Array.from({ length: count }, (_, index) => task.batch(split, index, size));

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Numbers of the hot elements of one-hot vectors [T, symbols]; -1 where none is hot. */
export const hotOf = (row: readonly number[], symbols: number): readonly number[] =>
  Array.from({ length: row.length / symbols }, (_, t) => row.slice(t * symbols, (t + 1) * symbols).indexOf(1));
