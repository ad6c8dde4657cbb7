/**
 * `npm run diagnostics`: what it costs to look inside: training steps of an LSTM as they are, with their loss and weights checked
 * (as the trainer does), with everything checked, profiled, and with gates and the gradient through time traced; then what a profile
 * says, and how long it takes to find the place of a number that is not finite.
 */
import { compile, formatProfile, makeProfiler, type CompileOptions, type Profiler } from "@latchgrad/core";
import { adamStep, SEED } from "./latchgrad.ts";
import { contenderOf, measure, type Contender, type Effort } from "./measure.ts";
import { batchOf, modelOf, nameOf, type Sizes } from "./workload.ts";

const PLAIN = "as it is";

function contendersFor(sizes: Sizes, profiler: Profiler): readonly Contender[] {
  const batch = batchOf(sizes);
  const { graph, weights, initialState } = adamStep(modelOf("lstm", sizes));
  const variants: Readonly<Record<string, CompileOptions>> = {
    [PLAIN]: {},
    "loss and weights checked": { checkFinite: ["loss", ...weights.map((name) => `next.${name}`)] },
    "everything checked": { checkFinite: true },
    profiled: { profile: profiler },
    "gates traced": { trace: ["forget", "input", "output", "nextC"] },
    "gradient through time traced": { trace: ["cotangent_0", "cotangent_1"] },
  };
  return Object.entries(variants).map(([name, options]) =>
    contenderOf(name, async () => {
      const executable = await compile(graph, { ...options, state: initialState(SEED) });
      return { step: async () => executable.run(batch), stop: executable.dispose };
    }),
  );
}

/** Milliseconds from a run that fails to its error, modules compiled for the search among them. */
async function timeToFind(sizes: Sizes): Promise<number> {
  const batch = batchOf(sizes);
  const { graph, initialState } = adamStep(modelOf("lstm", sizes));
  const executable = await compile(graph, { state: initialState(SEED), checkFinite: ["loss"] });
  await executable.run(batch);
  batch["y"].data[0] = 3e38;
  const begin = performance.now();
  const error = await executable.run(batch).catch((reason: unknown) => reason);
  const time = performance.now() - begin;
  console.log(`${error instanceof Error ? error.message : String(error)}\n`);
  return time;
}

const effort: Effort = { rounds: 7, turn: 300, slow: 1500, patience: 5000 };
const allSizes: readonly Sizes[] = [
  { T: 64, B: 16, H: 32 },
  { T: 64, B: 32, H: 128 },
  { T: 64, B: 32, H: 256 },
];

const profiles: string[] = [];
const found: string[] = [];
console.log("T x B x H | what | ms | ratio");
console.log("--- | --- | --: | --:");
for (const sizes of allSizes) {
  const profiler = makeProfiler();
  const { timings } = await measure(contendersFor(sizes, profiler), effort);
  const plain = timings.find(({ name }) => name === PLAIN)?.minimum ?? Number.NaN;
  for (const { name, minimum } of timings)
    console.log(`${nameOf(sizes)} | ${name} | ${minimum.toFixed(3)} | ${(minimum / plain).toFixed(3)}`);
  profiles.push(`${nameOf(sizes)}: ${formatProfile(profiler.read(), { most: 12 })}`);
}
for (const sizes of allSizes) found.push(`${nameOf(sizes)}: ${(await timeToFind(sizes)).toFixed(0)} ms`);
console.log(`\nto find the place of an infinite number: ${found.join(", ")}\n`);
console.log(profiles.join("\n\n"));
