/** The page BROWSER.md from a results file: numbers are computed here, and nothing is written by hand. */
import type { BrowserResults } from "../browser/results.ts";
import { BROWSER_PEAK, inNode, inWorker, onPage, peerNames, WITHOUT_ISOLATION } from "../browser/training.ts";
import { PEAK } from "../peak.ts";
import type { Group } from "../results.ts";
import { multiplyAdds, nameOf } from "../workload.ts";
import { fractionOfPeak, medianOf, peakOf, timesOf } from "./figures.ts";
import { format, percent, printTable, ratio } from "./table.ts";

const FAST = inWorker("fast");
const TWO_THREADS = inWorker("fast, 2 threads");

/** Quotients are of minima, which other processes disturb least; times are medians. */
const minimumOf = (group: Group, name: string): number => timesOf(group.timings, name)?.minimum ?? NaN;
const quotient = (group: Group, above: string, below: string): string => {
  const value = minimumOf(group, above) / minimumOf(group, below);
  return Number.isNaN(value) ? "" : ratio(value);
};

const summaryTable = ({ training }: BrowserResults): string =>
  printTable(
    [
      "T x B x H",
      "In a worker, ms",
      "Of the peak",
      "Worker / Node",
      "Page / worker",
      "reproducible / fast",
      "2 threads to 1",
      "in Node",
      "on the page",
    ],
    training.map((group) => [
      nameOf(group.sizes),
      format(medianOf(group.timings, FAST)),
      percent(fractionOfPeak(group.timings, FAST, multiplyAdds("lstm", group.sizes), BROWSER_PEAK)),
      quotient(group, FAST, inNode("fast")),
      quotient(group, onPage("fast"), FAST),
      quotient(group, inWorker("reproducible"), FAST),
      quotient(group, FAST, TWO_THREADS),
      quotient(group, inNode("fast"), inNode("fast, 2 threads")),
      quotient(group, onPage("fast"), onPage("fast, 2 threads")),
    ]),
  );

function peerTable({ training }: BrowserResults): string {
  const shown = peerNames.filter((name) => training.some(({ timings }) => timesOf(timings, name) !== undefined));
  return printTable(
    ["T x B x H", ...shown],
    training.map((group) => [
      nameOf(group.sizes),
      ...shown.map((name) => quotient(group, name, /2 threads|all cores/.test(name) ? TWO_THREADS : FAST)),
    ]),
  );
}

function fullTable({ sizes, timings, load, absent }: Group): string {
  const missing = Object.entries(absent).map(([name, why]) => `${name} (${why})`);
  const rows = timings.map((timing) => [
    timing.name,
    format(timing.median),
    format(timing.minimum),
    String(timing.steps),
    format(timing.first),
  ]);
  return [
    `### ${nameOf(sizes)}`,
    printTable(["", "Median, ms", "Minimum, ms", "Steps", "First step, ms"], rows),
    `Load ${load.toFixed(1)}.${missing.length === 0 ? "" : ` Left out: ${missing.join(", ")}.`}`,
  ].join("\n\n");
}

const firstTable = ({ first }: BrowserResults): string =>
  printTable(
    [
      "",
      "Threads",
      "Loading, ms",
      "Compilation, ms",
      "From navigation to first losses, ms",
      "Longest block of the page, ms",
    ],
    first.map(({ where, threads, loading, compilation, sinceNavigation, longestBlock }) => [
      where,
      String(threads),
      ...[loading, compilation].map(format),
      ...[sinceNavigation, longestBlock].map((time) => (time === undefined ? "" : format(time))),
    ]),
  );

const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(0);
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

const bundleTable = ({ bundles }: BrowserResults): string =>
  printTable(
    ["A page that imports", "Minified, kB", "gzip, kB"],
    bundles.map(({ imports, bytes, gzip }) => [imports, kilobytes(bytes), kilobytes(gzip)]),
  );

const memoryTable = ({ memory }: BrowserResults): string =>
  printTable(
    ["T x B x H", "Threads", "Before, MB", "Running, MB", "Disposed, MB", "After more of them, MB"],
    memory.map(({ sizes, threads, before, running, disposed, rounds, afterwards }) => [
      nameOf(sizes),
      String(threads),
      ...[before, running, disposed].map(megabytes),
      `${megabytes(afterwards)} (${rounds})`,
    ]),
  );

function machineText(results: BrowserResults): string {
  const { machine, browser, isolated, training, loadBefore, peers, date, commit, quick, seconds } = results;
  const peaks = (name: string): string =>
    training.map(({ timings }) => ((2 * peakOf(timings, name)) / 1e6).toFixed(1)).join(", ");
  const loads = [loadBefore, ...training.map((group) => group.load)].map((load) => load.toFixed(1));
  return [
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.platform}`,
    `- ${browser.name} ${browser.version} without a window or graphics card; Node ${machine.node.slice(1)}`,
    `- multiply-add peak of one core, GFLOP/s: Node ${peaks(PEAK)}; Chromium ${peaks(BROWSER_PEAK)}`,
    `- cross-origin isolated with the headers: ${isolated.isolated ? "yes" : "no"}; without: ${isolated.plain ? "yes" : "no"}`,
    `- load over the minute before each measurement: ${loads.join(", ")}`,
    `- peers: ${Object.entries(peers)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}`,
    `- ${date}, commit ${commit}, ${quick ? "the quick form" : "the full form"}, ${seconds} s`,
  ].join("\n");
}

export const printBrowserReport = (results: BrowserResults): string => {
  const parts = [
    "# In a browser",
    "Made by `npm run browser -- --publish` from [results/browser.json](results/browser.json). How it is measured: [README.md](README.md#in-a-browser).",
    machineText(results),
    "## LSTM training step",
    "Forward, backward and Adam, f32, input size = H. Times are medians, quotients are of minima: the page in a worker, on one thread, to the same step in Node by turns; the page's main thread to the worker; what two threads gain.",
    summaryTable(results),
    "The peers' time on pages divided by ours in a worker, with two threads where they have more than one:",
    peerTable(results),
    "## The first step",
    `LSTM ${nameOf(results.firstSizes)}, ${results.first[0].pages} new pages (in Node, processes) each, without a cache, by turns; medians. Loading is from the start of the page, worker or process until Latchgrad is there; compilation is derivation and compilation, without the step itself. The longest block is the longest time in which the page had no turn.`,
    firstTable(results),
    "## Bundles",
    bundleTable(results),
    "## Memory",
    "What the browser says that the page holds (`performance.measureUserAgentSpecificMemory()`), with an executable on the page's main thread: before, while it is there, after `dispose()`, and after as many more were made and disposed as stand in parentheses. It counts shared memory and the heap of JavaScript, not memory that is not shared.",
    memoryTable(results),
    "## In full",
    `The last one of our own is on a page without the headers: \`${WITHOUT_ISOLATION}\`, which gets one.`,
    ...results.training.map(fullTable),
  ];
  return `${parts.join("\n\n")}\n`;
};
