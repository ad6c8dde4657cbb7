/** Draws plots. Observable Plot and a document without a browser are loaded only when something is drawn, so that other commands start fast. */
import type * as ObservablePlot from "@observablehq/plot";
import type { Drawing } from "./drawing.js";

/** The marks and transforms of Observable Plot. */
export type Marks = typeof ObservablePlot;
export type PlotOptions = ObservablePlot.PlotOptions;

export interface Pen {
  readonly marks: Marks;
  /** Draws a plot of `width` x `height`. */
  plot(options: PlotOptions & { readonly width: number; readonly height: number }): Drawing;
}

/** As much of the document library as is used here: its own types are those of a browser, which this package does without. */
interface Documents {
  parseHTML(text: string): { readonly document: unknown };
}

/** Loads what draws. */
export async function openPen(): Promise<Pen> {
  const [marks, documents] = await Promise.all([import("@observablehq/plot"), import("linkedom")]);
  const { document } = (documents as unknown as Documents).parseHTML("<!doctype html><html><body></body></html>");
  return {
    marks,
    plot(options) {
      const { width, height } = options;
      const element: unknown = marks.plot({ ...options, document });
      return { width, height, content: groupOf((element as { readonly outerHTML: string }).outerHTML) };
    },
  };
}

/** The inside of Plot's SVG element as a group: its own style sheet stays out, because the figure around it has the style. */
function groupOf(svg: string): string {
  const start = svg.indexOf(">") + 1;
  const inside = svg.slice(start, svg.lastIndexOf("</svg>")).replace(/<style>[^]*?<\/style>/g, "");
  return `<g text-anchor="middle" fill="currentColor">${inside}</g>`;
}
