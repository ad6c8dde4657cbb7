/** The picture of a cell: its data flow from left to right. */
import { exampleShapes } from "../cells/describe-cell.js";
import { documentOfCell, findDocument, makeDocumentedCell, type CellDocuments } from "../cells/registry.js";
import type { CellDocument } from "../cells/document-schema.js";
import type { Named } from "../cells/cell.js";
import { dataFlowOf, type DataFlow } from "./data-flow.js";
import type { DocumentTexts } from "./applications.js";
import { layoutOf } from "./drawing.js";
import { placementOf } from "./placement.js";
import { writeSvg } from "./svg.js";
import { stepGraph } from "./step-graph.js";

/** Sizes that nobody sees: the picture does not depend on them. */
const UNITS = 4;
const INPUT = 3;

/** The data flow of a cell with these settings, as it is outside training. */
export function cellFlow(type: string, documents: CellDocuments = {}, settings: Named<number> = {}): DataFlow {
  const document = documentOfCell(type, documents);
  const cell = makeDocumentedCell(type, { units: UNITS, ...settings }, documents);
  const step = stepGraph(cell, type, exampleShapes(document, INPUT, UNITS));
  return dataFlowOf(step, textsOf(documents));
}

/**
 * The picture of a cell as the text of an SVG: its data flow in one step, from left to right, with states on tracks of their own,
 * functions as boxes and sums and products as circles. The cell is one of `documents` or of the library; `settings` are its numbers, such
 * as the depth of a recurrent highway network. Throws ConfigError or ShapeError where the name or an equation is wrong.
 */
export function cellDiagram(type: string, documents: CellDocuments = {}, settings: Named<number> = {}): string {
  const { title = type } = documentOfCell(type, documents);
  return writeSvg(layoutOf(placementOf(cellFlow(type, documents, settings)), title));
}

/** The texts of documents and of the library, by their pointers. */
function textsOf(documents: CellDocuments): DocumentTexts {
  const known = new Map<string, CellDocument | undefined>();
  const find = (name: string): CellDocument | undefined => {
    if (!known.has(name)) known.set(name, findDocument(name, documents));
    return known.get(name);
  };
  return {
    textAt(pointer) {
      const [, cells, name, ...rest] = pointer.split("/");
      if (cells !== "cells") return undefined;
      let value: unknown = find(name);
      for (const step of rest) value = (value as Readonly<Record<string, unknown>> | undefined)?.[step];
      return typeof value === "string" ? value : undefined;
    },
    isCell(pointer, name) {
      const [, , document] = pointer.split("/");
      return Object.hasOwn(find(document)?.cells ?? {}, name);
    },
  };
}
