/** The page RESULTS.md from a results file: numbers are computed here, and nothing is written by hand. */
import { FAST, REPRODUCIBLE } from "../latchgrad.ts";
import { PEAK } from "../peak.ts";
import { PRODUCT } from "../sections/products.ts";
import { FUSED } from "../sections/cells.ts";
import type { Group, Results } from "../results.ts";
import { multiplyAdds, nameOf, type CellType } from "../workload.ts";
import { fractionOfPeak, medianOf, peakOf, timingOf } from "./figures.ts";
import { losses } from "./losses.ts";
import { format, percent, printTable, ratio } from "./table.ts";

function trainingTable({ sizes, timings, load, absent }: Group): string {
  const own = medianOf(timings, FAST);
  const best = timingOf(timings, FAST)?.minimum ?? NaN;
  const work = multiplyAdds("lstm", sizes);
  const rows = timings
    .filter(({ name }) => name !== PEAK)
    .map((timing) => [
      timing.name,
      format(timing.median),
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

function productTable({ products }: Results): string {
  const rows = products.map(({ size, timings }) => {
    const median = medianOf(timings, PRODUCT);
    const work = size ** 3;
    return [
      `${size} x ${size} x ${size}`,
      format(median),
      format((2 * work) / median / 1e6),
      percent(fractionOfPeak(timings, PRODUCT, work)),
    ];
  });
  return printTable(["Product", "Median, ms", "GFLOP/s", "Of the peak"], rows);
}

function cellTable({ cells }: Results): string {
  const rows = cells.flatMap(({ sizes, timings }) => {
    const lstm = medianOf(timings, "lstm");
    const lstmPerWork = lstm / multiplyAdds("lstm", sizes);
    return timings
      .filter(({ name }) => name !== PEAK)
      .map(({ name, median, minimum }) => {
        const work = multiplyAdds(name === FUSED ? "lstm" : (name as CellType), sizes);
        return [
          nameOf(sizes),
          name,
          format(median),
          format(minimum),
          ratio(median / lstm),
          ratio(median / work / lstmPerWork),
        ];
      });
  });
  return printTable(["T x B x H", "Cell", "Median, ms", "Minimum, ms", "Time / LSTM", "Per multiply-add / LSTM"], rows);
}

const compilationTable = ({ compilations }: Results): string =>
  printTable(
    ["T x B x H", "Derivation", "Weights", "Compilation", "First step", "Later steps", "Later steps / T", "Module, kB"],
    compilations.map(({ sizes, derivation, weights, compilation, firstStep, bytes, timing: { median } }) => [
      nameOf(sizes),
      ...[derivation, weights, compilation, firstStep, median, median / sizes.T, bytes / 1000].map(format),
    ]),
  );

function summaryTable({ training }: Results): string {
  const names = [...new Set(training.flatMap(({ timings }) => timings.map(({ name }) => name)))].filter(
    (name) => name !== PEAK && name !== FAST,
  );
  const rows = training.map(({ sizes, timings }) => {
    const own = medianOf(timings, FAST);
    const ratios = names.map((name) => {
      const median = timingOf(timings, name)?.median;
      return median === undefined ? "" : ratio(median / own);
    });
    return [nameOf(sizes), format(own), percent(fractionOfPeak(timings, FAST, multiplyAdds("lstm", sizes))), ...ratios];
  });
  const titles = names.map((name) => (name === REPRODUCIBLE ? "reproducible" : name));
  return printTable(["T x B x H", "Latchgrad, ms", "Of the peak", ...titles], rows);
}

function machineText({ machine, loadBefore, training, quick, commit, date, peers, products, cells }: Results): string {
  const loads = [loadBefore, ...[...training, ...cells].map((group) => group.load)];
  const peaks = [...training, ...products, ...cells].map(({ timings }) => (2 * peakOf(timings)) / 1e6);
  const range = (values: readonly number[], digits: number): string =>
    `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`;
  return [
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.platform}`,
    `- Node ${machine.node.slice(1)} (V8 ${machine.v8}), relaxed SIMD: ${machine.relaxedSimd ? "yes" : "no"}`,
    `- multiply-add peak of one core, the best of each group: ${range(peaks, 1)} GFLOP/s`,
    `- load over the minute before each measurement: ${range(loads, 1)}. The bench itself is about 1 of it; the machine was shared while measuring`,
    `- peers: ${Object.entries(peers)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}; all with one thread`,
    `- ${date}, commit ${commit}, ${quick ? "the quick form" : "the full form"}`,
  ].join("\n");
}

export const printReport = (results: Results): string => {
  const parts = [
    "# Results",
    "Made by `npm run bench -- --publish` from [results/published.json](results/published.json). How it is measured, and what the columns mean: [README.md](README.md).",
    machineText(results),
    "## LSTM training step",
    "Forward, backward and Adam on one thread, input size = H. The first column is Latchgrad's median time per step; the others are the other's median divided by it, so that above 1 we are faster. Of the peak: the part of the machine's multiply-adds that the products of a step are, without the input's gradient, which nobody computes.",
    summaryTable(results),
    "## Where we lose",
    losses(results),
    "## LSTM training step, in full",
    ...results.training.map(trainingTable),
    "## Matrix products",
    "Both operands and the result stay in the module's memory; packing is part of the product.",
    productTable(results),
    "## Cells",
    "`lstm` has a weight per gate, as in the layers; `lstm, hand-fused` multiplies [x, h] by one weight for all gates and cuts the result.",
    cellTable(results),
    "## Compilation, and growing lengths",
    "The LSTM, times in ms. The module holds the loop over time, so that neither its size nor the time of compilation should depend on T.",
    compilationTable(results),
  ];
  return `${parts.join("\n\n")}\n`;
};
