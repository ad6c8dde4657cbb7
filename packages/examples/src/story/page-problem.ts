/** The part of the page about the problem: short memory, and the gradient through time. */
import { formatNumber } from "@latchgrad/cli";
import { cellName, short } from "./numbers.js";
import { code, equationsOf } from "./page-cell.js";
import type { ExplodingRun, Flow, StoryResults } from "./results.js";

export function problemPart(results: StoryResults): string {
  const { flowLength, baseline, steps, units } = results;
  const elman = flowOf(results, "rnn", "h", 0);
  const trained = flowOf(results, "rnn", "h", steps);
  return `## The task

A sequence of numbers between 0 and 1 comes in, one per time step. Two of them carry a mark, one in each half of the sequence. At the end the network has to say the
sum of the two:

${code([
  "value  0.31  0.87  0.52  0.09  0.44  0.63",
  "mark      0     1     0     0     1     0      answer: 0.87 + 0.44 = 1.31",
])}

Adding is easy. What is hard is to remember the first number until the end, and to learn that it has to be remembered. The longer the sequence, the harder. Always
answering 1 has a mean squared error of ${short(baseline)}; that is what knowing nothing scores (Hochreiter & Schmidhuber 1997, experiment 4, in the form of Le et al. 2015).

## A network with a short memory

The simple recurrent network (Elman 1990) has one state h. At every step it is computed anew from the input and from the state before:

${code(equationsOf("rnn").filter((line) => !line.startsWith("#")))}

x is what comes in at the step, here two numbers, the value and the mark. h has a number for each unit, and so has h', its next value. \`x @ W\` is a product with a matrix of
weights: each unit gets a weighted sum of all inputs, with weights of its own. \`h @ U\` is the same for the units' last values, and b is a number that is added. tanh squeezes each
sum to a number between -1 and 1. Learning is to find good numbers for W, U and b.

A network learns from the gradient: how much does the loss L change when a number in it changes? For the state at step t, this is ∂L/∂h_t. It is computed from the end
of the sequence to its start. With each step back it is multiplied by one more matrix: the derivatives of each unit's next value by each unit's value before, ∂h_(t+1)/∂h_t (its name is Jacobian). Its parts are the weights U times the slope of tanh:

${code(["∂L/∂h_t = ∂L/∂h_T · ∂h_T/∂h_(T-1) · ... · ∂h_(t+1)/∂h_t"])}

That is a product of T - t matrices. If each of them makes vectors a little shorter, the product goes to zero as fast as 0.9·0.9·0.9·... does. The slope of tanh is at most 1, so this is what
usually happens: the gradient vanishes. If each makes them a little longer, it explodes.

Here it is measured, for networks with ${units} units on sequences of ${flowLength} steps. On the left they are untrained, on the right they have been trained for ${formatNumber(steps)} updates, which are small
changes of all weights against their gradient. How long the gradient is (its norm) is drawn against how many steps back it has come:

![The norm of the gradient against steps back in time](gradient-flow.svg)

In the untrained Elman network the gradient is multiplied by ${factor(elman)} with every step back, and ${tiny(arrives(elman))} of it arrives at the first step. So what stood there has no
influence on what is learned. The network learns from what it can see, the end of the sequence, and that makes it worse: after the training the factor is ${factor(trained)}, and ${tiny(arrives(trained))} arrives.

The other two, GRU (Cho et al. 2014) and LSTM (Hochreiter & Schmidhuber 1997), are gated cells, of which more below. They begin no better. Before the training the factor is ${factor(flowOf(results, "gru", "h", 0))} for the GRU and ${factor(flowOf(results, "lstm", "c", 0))} for the LSTM. The difference is what training can make of them: afterwards it is
${factor(flowOf(results, "gru", "h", steps))} and ${factor(flowOf(results, "lstm", "c", steps))}, and ${short(arrives(flowOf(results, "gru", "h", steps)))} and ${short(arrives(flowOf(results, "lstm", "c", steps)))} of the gradient arrive. The dashed line is the cell state c of the LSTM: it is level, while the gradient of h is
small and uneven: what the LSTM remembers is in c. How the cell does it comes below.

## When the gradient explodes

The other end of the same problem: a plain network with relu in place of tanh, which leaves positive sums as they are and makes negative ones 0. At the start each unit hands 1.1 times its own value on to
the next step, and nothing to the other units. Every state is 1.1 times the one before, and so is
every gradient. Over 60 steps this makes 1.1^60 = ${formatNumber(1.1 ** 60, 3)}.

![Gradient norm and loss with clipping and without](exploding.svg)

${explodingTexts(results.exploding)}

Clipping cures what is too much. It cannot cure what is too little: a gradient of zero stays zero, whatever it is multiplied by. Against vanishing another cell is needed.`;
}

/** The flow of a state of a cell at a step. Throws where the results have none. */
function flowOf({ flows }: StoryResults, cell: string, state: string, step: number): Flow {
  const flow = flows.find((each) => each.cell === cell && each.state === state && each.step === step);
  if (flow === undefined)
    throw new TypeError(`the results have no gradient of ${state} in ${cellName(cell)} at ${step}`);
  return flow;
}

/** By how much the gradient changes in each step back. */
const factor = ({ perStep }: Flow): string => (perStep ?? Number.NaN).toFixed(3);

/** The share of the gradient at the last step that arrives at the first. */
const arrives = ({ norms }: Flow): number => (norms[0] ?? 0) / (norms.at(-1) ?? Number.NaN);

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
/** 2.4·10⁻⁸. */
function tiny(value: number): string {
  if (value >= 0.001) return short(value);
  const [digits = "", exponent = ""] = value.toExponential(1).split("e-");
  return `${digits}·10⁻${[...exponent].map((digit) => SUPERSCRIPTS[Number(digit)] ?? "").join("")}`;
}

function explodingTexts(runs: readonly ExplodingRun[]): string {
  const find = (optimizer: string, isClipped: boolean): ExplodingRun | undefined =>
    runs.find((run) => run.optimizer === optimizer && run.isClipped === isClipped);
  const [plain, clipped] = [find("adam", false), find("adam", true)];
  const stopped = find("sgd", false);
  const first = plain?.gradientNorms[0] ?? Number.NaN;
  return `The first gradient has the norm ${formatNumber(first, 3)}. Plain gradient descent goes as far as that says, and ${
    stopped?.error === undefined
      ? "is lost"
      : "is over after one update: the loss of the second step is no finite number, and the run ends with an error that says so"
  }. The picture is of Adam, which
divides by the size of earlier gradients and so survives, but hops about: after all updates the test error is ${short(plain?.loss ?? Number.NaN)}. The cure is clipping: a gradient whose norm is above 1 is scaled down to 1, so
that its direction stays and its length does no harm. The same network then ends at ${short(clipped?.loss ?? Number.NaN)}.`;
}
