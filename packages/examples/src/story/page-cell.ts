/** The part of the page about the cell: its four steps with real numbers, and what its gates do. */
import { describeCell, equationLines } from "@latchgrad/layers";
import { formatNumber } from "@latchgrad/cli";
import { four, table } from "./numbers.js";
import type { StoryResults, Traced } from "./results.js";
import { calculate, markedSteps, sumLines, valueAt } from "./steps.js";

export const code = (lines: readonly string[], language = "text"): string =>
  ["```" + language, ...lines, "```"].join("\n");

/** The equations of a cell, as the command `latchgrad cells` prints them. */
export const equationsOf = (cell: string): readonly string[] =>
  equationLines(describeCell(cell, { units: 1, input: 1 }).document).map((line) => line.trim());

/** The equation of one value of the LSTM as it stands in the cell's document. */
const equationOf = (name: string): string =>
  equationsOf("lstm").find((line) => line.split("=")[0]?.trim() === name) ?? "";

export function cellPart({ traced }: StoryResults): string {
  const { unit, weights, example } = traced;
  const [first = 0, second = 0] = markedSteps(traced);
  const now = calculate(traced, first);
  const marked = Object.values(example.inputs)[0]?.[first]?.[0] ?? 0;
  const name = `unit ${unit}`;
  return `## The LSTM in four steps

The LSTM gives each unit a second number beside its output h: the cell state c. From one step to the next c is not squeezed through a weight matrix and a
tanh. It is multiplied by a number between 0 and 1, and something is added. Three gates, which are small networks of their own with results between 0 (shut) and
1 (open), decide about it.

![The data flow of an LSTM cell in one step](cell.svg)

To see it at work we train a small one with only ${weights.f.state.length} units on sequences of ${example.steps} steps; its error on new sequences is ${formatNumber(traced.loss, 3)}.
Its seed was chosen among eight, because one of its units is easy to read. We look at ${name}, counted from 0, at time step
${first} of one sequence. It is a marked step, and its value is ${four(marked)}. All numbers below are those of the trained network, to four places. With a pocket calculator you
get the same ones.

What the unit reads: the input x = (${four(marked)}, 1), its value and its mark; the outputs of all ${weights.f.state.length} units one step before,
h = (${weights.f.state.map((_, k) => four(valueAt(traced, "h", first - 1, k))).join(", ")}); and its own cell state one step before, c = ${four(now.before)}. The weights of the unit:

${table(
  [
    ["", "value", "mark", ...weights.f.state.map((_, k) => `h${k}`), "bias"],
    ...(
      [
        ["forget gate f", weights.f],
        ["input gate i", weights.i],
        ["candidate g", weights.g],
        ["output gate o", weights.o],
      ] as const
    ).map(([label, { input, state, bias }]) => [label, ...[...input, ...state, bias].map(four)]),
  ],
  [1, 2, 3, 4, 5, 6, 7],
)}

### Step 1: the forget gate says what to keep

${code([equationOf("f")])}

${code([...sumLines("sum", now.sums.f), `f   = 1 / (1 + e^-sum) = ${four(now.f)}`])}

The function sigmoid is the last line: it makes a number between 0 and 1 of any sum, close to 0 where the sum is far below zero and close to 1 where it is far above. So
the unit keeps ${(100 * now.f).toFixed(1)} % of its state.

### Step 2: the input gate says how much to write, the candidate says what

${code([equationOf("i"), equationOf("g")])}

${code([...sumLines("sum", now.sums.i), `i   = 1 / (1 + e^-sum) = ${four(now.i)}`])}

${code([...sumLines("sum", now.sums.g), `g   = tanh(sum) = ${four(now.g)}`])}

The mark has a large weight in the input gate, ${four(weights.i.input[1] ?? 0)}: without the mark the sum would be ${four(now.sums.i.sum - (weights.i.input[1] ?? 0))}, and the gate shut.

### Step 3: the new cell state

${code([equationOf("c'")])}

${code([`c'  = ${four(now.f)}·${bracketed(now.before)} + ${four(now.i)}·${bracketed(now.g)} = ${four(now.c)}`])}

Here \`*\` multiplies each unit's number by its own gate, without any weights. This line is the whole idea. The old state is multiplied and the new is added; nothing else happens to it. So the derivative of c' by c, along this way, is f, which is here
${four(now.f)}: a gradient that comes back through many such steps is multiplied by numbers close to 1.

### Step 4: the output gate says what to show

${code([equationOf("o"), equationOf("h'")])}

${code([...sumLines("sum", now.sums.o), `o   = 1 / (1 + e^-sum) = ${four(now.o)}`, `h'  = ${four(now.o)}·tanh(${four(now.c)}) = ${four(now.h)}`])}

The network itself, computing with all digits, has c' = ${four(now.recorded.c)} and h' = ${four(now.recorded.h)} in this place.

## What the gates do when they remember

The same unit over the whole sequence, with the two marked steps ${first} and ${second}:

![Gates and state of one unit over time](one-unit.svg)

${rememberingTable(traced, first, second)}

On the mark the input gate opens, and what depends on the marked number is added to the state: here, the smaller the number, the further it goes down. Between the marks the input gate is nearly shut, the forget gate is nearly 1, and the state hardly
moves. At the second mark the same is done with the second number, on top of the first. Nobody has written this down for the network: the training has found it.

How long a unit keeps its state can be said in one number, the half-life: after how many steps half of what it held is left, ln 0.5 / ln(mean of f). Here it is ${halfLives(traced)}. The sequences have ${example.steps} steps.

All units and values of this sequence, a row per unit, time to the right, values as colours:

![Heat maps of states and gates](gates-and-states.svg)`;
}

const bracketed = (value: number): string => (value < 0 ? `(${four(value)})` : four(value));

function rememberingTable(traced: Traced, first: number, second: number): string {
  const { unit, example } = traced;
  const times = [first - 1, first, first + 1, Math.floor((first + second) / 2), second - 1, second, example.steps - 1];
  const shown = [...new Set(times)].filter((time) => time >= 0).sort((a, b) => a - b);
  return table(
    [
      ["time step", "value", "mark", "f", "i", "g", "c", "o", "h"],
      ...shown.map((time) => {
        const [value = 0, mark = 0] = Object.values(example.inputs)[0]?.[time] ?? [];
        const of = (name: string): string => four(valueAt(traced, name, time, unit));
        return [
          String(time),
          four(value),
          String(mark),
          of("forget"),
          of("input"),
          of("candidate"),
          of("c"),
          of("output"),
          of("h"),
        ];
      }),
    ],
    [0, 1, 2, 3, 4, 5, 6, 7, 8],
  );
}

const halfLives = ({ halfLives: all, unit }: Traced): string =>
  `${all.map((life, k) => `${life === null ? "none" : formatNumber(life, 2)}${k === unit ? " (this one)" : ""}`).join(", ")} steps for the units in their order`;
