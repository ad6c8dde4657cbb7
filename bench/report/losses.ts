/** What the numbers say against us: every peer that is faster, every goal that is missed, with what is known of the reason. */
import { FAST } from "../latchgrad.ts";
import { PEAK } from "../peak.ts";
import type { Group, Results } from "../results.ts";
import { FUSED } from "../sections/cells.ts";
import { PRODUCT } from "../sections/products.ts";
import { multiplyAdds, nameOf, type CellType } from "../workload.ts";
import { fractionOfPeak, medianOf, timingOf } from "./figures.ts";
import { format, percent, ratio } from "./table.ts";

/** Differences below 2 % are noise on a shared machine. */
const CLEARLY = 0.98;

// The goals that the project set itself.
/** Fractions of the peak. */
const LEAST_PRODUCT = 0.85;
const LEAST_STEP = 0.75;
const LEAST_SMALL_STEP = 0.55;
/** Up to here sizes are small. */
const SMALL_H = 32;
const SMALL_PRODUCT = 64;
/** Least times of a peer divided by ours; where sizes stand, only for them. */
const LEAST_RATIOS: readonly { readonly peer: string; readonly least: number; readonly sizes?: string }[] = [
  { peer: "tfjs wasm", least: 20 },
  { peer: "jax-js", least: 4 },
  { peer: "PyTorch custom cell", least: 10, sizes: "64x16x32" },
  { peer: "PyTorch custom cell", least: 1, sizes: "64x32x128" },
];
/** Separate gates to the hand-fused form. */
const MOST_SEPARATE = 1.05;
/** Other cells to the LSTM, per multiply-add. */
const MOST_PER_WORK = 1.15;
/** Derivation and compilation, ms. */
const MOST_COMPILATION = 100;

function fasterPeers({ sizes, timings }: Group): readonly string[] {
  const own = medianOf(timings, FAST);
  return timings
    .filter(({ name, median }) => name !== PEAK && !name.startsWith(FAST) && median < CLEARLY * own)
    .map(({ name, median }) => `${nameOf(sizes)}: ${name} is ${format(own / median)} times as fast as we are.`);
}

function missedSteps({ sizes, timings }: Group): readonly string[] {
  const goal = sizes.H <= SMALL_H ? LEAST_SMALL_STEP : LEAST_STEP;
  const reached = fractionOfPeak(timings, FAST, multiplyAdds("lstm", sizes));
  return reached >= goal
    ? []
    : [`${nameOf(sizes)}: the training step reaches ${percent(reached)} of the peak; the goal is ${percent(goal)}.`];
}

const missedRatios = ({ sizes, timings }: Group): readonly string[] =>
  LEAST_RATIOS.filter((goal) => goal.sizes === undefined || goal.sizes === nameOf(sizes)).flatMap(({ peer, least }) => {
    const timing = timingOf(timings, peer);
    const reached = timing === undefined ? Infinity : timing.median / medianOf(timings, FAST);
    return reached >= least
      ? []
      : [`${nameOf(sizes)}: ${peer} takes ${ratio(reached)} our time; the goal is ${ratio(least)}.`];
  });

const missedProducts = ({ products }: Results): readonly string[] =>
  products.flatMap(({ size, timings }) => {
    const reached = fractionOfPeak(timings, PRODUCT, size ** 3);
    return size <= SMALL_PRODUCT || reached >= LEAST_PRODUCT
      ? []
      : [`Products of size ${size} reach ${percent(reached)} of the peak; the goal is ${percent(LEAST_PRODUCT)}.`];
  });

function missedCells({ sizes, timings }: Group): readonly string[] {
  const lstm = medianOf(timings, "lstm");
  const toFused = lstm / medianOf(timings, FUSED);
  const perWork = (cell: CellType): number =>
    medianOf(timings, cell) / multiplyAdds(cell, sizes) / (lstm / multiplyAdds("lstm", sizes));
  const others = (["gru", "rnn"] as const)
    .map((cell) => ({ cell, value: perWork(cell) }))
    .filter(({ value }) => value > MOST_PER_WORK);
  return [
    ...(toFused > MOST_SEPARATE
      ? [`separate gates take ${ratio(toFused)} the time of hand-fused ones; the goal is ${ratio(MOST_SEPARATE)}.`]
      : []),
    ...others.map(({ cell, value }) => `per multiply-add, ${cell} takes ${ratio(value)} the time of the LSTM.`),
  ].map((text) => `${nameOf(sizes)}: ${text}`);
}

const missedCompilation = ({ compilations }: Results): readonly string[] =>
  compilations
    .map(({ sizes, derivation, compilation }) => ({ size: nameOf(sizes), total: derivation + compilation }))
    .filter(({ total }) => total > MOST_COMPILATION)
    .map(({ size, total }) => `${size}: compilation takes ${format(total)} ms; the goal is ${MOST_COMPILATION}.`);

const slowWeights = ({ compilations }: Results): readonly string[] =>
  compilations
    .map(({ sizes, weights, derivation, compilation }) => ({
      size: nameOf(sizes),
      weights,
      rest: derivation + compilation,
    }))
    .filter(({ weights, rest }) => weights > rest)
    .map(
      ({ size, weights }) => `${size}: drawing the initial weights takes ${format(weights)} ms, more than compiling.`,
    );

const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join("\n");

export function losses(results: Results): string {
  const peers = results.training.flatMap(fasterPeers);
  const goals = [
    ...results.training.flatMap(missedSteps),
    ...results.training.flatMap(missedRatios),
    ...missedProducts(results),
    ...results.cells.flatMap(missedCells),
    ...missedCompilation(results),
    ...slowWeights(results),
  ];
  return [
    ...(peers.length === 0
      ? ["None of the peers that took part was faster."]
      : ["Peers that are faster:", list(peers)]),
    ...(peers.some((text) => text.includes("PyTorch")) ? [WHY_PYTORCH] : []),
    ...(goals.length === 0 ? [] : ["Goals that are missed:", list(goals), WHY_GOALS]),
    NOT_MEASURED,
  ].join("\n\n");
}

const WHY_PYTORCH =
  "PyTorch's products use the widest registers of the processor (its instructions stand behind its version above): with AVX2 8 numbers at a time, with " +
  "AVX-512 16; WebAssembly has 4. Where PyTorch is above 100 % of the peak, no WebAssembly can follow; the fraction of the peak says how " +
  "much is left to gain below it.";
const WHY_GOALS =
  "A step is more than its products: gates, copies into packed panels, Adam's update. No profile by node exists yet that would tell which of them " +
  "the rest goes to.";
const NOT_MEASURED =
  "Not measured yet: two threads, JAX, other cells than these (peephole, coupled gates, layer norm, minimal gated), memory, browsers.";
