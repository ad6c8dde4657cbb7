/** Panels with curves, in the style of the reports. */
import {
  below,
  beside,
  formatTick,
  legend,
  logTicks,
  seriesColour,
  titled,
  type Drawing,
  type LegendEntry,
  type Pen,
} from "@latchgrad/cli";

export interface Curve {
  readonly name: string;
  /** Number of its colour: the same thing has the same colour in all pictures. */
  readonly colour: number;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly isDashed?: boolean;
  readonly hasDots?: boolean;
}

export interface Panel {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly curves: readonly Curve[];
  readonly xDomain: readonly [number, number];
  readonly yDomain: readonly [number, number];
  readonly isLog?: boolean;
  /** Places of vertical lines. */
  readonly marks?: readonly number[];
  /** Ticks of a logarithmic horizontal axis; absent: the axis is linear. */
  readonly xTicks?: readonly number[];
  /** A broken horizontal line. */
  readonly guide?: number;
}

export const PAGE_WIDTH = 720;
const GAP = 20;
const GREY = "#7a7a7a";

/** Panels beside each other with one legend above. */
export function panelsDrawing(pen: Pen, panels: readonly Panel[], height = 260): Drawing {
  const width = (PAGE_WIDTH - (panels.length - 1) * GAP) / panels.length;
  const curves = new Map(panels.flatMap((panel) => panel.curves.map((curve) => [curve.name, curve])));
  const entries = [...curves.values()].map(({ name, colour, isDashed }): LegendEntry => ({
    label: name,
    colour: seriesColour(colour),
    sign: isDashed === true ? "dashes" : "line",
  }));
  return below([
    legend(entries, PAGE_WIDTH),
    beside(
      panels.map((panel) => titled(panel.title, panelDrawing(pen, panel, width, height))),
      GAP,
    ),
  ]);
}

function panelDrawing({ plot, marks }: Pen, panel: Panel, width: number, height: number): Drawing {
  const { x, y, curves, xDomain, yDomain, isLog = false, xTicks, marks: places = [], guide } = panel;
  return plot({
    width,
    height,
    marginLeft: 52,
    marginRight: 12,
    marginTop: 24,
    marginBottom: 38,
    x: {
      type: xTicks === undefined ? "linear" : "log",
      domain: [...xDomain],
      label: x,
      labelAnchor: "center",
      labelArrow: "none",
      ticks: xTicks === undefined ? 6 : [...xTicks],
      tickFormat: formatTick,
    },
    y: {
      type: isLog ? "log" : "linear",
      domain: [...yDomain],
      label: y,
      labelArrow: "none",
      ticks: isLog ? [...logTicks(yDomain)] : 5,
      tickFormat: formatTick,
      grid: true,
    },
    marks: [
      marks.ruleX([...places], { stroke: GREY, strokeDasharray: "3,3" }),
      guide === undefined ? null : marks.ruleY([guide], { stroke: GREY, strokeDasharray: "5,3", strokeWidth: 1.5 }),
      ...curves.map(({ points, colour, isDashed = false, hasDots = false }) =>
        marks.lineY(points, {
          x: "x",
          y: "y",
          stroke: seriesColour(colour),
          strokeWidth: 2,
          ...(isDashed ? { strokeDasharray: "5,3" } : {}),
          marker: hasDots ? "dot" : "none",
        }),
      ),
    ],
  });
}
