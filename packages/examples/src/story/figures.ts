/** The pictures of the story, from its results alone. */
import {
  figureFile,
  heatMapFigures,
  openPen,
  sweepFigures,
  type Figure,
  type Pen,
  type SweepOutcome,
} from "@latchgrad/cli";
import { cellDiagram } from "@latchgrad/layers";
import { cellName, CELL_ORDER, meanBy } from "./numbers.js";
import { PAGE_WIDTH, panelsDrawing, type Curve } from "./panels.js";
import type { Flow, StoryResults } from "./results.js";

/** The text of every picture by the name of its file. */
export async function storyPictures(results: StoryResults): Promise<Readonly<Record<string, string>>> {
  const pen = await openPen();
  const figures: Readonly<Record<string, Figure | undefined>> = {
    distances: sweepFigures(pen, distancesOutcome(results)).find(({ id }) => id === "sweep-length"),
    "gradient-flow": flowFigure(pen, results),
    exploding: explodingFigure(pen, results),
    "one-unit": unitFigure(pen, results),
    "gates-and-states": heatMapFigures(pen, results.traced.values, [results.traced.example])[0],
    forgetting: forgettingFigure(pen, results),
    variants: sweepFigures(pen, variantsOutcome(results))[0],
  };
  return {
    "cell.svg": `${cellDiagram("lstm")}\n`,
    ...Object.fromEntries(
      Object.entries(figures).flatMap(([name, figure]) =>
        figure === undefined ? [] : [[`${name}.svg`, figureFile(figure)]],
      ),
    ),
  };
}

const distancesOutcome = ({ compared }: StoryResults): SweepOutcome => ({
  measure: "test error",
  better: "lower",
  trials: compared.map(({ cell, length, loss }) => ({ settings: { cell: cellName(cell), length }, value: loss })),
});

const variantsOutcome = ({ variants }: StoryResults): SweepOutcome => ({
  measure: "test error",
  better: "lower",
  trials: variants.map(({ cell, loss }) => ({ settings: { cell: cellName(cell) }, value: loss })),
});

const colourOf = (cell: string): number => Math.max(0, CELL_ORDER.indexOf(cell));

function flowFigure(pen: Pen, { flows, flowLength, steps }: StoryResults): Figure {
  const curveOf = ({ cell, state, norms }: Flow): Curve => ({
    name: `${cellName(cell)}, ${state}`,
    colour: colourOf(cell),
    isDashed: state === "c",
    points: norms.toReversed().flatMap((y, x) => (y !== null && y > 0 ? [{ x, y }] : [])),
  });
  const all = flows.map(curveOf).flatMap(({ points }) => points.map(({ y }) => y));
  const yDomain = [Math.min(...all) / 1.5, Math.max(...all) * 1.5] as const;
  const panel = (title: string, step: number): Parameters<typeof panelsDrawing>[1][number] => ({
    title,
    x: "steps back in time",
    y: "gradient norm (logarithmic)",
    isLog: true,
    xDomain: [0, flowLength - 1],
    yDomain,
    curves: flows.filter((flow) => flow.step === step).map(curveOf),
  });
  return {
    id: "gradient-flow",
    title: "The gradient on its way back through time",
    caption: `The norm of the gradient of the loss with respect to the states h and c, against steps back from the end, for sequences of ${flowLength} steps: before the training and after ${steps} updates.`,
    drawing: panelsDrawing(pen, [panel("before training", 0), panel("after training", steps)]),
  };
}

function explodingFigure(pen: Pen, { exploding }: StoryResults): Figure {
  const own = exploding.filter(({ optimizer }) => optimizer === "adam");
  const curves = (read: (run: (typeof own)[number]) => readonly (number | null)[]): readonly Curve[] =>
    own.map((run) => ({
      name: run.isClipped ? "with clipping at norm 1" : "without clipping",
      colour: run.isClipped ? 2 : 1,
      points: read(run).flatMap((y, i) => (y !== null && y > 0 ? [{ x: 10 * i + 1, y }] : [])),
    }));
  const panel = (title: string, y: string, drawn: readonly Curve[]): Parameters<typeof panelsDrawing>[1][number] => {
    const all = drawn.flatMap(({ points }) => points);
    return {
      title,
      x: "update",
      y: `${y} (logarithmic)`,
      isLog: true,
      xDomain: [0, Math.max(1, ...all.map(({ x }) => x))],
      yDomain: [Math.min(...all.map((point) => point.y)) / 1.3, Math.max(...all.map((point) => point.y)) * 1.3],
      curves: drawn,
    };
  };
  return {
    id: "exploding",
    title: "Exploding gradients",
    caption:
      "A plain network whose recurrent weights make every state larger than the one before: the norm of the whole gradient before clipping, and the loss, over the updates of Adam.",
    drawing: panelsDrawing(pen, [
      panel(
        "norm of the gradient",
        "norm",
        curves(({ gradientNorms }) => gradientNorms),
      ),
      panel(
        "loss of the training batch",
        "loss",
        curves(({ losses }) => losses),
      ),
    ]),
  };
}

/** Gates and state of the unit that the page explains, with the marked steps. */
function unitFigure(pen: Pen, { traced }: StoryResults): Figure {
  const { unit, values, example } = traced;
  const curve = (name: string, label: string, colour: number): Curve => ({
    name: label,
    colour,
    points:
      values
        .find((record) => record.name === name)
        ?.values.flatMap((row, x) => (row[unit] === null ? [] : [{ x, y: row[unit] }])) ?? [],
  });
  const marks = Object.values(example.inputs)[0]?.flatMap(([, mark], t) => (mark === 1 ? [t] : [])) ?? [];
  const state = curve("c", "cell state c", 0);
  const heights = state.points.map(({ y }) => y);
  const common = { x: "time step", xDomain: [0, example.steps - 1], marks } as const;
  return {
    id: "one-unit",
    title: "One unit that remembers",
    caption: `Unit ${unit} of the small LSTM in one sequence. The broken lines are the marked steps: there the input gate opens and something is added to the state. Between them the forget gate stays near 1 and the state hardly moves.`,
    drawing: panelsDrawing(
      pen,
      [
        {
          ...common,
          title: "gates",
          y: "gate",
          yDomain: [0, 1],
          curves: [
            curve("forget", "forget gate f", 2),
            curve("input", "input gate i", 1),
            curve("output", "output gate o", 3),
          ],
        },
        {
          ...common,
          title: "state",
          y: "c",
          yDomain: [Math.min(0, ...heights) - 0.05, Math.max(0, ...heights) + 0.05],
          curves: [state],
        },
      ],
      230,
    ),
  };
}

/** The error by how far back the farther number lies, of the networks of all lengths together. */
function forgettingFigure(pen: Pen, { compared, baseline }: StoryResults): Figure {
  const lengths = [...new Set(compared.map(({ length }) => length))];
  const panels = CELL_ORDER.slice(0, 3).map((cell) => {
    const own = compared.filter((run) => run.cell === cell);
    const curves = lengths.map((length, i): Curve => {
      const bins = own
        .filter((run) => run.length === length)
        .flatMap(({ memory }) =>
          memory.flatMap(({ from, to, value }) => (value === null ? [] : [{ at: (from + to) / 2, value }])),
        );
      const points = meanBy(
        bins,
        ({ at }) => at,
        ({ value }) => value,
      ).map(([x, y]) => ({ x, y }));
      return { name: `trained on ${length} steps`, colour: i, points, hasDots: true };
    });
    return { cell, curves };
  });
  const all = panels.flatMap(({ curves }) => curves.flatMap(({ points }) => points));
  const xs = all.map(({ x }) => x).filter((x) => x > 0);
  const ys = all.map(({ y }) => y).filter((y) => y > 0);
  return {
    id: "forgetting",
    title: "Where each cell forgets",
    caption:
      "The error of answers by how many steps back the farther of the two numbers lies, in the mean of all seeds, a curve per length of sequence. The broken line is the error without any learning; a curve that reaches it has forgotten.",
    drawing: {
      ...panelsDrawing(
        pen,
        panels.map(({ cell, curves }) => ({
          title: cellName(cell),
          x: "steps back (logarithmic)",
          y: "error (logarithmic)",
          isLog: true,
          xDomain: [Math.min(...xs) / 1.1, Math.max(...xs) * 1.1],
          xTicks: [2, 5, 10, 20, 50, 100],
          yDomain: [Math.min(...ys) / 1.5, Math.max(...ys, baseline) * 1.5],
          curves: curves.map((curve) => ({ ...curve, points: curve.points.filter(({ x, y }) => x > 0 && y > 0) })),
          guide: baseline,
        })),
      ),
      width: PAGE_WIDTH,
    },
  };
}
