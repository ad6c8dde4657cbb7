/** Curves of several runs over each other. */
import type { MemoryRecord } from "@latchgrad/optim";
import { formatNumber } from "../format.js";
import type { NamedRun } from "./comparison.js";
import { FIGURE_WIDTH, idOf, MARGINS, stepAxis, valueAxis } from "./curves.js";
import { below, legend, type Figure, type LegendEntry } from "./drawing.js";
import { memoryPoints } from "./memory-curves.js";
import { GUIDE, seriesColour } from "./palette.js";
import type { Pen } from "./pen.js";
import { baselineOf, measuresOf, recordsOf, valueOf } from "./run-data.js";
import { extent, formatTick, pointsOf, smoothed, thinned } from "./series.js";

const HEIGHT = 300;
/** Fewer evaluations than this are no curve; then the training batches are drawn. */
const LEAST_EVALUATIONS = 3;

const runLegend = (runs: readonly NamedRun[]): readonly LegendEntry[] =>
  runs.map(({ name }, i) => ({ label: name, colour: seriesColour(i), sign: "line" }));

/** The loss or a metric of all runs: of the validation part where all have evaluations, else running means of the training. */
export function comparedMeasureFigure(pen: Pen, runs: readonly NamedRun[], measure: string): Figure {
  const evaluated = runs.map(({ run }) =>
    pointsOf(
      run.evaluations.map(({ step }) => step),
      run.evaluations.map((evaluation) => valueOf(evaluation, measure)),
    ),
  );
  const hasEvaluations = evaluated.every(({ length }) => length >= LEAST_EVALUATIONS);
  const trained = runs.map(({ run }) => {
    const column = measuresOf(run.steps).find(([name]) => name === measure)?.[1] ?? [];
    return thinned(smoothed(pointsOf(run.steps.step, column)));
  });
  const main = hasEvaluations ? evaluated : trained;
  const baselines = new Set(
    runs.flatMap(({ run }) => {
      const baseline = baselineOf(run);
      return baseline?.metric === measure ? [baseline.value] : [];
    }),
  );
  const values = [...[...main, ...(hasEvaluations ? trained : [])].flat().map(({ y }) => y), ...baselines];
  const last = Math.max(0, ...[...trained, ...evaluated].flat().map(({ x }) => x));
  const { marks } = pen;
  const plot = pen.plot({
    width: FIGURE_WIDTH,
    height: HEIGHT,
    ...MARGINS,
    x: stepAxis(last),
    y: { ...valueAxis(values, measure), grid: true },
    marks: [
      marks.ruleY([...baselines], { stroke: GUIDE, strokeDasharray: "5,3", strokeWidth: 1.5 }),
      ...(hasEvaluations
        ? trained.map((points, i) =>
            marks.lineY(points, { x: "x", y: "y", stroke: seriesColour(i), strokeOpacity: 0.35 }),
          )
        : []),
      ...main.map((points, i) =>
        marks.lineY(points, {
          x: "x",
          y: "y",
          stroke: seriesColour(i),
          strokeWidth: 2,
          marker: hasEvaluations && points.length < 60 ? "dot" : "none",
        }),
      ),
    ],
  });
  const entries: readonly LegendEntry[] = [
    ...runLegend(runs),
    ...[...baselines].map(
      (value) => ({ label: `baseline ${formatNumber(value)}`, colour: GUIDE, sign: "dashes" }) as const,
    ),
  ];
  return {
    id: measure === "loss" ? "loss" : `metric-${idOf(measure)}`,
    title: measure === "loss" ? "Loss" : `Metric: ${measure}`,
    caption: hasEvaluations
      ? "Evaluations on the validation part (strong lines) and running means of the training batches (faint)."
      : "Running means of the training batches.",
    drawing: below([legend(entries, FIGURE_WIDTH), plot]),
  };
}

/** The memory of all runs, each at its latest record: a figure per metric. */
export function comparedMemoryFigures(pen: Pen, runs: readonly NamedRun[]): readonly Figure[] {
  const all = runs.map(({ run }) => recordsOf(run, "memory"));
  const metrics = [...new Set(all.flat().map(({ metric }) => metric))];
  return metrics.map((metric) => {
    const latest = all.map((records) => records.filter((record) => record.metric === metric).at(-1));
    const curves = latest.map((record) => (record === undefined ? [] : memoryPoints(record, ({ value }) => value)));
    const chances = latest.map((record) => (record === undefined ? [] : memoryPoints(record, ({ chance }) => chance)));
    const [from, to] = extent(curves.flat().map(({ x }) => x));
    const { marks } = pen;
    const plot = pen.plot({
      width: FIGURE_WIDTH,
      height: HEIGHT,
      ...MARGINS,
      x: {
        domain: from === to ? [from - 1, to + 1] : [from, to],
        label: overInWords(latest),
        labelAnchor: "center",
        labelArrow: "none",
        tickFormat: formatTick,
      },
      y: {
        ...valueAxis(
          [...curves, ...chances].flat().map(({ y }) => y),
          metric,
        ),
        grid: true,
      },
      marks: [
        ...chances.map((points) => marks.lineY(points, { x: "x", y: "y", stroke: GUIDE, strokeDasharray: "5,3" })),
        ...curves.map((points, i) =>
          marks.lineY(points, { x: "x", y: "y", stroke: seriesColour(i), strokeWidth: 2, marker: "dot" }),
        ),
      ],
    });
    const entries: readonly LegendEntry[] = [
      ...runLegend(runs),
      ...(chances.flat().length === 0 ? [] : [{ label: "baseline", colour: GUIDE, sign: "dashes" } as const]),
    ];
    return {
      id: `memory-${idOf(metric)}`,
      title: `Memory: ${metric}`,
      caption:
        "Answers to validation examples by how far back the input lies that they need, after the latest recorded step of each run. Where a curve meets the baseline, that model has forgotten what it would need.",
      drawing: below([legend(entries, FIGURE_WIDTH), plot]),
    };
  });
}

const overInWords = (records: readonly (MemoryRecord | undefined)[]): string =>
  records.some((record) => record?.over === "length")
    ? "length of the sequence, in steps"
    : "distance back to the needed input, in steps";
