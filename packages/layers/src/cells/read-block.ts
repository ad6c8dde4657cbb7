/** Equations in a list: read, with the place of each, all problems collected. */
import {
  ConfigError,
  CONSTANTS,
  findNameIssues,
  joinPointer,
  LatchgradError,
  parseEquation,
  parseFormula,
  parseFunction,
  TRAIN,
  type Block,
  type Declaration,
  type EquationSource,
  type Formula,
  type FunctionEquation,
  type Issue,
  type PointerStep,
  type Statement,
} from "@latchgrad/core";
import type { DocumentStatement } from "./document-schema.js";

/** Gives a text of a document its place, from the steps that lead to it. */
export type Place = (text: string | number, ...steps: readonly PointerStep[]) => EquationSource;

/** Collects problems instead of stopping at the first. */
export interface Reading {
  readonly issues: Issue[];
  attempt<T>(read: () => T, instead: T): T;
}

export function startReading(): Reading {
  const issues: Issue[] = [];
  return {
    issues,
    attempt(read, instead) {
      try {
        return read();
      } catch (error) {
        if (!(error instanceof LatchgradError)) throw error;
        issues.push(...error.issues);
        return instead;
      }
    },
  };
}

/** What stands for a formula that cannot be read, until its problem is reported. */
export const nothing = (source: EquationSource): Formula => ({
  source,
  value: { kind: "number", value: 1, span: { from: 1, to: 1 } },
});

/** The equations of a list, those that can be read. */
export function readBlock(
  reading: Reading,
  statements: readonly DocumentStatement[],
  place: Place,
  steps: readonly PointerStep[],
): Block {
  return statements.flatMap((statement, i): readonly Statement[] => {
    const here = [...steps, i];
    if (typeof statement === "string")
      return reading.attempt<readonly Statement[]>(
        () => [{ kind: "equation", equation: parseEquation(place(statement, ...here)) }],
        [],
      );
    const formula = (text: string | number, ...more: readonly string[]): Formula => {
      const source = place(text, ...here, ...more);
      return reading.attempt(() => parseFormula(source), nothing(source));
    };
    return [
      {
        kind: "repetition",
        source: place("repeat", ...here),
        count: formula(statement.repeat, "repeat"),
        index: statement.index,
        carry: Object.entries(statement.carry).map(([name, init]) => ({ name, init: formula(init, "carry", name) })),
        body: readBlock(reading, statement.equations, place, [...here, "equations"]),
      },
    ];
  });
}

/** The functions of a list by name, those that can be read. */
export const readFunctions = (
  reading: Reading,
  texts: readonly string[],
  place: Place,
): ReadonlyMap<string, FunctionEquation> =>
  new Map(
    texts.flatMap((text, i) =>
      reading
        .attempt<readonly FunctionEquation[]>(() => [parseFunction(place(text, "functions", i))], [])
        .map((own) => [own.name.name, own] as const),
    ),
  );

/** Equations that give states their next values, apart from any cell: those of an optimizer. */
export interface UpdateEquations {
  /** What the whole is, for messages: "optimizer". */
  readonly what: string;
  readonly pointer: string;
  readonly functions: readonly string[];
  readonly equations: readonly DocumentStatement[];
  /** What functions may read besides their parameters. */
  readonly shared: readonly Declaration[];
  /** What equations may read besides. */
  readonly known: readonly Declaration[];
  readonly states: readonly Declaration[];
}

/** The equations and functions, read and checked. Throws ConfigError with every problem. */
export function readUpdate({ what, pointer, functions, equations, shared, known, states }: UpdateEquations): {
  readonly block: Block;
  readonly functions: ReadonlyMap<string, FunctionEquation>;
} {
  const reading = startReading();
  const place: Place = (text, ...steps) => ({
    text: String(text),
    pointer: joinPointer(pointer, ...steps),
    place: `${what}, ${steps[0] === "functions" ? "function" : "equation"} ${numbersOf(steps).join(".")}`,
  });
  const own = readFunctions(reading, functions, place);
  const block = readBlock(reading, equations, place, ["equations"]);
  const issues = [...reading.issues, ...repeatedNames([...known, ...shared, ...states])];
  if (issues.length === 0)
    issues.push(
      ...findNameIssues({
        functions: [...own.values()],
        shared,
        blocks: [{ block, known: [...shared, ...known, ...states], states, cells: new Map(), cellPointers: new Map() }],
        results: [],
        settings: [],
      }),
    );
  if (issues.length > 0) throw new ConfigError(issues);
  return { block, functions: own };
}

/** Names that are declared twice, or that the notation has already. */
function repeatedNames(declarations: readonly Declaration[]): readonly Issue[] {
  const seen = new Map<string, string>(
    [...Object.keys(CONSTANTS), TRAIN, "and", "or", "not"].map((name) => [name, "a name of the notation"]),
  );
  return declarations.flatMap(({ name, what, pointer }): readonly Issue[] => {
    const before = seen.get(name);
    seen.set(name, before ?? `the ${what} ${name}`);
    if (before === undefined) return [];
    return [
      {
        code: "notation.duplicate-name",
        problem: `${name} names one thing`,
        at: { kind: "config", pointer },
        received: `also ${before}`,
      },
    ];
  });
}

/** The places in lists, counted from 1 as people do. */
export const numbersOf = (steps: readonly PointerStep[]): readonly number[] =>
  steps.filter((step) => typeof step === "number").map((step) => step + 1);
