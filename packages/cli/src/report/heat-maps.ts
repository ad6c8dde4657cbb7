/** Gates and states of examples over time, as heat maps: time to the right, a row per unit. */
import type { ExampleRecord, ValueRange, ValuesRecord } from "@latchgrad/optim";
import { beside, below, ramp, titled, type Drawing, type Figure } from "./drawing.js";
import { DIVERGING, INK, mix, SEQUENTIAL } from "./palette.js";
import type { Pen } from "./pen.js";
import { extent, formatTick } from "./series.js";
import { formatCount } from "../format.js";
import { idOf } from "./curves.js";

const PANEL_WIDTH = 350;
const GAP = 20;
const MARGINS = { marginLeft: 34, marginRight: 6, marginTop: 6, marginBottom: 32 } as const;
/** Height of a row, between which it lies for few and for many units. */
const ROW = { least: 3, most: 12 } as const;
const LEAST_HEIGHT = 60;
const MOST_HEIGHT = 300;

/** The colours of a range of values, and what their ends stand for. */
interface Shades {
  readonly colours: readonly string[];
  readonly low: number;
  readonly high: number;
}

const NUMBER_OF_SHADES = 64;

function shadesOf(range: ValueRange, values: readonly number[]): Shades {
  if (range === "unit") return { colours: between(SEQUENTIAL), low: 0, high: 1 };
  const [low, high] = extent(values);
  const most = range === "signed" ? 1 : Math.max(Math.abs(low), Math.abs(high)) || 1;
  return { colours: between(DIVERGING), low: -most, high: most };
}

/** Enough colours that no steps between them are seen. */
const between = (stops: readonly string[]): readonly string[] =>
  Array.from({ length: NUMBER_OF_SHADES }, (_, i) => {
    const place = (i / (NUMBER_OF_SHADES - 1)) * (stops.length - 1);
    const low = Math.min(Math.floor(place), stops.length - 2);
    return mix(stops[low] ?? INK, stops[low + 1] ?? INK, place - low);
  });

const shade = ({ colours, low, high }: Shades, value: number): string => {
  const share = (value - low) / (high - low);
  return colours[Math.min(colours.length - 1, Math.max(0, Math.floor(share * colours.length)))] ?? INK;
};

/** A figure per layer and example: the inputs above, and below them every recorded value at the latest recorded step. */
export function heatMapFigures(
  pen: Pen,
  values: readonly ValuesRecord[],
  examples: readonly ExampleRecord[],
): readonly Figure[] {
  const last = values.at(-1)?.step;
  const latest = values.filter(({ step }) => step === last);
  const places = [...new Map(latest.map(({ layer, example }) => [`${layer} ${example}`, { layer, example }])).values()];
  return places.map(({ layer, example }) => {
    const own = latest.filter((record) => record.layer === layer && record.example === example);
    // States first: they are what is remembered, and gates say why.
    const ordered = [...own.filter(({ role }) => role === "state"), ...own.filter(({ role }) => role === "inner")];
    const input = examples.find((record) => record.example === example);
    const maps = ordered.map((record) => heatMap(pen, record));
    const rows = Array.from({ length: Math.ceil(maps.length / 2) }, (_, row) =>
      beside(maps.slice(2 * row, 2 * row + 2), GAP),
    );
    const inputs = input === undefined ? [] : inputMaps(pen, input);
    const steps = input === undefined ? "" : ` of ${formatCount(input.steps)} steps`;
    return {
      id: `values-${idOf(layer)}-${example}`,
      title: `Gates and states of ${layer}, example ${example}`,
      caption:
        `The values of every unit (rows) over time (to the right) in an example${steps} of the validation part, after training step ${formatCount(last ?? 0)}. ` +
        `${inputs.length === 0 ? "" : "Above, what the layer's model reads in this example. "}A state whose row keeps its colour over many steps remembers; a forget gate near 1 is why, and an input gate that opens is when something is written.`,
      drawing: below([...inputs, ...rows], 12),
    };
  });
}

function inputMaps(pen: Pen, { inputs, targets, every }: ExampleRecord): readonly Drawing[] {
  const named = [
    ...Object.entries(inputs).map(([name, rows]) => [`input ${name}`, rows] as const),
    // A target without a time axis has one row, which is no map.
    ...Object.entries(targets)
      .filter(([, rows]) => rows.length > 1)
      .map(([name, rows]) => [`target ${name}`, rows] as const),
  ].filter(([, rows]) => rows.length > 1);
  const maps = named.map(([title, rows]) => cells(pen, { title, rows, range: "any", every }));
  return Array.from({ length: Math.ceil(maps.length / 2) }, (_, row) => beside(maps.slice(2 * row, 2 * row + 2), GAP));
}

function heatMap(pen: Pen, { name, role, range, values, every, units }: ValuesRecord): Drawing {
  const shown = values[0]?.length ?? 0;
  const part = shown < units ? `, ${shown} of ${units} units` : "";
  const title = `${name} (${role === "state" ? "state" : range === "unit" ? "gate" : "value"}${part})`;
  return cells(pen, { title, rows: values, range, every });
}

interface Cells {
  readonly title: string;
  /** [time][unit] */
  readonly rows: readonly (readonly (number | null)[])[];
  readonly range: ValueRange;
  readonly every: number;
}

function cells(pen: Pen, { title, rows, range, every }: Cells): Drawing {
  const units = Math.max(1, ...rows.map((row) => row.length));
  const shades = shadesOf(
    range,
    rows.flat().map((value) => value ?? Number.NaN),
  );
  const inner = Math.min(MOST_HEIGHT, Math.max(LEAST_HEIGHT, units * ROW.most, units * ROW.least));
  const height = inner + MARGINS.marginTop + MARGINS.marginBottom;
  const runs = rows.flatMap((row, time) =>
    row.map((value, index) => ({
      x1: time * every,
      x2: (time + 1) * every,
      y: index,
      colour: value === null ? "none" : shade(shades, value),
    })),
  );
  const plot = pen.plot({
    width: PANEL_WIDTH,
    height,
    ...MARGINS,
    x: {
      domain: [0, rows.length * every],
      label: "time step",
      labelAnchor: "center",
      labelArrow: "none",
      ticks: 6,
      tickFormat: formatTick,
    },
    y: {
      type: "linear",
      domain: [0, units],
      reverse: true,
      label: null,
      ticks: wholeTicks(units),
      tickFormat: formatTick,
    },
    marks: [
      pen.marks.rect(merged(runs), {
        x1: "x1",
        x2: "x2",
        y1: (run: Run) => run.y,
        y2: (run: Run) => run.y + 1,
        fill: (run: Run) => run.colour,
        // Hairlines between blocks would show as a grid that is not there.
        shapeRendering: "crispEdges",
      }),
      pen.marks.frame({ stroke: INK, strokeOpacity: 0.3 }),
    ],
    color: { type: "identity" },
  });
  const scale = ramp(
    "value",
    shades.colours,
    [
      [0, formatTick(Number(shades.low.toPrecision(2)))],
      [1, formatTick(Number(shades.high.toPrecision(2)))],
    ],
    90,
  );
  return titled(title, below([{ ...plot }, scale], 0));
}

interface Run {
  readonly x1: number;
  readonly x2: number;
  readonly y: number;
  readonly colour: string;
}

/** Neighbours in time of the same colour as one block: a tenth of the bytes where units keep their state. */
function merged(runs: readonly Run[]): readonly Run[] {
  const byUnit = [...runs].sort((a, b) => a.y - b.y || a.x1 - b.x1);
  const result: Run[] = [];
  for (const run of byUnit) {
    const last = result.at(-1);
    if (last !== undefined && last.y === run.y && last.colour === run.colour && last.x2 === run.x1)
      result[result.length - 1] = { ...last, x2: run.x2 };
    else result.push(run);
  }
  return result.filter(({ colour }) => colour !== "none");
}

const wholeTicks = (units: number): number[] => {
  const step = units <= 6 ? 1 : units <= 16 ? 4 : Math.ceil(units / 4 / 8) * 8;
  return Array.from({ length: Math.floor(units / step) + 1 }, (_, i) => i * step);
};
