/** What checkpoints would save of a training step's memory, found by planning the step with them. */
import { CompileError, joinPointer, memoryOf, type DimBindings } from "@latchgrad/core";
import type { Model } from "@latchgrad/layers";
import type { Batch } from "./data/batch.js";
import { experimentStep, readExperiment, type Experiment } from "./experiment.js";

export interface CheckpointSaving {
  /** Pointers of the recurrent layers that keep all steps, of which "checkpoint": "sqrt" would keep some at a time. */
  readonly layers: readonly string[];
  /** Of a training step with checkpoints in all of them. */
  readonly bytes: number;
}

/** What the symbols of a model's types are in a batch. */
export function sizesOfBatch({ signature: { inputs, targets } }: Model, batch: Batch): DimBindings {
  const sizes: Record<string, number> = {};
  for (const [name, { dims }] of Object.entries({ ...inputs, ...targets }))
    dims.forEach((dim, axis) => {
      if (typeof dim === "string") sizes[dim] = batch[name].dims[axis];
    });
  return sizes;
}

/** A value of a config with checkpoints in every recurrent layer that has none; notes where these are. */
function withCheckpoints(value: unknown, pointer: string, found: string[]): unknown {
  if (Array.isArray(value))
    return value.map((each, i) => withCheckpoints(each, joinPointer(pointer, String(i)), found));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(
    ([key, each]) => [key, withCheckpoints(each, joinPointer(pointer, key), found)] as const,
  );
  const { type, checkpoint } = value as { readonly type?: unknown; readonly checkpoint?: unknown };
  if (type !== "recurrent" || checkpoint !== "none") return Object.fromEntries(entries);
  found.push(pointer);
  return { ...Object.fromEntries(entries), checkpoint: "sqrt" };
}

/** The memory of a training step if all recurrent layers had "checkpoint": "sqrt"; undefined where all have checkpoints. */
export function checkpointSaving({ config }: Experiment, sizes: DimBindings): CheckpointSaving | undefined {
  const found: string[] = [];
  const layers = withCheckpoints(config.layers, "/layers", found);
  if (found.length === 0) return undefined;
  const { graph } = experimentStep(readExperiment({ ...config, layers }));
  return { layers: found, bytes: memoryOf(graph, sizes).bytes };
}

/** From which part of the bytes on it is worth telling. */
const PART_WORTH_TELLING = 0.1;

/** Whether checkpoints save so much of `bytes` that somebody may want to know. */
export const isWorthTelling = (saving: CheckpointSaving | undefined, bytes: number): saving is CheckpointSaving =>
  saving !== undefined && saving.bytes <= (1 - PART_WORTH_TELLING) * bytes;

const isOfMemory = (code: string): boolean => code === "compile.memory" || code === "compile.memory-refused";

/** An error for a step that does not fit into memory, with what checkpoints would make of it as hint; any other error as it is. */
export function withSavingHint(error: unknown, experiment: Experiment, batch: Batch): unknown {
  if (!(error instanceof CompileError) || !error.issues.some(({ code }) => isOfMemory(code))) return error;
  const sizes = sizesOfBatch(experiment.model, batch);
  const saving = checkpointSaving(experiment, sizes);
  if (!isWorthTelling(saving, memoryOf(experimentStep(experiment).graph, sizes).bytes)) return error;
  const amount = `${(saving.bytes / 2 ** 20).toFixed(1)} MiB`;
  const hint = `"checkpoint": "sqrt" in ${saving.layers.join(", ")}, with which it is ${amount}; or a smaller batch, or shorter sequences`;
  return new CompileError(error.issues.map((issue) => (isOfMemory(issue.code) ? { ...issue, hint } : issue)));
}
