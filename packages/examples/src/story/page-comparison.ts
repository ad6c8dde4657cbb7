/** The part of the page that compares: error by length, where each cell forgets, what each gate is worth. */
import { CELL_ORDER, cellName, mean, short, table, withRange } from "./numbers.js";
import { code } from "./page-cell.js";
import type { StoryResults } from "./results.js";

export const lossesOf = ({ compared }: StoryResults, cell: string, length: number): readonly number[] =>
  compared.filter((run) => run.cell === cell && run.length === length).map(({ loss }) => loss);

const lengthsOf = ({ compared }: StoryResults): readonly number[] => [...new Set(compared.map(({ length }) => length))];

/** The longest half-life of a network's units, in the mean over seeds. */
function longestLife({ compared }: StoryResults, cell: string, length: number): number {
  const all = compared
    .filter((run) => run.cell === cell && run.length === length)
    .map(({ halfLives = [] }) => Math.max(0, ...halfLives.flatMap((life) => life ?? [])));
  return mean(all);
}

type Memory = StoryResults["compared"][number]["memory"][number];

/** The nearest or the farthest distances of the networks of a cell and length, one per seed. */
const binsAt = ({ compared }: StoryResults, cell: string, length: number, end: "first" | "last"): readonly Memory[] =>
  compared
    .filter((run) => run.cell === cell && run.length === length)
    .flatMap(({ memory }) => (end === "first" ? memory.slice(0, 1) : memory.slice(-1)));

const errorAt = (...place: Parameters<typeof binsAt>): number =>
  mean(binsAt(...place).flatMap(({ value }) => value ?? []));

const distanceAt = (...place: Parameters<typeof binsAt>): string => {
  const bin = binsAt(...place).at(0);
  return bin === undefined ? "" : bin.from === bin.to ? String(bin.to) : `${bin.from} to ${bin.to}`;
};

/** How many seeds of a variant end at more than half of the error of knowing nothing. */
const unsolved = ({ variants, baseline }: StoryResults, cell: string): number =>
  variants.filter((run) => run.cell === cell && run.loss > baseline / 2).length;

export function comparisonPart(results: StoryResults): string {
  const { units, steps, baseline } = results;
  const lengths = lengthsOf(results);
  const seeds = new Set(results.compared.map(({ seed }) => seed)).size;
  return `## Three cells at growing distances

The same task, the same training (${units} units, Adam with rate 0.01, clipping at 1, ${steps} updates of 32 sequences), and nothing different but the cell and the length of the sequences. Each
training was made with ${seeds} seeds, which decide the first weights and the sequences. The numbers are mean squared errors on sequences never seen: the mean over the seeds, and in brackets the best and the worst of them. Knowing nothing scores ${short(baseline)}.

${table(
  [
    ["Steps", ...CELL_ORDER.map(cellName)],
    ...lengths.map((length) => [
      String(length),
      ...CELL_ORDER.map((cell) => withRange(lossesOf(results, cell, length))),
    ]),
  ],
  [0, 1, 2, 3],
)}

![Error by length for three cells](distances.svg)

Up to 20 steps the Elman network learns the task, with an error that grows with the length; where no more is asked, it is enough. At 40 steps its error is ${short(mean(lossesOf(results, "rnn", 40)))},
close to that of knowing nothing, and from 80 on it has learned nothing that shows in the mean.

The GRU and the LSTM learn every length. The GRU is better than the LSTM in the mean at every length, with fewer weights, though the ranges of the seeds overlap. This is one task with one
rate of learning, so it is no verdict on the two; but the plainer of the two gated cells is enough for it.

## Where each forgets

The diagnostics of a run say how right the answers are by how far back the farther of the two numbers lies:

![Error by distance for each cell](forgetting.svg)

The curves of the gated cells rise slowly and end far below the broken line. Those of the Elman network reach it between 20 and 40 steps, and all at once: trained on 20 steps it has an error of
${short(errorAt(results, "rnn", 20, "last"))} where the number lies ${distanceAt(results, "rnn", 20, "last")} steps back, the farthest there is. Trained on 40 steps it has ${short(errorAt(results, "rnn", 40, "first"))} already at about ${distanceAt(results, "rnn", 40, "first")} steps, the nearest there is. A state of this kind can hold a
number for 19 steps, as the network for 20 steps shows; in longer sequences too little of the gradient arrives to teach it.

How long can the units of the gated cells keep what they hold? The longest half-life among the ${units} units, in steps, in the mean over the seeds:

${table(
  [
    ["Steps of the sequences", "GRU", "LSTM"],
    ...lengths.map((length) => [
      String(length),
      ...["gru", "lstm"].map((cell) => short(longestLife(results, cell, length))),
    ]),
  ],
  [0, 1, 2],
)}

The longer the task, the longer the networks have learned to keep. The half-life is computed from the mean of the factor over all steps, those at which the unit writes among them, so a unit
can keep a number well for longer than its half-life says.

## What each gate is worth

A cell is a few equations, and a document can have its own. This is the LSTM without forget gate; the equation of c' is all that differs, and the weights of the gate that is gone:

${code(
  [
    '"cells": {',
    '  "withoutForgetGate": {',
    '    "state": { "h": ["units"], "c": ["units"] },',
    '    "params": {',
    '      "Wi": { "shape": ["input", "units"], "init": "glorotUniform" },',
    '      "Ui": { "shape": ["units", "units"], "init": "orthogonal" },',
    '      "bi": { "shape": ["units"], "init": "zeros" },',
    "      ...",
    "    },",
    '    "equations": [',
    '      "i = sigmoid(x @ Wi + h @ Ui + bi)",',
    '      "g = tanh(x @ Wg + h @ Ug + bg)",',
    '      "o = sigmoid(x @ Wo + h @ Uo + bo)",',
    '      "c\' = c + i * g",',
    "      \"h' = o * tanh(c')\"",
    "    ],",
    '    "output": "h\'"',
    "  }",
    "}",
  ],
  "text",
)}

Derivatives, compilation, diagnostics and reports follow from the equations. [variants.json](variants.json) has four such cells: each gate left out once, and one where the input gate is 1 - f, so that what is
forgotten makes room for what is written. At 40 steps, with the same training as above:

${table(
  [
    ["Cell", "Test error"],
    ...[...new Set(results.variants.map(({ cell }) => cell))].map((cell) => [
      cellName(cell),
      withRange(results.variants.filter((run) => run.cell === cell).map(({ loss }) => loss)),
    ]),
  ],
  [1],
)}

![Error of the variants](variants.svg)

Without the input gate every seed is worse than the worst of the full LSTM: whatever comes in is written over what should be kept. Without the forget gate, which is how the LSTM of 1997 was, ${unsolved(results, "withoutForgetGate")} of
${seeds} seeds ${unsolved(results, "withoutForgetGate") === 1 ? "does" : "do"} not learn the task and the others do. Without the output gate, and with coupled gates, it is learned as well as with all three. For this task, then, a gate that keeps the noise out
matters most.

## Run it yourself

${code(
  [
    "latchgrad sweep packages/examples/story/distances.json    # all cells, lengths and seeds; a page with plots at the end",
    "latchgrad sweep packages/examples/story/gates.json        # what each gate is worth",
    "latchgrad train packages/examples/story/four-units.json   # the small LSTM; its report has the gates and the gradient",
    "latchgrad cells lstm                                      # the equations and weights of a cell",
    "npm --prefix packages/examples run story                  # everything on this page anew",
  ],
  "sh",
)}

The trainings are \`reproducible\`: the same numbers come out on every machine. This page is written by the last command from [results.json](results.json), and a test holds each of its numbers to it.`;
}
