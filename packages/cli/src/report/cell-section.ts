/** The data flow of each cell that a run uses. */
import { LatchgradError } from "@latchgrad/core";
import { cellDiagram, type CellDocuments } from "@latchgrad/layers";
import { idOf } from "./curves.js";
import type { Drawing, Figure } from "./drawing.js";
import { html, type Markup } from "./html.js";
import type { Section } from "./page.js";
import type { RunData } from "./run-data.js";

/** A cell as a layer names it. */
interface UsedCell {
  readonly type: string;
  /** What the layer sets in it, as far as it is a number. */
  readonly settings: Readonly<Record<string, number>>;
}

/** A section with a picture per kind of cell; undefined where the model has none. */
export function cellSection({ experiment }: RunData): Section | undefined {
  const { layers, cells = {} } = experiment.config;
  const used = new Map(cellsIn(layers).map((cell) => [cell.type, cell]));
  if (used.size === 0) return undefined;
  const pictures = [...used.values()].map((cell) => cellFigure(cell, cells));
  return {
    id: "cells",
    title: used.size === 1 ? "The cell" : "The cells",
    content: pictures.filter((picture) => "markup" in picture),
    figures: pictures.filter((picture) => "drawing" in picture),
  };
}

/** The cells in layers, and in the layers inside groups. */
function cellsIn(value: unknown): readonly UsedCell[] {
  if (Array.isArray(value)) return value.flatMap(cellsIn);
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.values(value).flatMap(cellsIn);
  if (!("cell" in value) || typeof value.cell !== "object" || value.cell === null) return inner;
  const { cell } = value;
  if (!("type" in cell) || typeof cell.type !== "string") return inner;
  const numbers = Object.entries(cell).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  // The picture is of a few units, whatever the model has; the flow is the same.
  return [{ type: cell.type, settings: Object.fromEntries(numbers.filter(([key]) => key !== "units")) }, ...inner];
}

function cellFigure({ type, settings }: UsedCell, documents: CellDocuments): Figure | Markup {
  try {
    return {
      id: `cell-${idOf(type)}`,
      title: `Data flow of ${type}`,
      caption:
        "One time step of the cell, from left to right: states come in at the left and leave at the right, the input comes from below. Boxes are functions, those in yellow of weighted sums; circles are sums and products.",
      drawing: drawingOf(cellDiagram(type, documents, settings)),
    };
  } catch (error) {
    // A report is worth more than the picture in it.
    if (error instanceof LatchgradError) return html`<p>There is no picture of the cell ${type}.</p>`;
    throw error;
  }
}

/** The inside of a picture, moved so that its corner is at 0, 0. */
function drawingOf(svg: string): Drawing {
  const [x = 0, y = 0, width = 0, height = 0] = (/viewBox="([^"]*)"/.exec(svg)?.[1] ?? "").split(" ").map(Number);
  const inside = svg
    .slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"))
    .replace(/<title>[^<]*<\/title>|<desc>[^<]*<\/desc>/g, "");
  return { width, height, content: `<g transform="translate(${-x},${-y})">${inside}</g>` };
}
