/** What a model is told of checkpoints: by its check, and by the error for a step that does not fit into memory. */
import { CompileError } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { checkpointSaving } from "../src/checkpoint-saving.js";
import { checkExperiment } from "../src/check/check-experiment.js";
import { readExperiment } from "../src/experiment.js";
import { train } from "../src/trainer.js";
import { tinyAdding } from "./documents.js";

const { layers, ...rest } = tinyAdding();
const [memory, sum] = layers;
const withLayers = (...some: readonly object[]) => ({ ...rest, layers: some });

describe("checkpoints that would save", () => {
  test("are planned, in layers of groups too, and only where there are none", () => {
    const group = { type: "group", name: "deep", layers: [{ ...memory, name: "one", output: "sequence" }] };
    const kept = { ...memory, name: "two", checkpoint: 4 };
    const saving = checkpointSaving(readExperiment(withLayers(group, kept, sum)), { B: 8, T: 400 });
    expect(saving?.layers).toEqual(["/layers/0/layers/0"]);
    expect(checkpointSaving(readExperiment(withLayers(kept, sum)), { B: 8, T: 400 })).toBeUndefined();
  });

  test("are told by a check, with what a step would take", async () => {
    const document = { ...withLayers(memory, sum), task: { type: "adding", length: 200 } };
    const { memory: found } = await checkExperiment(document);
    expect(found.withCheckpoints?.layers).toEqual(["/layers/0"]);
    expect(found.withCheckpoints?.bytes).toBeLessThan(found.bytes / 2);
    const chunked = await checkExperiment({ ...document, layers: [{ ...memory, checkpoint: "sqrt" }, sum] });
    expect(chunked.memory).toMatchObject({ bytes: found.withCheckpoints?.bytes });
    expect(chunked.memory.withCheckpoints).toBeUndefined();
  });

  test("are named by the error for a step above what a module can have", async () => {
    const document = {
      ...withLayers({ ...memory, cell: { type: "lstm", units: 300 } }, sum),
      task: { type: "adding", length: 9000 },
      training: { ...rest.training, batch: 64 },
    };
    const failure: unknown = await (async () => {
      for await (const event of train(readExperiment(document))) return event;
      return undefined;
    })().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CompileError);
    if (!(failure instanceof CompileError)) return;
    const [issue] = failure.issues;
    expect(issue.code).toBe("compile.memory");
    expect(issue.hint).toMatch(/^"checkpoint": "sqrt" in \/layers\/0, with which it is \d+\.\d MiB/);
  });
});
