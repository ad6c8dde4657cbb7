/** The results of a sweep by each of the fields that it varies. */
import { formatCount, formatNumber, formatPlural } from "../format.js";
import { groupsBy } from "../groups.js";
import { FIGURE_WIDTH, idOf, MARGINS, valueAxis } from "./curves.js";
import { below, legend, type Figure } from "./drawing.js";
import { orderedColour, SERIES, seriesColour } from "./palette.js";
import type { Pen, PlotOptions } from "./pen.js";
import { formatTick, logTicks, prefersLog } from "./series.js";

/** What came of the trials of a sweep, as far as figures need it. */
export interface SweepOutcome {
  /** What trials are compared by, in words: "validation loss". */
  readonly measure: string;
  readonly better: "lower" | "higher";
  readonly trials: readonly TrialOutcome[];
}

export interface TrialOutcome {
  /** By path: what the trial has of its own, without the seed. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Absent where the trial has no result, or failed. */
  readonly value?: number | undefined;
}

const HEIGHT = 320;
/** More series than colours are not told apart. */
const MOST_SERIES = SERIES.length;
/** More names than this do not stand beside each other. */
const MOST_NAMES = 12;
/** Pixels between the dots of neighbouring series over the same place. */
const STEP_ASIDE = 9;

interface Field {
  readonly path: string;
  readonly label: string;
  /** Distinct values, in their order: numbers ascending, others as they come. */
  readonly values: readonly unknown[];
  readonly isNumeric: boolean;
}

/** Results that have a number. */
interface Valued extends TrialOutcome {
  readonly value: number;
}

/** A value as a key: settings may be lists and objects. */
const keyOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
const nameOf = (value: unknown): string => (typeof value === "number" ? formatTick(value) : keyOf(value));

/** Short names for paths: as many of their last steps as tell them apart. */
export function shortNames(paths: readonly string[]): readonly string[] {
  const steps = paths.map((path) => path.split(/[./]/).filter((step) => step !== ""));
  return steps.map((own, i) => {
    for (let count = 1; count < own.length; count++) {
      const name = own.slice(-count).join(".");
      if (steps.every((other, j) => i === j || other.slice(-count).join(".") !== name)) return name;
    }
    return own.join(".");
  });
}

/** The fields that differ between trials. */
function fieldsOf(trials: readonly TrialOutcome[]): readonly Field[] {
  const paths = [...new Set(trials.flatMap(({ settings }) => Object.keys(settings)))];
  const labels = shortNames(paths);
  return paths.flatMap((path, i) => {
    const all = trials.map(({ settings }) => settings[path]);
    const distinct = groupsBy(all, keyOf).flatMap((group) => group.slice(0, 1));
    if (distinct.length < 2) return [];
    const numbers = distinct.filter((value) => typeof value === "number");
    const isNumeric = numbers.length === distinct.length;
    const values = isNumeric ? numbers.toSorted((a, b) => a - b) : distinct;
    return [{ path, label: labels[i] ?? path, values, isNumeric }];
  });
}

/** A figure per field that differs between trials; none where nothing has a result. */
export function sweepFigures(pen: Pen, outcome: SweepOutcome): readonly Figure[] {
  const valued = outcome.trials.filter((trial): trial is Valued => trial.value !== undefined);
  if (valued.length === 0) return [];
  const fields = fieldsOf(outcome.trials);
  return fields
    .filter(({ isNumeric, values }) => isNumeric || values.length <= MOST_NAMES)
    .map((field) => fieldFigure(pen, outcome, valued, field, colourField(fields, field)));
}

/** The field whose values have colours: one without an order before one of numbers, and one with few values. */
function colourField(fields: readonly Field[], shown: Field): Field | undefined {
  const others = fields.filter((field) => field !== shown && field.values.length <= MOST_SERIES);
  return others.find(({ isNumeric }) => !isNumeric) ?? others[0];
}

function fieldFigure(
  pen: Pen,
  { measure, better, trials }: SweepOutcome,
  valued: readonly Valued[],
  field: Field,
  by: Field | undefined,
): Figure {
  const { marks } = pen;
  const values = by === undefined ? [undefined] : by.values;
  const colourOf = (i: number): string =>
    by?.isNumeric === true ? orderedColour(i / Math.max(1, values.length - 1)) : seriesColour(i);
  const series = values.map((value, i) => {
    const own = by === undefined ? valued : valued.filter(({ settings }) => keyOf(settings[by.path]) === keyOf(value));
    const at = groupsBy(own, ({ settings }) => keyOf(settings[field.path])).map((group) => meanOf(group, field));
    const order = (mean: Mean): number => field.values.findIndex((each) => keyOf(each) === mean.key);
    return { colour: colourOf(i), means: at.toSorted((a, b) => order(a) - order(b)) };
  });
  const aside = (i: number): number => (field.isNumeric ? 0 : (i - (series.length - 1) / 2) * STEP_ASIDE);
  const isRepeated = series.some(({ means }) => means.some(({ all }) => all.length > 1));
  const x = (mean: Mean): number | string => mean.x;
  const plot = pen.plot({
    width: FIGURE_WIDTH,
    height: HEIGHT,
    ...MARGINS,
    x: placeAxis(field),
    y: {
      ...valueAxis(
        valued.map(({ value }) => value),
        measure,
      ),
      grid: true,
    },
    marks: [
      axisOf(pen, field),
      ...series.map(({ colour, means }, i) => [
        isRepeated
          ? marks.ruleX(means, { x, y1: "low", y2: "high", stroke: colour, strokeWidth: 1.5, dx: aside(i) })
          : null,
        marks.dot(
          means.flatMap((mean) => mean.all.map((value) => ({ x: mean.x, value }))),
          { x: "x", y: "value", r: isRepeated ? 2 : 3.2, fill: colour, fillOpacity: 0.65, dx: aside(i) },
        ),
        isRepeated && field.isNumeric ? marks.lineY(means, { x, y: "mean", stroke: colour, strokeWidth: 2 }) : null,
        isRepeated ? marks.dot(means, { x, y: "mean", r: 4.2, fill: colour, dx: aside(i) }) : null,
      ]),
    ],
  });
  const entries = series.map(
    ({ colour }, i) =>
      ({ label: by === undefined ? "" : `${by.label} ${nameOf(values[i])}`, colour, sign: "dot" }) as const,
  );
  const missing = trials.length - valued.length;
  return {
    id: `sweep-${idOf(field.path)}`,
    title: `${measure.slice(0, 1).toUpperCase()}${measure.slice(1)} by ${field.label}`,
    caption: [
      `Each small dot is a trial${isRepeated ? "; large dots are means over the trials that are alike in what is shown, and bars go from the least to the greatest" : ""}. ${better === "lower" ? "Lower" : "Higher"} is better.`,
      ...(missing === 0
        ? []
        : [
            `${formatCount(missing)} of ${formatPlural(trials.length, "trial")} failed or have no result yet, and are left out.`,
          ]),
    ].join(" "),
    drawing: below([legend(by === undefined ? [] : entries, FIGURE_WIDTH), plot]),
  };
}

/** The trials over one place. */
interface Mean {
  readonly key: string;
  readonly x: number | string;
  readonly all: readonly number[];
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

function meanOf(group: readonly Valued[], { path, isNumeric }: Field): Mean {
  const setting = group[0]?.settings[path];
  const all = group.map(({ value }) => value);
  return {
    key: keyOf(setting),
    x: isNumeric ? Number(setting) : nameOf(setting),
    all,
    mean: all.reduce((sum, value) => sum + value, 0) / all.length,
    low: Math.min(...all),
    high: Math.max(...all),
  };
}

/** Whether numbers stand on a logarithmic axis. */
const isLogarithmic = ({ isNumeric, values }: Field): boolean => {
  const numbers = isNumeric ? values.map(Number) : [];
  return numbers.length > 0 && (prefersLog(numbers) || isGeometric(numbers));
};

function placeAxis(field: Field): NonNullable<PlotOptions["x"]> {
  const { values, label, isNumeric } = field;
  const common = { label, labelAnchor: "center", labelArrow: "none" } as const;
  if (!isNumeric) return { ...common, type: "point", domain: values.map(nameOf), padding: 0.6 };
  const numbers = values.map(Number);
  const [low = 0, high = 1] = [numbers[0], numbers.at(-1)];
  // Its axis is a mark of its own: see `axisOf`.
  if (isLogarithmic(field)) return { type: "log", domain: [low / 1.12, high * 1.12], axis: null };
  const room = 0.03 * (high - low);
  return { ...common, type: "linear", domain: [low - room, high + room], ...ticksOf(numbers), tickFormat: formatAxis };
}

/** Few values, as in a grid, are each marked; many, as drawn ones, have round ticks. */
const ticksOf = (numbers: readonly number[]): { readonly ticks: number | number[] } => ({
  ticks: numbers.length <= MOST_NAMES ? [...numbers] : 7,
});

/** The axis of a logarithmic field: as part of a scale it would leave out labels such as 80, which are no early digits of a decade. */
function axisOf({ marks }: Pen, field: Field): PlotMark {
  if (!isLogarithmic(field)) return null;
  const numbers = field.values.map(Number);
  const [low = 0, high = 1] = [numbers[0], numbers.at(-1)];
  const ticks = numbers.length <= MOST_NAMES ? numbers : logTicks([low, high]);
  return marks.axisX([...ticks], {
    text: formatAxis,
    label: `${field.label} (logarithmic)`,
    labelAnchor: "center",
    labelArrow: "none",
  });
}

type PlotMark = NonNullable<PlotOptions["marks"]>[number];

const formatAxis = (value: number): string =>
  Number.isInteger(value) ? formatTick(value) : formatTick(Number(formatNumber(value)));

/** Whether each value is about the same multiple of the one before: 5, 10, 20, 40. */
function isGeometric(values: readonly number[]): boolean {
  if (values.length < 4 || values.some((value) => value <= 0)) return false;
  const ratios = values.slice(1).map((value, i) => value / (values[i] ?? value));
  return Math.min(...ratios) >= 1.5 && Math.max(...ratios) / Math.min(...ratios) < 2;
}
