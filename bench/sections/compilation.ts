/** What happens before the first step, and how it and the step depend on sizes: T above all. */
import { compile } from "@latchgrad/core";
import { adamStep, SEED } from "../latchgrad.ts";
import { contenderOf, measure, type Effort } from "../measure.ts";
import type { Compilation } from "../results.ts";
import { batchOf, modelOf, type Sizes } from "../workload.ts";

interface Instantiated {
  readonly bytes: number;
  readonly at: number;
}

/** Runs `action` and notes the WebAssembly module that is made meanwhile: its size, and when it was ready. */
async function watchModule<T>(action: () => Promise<T>): Promise<{ value: T; module: Instantiated }> {
  const modules: Instantiated[] = [];
  const original = WebAssembly.instantiate as (...args: readonly unknown[]) => Promise<unknown>;
  const watched = async (...args: readonly unknown[]): Promise<unknown> => {
    const instance = await original(...args);
    if (args[0] instanceof Uint8Array) modules.push({ bytes: args[0].byteLength, at: performance.now() });
    return instance;
  };
  Object.assign(WebAssembly, { instantiate: watched });
  try {
    return { value: await action(), module: modules[0] };
  } finally {
    Object.assign(WebAssembly, { instantiate: original });
  }
}

/** Sizes are measured one after the other, in a process that has compiled before. */
export async function measureCompilation(sizes: Sizes, effort: Effort): Promise<Compilation> {
  const model = modelOf("lstm", sizes);
  const batch = batchOf(sizes);
  const began = performance.now();
  const { graph, initialState } = adamStep(model);
  const derived = performance.now();
  // Random weights, some of them orthogonal, are not compilation, but people wait for them as well.
  const state = initialState(SEED);
  const drawn = performance.now();
  const { value: timings, module } = await watchModule(async () =>
    measure(
      [
        contenderOf("lstm", async () => {
          const executable = await compile(graph, { state });
          return { step: async () => executable.run(batch), stop: executable.dispose };
        }),
      ],
      effort,
    ),
  );
  const [timing] = timings;
  return {
    sizes,
    derivation: derived - began,
    weights: drawn - derived,
    compilation: module.at - drawn,
    firstStep: timing.first - (module.at - drawn),
    bytes: module.bytes,
    timing,
  };
}
