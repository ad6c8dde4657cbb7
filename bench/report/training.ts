/** Tables of training steps and of products. */
import {
  FAST,
  NODE_20,
  NODE_20_PEAK,
  NODE_20_RELAXED,
  NODE_20_RELAXED_PEAK,
  REPRODUCIBLE,
  TWO_THREADS,
} from "../latchgrad.ts";
import { PEAK, PEAK_OF_TWO } from "../peak.ts";
import { JAX_JS } from "../peers/jax-js.ts";
import type { Group, Results } from "../results.ts";
import { PRODUCT } from "../sections/products.ts";
import { multiplyAdds, nameOf } from "../workload.ts";
import { compilationOf, coresToOne, fractionOfPeak, medianOf, peakOf, spreadOf, timesOf } from "./figures.ts";
import { format, percent, printTable, ratio } from "./table.ts";

/** Shown in their own tables and columns. */
const ELSEWHERE: readonly string[] = [PEAK, PEAK_OF_TWO, NODE_20, NODE_20_PEAK, NODE_20_RELAXED, NODE_20_RELAXED_PEAK];
const isShown = (name: string): boolean => !ELSEWHERE.includes(name);

export function trainingTable({ sizes, timings, load, absent }: Group): string {
  const own = medianOf(timings, FAST);
  const best = timesOf(timings, FAST)?.minimum ?? NaN;
  const work = multiplyAdds("lstm", sizes);
  const rows = timings
    .filter(({ name }) => isShown(name))
    .map((timing) => [
      timing.name,
      format(timing.median),
      spreadOf(timings, timing.name, format),
      format(timing.minimum),
      String(timing.steps),
      ratio(timing.median / own),
      ratio(timing.minimum / best),
      percent(fractionOfPeak(timings, timing.name, work)),
      format(timing.first),
    ]);
  const head = [
    "",
    "Median, ms",
    "Of each process",
    "Minimum, ms",
    "Steps",
    "Medians / ours",
    "Minima / ours",
    "Of the peak",
    "First step, ms",
  ];
  const missing = Object.entries(absent).map(([name, why]) => `${name} (${why})`);
  return [
    `### ${nameOf(sizes)}`,
    printTable(head, rows),
    `Load ${load.toFixed(1)}.${missing.length === 0 ? "" : ` Left out: ${missing.join(", ")}.`}`,
  ].join("\n\n");
}

export function summaryTable({ training }: Results): string {
  const names = [...new Set(training.flatMap(({ timings }) => timings.map(({ name }) => name)))].filter(
    (name) => isShown(name) && name !== FAST && name !== TWO_THREADS,
  );
  const rows = training.map(({ sizes, timings }) => {
    const [own, two] = [FAST, TWO_THREADS].map((name) => medianOf(timings, name));
    const ratios = names.map((name) => {
      const median = timesOf(timings, name)?.median;
      return median === undefined ? "" : ratio(median / (name.endsWith("2 threads") ? two : own));
    });
    const fraction = percent(fractionOfPeak(timings, FAST, multiplyAdds("lstm", sizes)));
    const speedUps = [own / two, coresToOne(timings)].map((speedUp) => (Number.isNaN(speedUp) ? "" : ratio(speedUp)));
    return [nameOf(sizes), format(own), fraction, ...speedUps, ...ratios];
  });
  const titles = names.map((name) => (name === REPRODUCIBLE ? "reproducible" : name));
  const head = ["T x B x H", "Latchgrad, ms", "Of the peak", "Two threads to one", "Two cores to one"];
  return printTable([...head, ...titles], rows);
}

/** What comes before steps go at their pace, part by part, here and in jax-js. */
export function compilationPeerTable({ training }: Results): string {
  const rows = training.flatMap(({ sizes, timings }) => {
    const names = [FAST, JAX_JS];
    const known = names.map((name) => timesOf(timings, name));
    if (known.some((timing) => timing?.weights === undefined)) return [];
    const [own, other] = names.map((name) => compilationOf(timings, name));
    const [ownFirst, otherFirst] = known.map((timing) => timing?.first ?? NaN);
    const parts = known.flatMap((timing) => [timing?.first, timing?.weights, timing?.median]);
    return [
      [
        nameOf(sizes),
        ...[...parts.slice(0, 3), own, ...parts.slice(3), other].map((part) => format(part ?? NaN)),
        ratio(other / own),
        ratio(otherFirst / ownFirst),
      ],
    ];
  });
  if (rows.length === 0) return "No size has both.";
  const head = ["First step", "Weights", "A step", "Compilation"];
  return printTable(
    [
      "T x B x H",
      ...head,
      ...head.map((title) => `${title}, jax-js`),
      "Compilation, jax-js / ours",
      "First step, jax-js / ours",
    ],
    rows,
  );
}

export function nodeTable({ training, machine }: Results): string {
  const engines = [
    { name: FAST, peak: PEAK, title: `Node ${machine.node.slice(1)}, which runs the bench` },
    { name: NODE_20, peak: NODE_20_PEAK, title: "Node 20" },
    { name: NODE_20_RELAXED, peak: NODE_20_RELAXED_PEAK, title: "Node 20, --experimental-wasm-relaxed-simd" },
  ];
  const rows = training.flatMap(({ sizes, timings }) =>
    engines
      .filter(({ name }) => timesOf(timings, name) !== undefined)
      .map(({ name, peak, title }) => [
        nameOf(sizes),
        title,
        format(medianOf(timings, name)),
        format((2 * peakOf(timings, peak)) / 1e6),
        percent(fractionOfPeak(timings, name, multiplyAdds("lstm", sizes), peak)),
        format(timesOf(timings, name)?.first ?? NaN),
      ]),
  );
  return printTable(["T x B x H", "Engine", "Median, ms", "Its peak, GFLOP/s", "Of its peak", "First step, ms"], rows);
}

export function productTable({ products }: Results): string {
  const rows = products.map(({ sizes: { rows: m, inner, columns }, timings }) => {
    const median = medianOf(timings, PRODUCT);
    const work = m * inner * columns;
    return [
      `${m} x ${inner} x ${columns}`,
      format(median),
      format((2 * work) / median / 1e6),
      percent(fractionOfPeak(timings, PRODUCT, work)),
    ];
  });
  return printTable(["Rows x inner x columns", "Median, ms", "GFLOP/s", "Of the peak"], rows);
}
