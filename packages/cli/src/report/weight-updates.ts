/** How much updates change the weights, and how the weights are distributed over the training. */
import type { UpdatesRecord } from "@latchgrad/optim";
import { FIGURE_WIDTH, MARGINS, stepAxis, valueAxis } from "./curves.js";
import { below, inRows, legend, titled, type Figure } from "./drawing.js";
import { GUIDE, INK, seriesColour, TRAIN } from "./palette.js";
import type { Pen } from "./pen.js";
import { formatTick, pointsOf } from "./series.js";

/** Updates of about a thousandth of the weight are a common rule of thumb. */
const GUIDE_RATIO = 1e-3;
/** More weights than this are not told apart by colour; the others are drawn in grey. */
const MOST_COLOURS = 6;
/** Distributions of more weights than this would make the page too long. */
const MOST_PANELS = 12;
const PANEL_WIDTH = 230;
const PANEL_HEIGHT = 150;
const GAP = 15;

const byWeight = (records: readonly UpdatesRecord[]): readonly (readonly [string, readonly UpdatesRecord[]])[] => {
  const groups = new Map<string, UpdatesRecord[]>();
  for (const record of records) groups.set(record.weight, [...(groups.get(record.weight) ?? []), record]);
  return [...groups];
};

/** The ratio of update to weight of every weight. Undefined without records. */
export function updateRatioFigure(pen: Pen, records: readonly UpdatesRecord[]): Figure | undefined {
  const weights = byWeight(records);
  const last = Math.max(1, ...records.map(({ step }) => step));
  // Large weights first: they have the colours.
  const ordered = [...weights].sort(([, [a]], [, [b]]) => (b?.elements ?? 0) - (a?.elements ?? 0));
  const curves = ordered.map(([weight, own], i) => ({
    weight,
    colour: i < MOST_COLOURS ? seriesColour(i) : GUIDE,
    points: pointsOf(
      own.map(({ step }) => step),
      own.map(({ ratio }) => ratio ?? Number.NaN),
    ).filter(({ y }) => y > 0),
  }));
  const values = curves.flatMap(({ points }) => points.map(({ y }) => y));
  if (values.length === 0) return undefined;
  const plot = pen.plot({
    width: FIGURE_WIDTH,
    height: 260,
    ...MARGINS,
    x: stepAxis(last),
    y: { ...valueAxis([...values, GUIDE_RATIO], "update / weight", { log: true }), grid: true },
    marks: [
      pen.marks.ruleY([GUIDE_RATIO], { stroke: INK, strokeDasharray: "5,3" }),
      // Those with colours last, above the grey ones.
      ...[...curves].reverse().map(({ points, colour }) =>
        pen.marks.lineY(points, {
          x: "x",
          y: "y",
          stroke: colour,
          strokeWidth: colour === GUIDE ? 1 : 1.8,
          strokeOpacity: colour === GUIDE ? 0.5 : 1,
          marker: points.length < 20 ? "dot" : "none",
        }),
      ),
    ],
  });
  const rest = curves.length - MOST_COLOURS;
  const signs = legend(
    [
      ...curves.slice(0, MOST_COLOURS).map(({ weight, colour }) => ({ label: weight, colour, sign: "line" }) as const),
      ...(rest > 0 ? [{ label: `${rest} more`, colour: GUIDE, sign: "line" } as const] : []),
      { label: "10⁻³", colour: INK, sign: "dashes" },
    ],
    FIGURE_WIDTH,
  );
  return {
    id: "update-ratio",
    title: "Updates relative to weights",
    caption:
      "The 2-norm of what an update adds to a weight, divided by that of the weight, on a logarithmic axis. About 10⁻³ (dashed) is a common rule of thumb: much above it weights are thrown about, much below it they hardly move. Biases and weights that begin near zero have larger ratios in the beginning.",
    drawing: below([signs, plot]),
  };
}

/** The distribution of the elements of each weight over the training. Undefined without records. */
export function distributionFigure(pen: Pen, records: readonly UpdatesRecord[]): Figure | undefined {
  const weights = byWeight(records);
  if (weights.length === 0) return undefined;
  const last = Math.max(1, ...records.map(({ step }) => step));
  const largest = [...weights]
    .sort(([, [a]], [, [b]]) => (b?.elements ?? 0) - (a?.elements ?? 0))
    .slice(0, MOST_PANELS);
  const chosen = weights.filter((weight) => largest.includes(weight));
  const panels = chosen.map(([weight, own]) => {
    const rows = own.flatMap(({ step, quantiles }) => {
      const finite = quantiles.filter((quantile) => quantile !== null);
      const [least, low, lower, middle, upper, high, greatest] = finite;
      if (finite.length < 7) return [];
      return [{ step, least, low, lower, middle, upper, high, greatest }];
    });
    return titled(
      weight,
      pen.plot({
        width: PANEL_WIDTH,
        height: PANEL_HEIGHT,
        marginLeft: 40,
        marginRight: 8,
        marginTop: 8,
        marginBottom: 32,
        x: { ...stepAxis(last), ticks: 3 },
        y: { label: null, ticks: 4, tickFormat: formatTick, grid: true, nice: true },
        marks: [
          pen.marks.areaY(rows, { x: "step", y1: "least", y2: "greatest", fill: TRAIN, fillOpacity: 0.13 }),
          pen.marks.areaY(rows, { x: "step", y1: "low", y2: "high", fill: TRAIN, fillOpacity: 0.2 }),
          pen.marks.areaY(rows, { x: "step", y1: "lower", y2: "upper", fill: TRAIN, fillOpacity: 0.35 }),
          pen.marks.lineY(rows, { x: "step", y: "middle", stroke: TRAIN, strokeWidth: 1.8 }),
        ],
      }),
    );
  });
  const hidden = weights.length - chosen.length;
  return {
    id: "distributions",
    title: "Weights over training",
    caption: `The elements of ${hidden > 0 ? `the ${chosen.length} largest of ${weights.length} weights` : "each weight"}: the median (line), and bands with the middle half, with nine tenths, and with all of them. A bias that moves away from where it began, or a band that keeps growing, is seen here.`,
    drawing: inRows(panels, 3, GAP),
  };
}
