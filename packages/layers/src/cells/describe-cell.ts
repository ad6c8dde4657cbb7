/** A cell as people look it up: its equations as lines, and its states and weights for sizes that they name. */
import type { CellShapes, Named, StateSpec, WeightSpec } from "./cell.js";
import type { CellDocument, DocumentStatement } from "./document-schema.js";
import { documentOfCell, makeDocumentedCell, type CellDocuments } from "./registry.js";

/** Sizes that inputs and context get where no paper says any: `input` for the size of that name, `other` for the rest. */
export function exampleShapes({ inputs, context }: CellDocument, input: number, other: number): CellShapes {
  const sizes = (shapes: CellDocument["inputs"]): Named<readonly number[]> =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, dims]) => [
        name,
        dims.map((dim) => (typeof dim === "number" ? dim : dim === "input" ? input : other)),
      ]),
    );
  return { inputs: sizes(inputs), context: sizes(context) };
}

export interface CellDescription {
  readonly document: CellDocument;
  /** With their sizes, those of cells inside as well. */
  readonly states: readonly StateSpec[];
  readonly weights: readonly WeightSpec[];
  /** How many numbers the weights hold together. */
  readonly parameters: number;
}

/**
 * A cell of the library, or of `documents`, for so many units and features of its input. Sizes of inputs by other names are
 * those of the input too. Throws ConfigError where there is no such cell, and ShapeError where its sizes do not fit.
 */
export function describeCell(
  type: string,
  { units, input }: { readonly units: number; readonly input: number },
  documents: CellDocuments = {},
): CellDescription {
  const document = documentOfCell(type, documents);
  const cell = makeDocumentedCell(type, { units }, documents);
  const shapes = exampleShapes(document, input, input);
  const weights = cell.weights(shapes);
  const parameters = weights.reduce((sum, { dims }) => sum + dims.reduce((product, size) => product * size, 1), 0);
  return { document, states: cell.states(shapes), weights, parameters };
}

/** The functions and equations of a document, one per line, repetitions indented, and the output as a comment. */
export function equationLines({ functions, once, equations, output }: CellDocument): readonly string[] {
  return [
    ...functions,
    ...(once.length === 0 ? [] : ["# once per sequence", ...linesOf(once), "# every step"]),
    ...linesOf(equations),
    `# output: ${output}`,
  ];
}

const linesOf = (statements: readonly DocumentStatement[], indent = ""): readonly string[] =>
  statements.flatMap((statement) => {
    if (typeof statement === "string") return [indent + statement];
    const { repeat, index, carry, equations } = statement;
    const begins = Object.entries(carry).map(([name, first]) => `${name} = ${first}`);
    const counts = index === undefined ? "" : `, counting ${index}`;
    return [
      `${indent}repeat ${repeat} times from ${begins.join(", ")}${counts}:`,
      ...linesOf(equations, `${indent}  `),
    ];
  });
