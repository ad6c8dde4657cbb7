/** The equations of a cell document: read, with the place of each, and checked as far as no shape is needed. */
import {
  ConfigError,
  findNameIssues,
  joinPointer,
  parseFormula,
  STEP,
  TAKEN,
  TRAIN,
  type Block,
  type CellStates,
  type Declaration,
  type Formula,
  type FunctionEquation,
  type Issue,
} from "@latchgrad/core";
import type { Named } from "./cell.js";
import type { CellDocument } from "./document-schema.js";
import { nothing, numbersOf, readBlock, readFunctions, startReading, type Place } from "./read-block.js";

/** What the document of a cell, a layer or a loss has: the parts that not all of them have are empty. */
export type EquationDocument = Pick<
  CellDocument,
  "inputs" | "context" | "hyper" | "state" | "params" | "functions" | "cells" | "once" | "equations" | "output"
>;

/** A document and where it stands. */
export interface PlacedDocument<D extends EquationDocument = EquationDocument> {
  /** What it defines: cells have steps and units. */
  readonly kind: "cell" | "layer" | "loss";
  readonly name: string;
  readonly pointer: string;
  readonly document: D;
}

/** The key under which a kind of document says what it reads. */
const INPUTS_KEY = { cell: "inputs", layer: "reads", loss: "reads" } as const;

/** Shapes, each size as an expression; numbers are expressions too. */
export type ShapeFormulas = Named<readonly Formula[]>;

export interface CellEquations {
  readonly inputs: ShapeFormulas;
  readonly context: ShapeFormulas;
  readonly states: Named<{ readonly shape: readonly Formula[]; readonly init: Formula }>;
  readonly params: Named<{ readonly shape: readonly Formula[]; readonly init: Named<Formula | string> }>;
  readonly inner: Named<{ readonly settings: Named<Formula>; readonly input: readonly Formula[] }>;
  readonly functions: ReadonlyMap<string, FunctionEquation>;
  readonly once: Block;
  readonly equations: Block;
  readonly output: Formula;
  /** Names in the shapes of inputs that stand for the sizes they have. */
  readonly sizes: readonly string[];
}

/** The equations of a document. Throws ConfigError with every problem. `cellStates` are those of the cells inside it. */
export function readCellEquations(placed: PlacedDocument, cellStates: CellStates): CellEquations {
  const { document, pointer } = placed;
  const reading = startReading();
  const place: Place = (text, ...steps) => ({
    text: String(text),
    pointer: joinPointer(pointer, ...steps),
    place: `${placed.kind} ${placed.name}, ${placeOf(steps)}`,
  });
  const formula = (text: string | number, ...steps: readonly (string | number)[]): Formula => {
    const source = place(text, ...steps);
    // JSON writes numbers that the notation does not: -1 and 1e-7 are expressions of their own.
    if (typeof text === "number")
      return { source, value: { kind: "number", value: text, span: { from: 1, to: source.text.length } } };
    return reading.attempt(() => parseFormula(source), nothing(source));
  };
  const shape = (sizes: readonly (string | number)[], ...steps: readonly (string | number)[]): readonly Formula[] =>
    sizes.map((size, i) => formula(size, ...steps, i));

  const equations: CellEquations = {
    inputs: mapValues(document.inputs, (sizes, name) => shape(sizes, INPUTS_KEY[placed.kind], name)),
    context: mapValues(document.context, (sizes, name) => shape(sizes, "context", name)),
    states: mapValues(document.state, (state, name) =>
      "shape" in state
        ? { shape: shape(state.shape, "state", name, "shape"), init: formula(state.init, "state", name, "init") }
        : { shape: shape(state, "state", name), init: formula(0, "state", name) },
    ),
    params: mapValues(document.params, ({ shape: sizes, init }, name) => ({
      shape: shape(sizes, "params", name, "shape"),
      init: mapValues(typeof init === "string" ? { type: init } : init, (value, key): Formula | string =>
        key === "type" ? String(value) : formula(value, "params", name, "init", key),
      ),
    })),
    inner: mapValues(document.cells, ({ type: _type, input, ...settings }, name) => ({
      settings: mapValues(settings, (value, key) => formula(value, "cells", name, key)),
      input: Array.isArray(input) ? shape(input, "cells", name, "input") : [formula(input, "cells", name, "input")],
    })),
    functions: readFunctions(reading, document.functions, place),
    once: readBlock(reading, document.once, place, ["once"]),
    equations: readBlock(reading, document.equations, place, ["equations"]),
    output: formula(document.output, "output"),
    sizes: boundSizes(placed),
  };
  const issues = [...reading.issues];
  if (issues.length === 0) issues.push(...nameIssues(placed, equations, cellStates));
  if (issues.length > 0) throw new ConfigError(issues);
  return equations;
}

const mapValues = <T, R>(record: Readonly<Record<string, T>>, map: (value: T, key: string) => R): Named<R> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));

/** For people: "equation 3", "size 2 of W". */
function placeOf(steps: readonly (string | number)[]): string {
  const [section, name] = steps;
  const numbers = numbersOf(steps);
  switch (section) {
    case "equations":
      return `equation ${numbers.join(".")}`;
    case "once":
      return `once, equation ${numbers.join(".")}`;
    case "functions":
      return `function ${numbers.join(".")}`;
    case "output":
      return "output";
    default:
      return `${section} ${name}`;
  }
}

/** Names in shapes of inputs that no setting has: they stand for whatever size the input has. */
function boundSizes({ kind, document: { inputs, context, hyper } }: PlacedDocument): readonly string[] {
  const names = [...Object.values(inputs), ...Object.values(context)].flat();
  const isNew = (name: string | number): name is string =>
    typeof name === "string" &&
    /^[A-Za-z][A-Za-z0-9_]*$/.test(name) &&
    !Object.hasOwn(hyper, name) &&
    !(kind === "cell" && name === "units");
  return [...new Set(names.filter(isNew))];
}

function nameIssues(
  { kind, document, pointer }: PlacedDocument,
  equations: CellEquations,
  cellStates: CellStates,
): readonly Issue[] {
  const declare = (section: Section, what: string): readonly Declaration[] =>
    Object.keys(document[section]).map((name) => ({
      name,
      what,
      pointer: joinPointer(pointer, section === "inputs" ? INPUTS_KEY[kind] : section, name),
    }));
  const builtIn = (name: string, what: string): Declaration => ({ name, what, pointer: "", optional: true });
  const settings = [
    ...(kind === "cell" ? [builtIn("units", "size")] : []),
    ...declare("hyper", "setting"),
    ...equations.sizes.map((name) => builtIn(name, "size")),
  ];
  const shared = [...settings, ...declare("params", "parameter"), ...(kind === "loss" ? [] : [builtIn(TRAIN, "flag")])];
  const context = declare("context", "context");
  const states = declare("state", "state");
  const innerStates = [...cellStates].flatMap(([cell, names]) =>
    names.map((name) => builtIn(`${cell}.${name}`, "state of a cell inside")),
  );
  const step = [
    ...shared,
    ...context,
    ...declare("inputs", "input"),
    ...states,
    ...innerStates,
    ...(kind === "cell" ? [builtIn(STEP, "step")] : []),
  ];
  const settingFormulas: readonly Formula[] = [
    ...Object.values(equations.inputs).flat(),
    ...Object.values(equations.context).flat(),
    ...Object.values(equations.states).flatMap(({ shape, init }) => [...shape, init]),
    ...Object.values(equations.params).flatMap(({ shape, init }) => [
      ...shape,
      ...Object.values(init).filter((value) => typeof value !== "string"),
    ]),
    ...Object.values(equations.inner).flatMap(({ settings: given, input }) => [...Object.values(given), ...input]),
  ];
  const cells = { cells: new Map(), cellPointers: new Map() };
  return [
    ...duplicateIssues(kind, document, pointer, equations.sizes),
    ...findNameIssues({
      functions: [...equations.functions.values()],
      shared,
      blocks: [
        { block: equations.once, known: [...shared, ...context], states: [], ...cells },
        {
          block: equations.equations,
          known: step,
          states,
          cells: cellStates,
          cellPointers: new Map([...cellStates.keys()].map((name) => [name, joinPointer(pointer, "cells", name)])),
        },
      ],
      results: [equations.output],
      settings: settingFormulas.map((formula) => ({ formula, known: settings })),
    }),
  ];
}

/** Parts of a document that declare names. */
const SECTIONS = ["hyper", "inputs", "context", "state", "params", "cells"] as const;
type Section = (typeof SECTIONS)[number];

/** Names that a document does not declare: those of the notation, its words, and the setting that every cell has. */
const reservedNames = (kind: PlacedDocument["kind"]): readonly string[] => [
  ...TAKEN,
  "and",
  "or",
  "not",
  ...(kind === "cell" ? ["units"] : []),
];

/** A name that is declared in two sections, or that the notation has already. */
function duplicateIssues(
  kind: PlacedDocument["kind"],
  document: EquationDocument,
  pointer: string,
  sizes: readonly string[],
): readonly Issue[] {
  const seen = new Map<string, string>([
    ...reservedNames(kind).map((name) => [name, "a name of the notation"] as const),
    ...sizes.map((name) => [name, "the size of an input"] as const),
  ]);
  return SECTIONS.flatMap((section) =>
    Object.keys(document[section]).flatMap((name): readonly Issue[] => {
      const at = joinPointer(pointer, section === "inputs" ? INPUTS_KEY[kind] : section, name);
      const before = seen.get(name);
      seen.set(name, before ?? at);
      if (before === undefined) return [];
      return [
        {
          code: "notation.duplicate-name",
          problem: `${name} names one thing`,
          at: { kind: "config", pointer: at },
          received: `also ${before}`,
        },
      ];
    }),
  );
}
