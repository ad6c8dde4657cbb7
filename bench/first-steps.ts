/** What comes before the first loss, part by part, in whatever runs it: a process, a page, a worker of a page. */
import { compile, type CompileOptions } from "@latchgrad/core";
import { adamStep, SEED } from "./latchgrad.ts";
import { batchOf, modelOf, type Sizes } from "./workload.ts";

export const LOADING = "Node and loading";
export const DERIVATION_AND_COMPILATION = "derivation and compilation";

/** Times in ms by the name of the part. */
export type Parts = Readonly<Record<string, number>>;

const LATER_STEPS = 5;

/** Trains some steps of an LSTM; the first part is from the beginning of the process, page or worker. */
export async function measureOnce(sizes: Sizes, options: Pick<CompileOptions, "threads"> = {}): Promise<Parts> {
  const loaded = performance.now();
  let last = loaded;
  const since = (): number => {
    const before = last;
    last = performance.now();
    return last - before;
  };
  const model = modelOf("lstm", sizes);
  const reading = since();
  const { graph, initialState } = adamStep(model);
  const derivation = since();
  const state = initialState(SEED);
  const weights = since();
  const executable = await compile(graph, { ...options, state });
  const passes = since();
  const batch = batchOf(sizes);
  since();
  // The first run compiles for the sizes of its batch.
  await executable.run(batch);
  const module = since();
  // The least of several: between two runs others may have a turn, such as the collector of garbage.
  let step = Infinity;
  for (let i = 0; i < LATER_STEPS; i++) {
    await executable.run(batch);
    step = Math.min(step, since());
  }
  executable.dispose();
  return {
    [LOADING]: loaded,
    "the model": reading,
    derivation: derivation,
    "initial weights": weights,
    "checks and passes without sizes": passes,
    "passes with sizes, module, first step": module,
    "a later step": step,
    [DERIVATION_AND_COMPILATION]: derivation + passes + module - step,
  };
}
