/** How far gates are open over the training, how many have saturated, and how long units keep their state. */
import type { GatesRecord, RetentionRecord } from "@latchgrad/optim";
import { formatCount, formatNumber, formatPlural } from "../format.js";
import { inRows, legend, below, titled, type Figure } from "./drawing.js";
import { INK, SERIES, TRAIN, VALIDATION } from "./palette.js";
import type { Pen } from "./pen.js";
import { formatTick, logTicks, pointsOf } from "./series.js";

const PANEL_WIDTH = 350;
const PANEL_HEIGHT = 190;
const GAP = 20;
const MARGINS = { marginLeft: 44, marginRight: 12, marginTop: 22, marginBottom: 34 } as const;

const numbers = (values: readonly (number | null)[]): readonly number[] => values.map((value) => value ?? Number.NaN);

/** Mean and saturated shares of every value in a range, over the training. Undefined without records. */
export function saturationFigure(pen: Pen, records: readonly GatesRecord[]): Figure | undefined {
  if (records.length === 0) return undefined;
  const places = [...new Map(records.map(({ layer, name }) => [`${layer} ${name}`, { layer, name }])).values()];
  const last = Math.max(1, ...records.map(({ step }) => step));
  const panels = places.map(({ layer, name }) => {
    const own = records.filter((record) => record.layer === layer && record.name === name);
    const steps = own.map(({ step }) => step);
    const isSigned = own[0]?.range === "signed";
    const curve = (
      values: readonly (number | null)[],
      colour: string,
      dashed = false,
    ): ReturnType<typeof pen.marks.line> =>
      pen.marks.line(pointsOf(steps, numbers(values)), {
        x: "x",
        y: "y",
        stroke: colour,
        strokeWidth: 1.8,
        ...(dashed ? { strokeDasharray: "5,3" } : {}),
        marker: steps.length < 20 ? "dot" : "none",
      });
    return titled(
      `${layer}: ${name}`,
      pen.plot({
        width: PANEL_WIDTH,
        height: PANEL_HEIGHT,
        ...MARGINS,
        x: {
          domain: [0, last],
          label: "training step",
          labelAnchor: "center",
          labelArrow: "none",
          ticks: 5,
          tickFormat: formatTick,
        },
        y: {
          domain: [isSigned ? -1 : 0, 1],
          label: "mean, share",
          labelArrow: "none",
          ticks: 5,
          tickFormat: formatTick,
          grid: true,
        },
        marks: [
          curve(
            own.map(({ mean }) => mean),
            INK,
          ),
          curve(
            own.map(({ low }) => low),
            TRAIN,
            true,
          ),
          curve(
            own.map(({ high }) => high),
            VALIDATION,
            true,
          ),
          curve(own.map(saturatedShare), SATURATED),
        ],
      }),
    );
  });
  const signs = legend(
    [
      { label: "mean value", colour: INK, sign: "line" },
      { label: "share at the lower end (below 0.1, or -0.9)", colour: TRAIN, sign: "dashes" },
      { label: "share at the upper end (above 0.9)", colour: VALIDATION, sign: "dashes" },
      { label: "share of saturated units", colour: SATURATED, sign: "line" },
    ],
    2 * PANEL_WIDTH + GAP,
  );
  return {
    id: "saturation",
    title: "Saturation over training",
    caption:
      "For each value that lies in (0, 1) or (-1, 1) by how it is computed: its mean over units, steps and examples, and the shares of values close to either end, where the derivative is small. A unit is saturated when 9 of 10 of its values lie at one end. Gates that are nearly all open or shut act as switches; candidates and outputs that are nearly all at an end hardly learn any more.",
    drawing: below([signs, inRows(panels, 2, GAP)], 6),
  };
}

/** From this share of its values at one end on, a unit is saturated. */
const SATURATED_FROM = 0.9;
const SATURATED = SERIES[2];

type Unit = GatesRecord["units"][number];
const isShut = ({ low }: Unit): boolean => (low ?? 0) >= SATURATED_FROM;
const isOpen = ({ high }: Unit): boolean => (high ?? 0) >= SATURATED_FROM;

/** The share of the units whose values lie nearly always at one end; null where no units were recorded. */
function saturatedShare({ units }: GatesRecord): number | null {
  if (units.length === 0) return null;
  return units.filter((unit) => isShut(unit) || isOpen(unit)).length / units.length;
}

/** The saturated units after the latest step in a sentence per value that has some: "forget of memory is in 3 of 12 units nearly always above 0.9". */
export function saturationWords(records: readonly GatesRecord[]): readonly string[] {
  const latest = new Map(records.map((record) => [`${record.layer} ${record.name}`, record]));
  return [...latest.values()].flatMap(({ step, layer, name, range, units }) => {
    const lower = range === "signed" ? "-0.9" : "0.1";
    const ends = [
      { count: units.filter(isShut).length, end: `below ${lower}` },
      { count: units.filter(isOpen).length, end: "above 0.9" },
    ].filter(({ count }) => count > 0);
    if (ends.length === 0) return [];
    const parts = ends.map(
      ({ count, end }) => `in ${formatCount(count)} of ${formatPlural(units.length, "unit")} nearly always ${end}`,
    );
    return [`After step ${formatCount(step)} ${name} of ${layer} is ${parts.join(" and ")}.`];
  });
}

/** Half-lives longer than this are drawn as this long. */
const LONGEST_HALF_LIFE = 1e5;
const BINS_PER_DECADE = 5;

/** How many units keep their state how long, first and last recorded step. Undefined without records. */
export function halfLifeFigure(pen: Pen, records: readonly RetentionRecord[]): Figure | undefined {
  const places = [
    ...new Map(
      records.map(({ layer, state, factor }) => [`${layer} ${state} ${factor ?? ""}`, { layer, state, factor }]),
    ).values(),
  ];
  const panels = places.flatMap(({ layer, state, factor }) => {
    const own = records.filter(
      (record) => record.layer === layer && record.state === state && record.factor === factor,
    );
    const [first, last] = [own[0], own.at(-1)];
    if (first === undefined || last === undefined) return [];
    const lives = { first: livesOf(first), last: livesOf(last) };
    const all = [...lives.first, ...lives.last];
    if (all.length === 0) return [];
    const range = [Math.min(...all) / 1.6, Math.max(...all) * 1.6] as const;
    const isOne = first.step === last.step;
    const series = [
      ...(isOne ? [] : [{ lives: lives.first, colour: SERIES[6], label: `step ${formatCount(first.step)}` }]),
      { lives: lives.last, colour: TRAIN, label: `step ${formatCount(last.step)}` },
    ];
    const plot = pen.plot({
      width: PANEL_WIDTH,
      height: PANEL_HEIGHT,
      ...MARGINS,
      x: {
        type: "log",
        domain: [...range],
        label: "half-life in steps (logarithmic)",
        labelAnchor: "center",
        labelArrow: "none",
        ticks: [...logTicks(range, 5)],
        tickFormat: formatTick,
      },
      y: { label: "units", labelArrow: "none", grid: true, tickFormat: formatTick, ticks: 4 },
      marks: [
        ...series.map(({ lives: values, colour }) =>
          pen.marks.rect(bins(values), {
            x1: "x1",
            x2: "x2",
            y1: () => 0,
            y2: "count",
            fill: colour,
            fillOpacity: 0.55,
            stroke: colour,
            insetLeft: 1,
          }),
        ),
        pen.marks.ruleY([0]),
      ],
    });
    const signs = legend(
      series.map(({ label, colour }) => ({ label, colour, sign: "block" })),
      PANEL_WIDTH,
    );
    return [
      titled(
        `${layer}: ${state}${factor === undefined ? "" : ` through ${shortened(factor)}`}`,
        below([signs, plot], 2),
      ),
    ];
  });
  if (panels.length === 0) return undefined;
  return {
    id: "half-life",
    title: "How long units keep their state",
    caption:
      "The number of units by half-life: ln 0.5 / ln(mean factor), where the factor is what the state is multiplied by in every step, such as the forget gate. A unit with a half-life of 50 steps has lost half of what it held after 50 steps. Units whose half-life is far below the distances of the task cannot carry what it asks for.",
    drawing: inRows(panels, 2, GAP),
  };
}

const LONGEST_FACTOR = 28;
const shortened = (factor: string): string =>
  factor.length > LONGEST_FACTOR ? `${factor.slice(0, LONGEST_FACTOR - 1)}…` : factor;

const livesOf = ({ units }: RetentionRecord): readonly number[] =>
  units.flatMap(({ halfLife }) => (halfLife === null || halfLife <= 0 ? [] : [Math.min(halfLife, LONGEST_HALF_LIFE)]));

interface Bin {
  readonly x1: number;
  readonly x2: number;
  readonly count: number;
}

function bins(values: readonly number[]): readonly Bin[] {
  const counts = new Map<number, number>();
  for (const value of values) {
    const place = Math.floor(Math.log10(value) * BINS_PER_DECADE);
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  return [...counts].map(([place, count]) => ({
    x1: 10 ** (place / BINS_PER_DECADE),
    x2: 10 ** ((place + 1) / BINS_PER_DECADE),
    count,
  }));
}

/** The half-lives in a sentence per state: "memory keeps c with a half-life of 3.1 to 210 steps, 24 in the middle". */
export function halfLifeWords(records: readonly RetentionRecord[]): readonly string[] {
  const latest = new Map(records.map((record) => [`${record.layer} ${record.state} ${record.factor ?? ""}`, record]));
  return [...latest.values()].flatMap((record) => {
    const lives = [...livesOf(record)].sort((a, b) => a - b);
    const [low, middle, high] = [lives[0], lives[Math.floor(lives.length / 2)], lives.at(-1)];
    if (low === undefined || middle === undefined || high === undefined) return [];
    const { layer, state } = record;
    return [
      `After step ${formatCount(record.step)} the units of ${layer} keep ${state} with half-lives of ${formatNumber(low, 2)} to ${formatNumber(high, 2)} steps, ${formatNumber(middle, 2)} in the middle.`,
    ];
  });
}
