/** Equations of one block: what they define, in which order they can be computed, and that repetitions go on. */
import { ANOTHER_NAME } from "./hints.js";
import { findNearest } from "../errors/suggest.js";
import { callsIn, definedBy, namesIn, sortBlock, type Block, type CellStates, type Repetition } from "./block.js";
import {
  checkCalls,
  checkFormula,
  checkReads,
  TAKEN,
  withoutPrime,
  type Findings,
  type Visible,
} from "./check-expression.js";
import type { Equation } from "./parse.js";
import type { EquationSource } from "./source.js";
import type { Name } from "./syntax.js";

/** The equations of a block and what may be named there. */
interface CheckedBlock {
  readonly block: Block;
  readonly states: readonly { readonly name: string }[];
  readonly cells: CellStates;
  readonly cellPointers: ReadonlyMap<string, string>;
}

/** Names that a block defines, each with the equation that does. */
type Defined = ReadonlyMap<string, EquationSource>;

/** Checks a block, and gives the names that it defines. */
export function checkBlock(findings: Findings, checked: CheckedBlock, outside: Visible): Visible {
  const { block, cells } = checked;
  const problems = findings.issues.length;
  const defined = collectDefinitions(findings, checked, outside);
  const areDistinct = findings.issues.length === problems;
  checkCellCalls(findings, checked);
  const own: Visible = new Map([...defined.keys()].map((name) => [name, "what an equation defines"]));
  const visible = new Map([...outside, ...own]);
  for (const statement of block)
    if (statement.kind === "repetition") checkRepetition(findings, statement, visible);
    else {
      const { source, value } = statement.equation;
      checkReads(findings, namesIn(source, value), visible);
      checkCalls(findings, source, value, cells, visible);
    }
  // An equation that defines a known name again would seem to need itself.
  if (areDistinct) checkOrder(findings, block, cells);
  return own;
}

function collectDefinitions(findings: Findings, { block, states, cells }: CheckedBlock, outside: Visible): Defined {
  const defined = new Map<string, EquationSource>();
  const stateNames = states.map(({ name }) => name);
  for (const statement of block) {
    if (statement.kind === "repetition") {
      for (const { name } of statement.carry) {
        const before =
          defined.get(name)?.place ??
          outside.get(name) ??
          (TAKEN.includes(name) ? "a name of the notation" : undefined);
        if (before !== undefined)
          findings.reportAt(statement.source.pointer, {
            code: "notation.duplicate-name",
            problem: `${name} names one thing`,
            received: `also ${before}`,
            hint: ANOTHER_NAME,
          });
        defined.set(name, statement.source);
      }
      continue;
    }
    for (const target of statement.equation.targets)
      checkTarget(findings, statement.equation, target, { outside, defined, states: stateNames });
    for (const name of definedBy(statement, cells)) defined.set(name, defined.get(name) ?? statement.equation.source);
  }
  return defined;
}

interface TargetScope {
  readonly outside: Visible;
  readonly defined: Map<string, EquationSource>;
  readonly states: readonly string[];
}

function checkTarget(
  findings: Findings,
  { source }: Equation,
  { name, span }: Name,
  { outside, defined, states }: TargetScope,
): void {
  const plain = withoutPrime(name);
  const before = defined.get(name);
  const taken = outside.get(name) ?? (TAKEN.includes(name) ? "a name of the notation" : undefined);
  if (before !== undefined)
    findings.report(source, span, {
      code: "notation.duplicate-name",
      problem: `${name} is defined once`,
      received: before === source ? "twice in one equation" : `also in ${before.place}`,
      hint: ANOTHER_NAME,
    });
  else if (name !== plain && !states.includes(plain)) {
    const near = findNearest(plain, states);
    findings.report(source, span, {
      code: "notation.not-a-state",
      problem: `only a state has a next value, and ${plain} is none`,
      hint:
        near === undefined
          ? states.length === 0
            ? undefined
            : `states: ${states.join(", ")}`
          : `did you mean "${near}"?`,
    });
  } else if (name === plain && taken !== undefined)
    findings.report(source, span, {
      code: "notation.duplicate-name",
      problem: `${name} names one thing`,
      received: `also ${taken}`,
      hint: states.includes(name) ? `the next value of the state is ${name}'` : ANOTHER_NAME,
    });
  if (name === plain && before === undefined && taken === undefined) findings.targets.push({ name, source, span });
  defined.set(name, before ?? source);
}

/** Every cell inside is called by one equation of the step, and no repetition. */
function checkCellCalls(findings: Findings, { block, cells, cellPointers }: CheckedBlock): void {
  const called = new Set<string>();
  for (const statement of block) {
    if (statement.kind === "repetition") continue;
    const { source, value } = statement.equation;
    for (const { name, span } of callsIn(value)) {
      if (!cells.has(name.name)) continue;
      if (called.has(name.name))
        findings.report(source, span, {
          code: "notation.cell-call",
          problem: `a cell inside is called once for every step: ${name.name}`,
          hint: `declare a second cell of the same type`,
        });
      called.add(name.name);
    }
  }
  for (const name of cells.keys())
    if (!called.has(name))
      findings.reportAt(cellPointers.get(name) ?? "", {
        code: "notation.unused",
        problem: `every cell inside is called: ${name}`,
        hint: `write ${name}(...) in an equation`,
      });
}

function checkRepetition(
  findings: Findings,
  { source, count, carry, index, body }: Repetition,
  visible: Visible,
): void {
  for (const formula of [count, ...carry.map(({ init }) => init)]) checkFormula(findings, formula, visible);
  const carried = carry.map(({ name }) => name);
  // The carried names are visible already, as what the repetition leaves behind.
  const inside = new Map([...visible, ...carried.map((name) => [name, "what the repetition carries"] as const)]);
  if (index !== undefined) {
    const before = inside.get(index) ?? (TAKEN.includes(index) ? "a name of the notation" : undefined);
    if (before !== undefined)
      findings.reportAt(source.pointer, {
        code: "notation.duplicate-name",
        problem: `${index} names one thing`,
        received: `also ${before}`,
        hint: ANOTHER_NAME,
      });
    inside.set(index, "the index of the repetition");
  }
  const states = carried.map((name) => ({ name }));
  const inner = checkBlock(findings, { block: body, states, cells: new Map(), cellPointers: new Map() }, inside);
  for (const name of carried)
    if (!inner.has(`${name}'`))
      findings.reportAt(source.pointer, {
        code: "notation.never-updated",
        problem: `an equation of a repetition gives what it carries its next value, ${name}'`,
        hint: `if it stays as it is, write ${name}' = ${name}`,
      });
}

/** Equations that wait for each other. */
function checkOrder(findings: Findings, block: Block, cells: CellStates): void {
  const { leftOver } = sortBlock(block, cells);
  if (leftOver.length === 0) return;
  const names = leftOver.flatMap((statement) => definedBy(statement, cells));
  const facts = {
    code: "notation.cycle",
    problem: "no value needs itself",
    received: `${names.join(", ")} wait${names.length === 1 ? "s for itself" : " for each other"}`,
    hint: "the value of the step before is the state without its prime",
  };
  const [first] = leftOver;
  if (first.kind === "repetition") {
    findings.reportAt(first.source.pointer, facts);
    return;
  }
  const { source, value } = first.equation;
  const read = namesIn(source, value).find(({ name }) => names.includes(name.name));
  findings.report(source, read?.name.span ?? value.span, facts);
}
