/** Curves over the steps of the training: loss, metrics, learning rate, gradient norm and speed. */
import { formatNumber } from "../format.js";
import { below, legend, type Figure, type LegendEntry } from "./drawing.js";
import { GUIDE, INK, TRAIN, VALIDATION } from "./palette.js";
import type { Pen, PlotOptions } from "./pen.js";
import { baselineOf, valueOf, type EvaluationRow, type RunData } from "./run-data.js";
import {
  extent,
  formatTick,
  logTicks,
  MOST_POINTS,
  pointsOf,
  prefersLog,
  smoothed,
  thinned,
  windowOf,
  type Point,
} from "./series.js";

export const FIGURE_WIDTH = 720;
const HEIGHT = 280;
const LOW_HEIGHT = 200;

/** Space around a plot; the same in all, so that their frames stand below each other. */
export const MARGINS = { marginLeft: 58, marginRight: 16, marginTop: 24, marginBottom: 36 } as const;

/** The axis of training steps; it begins at 0, whatever was recorded first. */
export const stepAxis = (last: number): NonNullable<PlotOptions["x"]> => ({
  domain: [0, Math.max(1, last)],
  label: "training step",
  labelArrow: "none",
  labelAnchor: "center",
  ticks: 7,
  tickFormat: formatTick,
});

/** A vertical axis for these values: logarithmic where they span more than an order of magnitude. */
export function valueAxis(
  values: readonly number[],
  label: string,
  { log = prefersLog(values), fromZero = false }: { readonly log?: boolean; readonly fromZero?: boolean } = {},
): NonNullable<PlotOptions["y"]> {
  const [low, high] = extent(values);
  const common = { label: log ? `${label} (logarithmic)` : label, labelArrow: "none", tickFormat: formatTick } as const;
  if (log)
    return { ...common, type: "log", domain: [low * 0.9, high * 1.1], ticks: [...logTicks([low * 0.9, high * 1.1])] };
  const room = high > low ? 0.04 * (high - low) : Math.max(Math.abs(high), 1) * 0.1;
  const bottom = fromZero ? Math.min(0, low) : low >= 0 && low - room < 0.25 * high ? 0 : low - room;
  return { ...common, domain: [bottom, high + room], ticks: 6 };
}

/** Marks of a training curve: every value faintly, or a band from the least to the greatest where they are too many, and running means. */
function curveMarks({ marks }: Pen, points: readonly Point[], colour: string): NonNullable<PlotOptions["marks"]> {
  const isLong = points.length > MOST_POINTS;
  const raw = isLong
    ? marks.areaY(thinned(points), { x: "x", y1: "low", y2: "high", fill: colour, fillOpacity: 0.2 })
    : marks.lineY(points, { x: "x", y: "y", stroke: colour, strokeOpacity: 0.35, strokeWidth: 1 });
  const means = thinned(smoothed(points));
  return [raw, marks.lineY(means, { x: "x", y: "y", stroke: colour, strokeWidth: 2, strokeLinejoin: "round" })];
}

const curveLegend = (label: string, points: readonly Point[], colour: string): readonly LegendEntry[] => {
  const window = windowOf(points.length);
  const isLong = points.length > MOST_POINTS;
  if (points.length === 0) return [];
  return [
    { label: window > 1 ? `${label}, mean of ${window} steps` : label, colour, sign: "line" },
    ...(isLong ? [{ label: "least to greatest", colour: `${colour}55`, sign: "block" } as const] : []),
  ];
};

/** How a measure is called beside its axis. */
const measureTitle = (name: string): string => (name === "loss" ? "loss" : name);

/** The loss or a metric over the training, with evaluations and the baseline. */
export function measureFigure(pen: Pen, run: RunData, name: string, column: readonly number[]): Figure {
  const { marks } = pen;
  const points = pointsOf(run.steps.step, column);
  const evaluated = evaluationPoints(run.evaluations, name);
  const test = run.end?.test;
  const tested = test === undefined ? [] : evaluationPoints([test], name);
  const baseline = baselineOf(run);
  const line = baseline?.metric === name && Number.isFinite(baseline.value) ? baseline : undefined;
  const best = name === run.experiment.config.training.best?.metric ? run.end?.best : undefined;
  const values = [
    ...points.map(({ y }) => y),
    ...[...evaluated, ...tested].map(({ y }) => y),
    ...(line ? [line.value] : []),
  ];
  const last = Math.max(run.steps.step.at(-1) ?? 0, ...evaluated.map(({ x }) => x));
  const plot = pen.plot({
    width: FIGURE_WIDTH,
    height: HEIGHT,
    ...MARGINS,
    x: stepAxis(last),
    y: { ...valueAxis(values, measureTitle(name)), grid: true },
    marks: [
      ...(line === undefined
        ? []
        : [marks.ruleY([line.value], { stroke: GUIDE, strokeDasharray: "5,3", strokeWidth: 1.5 })]),
      ...(best === undefined ? [] : [marks.ruleX([best.step], { stroke: VALIDATION, strokeOpacity: 0.5 })]),
      curveMarks(pen, points, TRAIN),
      marks.lineY(evaluated, { x: "x", y: "y", stroke: VALIDATION, strokeWidth: 1.5 }),
      evaluated.length > MOST_POINTS ? null : marks.dot(evaluated, { x: "x", y: "y", fill: VALIDATION, r: 2.8 }),
      marks.dot(tested, { x: "x", y: "y", symbol: "diamond", r: 6, fill: "none", stroke: INK, strokeWidth: 2 }),
    ],
  });
  const entries: readonly LegendEntry[] = [
    ...curveLegend("training", points, TRAIN),
    ...(evaluated.length === 0 ? [] : [{ label: "validation", colour: VALIDATION, sign: "dot" } as const]),
    ...(tested.length === 0 ? [] : [{ label: "test, at the end", colour: INK, sign: "diamond" } as const]),
    ...(line === undefined
      ? []
      : [{ label: `baseline ${formatNumber(line.value)}`, colour: GUIDE, sign: "dashes" } as const]),
  ];
  return {
    id: name === "loss" ? "loss" : `metric-${idOf(name)}`,
    title: name === "loss" ? "Loss" : `${isLoss(run, name) ? "Loss" : "Metric"}: ${name}`,
    caption: measureCaption(measureWords(run, name), points.length, line, best?.step),
    drawing: below([legend(entries, FIGURE_WIDTH), plot]),
  };
}

const evaluationPoints = (evaluations: readonly EvaluationRow[], name: string): readonly Point[] =>
  pointsOf(
    evaluations.map(({ step }) => step),
    evaluations.map((evaluation) => valueOf(evaluation, name)),
  );

const isLoss = ({ experiment }: RunData, name: string): boolean =>
  experiment.model.objectives.some((objective) => objective.name === name && objective.kind === "loss");

/** What a curve is of: "The loss", or, where a model has several outputs, which one is compared with what. */
function measureWords(run: RunData, name: string): string {
  if (name === "loss") return "The loss";
  const objective = run.experiment.model.objectives.find((each) => each.name === name);
  const what = `The ${isLoss(run, name) ? "loss" : "metric"} ${name}`;
  if (objective?.config.prediction === undefined) return what;
  const { type, prediction, target } = objective.config;
  return `${what} (${type} of ${prediction} against ${target})`;
}

function measureCaption(
  what: string,
  count: number,
  line: EvaluationRow["baseline"],
  bestStep: number | undefined,
): string {
  const sentences = [
    `${what} of each training batch before its update${count > MOST_POINTS ? " (band: least to greatest)" : " (faint)"}, its running mean, and evaluations on data that the model does not learn from (dots).`,
    line === undefined ? "" : `The dashed line is the baseline, which needs no learning: ${line.says}.`,
    bestStep === undefined ? "" : `The thin vertical line marks step ${bestStep}, whose model was kept as the best.`,
    "Training falling while validation rises would be overfitting.",
  ];
  return sentences.filter((sentence) => sentence !== "").join(" ");
}

/** Letters and digits of a name, for ids and file names; others become "-" and their code, so that two names never meet. */
export const idOf = (name: string): string =>
  name.replace(/[^A-Za-z0-9.]/gu, (sign) => `-${(sign.codePointAt(0) ?? 0).toString(16)}-`).replaceAll(".", "-");

/** The 2-norm of all gradients, with the limit that they are clipped to. */
export function gradientNormFigure(pen: Pen, run: RunData): Figure | undefined {
  const points = pointsOf(run.steps.step, run.steps.gradientNorm);
  if (points.length === 0) return undefined;
  const { clip } = run.experiment.config.training;
  const limit = clip !== undefined && "globalNorm" in clip ? clip.globalNorm : undefined;
  const clipped = limit === undefined ? 0 : points.filter(({ y }) => y > limit).length / points.length;
  const values = [...points.map(({ y }) => y), ...(limit === undefined ? [] : [limit])];
  const plot = pen.plot({
    width: FIGURE_WIDTH,
    height: LOW_HEIGHT,
    ...MARGINS,
    x: stepAxis(run.steps.step.at(-1) ?? 0),
    y: { ...valueAxis(values, "norm of all gradients"), grid: true },
    marks: [
      limit === undefined
        ? null
        : pen.marks.ruleY([limit], { stroke: VALIDATION, strokeDasharray: "5,3", strokeWidth: 1.5 }),
      curveMarks(pen, points, TRAIN),
    ],
  });
  const entries: readonly LegendEntry[] = [
    ...curveLegend("before clipping", points, TRAIN),
    ...(limit === undefined
      ? []
      : [{ label: `clipped to ${formatNumber(limit)}`, colour: VALIDATION, sign: "dashes" } as const]),
  ];
  const share = `${formatNumber(100 * clipped, 2)}% of the steps were above the limit, where the gradient keeps its direction and loses length.`;
  return {
    id: "gradient-norm",
    title: "Gradient norm",
    caption: `The 2-norm of the gradient of all weights together, before clipping.${limit === undefined ? " Nothing is clipped in this run; spikes that come before jumps of the loss ask for it." : ` ${share}`}`,
    drawing: below([legend(entries, FIGURE_WIDTH), plot]),
  };
}

/** The learning rate of each step. */
export function learningRateFigure(pen: Pen, run: RunData): Figure | undefined {
  const points = pointsOf(run.steps.step, run.steps.learningRate);
  const [low, high] = extent(points.map(({ y }) => y));
  // A rate that never changes is a number in the config, not a curve.
  if (points.length === 0 || low === high) return undefined;
  return {
    id: "learning-rate",
    title: "Learning rate",
    caption: "The learning rate that the schedule gave to each step.",
    drawing: pen.plot({
      width: FIGURE_WIDTH,
      height: LOW_HEIGHT,
      ...MARGINS,
      x: stepAxis(run.steps.step.at(-1) ?? 0),
      y: { ...valueAxis([low, high], "learning rate", { log: false, fromZero: true }), grid: true },
      marks: [pen.marks.lineY(thinned(points), { x: "x", y: "y", stroke: TRAIN, strokeWidth: 2 })],
    }),
  };
}

/** Examples per second, where the run noted them. */
export function speedFigure(pen: Pen, run: RunData): Figure | undefined {
  if (run.timing.length < 3) return undefined;
  const points = run.timing.map(({ step, examplesPerSecond }) => ({ x: step, y: examplesPerSecond }));
  return {
    id: "speed",
    title: "Throughput",
    caption:
      "Examples per second that the training steps handled, a recent average at each point; evaluations and checkpoints are not counted. It falls while the machine does other things.",
    drawing: pen.plot({
      width: FIGURE_WIDTH,
      height: LOW_HEIGHT,
      ...MARGINS,
      x: stepAxis(run.steps.step.at(-1) ?? 0),
      y: {
        ...valueAxis(
          points.map(({ y }) => y),
          "examples per second",
          { log: false, fromZero: true },
        ),
        grid: true,
      },
      marks: [pen.marks.lineY(thinned(points), { x: "x", y: "y", stroke: TRAIN, strokeWidth: 2 })],
    }),
  };
}

/** All curves of a run. */
export function curveFigures(
  pen: Pen,
  run: RunData,
  measures: readonly (readonly [string, readonly number[]])[],
): readonly Figure[] {
  const rest = [gradientNormFigure(pen, run), learningRateFigure(pen, run), speedFigure(pen, run)];
  return [
    ...measures.map(([name, column]) => measureFigure(pen, run, name, column)),
    ...rest.filter((figure) => figure !== undefined),
  ];
}
