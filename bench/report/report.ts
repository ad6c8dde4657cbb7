/** The page RESULTS.md from a results file: numbers are computed here, and nothing is written by hand. */
import type { Results } from "../results.ts";
import { cellTable, cellPeerTable } from "./cells.ts";
import { peakOf } from "./figures.ts";
import { goalsOf, type Goal } from "./goals.ts";
import { losses } from "./losses.ts";
import { checkpointTable, compilationTable, growthTable, heapText, planTable } from "./sizes.ts";
import { percent, printTable } from "./table.ts";
import { compilationPeerTable, nodeTable, productTable, summaryTable, trainingTable } from "./training.ts";

function machineText(results: Results): string {
  const { machine, loadBefore, training, quick, commit, date, peers, products, cells, seconds } = results;
  const loads = [loadBefore, ...[...training, ...cells].map((group) => group.load)];
  const peaks = [...training, ...products, ...cells].map(({ timings }) => (2 * peakOf(timings)) / 1e6);
  const range = (values: readonly number[], digits: number): string =>
    `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`;
  return [
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.platform}`,
    `- Node ${machine.node.slice(1)} (V8 ${machine.v8}), relaxed SIMD: ${machine.relaxedSimd ? "yes" : "no"}`,
    `- multiply-add peak of one core, the best of each group: ${range(peaks, 1)} GFLOP/s`,
    `- load over the minute before each measurement: ${range(loads, 1)}. The bench itself is 1 to 2 of it; what is more were other processes`,
    `- peers: ${Object.entries(peers)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}; with one thread where nothing else is said`,
    `- ${date}, commit ${commit}, ${quick ? "the quick form" : "the full form"}, ${seconds} s`,
  ].join("\n");
}

function goalTable(goals: readonly Goal[]): string {
  const rows = goals.map(({ what, goal, reached }) => [what, goal, reached]);
  return rows.length === 0 ? "None." : printTable(["What", "Goal", "Reached"], rows);
}

export const printReport = (results: Results): string => {
  const goals = goalsOf(results);
  const met = goals.filter((goal) => goal.met);
  const parts = [
    "# Results",
    "Made by `npm run bench -- --publish` from [results/published.json](results/published.json). How it is measured, and what the columns mean: [README.md](README.md).",
    machineText(results),
    "## LSTM training step",
    "Forward, backward and Adam, input size = H. The first column is Latchgrad's median time per step on one thread; the others are the other's median divided by it, or by ours with two threads where the other has two, so that above 1 we are faster. Of the peak: the part of one core's multiply-adds that the products of a step are, without the input's gradient, which nobody computes. Two cores to one: what loops of multiply-adds on two threads at once reach of one, by turns with the steps; below 2, others had a part of a core, and two threads have less to gain.",
    summaryTable(results),
    "## Goals",
    `Of ${goals.length} goals that this run could measure, ${met.length} are met (${percent(met.length / goals.length)}).`,
    "### Missed",
    goalTable(goals.filter((goal) => !goal.met)),
    "### Met",
    goalTable(met),
    "## Where we lose",
    losses(results),
    "## LSTM training step, in full",
    ...results.training.map(trainingTable),
    "## Node 20 beside it",
    "The same step in Node 20, by turns with the rest, and held against the peak that a loop reaches in the same process. Without its flag, Node 20 has no relaxed SIMD: multiplication and addition are two instructions, and the peak is lower.",
    nodeTable(results),
    "## Matrix products",
    "Both operands and the result stay in the module's memory; packing is part of the product.",
    productTable(results),
    "## Cells",
    "`lstm` has a weight per gate, as in the layers; `lstm, hand-fused` multiplies [x, h] by one weight for all gates and cuts the result. The others but `gru` and `rnn` are equations of the library.",
    cellTable(results),
    "The same cells elsewhere, in plain operations, one thread. The other's median divided by ours:",
    cellPeerTable(results),
    "## Compilation, and growing lengths",
    "The LSTM, times in ms. The module holds the loop over time, so that neither its size nor the time of compilation should depend on T. Each size is compiled several times, by turns; medians.",
    compilationTable(results),
    "The first step here and in jax-js, ms, as it was measured among the training steps: all of it, and what is left as compilation without the drawing of weights, of which each has its own, and without a step at its later pace.",
    compilationPeerTable(results),
    "## Memory",
    "The plan of a training step, all that it will ever take, against the bytes that are alive at its widest moment. Weights, Adam's averages and the batch are among them.",
    planTable(results),
    "How the LSTM's grows with T, without checkpoints and with `sqrt`:",
    growthTable(results),
    ...(results.checkpoints === undefined
      ? []
      : [
          "What `sqrt` saves, and what it takes, by turns; the loss reads all outputs. Three tensors of all steps stay: the batch's x and y, and the outputs. Short sequences pay for a second forward run; of long ones, what a chunk of steps computes stays in the caches.",
          checkpointTable(results),
        ]),
    heapText(results),
  ];
  return `${parts.join("\n\n")}\n`;
};
