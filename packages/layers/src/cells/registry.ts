/** The cells that configs can name: built-in ones, those of the library, and those that a document defines itself. */
import { ConfigError, joinPointer, suggestName, type CellStates } from "@latchgrad/core";
import * as z from "zod";
import { readWithSchema } from "../config/read-schema.js";
import { refuse } from "../config/refuse.js";
import { builtInCell, builtInSchemas, cells } from "./built-in.js";
import { sizeSchema, type Cell, type CellDefinition, type Named } from "./cell.js";
import { makeDocumentCell, type Inner } from "./document-cell.js";
import { readCellEquations, type PlacedDocument } from "./document-equations.js";
import { cellDocumentSchema, type CellDocument } from "./document-schema.js";
import { numberFrom, settingsOf, sizesFrom, type SettingValues } from "./document-settings.js";
import { libraryDocuments } from "./generated/library.js";

/** Names of the cells that are built in; a document does not define them again. */
const builtInNames = Object.keys(cells);
/** Names of the cells that come with the package as documents alone; those of built-in cells are read by nobody but people. */
export const libraryCells: readonly string[] = Object.keys(libraryDocuments).filter(
  (name) => !builtInNames.includes(name),
);

/** All names of cells, for a document that defines some itself. */
export const knownCells = (own: readonly string[]): readonly string[] => [
  ...new Set([...own, ...builtInNames, ...libraryCells]),
];

const NOT_BUILT_IN = new RegExp(`^(?!(?:${builtInNames.join("|")})$)[A-Za-z][A-Za-z0-9_]*$`);

/** The name of a cell that is written as equations. */
export const cellNameSchema = z
  .string()
  .max(100)
  .regex(
    NOT_BUILT_IN,
    `a name that is no built-in cell (${builtInNames.join(", ")}): a letter, then letters, digits or underscores`,
  );

/** A cell written as equations, with its settings: further keys are numbers. */
export interface DocumentCellConfig {
  readonly type: string;
  readonly units: number;
  readonly [setting: string]: number | string;
}

const documentCellSchema: z.ZodType<DocumentCellConfig, DocumentCellConfig> = z
  .object({
    type: cellNameSchema
      .describe('A cell of the document\'s "cells", or of the library.')
      .meta({ examples: libraryCells }),
    units: sizeSchema.meta({ description: "Size of the state and of the output.", examples: [32] }),
  })
  .catchall(z.number().describe("A setting that the cell declares."))
  .describe("A cell written as equations, with its settings.");

/** How a config writes a cell. */
export const cellSchema = z.union([z.discriminatedUnion("type", builtInSchemas), documentCellSchema]).meta({
  id: "cell",
  description: "The cell that runs over time, with its settings.",
  examples: [{ type: "lstm", units: 32 }],
});

export type CellConfig = z.output<typeof cellSchema>;

/** The cells that a document defines, by name. */
export type CellDocuments = Named<CellDocument>;

export const cellDocumentsSchema = z
  .record(cellNameSchema, cellDocumentSchema)
  .default({})
  .describe("Cells written as equations. Layers use them by name, as they use those of the library.");

/** Where cells are looked for, and the cells that are being made, outermost first. */
interface Search {
  readonly documents: CellDocuments;
  readonly trail: readonly string[];
}

interface FoundDocument {
  readonly kind: "document";
  readonly placed: PlacedDocument<CellDocument>;
}
type Found = { readonly kind: "built-in"; readonly definition: CellDefinition } | FoundDocument;

/** Cells inside cells inside cells. */
const DEEPEST_CELLS = 8;

function findCell(type: string, { documents, trail }: Search, pointer: string): Found {
  if (trail.includes(type) || trail.length >= DEEPEST_CELLS)
    return refuse("cycle", pointer, {
      problem: `cells are inside each other at most ${DEEPEST_CELLS} deep, and none is inside itself`,
      received: [...trail, type].join(" holds "),
    });
  const definition = builtInCell(type);
  if (definition !== undefined) return { kind: "built-in", definition };
  // What the document itself says goes first, so that it means the same with every version of the library.
  const document = findDocument(type, documents);
  if (document !== undefined) return found(type, document);
  return refuse("choice", joinPointer(pointer, "type"), {
    problem: "type is none of the known cells",
    received: JSON.stringify(type),
    hint: suggestName(type, knownCells(Object.keys(documents))),
  });
}

/** The document of a cell: one of `documents`, or of the library; undefined where there is none. */
export function findDocument(type: string, documents: CellDocuments): CellDocument | undefined {
  if (Object.hasOwn(documents, type)) return documents[type];
  if (!Object.hasOwn(libraryDocuments, type)) return undefined;
  return readWithSchema(cellDocumentSchema, libraryDocuments[type], { pointer: cellPointer(type) });
}

const cellPointer = (name: string): string => joinPointer("", "cells", name);
const found = (name: string, document: CellDocument): FoundDocument => ({
  kind: "document",
  placed: { kind: "cell", name, pointer: cellPointer(name), document },
});

/** The names of a cell's states, which no setting changes. */
function stateNames(type: string, search: Search, pointer: string): readonly string[] {
  const cell = findCell(type, search, pointer);
  if (cell.kind === "built-in")
    return cell.definition.make(cell.definition.schema.parse({ type, units: 1 })).stateNames;
  const { document } = cell.placed;
  const inner = innerStates(type, cell.placed, search);
  return [
    ...Object.keys(document.state),
    ...[...inner].flatMap(([name, states]) => states.map((state) => `${name}.${state}`)),
  ];
}

const innerStates = (type: string, { document, pointer }: PlacedDocument, { documents, trail }: Search): CellStates =>
  new Map(
    Object.entries(document.cells).map(([name, inner]) => [
      name,
      stateNames(inner.type, { documents, trail: [...trail, type] }, joinPointer(pointer, "cells", name)),
    ]),
  );

function makeNamedCell(type: string, settings: Named<unknown>, search: Search, pointer: string): Cell {
  const cell = findCell(type, search, pointer);
  if (cell.kind === "built-in") {
    const { definition } = cell;
    return definition.make(readWithSchema(definition.schema, { type, ...settings }, { pointer }));
  }
  return makePlacedCell(cell.placed, settings as Named<number>, search, pointer);
}

function makePlacedCell(
  placed: PlacedDocument<CellDocument>,
  settings: Named<number>,
  search: Search,
  pointer: string,
): Cell {
  const { name: type } = placed;
  const states = innerStates(type, placed, search);
  const equations = readCellEquations(placed, states);
  const values = settingsOf(placed.document, type, settings, pointer);
  const innerSearch: Search = { ...search, trail: [...search.trail, type] };
  const innerCells = (known: SettingValues): Named<Inner> =>
    Object.fromEntries(
      Object.entries(equations.inner).map(([name, inner]) => {
        const at = joinPointer(placed.pointer, "cells", name);
        const given = Object.fromEntries(
          Object.entries(inner.settings).map(([key, formula]) => [key, numberFrom(formula, known)]),
        );
        const made = makeNamedCell(placed.document.cells[name].type, given, innerSearch, at);
        return [name, { cell: made, shapes: innerShapes(made, sizesFrom(inner.input, known), at) }] as const;
      }),
    );
  const innerNames = [...states].flatMap(([name, inner]) => inner.map((state) => `${name}.${state}`));
  return makeDocumentCell(placed, equations, values, innerCells, innerNames, pointer);
}

function innerShapes(cell: Cell, dims: readonly number[], pointer: string): Inner["shapes"] {
  const [input] = cell.inputs;
  if (cell.inputs.length === 1 && cell.context.length === 0 && input.rank === dims.length)
    return { inputs: { [input.name]: dims }, context: {} };
  return refuse("input-type", joinPointer(pointer, "input"), {
    problem: "a cell inside another reads one input, whose sizes are given",
    expected: cell.inputs.map(({ name, rank }) => `${name} with ${rank} axes`).join(", "),
    received: `${dims.length} sizes`,
  });
}

/**
 * The cell that a config describes; `documents` are those of the model, `pointer` is where the config stands. Throws ConfigError
 * where the type, a setting or an equation is wrong.
 */
export function makeCell(config: CellConfig, documents: CellDocuments = {}, pointer = ""): Cell {
  const { type, ...settings } = config;
  return makeNamedCell(type, settings, { documents, trail: [] }, pointer);
}

/** The document of a cell: one of `documents`, or of the library, also where the cell is built in. Throws ConfigError where there is none. */
export function documentOfCell(type: string, documents: CellDocuments = {}): CellDocument {
  const document = findDocument(type, documents);
  if (document !== undefined) return document;
  return refuse("choice", "", {
    problem: "the name is none of the known cells",
    received: JSON.stringify(type),
    hint: suggestName(type, knownCells(Object.keys(documents))),
  });
}

/** The cell that the equations of a document describe, also where it is built in as well, as the LSTM is. Throws as `makeCell` does. */
export const makeDocumentedCell = (type: string, settings: Named<number>, documents: CellDocuments = {}): Cell =>
  makePlacedCell(found(type, documentOfCell(type, documents)).placed, settings, { documents, trail: [] }, "");

/** Checks the equations of all documents, whether layers use them or not. Throws ConfigError with the problems of all. */
export function checkCellDocuments(documents: CellDocuments): void {
  const issues = Object.entries(documents).flatMap(([name, document]) => {
    try {
      const placed = { kind: "cell", name, pointer: cellPointer(name), document } as const;
      readCellEquations(placed, innerStates(name, placed, { documents, trail: [] }));
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return error.issues;
      throw error;
    }
  });
  if (issues.length > 0) throw new ConfigError(issues);
}
