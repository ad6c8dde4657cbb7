/** The goals that the project set itself, and what a run reached of each. */
import { FAST, TWO_THREADS } from "../latchgrad.ts";
import { JAX_JS } from "../peers/jax-js.ts";
import { FUSED } from "../own.ts";
import type { Results } from "../results.ts";
import { OWN_CELLS } from "../sections/cells.ts";
import { PRODUCT } from "../sections/products.ts";
import { multiplyAdds, nameOf, type CellType } from "../workload.ts";
import { compilationOf, fractionOfPeak, medianOf } from "./figures.ts";
import { format, percent, ratio } from "./table.ts";

export interface Goal {
  readonly what: string;
  readonly goal: string;
  readonly reached: string;
  readonly met: boolean;
}

const FRACTIONS_OF_STEP: Readonly<Record<string, number>> = {
  "64x16x32": 0.55,
  "64x32x128": 0.75,
  "64x32x256": 0.75,
  "64x64x512": 0.75,
};
const FRACTION_OF_PRODUCT = 0.85;
const SIZES_OF_PRODUCT = [256, 512];

/** Least times of a peer divided by ours with that many threads; where sizes stand, only for them. */
const LEAST_RATIOS: readonly {
  readonly peer: string;
  readonly least: number;
  readonly own?: string;
  readonly sizes?: string;
}[] = [
  { peer: "tfjs wasm", least: 20 },
  { peer: JAX_JS, least: 4 },
  { peer: "PyTorch custom cell", least: 10, sizes: "64x16x32" },
  { peer: "PyTorch custom cell", least: 1, sizes: "64x32x128" },
  { peer: "PyTorch custom cell, 2 threads", own: TWO_THREADS, least: 1.5, sizes: "64x32x128" },
  { peer: "PyTorch custom cell, 2 threads", own: TWO_THREADS, least: 1.1, sizes: "64x32x256" },
  { peer: "JAX scan", least: 1.4, sizes: "64x16x32" },
  { peer: "JAX scan, 2 threads", own: TWO_THREADS, least: 1, sizes: "64x32x128" },
];
const LEAST_COMPILATION_RATIO = 30;
const LEAST_SPEED_UP = 1.7;
const SPEED_UP_FROM_H = 128;
const MOST_SEPARATE = 1.05;
/** Of other cells to the LSTM, per multiply-add. */
const MOST_PER_WORK: readonly (readonly [CellType, number])[] = [
  ["lstmPeephole", 1.15],
  ["cifg", 1.15],
  ["mgu", 1.15],
];
/** The whole time, to the LSTM's. */
const MOST_LAYER_NORM = 1.6;
const MOST_COMPILATION = 100;
/** What the longest T may take to the shortest: noise. */
const MOST_GROWTH = 1.25;
const MOST_KILOBYTES = 100;
const MOST_OF_ALIVE = 1.3;
/** A heap that grew by less is flat: V8 keeps small things of its own. */
const FLAT = 500_000;

const atLeast = (what: string, reached: number, least: number, print: (value: number) => string): Goal => ({
  what,
  goal: `at least ${print(least)}`,
  reached: print(reached),
  met: reached >= least,
});
const atMost = (what: string, reached: number, most: number, print: (value: number) => string): Goal => ({
  what,
  goal: `at most ${print(most)}`,
  reached: print(reached),
  met: reached <= most,
});
const milliseconds = (value: number): string => `${format(value)} ms`;

const ofProducts = ({ products }: Results): readonly Goal[] =>
  products
    .filter(({ sizes: { rows, inner, columns } }) =>
      SIZES_OF_PRODUCT.some((size) => rows === size && inner === size && columns === size),
    )
    .map(({ sizes: { rows, inner, columns }, timings }) =>
      atLeast(
        `product of ${rows} x ${inner} x ${columns}, of the peak`,
        fractionOfPeak(timings, PRODUCT, rows * inner * columns),
        FRACTION_OF_PRODUCT,
        percent,
      ),
    );

const ofSteps = ({ training }: Results): readonly Goal[] =>
  training.flatMap(({ sizes, timings }) => {
    const name = nameOf(sizes);
    const own = (threads = FAST): number => medianOf(timings, threads);
    const peers = LEAST_RATIOS.filter((goal) => goal.sizes === undefined || goal.sizes === name).flatMap(
      ({ peer, least, own: ours }) => {
        const reached = medianOf(timings, peer) / own(ours);
        return Number.isNaN(reached) ? [] : [atLeast(`${name}: ${peer} to ${ours ?? FAST}`, reached, least, ratio)];
      },
    );
    const fraction = fractionOfPeak(timings, FAST, multiplyAdds("lstm", sizes));
    const compilation = compilationOf(timings, JAX_JS) / compilationOf(timings, FAST);
    return [
      ...(name in FRACTIONS_OF_STEP
        ? [atLeast(`${name}: training step, of the peak`, fraction, FRACTIONS_OF_STEP[name], percent)]
        : []),
      ...(sizes.H < SPEED_UP_FROM_H
        ? []
        : [atLeast(`${name}: two threads to one`, own() / own(TWO_THREADS), LEAST_SPEED_UP, ratio)]),
      ...peers,
      ...(Number.isNaN(compilation)
        ? []
        : [atLeast(`${name}: jax-js's compilation to ours`, compilation, LEAST_COMPILATION_RATIO, ratio)]),
    ];
  });

const ofCells = ({ cells }: Results): readonly Goal[] =>
  cells.flatMap(({ sizes, timings }) => {
    const name = nameOf(sizes);
    const lstm = medianOf(timings, "lstm");
    const perWork = (cell: CellType): number =>
      (medianOf(timings, cell) / lstm) * (multiplyAdds("lstm", sizes) / multiplyAdds(cell, sizes));
    return [
      atMost(`${name}: separate gates to hand-fused ones`, lstm / medianOf(timings, FUSED), MOST_SEPARATE, ratio),
      ...MOST_PER_WORK.filter(([cell]) => OWN_CELLS.includes(cell)).map(([cell, most]) =>
        atMost(`${name}: ${cell} to lstm, per multiply-add`, perWork(cell), most, ratio),
      ),
      atMost(`${name}: lstmLayerNorm to lstm`, medianOf(timings, "lstmLayerNorm") / lstm, MOST_LAYER_NORM, ratio),
    ];
  });

function ofCompilation({ compilations }: Results): readonly Goal[] {
  const total = ({ derivation, compilation }: Results["compilations"][number]): number => derivation + compilation;
  const [shortest] = compilations;
  const sameCell = compilations.filter(({ sizes: { B, H } }) => B === shortest.sizes.B && H === shortest.sizes.H);
  const longest = sameCell[sameCell.length - 1];
  const bytes = Math.max(...compilations.map((each) => each.bytes));
  return [
    atMost(
      "gradient and compilation, slowest size",
      Math.max(...compilations.map(total)),
      MOST_COMPILATION,
      milliseconds,
    ),
    atMost("the first compilation of a process", shortest.longest, MOST_COMPILATION, milliseconds),
    atMost(
      `compilation at T = ${longest.sizes.T} to T = ${shortest.sizes.T}`,
      total(longest) / total(shortest),
      MOST_GROWTH,
      ratio,
    ),
    atMost("largest module", bytes / 1000, MOST_KILOBYTES, (value) => `${format(value)} kB`),
  ];
}

const ofMemory = ({ plans, heap }: Results): readonly Goal[] => [
  atMost(
    "largest plan to what is alive at its widest moment",
    Math.max(...plans.map(({ bytes, alive }) => bytes / alive)),
    MOST_OF_ALIVE,
    ratio,
  ),
  atMost(
    `growth of the heap over ${heap.runs} runs`,
    Math.max(heap.heapAfter - heap.heapBefore, heap.outsideAfter - heap.outsideBefore, 0) / 1000,
    FLAT / 1000,
    (value) => `${value.toFixed(0)} kB`,
  ),
];

/** All goals, whether met or missed; those about a peer that did not take part are left out. */
export const goalsOf = (results: Results): readonly Goal[] => [
  ...ofProducts(results),
  ...ofSteps(results),
  ...ofCells(results),
  ...ofCompilation(results),
  ...ofMemory(results),
];
