/** Names and calls of one expression, and where problems with them are collected. */
import type { Issue } from "../errors/issue.js";
import { findNearest, suggestName } from "../errors/suggest.js";
import { bindArguments } from "./arguments.js";
import { callsIn, namesIn, type CellStates, type Read } from "./block.js";
import { notationFunctions } from "./functions/index.js";
import type { Formula, FunctionEquation } from "./parse.js";
import { equationIssue, type EquationSource, type Facts } from "./source.js";
import type { CallExpression, Expression, Span } from "./syntax.js";

/** Names that mean a number everywhere. */
export const CONSTANTS: Readonly<Record<string, number>> = { pi: Math.PI, inf: Infinity };
/** The number of the step, in equations of a step. */
export const STEP = "t";
/** Whether the model is being trained. */
export const TRAIN = "train";
/** Names that a document gives no other meaning. */
export const TAKEN: readonly string[] = [...Object.keys(CONSTANTS), STEP, TRAIN];

/** Names that mean something at a place, with what that is. */
export type Visible = ReadonlyMap<string, string>;

export const visibleOf = (declarations: readonly { readonly name: string; readonly what: string }[]): Visible =>
  new Map([
    ...Object.keys(CONSTANTS).map((name) => [name, "a constant"] as const),
    ...declarations.map(({ name, what }) => [name, `the ${what} ${name}`] as const),
  ]);

/** What is known of a document so far. */
export interface Findings {
  readonly issues: Issue[];
  /** Names that something reads; states without and with prime. */
  readonly used: Set<string>;
  /** Functions of the document that something calls. */
  readonly called: Set<string>;
  /** Functions of the document that can be called. */
  readonly functions: Map<string, FunctionEquation>;
  /** The states of the document. */
  readonly states: ReadonlySet<string>;
  /** Names that equations define, states left out. */
  readonly targets: { readonly name: string; readonly source: EquationSource; readonly span: Span }[];
  report(source: EquationSource, span: Span, facts: Facts): void;
  reportAt(pointer: string, facts: Facts): void;
}

/** Problems reported at most; nobody reads more of them. */
const MOST_ISSUES = 100;

export function startFindings(states: ReadonlySet<string>): Findings {
  const issues: Issue[] = [];
  return {
    issues,
    used: new Set(),
    called: new Set(),
    functions: new Map(),
    states,
    targets: [],
    report(source, span, facts) {
      if (issues.length < MOST_ISSUES) issues.push(equationIssue(source, span, facts));
    },
    reportAt(pointer, facts) {
      if (issues.length < MOST_ISSUES) issues.push({ ...facts, at: { kind: "config", pointer } });
    },
  };
}

/** The name of a state, also where its next value is meant. */
export const withoutPrime = (name: string): string => name.replace(/'$/, "");

/** Known names that a hint lists at most. */
const MOST_NAMES = 30;

/** Checks that names are declared or defined, and remembers that they are used. */
export function checkReads(findings: Findings, reads: readonly Read[], visible: Visible): void {
  for (const {
    source,
    name: { name, span },
  } of reads) {
    const plain = withoutPrime(name);
    findings.used.add(name).add(plain);
    if (visible.has(name)) continue;
    const isFunction = notationFunctions.has(name) || findings.functions.has(name);
    const known = [...visible.keys()].slice(0, MOST_NAMES);
    if (name !== plain && visible.has(plain) && !findings.states.has(plain))
      findings.report(source, span, {
        code: "notation.not-a-state",
        problem: `only a state has a next value, and ${plain} is none`,
      });
    else
      findings.report(source, span, {
        code: "notation.unknown-name",
        problem: `${name} is declared, or defined by an equation`,
        hint: isFunction ? `${name} is a function: ${name}(...)` : suggestName(name, known),
      });
  }
}

/** Checks that what is called exists and takes these arguments. */
export function checkCalls(
  findings: Findings,
  source: EquationSource,
  expression: Expression,
  cells: CellStates,
  visible: Visible,
): void {
  for (const call of callsIn(expression)) {
    const { name, span } = call.name;
    findings.called.add(name);
    const own = findings.functions.get(name);
    const states = cells.get(name);
    const builtIn = notationFunctions.get(name);
    if (own !== undefined) checkOwnCall(findings, source, call, own);
    else if (states !== undefined) checkCellCall(findings, source, call, states);
    else if (builtIn !== undefined)
      for (const problem of bindArguments(builtIn, call).problems) findings.report(source, problem.span, problem.facts);
    else
      findings.report(source, span, {
        code: "notation.unknown-function",
        problem: `${name} is a function or a cell of the document, or a function of the notation`,
        hint: visible.has(name)
          ? `${name} is a value: products are written with "*" or "@"`
          : nearest(name, [...findings.functions.keys(), ...cells.keys(), ...notationFunctions.keys()]),
      });
  }
}

const nearest = (name: string, known: readonly string[]): string => {
  const found = findNearest(name, known);
  return found === undefined ? "docs/notation.md lists the functions" : `did you mean "${found}"?`;
};

function checkOwnCall(findings: Findings, source: EquationSource, call: CallExpression, own: FunctionEquation): void {
  const named = call.arguments.find((argument) => argument.name !== null)?.name;
  const expected = `${own.name.name}(${own.parameters.map(({ name }) => name).join(", ")})`;
  if (named !== undefined && named !== null)
    findings.report(source, named.span, {
      code: "notation.arguments",
      problem: "arguments of a function of the document are given by their place",
      expected,
    });
  else if (call.arguments.length !== own.parameters.length)
    findings.report(source, call.span, {
      code: "notation.arguments",
      problem: "a function of the document is given each of its arguments",
      expected,
      received: `${call.arguments.length} argument${call.arguments.length === 1 ? "" : "s"}`,
    });
  for (const { value } of call.arguments)
    if (value.kind === "list")
      findings.report(source, value.span, {
        code: "notation.arguments",
        problem: "an argument of a function of the document is a value, not a list",
      });
}

function checkCellCall(
  findings: Findings,
  source: EquationSource,
  call: CallExpression,
  states: readonly string[],
): void {
  const seen = new Set<string>();
  for (const { name, value } of call.arguments) {
    if (value.kind === "list")
      findings.report(source, value.span, {
        code: "notation.arguments",
        problem: "a cell reads values, not lists",
      });
    if (name === null) continue;
    if (!states.includes(name.name))
      findings.report(source, name.span, {
        code: "notation.arguments",
        problem: `by name a cell is given its states, and ${name.name} is none of ${call.name.name}`,
        hint: suggestName(name.name, states),
      });
    else if (seen.has(name.name))
      findings.report(source, name.span, {
        code: "notation.arguments",
        problem: `a state is given once: ${name.name}`,
      });
    seen.add(name.name);
  }
}

/** Checks an expression that stands by itself. */
export function checkFormula(findings: Findings, { source, value }: Formula, visible: Visible): void {
  checkReads(findings, namesIn(source, value), visible);
  checkCalls(findings, source, value, new Map(), visible);
}
