/** What happens before the first step, and how it and the step depend on sizes: T above all. */
import { compile } from "@latchgrad/core";
import { adamStep, SEED } from "../latchgrad.ts";
import { contenderOf, measure, median, type Effort } from "../measure.ts";
import type { Compilation } from "../results.ts";
import { batchOf, modelOf, type Sizes } from "../workload.ts";

interface Compiled {
  readonly bytes: number;
  readonly at: number;
}

/** Runs `action` and notes the WebAssembly module that is made meanwhile: its size, and when it was ready. */
async function watchModule<T>(action: () => Promise<T>): Promise<{ value: T; module: Compiled }> {
  const modules: Compiled[] = [];
  const names = ["compile", "instantiate"] as const;
  const originals = Object.fromEntries(names.map((name) => [name, WebAssembly[name]]));
  const watched = Object.fromEntries(
    names.map((name) => [
      name,
      async (...args: readonly unknown[]): Promise<unknown> => {
        const made = await (originals[name] as (...all: readonly unknown[]) => Promise<unknown>)(...args);
        if (args[0] instanceof Uint8Array) modules.push({ bytes: args[0].byteLength, at: performance.now() });
        return made;
      },
    ]),
  );
  Object.assign(WebAssembly, watched);
  try {
    return { value: await action(), module: modules[0] };
  } finally {
    Object.assign(WebAssembly, originals);
  }
}

/** What comes before the first step, once; ms. */
interface Preparation {
  readonly derivation: number;
  readonly weights: number;
  readonly compilation: number;
  readonly firstStep: number;
  readonly bytes: number;
}

async function prepareOnce(sizes: Sizes): Promise<Preparation> {
  const model = modelOf("lstm", sizes);
  const batch = batchOf(sizes);
  const began = performance.now();
  const { graph, initialState } = adamStep(model);
  const derived = performance.now();
  // Random weights, some of them orthogonal, are not compilation, but people wait for them as well.
  const state = initialState(SEED);
  const drawn = performance.now();
  const { value: ran, module } = await watchModule(async () => {
    const executable = await compile(graph, { state });
    await executable.run(batch);
    const end = performance.now();
    executable.dispose();
    return end;
  });
  return {
    derivation: derived - began,
    weights: drawn - derived,
    compilation: module.at - drawn,
    firstStep: ran - module.at,
    bytes: module.bytes,
  };
}

/** All sizes by turns, so that none has the advantage of code that V8 has compiled for the others; medians. */
export async function measureCompilations(
  all: readonly Sizes[],
  repeats: number,
  effort: Effort,
): Promise<readonly Compilation[]> {
  const prepared = new Map<Sizes, Preparation[]>(all.map((sizes) => [sizes, []]));
  for (let repeat = 0; repeat < repeats; repeat++)
    for (const [sizes, list] of prepared) list.push(await prepareOnce(sizes));
  const results: Compilation[] = [];
  for (const [sizes, list] of prepared) {
    const batch = batchOf(sizes);
    const contender = contenderOf("lstm", async () => {
      const { graph, initialState } = adamStep(modelOf("lstm", sizes));
      const executable = await compile(graph, { state: initialState(SEED) });
      return { step: async () => executable.run(batch), stop: executable.dispose };
    });
    const {
      timings: [timing],
    } = await measure([contender], effort);
    const of = (part: keyof Preparation): number => median(list.map((each) => each[part]));
    results.push({
      sizes,
      derivation: of("derivation"),
      weights: of("weights"),
      compilation: of("compilation"),
      longest: Math.max(...list.map(({ derivation, compilation }) => derivation + compilation)),
      firstStep: of("firstStep"),
      bytes: of("bytes"),
      timing,
    });
  }
  return results;
}
