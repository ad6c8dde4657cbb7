/** How far the gradient reaches back in time, per layer and state, over the training. */
import { verdictInWords, type GradientFlowRecord } from "@latchgrad/optim";
import { below, inRows, ramp, titled, type Drawing, type Figure } from "./drawing.js";
import { INK, orderedColour } from "./palette.js";
import type { Pen } from "./pen.js";
import { evenly, extent, formatTick, logTicks, type Point } from "./series.js";
import { formatCount } from "../format.js";

/** More curves than this are not told apart. */
const MOST_CURVES = 12;
const PANEL_HEIGHT = 240;
const FULL_WIDTH = 720;
const GAP = 20;

/** A curve: the norm of the gradient by steps back in time, at one step of the training. */
interface FlowCurve {
  readonly step: number;
  readonly points: readonly Point[];
}

/** The norms of a record by steps back from where the layer ends; values that are zero or not finite have no place on a logarithmic axis. */
function curveOf({ step, norms, fromEnd, reverse }: GradientFlowRecord): FlowCurve {
  const inOrder = fromEnd ?? norms;
  const back = reverse ? inOrder : [...inOrder].reverse();
  const points = back.flatMap((norm, stepsBack) => (norm !== null && norm > 0 ? [{ x: stepsBack, y: norm }] : []));
  return { step, points };
}

/** Records by layer and state, in the order in which they first occur. */
function byPlace(records: readonly GradientFlowRecord[]): ReadonlyMap<string, readonly GradientFlowRecord[]> {
  const groups = new Map<string, GradientFlowRecord[]>();
  for (const record of records) {
    const place = `${record.layer}: ∂L/∂${record.state}ₜ`;
    groups.set(place, [...(groups.get(place) ?? []), record]);
  }
  return groups;
}

const READING =
  "The norm of the gradient that reaches the states of a layer, against how many steps it has gone back from the end of the sequence, in the mean of the examples of a fixed validation batch; the vertical axis is logarithmic. " +
  "A level curve is a gradient that arrives whole: what lies far back can be learned. A straight fall is a gradient that shrinks by the same factor in every step, and a rise is one that explodes. One curve per recorded step, from early (violet) to late (yellow-green).";

/** The gradient through time: one panel per layer and state, one curve per recorded step. Undefined without records. */
export const gradientFlowFigure = (pen: Pen, records: readonly GradientFlowRecord[]): Figure | undefined =>
  flowPanelsFigure(pen, [{ name: "", records }]);

/** The same for several runs, beside each other on the same axes. Undefined without records. */
export function flowPanelsFigure(
  pen: Pen,
  runs: readonly { readonly name: string; readonly records: readonly GradientFlowRecord[] }[],
): Figure | undefined {
  const steps = [...new Set(runs.flatMap(({ records }) => records.map(({ step }) => step)))].sort((a, b) => a - b);
  if (steps.length === 0) return undefined;
  const panels = runs.flatMap(({ name, records }) => {
    const shown = new Set(evenly([...new Set(records.map(({ step }) => step))], MOST_CURVES));
    return [...byPlace(records)].map(([place, group]) => ({
      title: name === "" ? place : `${name}: ${place}`,
      curves: group.filter(({ step }) => shown.has(step)).map(curveOf),
    }));
  });
  const all = panels.flatMap(({ curves }) => curves.flatMap(({ points }) => points));
  const [low, high] = extent(all.map(({ y }) => y));
  // All panels have the same axes: that one of them falls faster should be seen, not read.
  const domain = all.length === 0 ? ([0.1, 1] as const) : ([low / 1.5, high * 1.5] as const);
  const longest = Math.max(1, ...all.map(({ x }) => x));
  const columns = panels.length === 1 ? 1 : 2;
  const width = (FULL_WIDTH - (columns - 1) * GAP) / columns;
  const [first = 0, last = 0] = [steps[0], steps.at(-1)];
  const colourOf = (step: number): string => orderedColour(last === first ? 1 : (step - first) / (last - first));
  const drawings = panels.map(({ title, curves }) =>
    titled(title, flowPlot(pen, curves, { width, domain, longest, colourOf })),
  );
  return {
    id: "gradient-flow",
    title: "Gradient flow through time",
    caption: READING,
    drawing: below([stepRamp(first, last), inRows(drawings, columns, GAP)], 10),
  };
}

/** What the colours of curves stand for: steps of the training, from the first to the last that were recorded. */
export const stepRamp = (first: number, last: number): Drawing =>
  ramp(
    "training step",
    Array.from({ length: 40 }, (_, i) => orderedColour(i / 39)),
    first === last
      ? [[1, formatCount(last)]]
      : [
          [0, formatCount(first)],
          [1, formatCount(last)],
        ],
  );

interface FlowOptions {
  readonly width: number;
  readonly domain: readonly [number, number];
  readonly longest: number;
  colourOf(step: number): string;
}

function flowPlot(pen: Pen, curves: readonly FlowCurve[], { width, domain, longest, colourOf }: FlowOptions): Drawing {
  const { marks } = pen;
  const empty = curves.every(({ points }) => points.length === 0);
  return pen.plot({
    width,
    height: PANEL_HEIGHT,
    marginLeft: 52,
    marginRight: 10,
    marginTop: 22,
    marginBottom: 36,
    x: {
      domain: [0, longest],
      label: "steps back in time",
      labelAnchor: "center",
      labelArrow: "none",
      ticks: 6,
      tickFormat: formatTick,
    },
    y: {
      type: "log",
      domain: [...domain],
      label: "gradient norm (logarithmic)",
      labelArrow: "none",
      ticks: [...logTicks(domain)],
      tickFormat: formatTick,
      grid: true,
    },
    marks: [
      curves.map(({ step, points }) => [
        marks.lineY(points, { x: "x", y: "y", stroke: colourOf(step), strokeWidth: 1.8 }),
        points.length === 1 ? marks.dot(points, { x: "x", y: "y", fill: colourOf(step), r: 3 }) : null,
      ]),
      empty ? marks.text(["no gradient reaches this state"], { frameAnchor: "middle", fill: INK }) : null,
    ],
  });
}

/** What the gradient of each layer does at the first and the last record, in sentences; empty without records. */
export function flowVerdicts(records: readonly GradientFlowRecord[]): readonly string[] {
  const layers = [...new Set(records.map(({ layer }) => layer))];
  return layers.flatMap((layer) => {
    const own = records.filter((record) => record.layer === layer);
    const [first, last] = [own[0], own.at(-1)];
    if (first === undefined || last === undefined) return [];
    const after = `${sentence(verdictInWords(last))} (after step ${formatCount(last.step)}).`;
    if (first.step === last.step || first.verdict.kind === last.verdict.kind) return [after];
    return [
      `At step ${formatCount(first.step)} ${verdictInWords({ ...first, verdict: { ...first.verdict, advice: [] } })}.`,
      after,
    ];
  });
}

const sentence = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
