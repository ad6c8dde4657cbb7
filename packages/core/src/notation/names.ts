/**
 * Whether names mean something: everything that can be said of a document's equations without knowing a shape. All problems
 * are found together.
 */
import { ANOTHER_NAME } from "./hints.js";
import type { Issue } from "../errors/issue.js";
import { checkBlock } from "./check-block.js";
import {
  checkCalls,
  checkFormula,
  checkReads,
  startFindings,
  TAKEN,
  visibleOf,
  type Findings,
} from "./check-expression.js";
import { callsIn, namesIn, type Block, type CellStates } from "./block.js";
import { notationFunctions } from "./functions/index.js";
import type { Formula, FunctionEquation } from "./parse.js";

/** A name that a document declares outside its equations. */
export interface Declaration {
  readonly name: string;
  /** What it is, in messages: "parameter". */
  readonly what: string;
  /** JSON pointer of the declaration. */
  readonly pointer: string;
  /** Whether it may stay unused. */
  readonly optional?: boolean;
}

/** What a list of equations may read, and what it has to define. */
export interface NamedBlock {
  readonly block: Block;
  /** What it may read besides constants and what earlier blocks define. */
  readonly known: readonly Declaration[];
  /** States that need a next value here. */
  readonly states: readonly Declaration[];
  /** Cells that it calls, with their states. */
  readonly cells: CellStates;
  /** Where these cells are declared. */
  readonly cellPointers: ReadonlyMap<string, string>;
}

export interface NamedDocument {
  readonly functions: readonly FunctionEquation[];
  /** What functions may read besides their parameters. */
  readonly shared: readonly Declaration[];
  /** Computed one after the other; later blocks read what earlier ones define. */
  readonly blocks: readonly NamedBlock[];
  /** Expressions that read what all blocks define. */
  readonly results: readonly Formula[];
  /** Expressions that stand outside, such as sizes, and what they may read. */
  readonly settings: readonly { readonly formula: Formula; readonly known: readonly Declaration[] }[];
}

/** All problems with names in a document. */
export function findNameIssues(document: NamedDocument): readonly Issue[] {
  const findings = startFindings(new Set(document.blocks.flatMap(({ states }) => states.map(({ name }) => name))));
  // First, while no function of the document can be called: they may read parameters, which settings come before.
  for (const { formula, known } of document.settings) checkFormula(findings, formula, visibleOf(known));
  checkFunctions(findings, document);
  let defined: ReadonlyMap<string, string> = new Map();
  for (const named of document.blocks) {
    const outside = new Map([...visibleOf(named.known), ...defined]);
    const inner = checkBlock(findings, named, outside);
    for (const { name, pointer } of named.states)
      if (!inner.has(`${name}'`))
        findings.reportAt(pointer, {
          code: "notation.never-updated",
          problem: `an equation gives the state ${name} its next value, ${name}'`,
          hint: `if it stays as it is, write ${name}' = ${name}`,
        });
    defined = new Map([...defined, ...inner]);
  }
  const everything = new Map([...document.blocks.flatMap(({ known }) => [...visibleOf(known)]), ...defined]);
  for (const formula of document.results) {
    checkFormula(findings, formula, everything);
    refuseCellCalls(findings, formula, document);
  }
  reportUnused(findings, document);
  return findings.issues;
}

function checkFunctions(findings: Findings, { functions, shared }: NamedDocument): void {
  const visibleShared = visibleOf(shared);
  for (const own of functions) {
    const { source, parameters, value } = own;
    const { name, span } = own.name;
    if (notationFunctions.has(name) || findings.functions.has(name))
      findings.report(source, span, {
        code: "notation.duplicate-name",
        problem: `${name} names one function`,
        received: findings.functions.has(name) ? "a second one" : "one that the notation has already",
        hint: ANOTHER_NAME,
      });
    parameters.forEach((parameter, i) => {
      const isRepeated = parameters.findIndex((other) => other.name === parameter.name) < i;
      if (isRepeated || TAKEN.includes(parameter.name))
        findings.report(source, parameter.span, {
          code: "notation.duplicate-name",
          problem: `${parameter.name} names one thing`,
          hint: ANOTHER_NAME,
        });
    });
    const names = parameters.map((parameter) => parameter.name);
    const reads = namesIn(source, value);
    // A parameter hides what is shared, so that reading it does not use that.
    checkReads(
      findings,
      reads.filter((read) => !names.includes(read.name.name)),
      new Map([...visibleShared, ...names.map((each) => [each, "a parameter"] as const)]),
    );
    for (const parameter of parameters)
      if (!reads.some((read) => read.name.name === parameter.name))
        findings.report(source, parameter.span, {
          code: "notation.unused",
          problem: `every parameter of a function is used: ${parameter.name}`,
          hint: "leave it out, or use it",
        });
    checkCalls(findings, source, value, new Map(), visibleShared);
    // From here on: a function calls those above it, so none calls itself.
    findings.functions.set(name, own);
  }
}

/** What comes behind the step cannot advance a cell. */
function refuseCellCalls(findings: Findings, { source, value }: Formula, { blocks }: NamedDocument): void {
  for (const { name, span } of callsIn(value))
    if (blocks.some(({ cells }) => cells.has(name.name)))
      findings.report(source, span, {
        code: "notation.cell-call",
        problem: "a cell inside is called in an equation of the step",
      });
}

function reportUnused(findings: Findings, { blocks, functions }: NamedDocument): void {
  for (const { name, source, span } of findings.targets)
    if (!findings.used.has(name))
      findings.report(source, span, {
        code: "notation.unused",
        problem: `what an equation defines is used: ${name}`,
        hint: "leave the equation out, or use it in the output",
      });
  // Blocks share declarations, which are told apart by where they stand.
  const declared = new Map(blocks.flatMap(({ known }) => known.map((each) => [each.pointer, each] as const)));
  for (const { name, what, pointer, optional } of declared.values())
    if (optional !== true && !findings.used.has(name))
      findings.reportAt(pointer, {
        code: "notation.unused",
        problem: `every ${what} is used: ${name}`,
        hint: "leave it out, or use it in an equation",
      });
  for (const { name, source } of functions)
    if (!findings.called.has(name.name))
      findings.report(source, name.span, {
        code: "notation.unused",
        problem: `every function of the document is used: ${name.name}`,
        hint: "leave it out, or call it in an equation",
      });
}
