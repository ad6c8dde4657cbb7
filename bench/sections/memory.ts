/** Memory: the plan against what is alive, how it grows with T, what checkpoints save and cost, and the heap over many runs. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { compile, memoryOf } from "@latchgrad/core";
import { adamStep, latchgrad, SEED } from "../latchgrad.ts";
import { measure, type Effort } from "../measure.ts";
import type { Checkpointing, HeapUse, PlannedMemory } from "../results.ts";
import { batchOf, modelOf, type CellType, type Checkpoint, type Sizes } from "../workload.ts";

/** The plan of a training step, without running it. */
export function planOf(cell: CellType, { T, B, H }: Sizes, checkpoint: Checkpoint): PlannedMemory {
  const { graph } = adamStep(modelOf(cell, { T, B, H }, checkpoint));
  const { bytes, alive } = memoryOf(graph, { T, B });
  return { cell, sizes: { T, B, H }, checkpoint: String(checkpoint), bytes, alive };
}

/** What checkpoints save of the plan, and what they cost of the time; both forms of a step take turns. */
export async function measureCheckpoints(cell: CellType, sizes: Sizes, effort: Effort): Promise<Checkpointing> {
  const forms = ["none", "sqrt"] as const;
  const batch = batchOf(sizes);
  const { timings } = await measure(
    forms.map((checkpoint) => latchgrad(checkpoint, modelOf(cell, sizes, checkpoint), batch)),
    effort,
  );
  return {
    cell,
    sizes,
    forms: timings.map((timing) => {
      const { bytes } = planOf(cell, sizes, timing.name === "sqrt" ? "sqrt" : "none");
      return { checkpoint: timing.name, bytes, timing };
    }),
  };
}

/** The garbage collector as a function, without a flag on the command line. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

/** Of the process, after everything that is unreachable is gone. */
async function used(collect: () => void): Promise<{ readonly heap: number; readonly outside: number }> {
  // Finalizers and messages of workers run between the collections.
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, outside: external + arrayBuffers };
}

/** A tenth of the runs come first and do not count: V8 compiles, and caches fill. */
export async function measureHeap(sizes: Sizes, runs: number): Promise<HeapUse> {
  const collect = collector();
  const batch = batchOf(sizes);
  const { graph, initialState } = adamStep(modelOf("lstm", sizes));
  const executable = await compile(graph, { state: initialState(SEED) });
  const run = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await executable.run(batch);
  };
  await run(runs / 10);
  const before = await used(collect);
  await run(runs);
  const after = await used(collect);
  executable.dispose();
  return {
    sizes,
    runs,
    heapBefore: before.heap,
    heapAfter: after.heap,
    outsideBefore: before.outside,
    outsideAfter: after.outside,
  };
}
