/**
 * Whether names mean something: everything that can be said of a document's equations without knowing a shape. All problems
 * are found together.
 */
import type { Issue } from "../errors/issue.js";
import { findNearest, suggestName } from "../errors/suggest.js";
import { bindArguments } from "./arguments.js";
import { callsIn, definedBy, namesIn, sortBlock, type Block, type CellStates, type Read } from "./block.js";
import { notationFunctions } from "./functions/index.js";
import type { Formula, FunctionEquation } from "./parse.js";
import { equationIssue, type EquationSource, type Facts } from "./source.js";
import type { Expression, Name, Span } from "./syntax.js";

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

/** Names that mean something everywhere. */
export const CONSTANTS: Readonly<Record<string, number>> = { pi: Math.PI, inf: Infinity };
/** Names of what the surroundings know; documents do not redefine them. */
export const STEP = "t";
export const TRAIN = "train";

/** What a list of equations may read, and what it has to define. */
export interface NamedBlock {
  readonly block: Block;
  /** What it may read besides constants and what is defined before. */
  readonly known: readonly Declaration[];
  /** States that need a next value here. */
  readonly states: readonly Declaration[];
  readonly cells: CellStates;
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
  /** Expressions that read what is shared only: sizes and initial values. */
  readonly settings: readonly { readonly formula: Formula; readonly known: readonly Declaration[] }[];
}

const issueAt = (pointer: string, facts: Facts): Issue => ({ ...facts, at: { kind: "config", pointer } });

/** What a name means where it is visible, and where that is said. */
type Visible = ReadonlyMap<string, string>;

/** All problems with names in a document. */
export function findNameIssues(document: NamedDocument): readonly Issue[] {
  const issues: Issue[] = [];
  const used = new Set<string>();
  const called = new Set<string>();
  const functions = new Map<string, FunctionEquation>();

  const report = (source: EquationSource, span: Span, facts: Facts): void => {
    issues.push(equationIssue(source, span, facts));
  };

  function checkRead({ source, name: { name, span } }: Read, visible: Visible): void {
    used.add(name.replace(/'$/, ""));
    used.add(name);
    if (visible.has(name)) return;
    const plain = name.replace(/'$/, "");
    const known = [...visible.keys()];
    report(source, span, {
      code: "notation.unknown-name",
      problem:
        plain !== name && visible.has(plain)
          ? `${plain} has a next value only if it is a state`
          : `${name} is declared or defined`,
      hint:
        notationFunctions.has(name) || functions.has(name)
          ? `${name} is a function: write ${name}(...)`
          : suggestName(name, known.filter((each) => !each.includes(".")).slice(0, 30)),
    });
  }

  function checkCalls(source: EquationSource, expression: Expression, cells: CellStates, visible: Visible): void {
    for (const call of callsIn(expression)) {
      const { name, span } = call.name;
      called.add(name);
      const own = functions.get(name);
      const cell = cells.get(name);
      if (own !== undefined)
        checkOwnCall(
          source,
          call.arguments.map((argument) => argument.name),
          call.span,
          own,
          call.arguments.length,
        );
      else if (cell !== undefined) {
        const wrong = call.arguments.find(
          (argument) => argument.name !== null && !cell.includes(argument.name.name),
        )?.name;
        if (wrong !== undefined && wrong !== null)
          report(source, wrong.span, {
            code: "notation.arguments",
            problem: `${wrong.name} is a state of ${name}`,
            hint: suggestName(wrong.name, cell),
          });
      } else {
        const builtIn = notationFunctions.get(name);
        if (builtIn !== undefined)
          bindArguments(builtIn, call).problems.forEach((problem) => {
            report(source, problem.span, problem.facts);
          });
        else
          report(source, span, {
            code: "notation.unknown-function",
            problem: `there is a function ${name}`,
            hint: visible.has(name)
              ? `${name} is a value: products are written with "*" or "@"`
              : nearestFunction(name, [...functions.keys(), ...cells.keys()]),
          });
      }
    }
  }

  function checkOwnCall(
    source: EquationSource,
    names: readonly (Name | null)[],
    span: Span,
    own: FunctionEquation,
    count: number,
  ): void {
    const named = names.find((name) => name !== null);
    const expected = `${own.name.name}(${own.parameters.map(({ name }) => name).join(", ")})`;
    if (named !== undefined)
      report(source, named.span, {
        code: "notation.arguments",
        problem: "arguments of a function of the document are given by their place",
        expected,
      });
    else if (count !== own.parameters.length)
      report(source, span, {
        code: "notation.arguments",
        problem: `${own.name.name} takes ${own.parameters.length} argument${own.parameters.length === 1 ? "" : "s"}`,
        expected,
        received: String(count),
      });
  }

  function checkFunctions(): void {
    const shared = visibleOf(document.shared);
    for (const own of document.functions) {
      const { name, span } = own.name;
      if (notationFunctions.has(name) || functions.has(name))
        report(own.source, span, {
          code: "notation.duplicate-name",
          problem: `${name} names one function`,
          received: functions.has(name) ? "a second one" : "a function of the notation",
        });
      const seen = new Set<string>();
      for (const parameter of own.parameters) {
        if (
          seen.has(parameter.name) ||
          parameter.name in CONSTANTS ||
          parameter.name === STEP ||
          parameter.name === TRAIN
        )
          report(own.source, parameter.span, {
            code: "notation.duplicate-name",
            problem: `${parameter.name} names one thing`,
          });
        seen.add(parameter.name);
      }
      const visible = new Map([
        ...shared,
        ...own.parameters.map((parameter) => [parameter.name, "parameter"] as const),
      ]);
      const reads = namesIn(own.source, own.value);
      // A parameter hides what is shared, so reading it does not use that.
      reads.forEach((read) => {
        if (seen.has(read.name.name)) return;
        checkRead(read, visible);
      });
      for (const parameter of own.parameters)
        if (!reads.some((read) => read.name.name === parameter.name))
          report(own.source, parameter.span, {
            code: "notation.unused",
            problem: `the parameter ${parameter.name} is used`,
          });
      checkCalls(own.source, own.value, new Map(), visible);
      functions.set(name, own);
    }
  }

  function defineTargets(
    equationTargets: readonly Name[],
    source: EquationSource,
    visible: ReadonlyMap<string, string>,
    defined: Map<string, Read["source"]>,
    states: readonly string[],
  ): void {
    for (const { name, span } of equationTargets) {
      const plain = name.replace(/'$/, "");
      if (defined.has(name))
        report(source, span, {
          code: "notation.duplicate-name",
          problem: `${name} is defined once`,
          received: `also in ${defined.get(name)?.place ?? ""}`,
        });
      else if (name !== plain && !states.includes(plain))
        report(source, span, {
          code: "notation.not-a-state",
          problem: `only a state has a next value, and ${plain} is none`,
          hint: nearestHint(plain, states) ?? (states.length === 0 ? undefined : `states: ${states.join(", ")}`),
        });
      else if (name === plain && (visible.has(name) || name === STEP || name === TRAIN))
        report(source, span, {
          code: "notation.duplicate-name",
          problem: `${name} names one thing`,
          received: visible.get(name) ?? "a name of the notation",
          hint: states.includes(name) ? `the next value of the state is ${name}'` : undefined,
        });
      defined.set(name, source);
    }
  }

  function checkBlock(
    { block, cells, cellPointers }: NamedBlock,
    outside: Visible,
    states: readonly string[],
    insideRepetition: boolean,
  ): ReadonlyMap<string, string> {
    const defined = new Map<string, EquationSource>();
    const calls = new Map<string, number>();
    for (const statement of block) {
      if (statement.kind === "equation") {
        const { source, targets, value } = statement.equation;
        defineTargets(targets, source, outside, defined, states);
        for (const call of callsIn(value)) {
          if (!cells.has(call.name.name)) continue;
          const count = (calls.get(call.name.name) ?? 0) + 1;
          calls.set(call.name.name, count);
          if (count > 1 || insideRepetition)
            report(source, call.span, {
              code: "notation.cell-calls",
              problem: `each cell inside is called once for every step`,
              received: insideRepetition ? "a call in a repetition" : "a second call",
            });
        }
      } else
        for (const { name } of statement.carry)
          defineTargets([{ name, span: { from: 1, to: 1 } }], statement.source, outside, defined, []);
      for (const name of definedBy(statement, cells))
        if (!defined.has(name))
          defined.set(name, statement.kind === "equation" ? statement.equation.source : statement.source);
    }
    for (const name of cells.keys())
      if (!calls.has(name) && !insideRepetition)
        issues.push(
          issueAt(cellPointers.get(name) ?? "", {
            code: "notation.unused",
            problem: `the cell ${name} inside is called`,
            hint: `write ${name}(...) in an equation`,
          }),
        );

    const visible = new Map([
      ...outside,
      ...[...defined.keys()].map((name) => [name, "defined by an equation"] as const),
    ]);
    for (const statement of block) {
      if (statement.kind === "equation") {
        const { source, value } = statement.equation;
        namesIn(source, value).forEach((read) => {
          checkRead(read, visible);
        });
        checkCalls(source, value, cells, visible);
        continue;
      }
      const { count, carry, index, body } = statement;
      for (const { source, value } of [count, ...carry.map(({ init }) => init)]) {
        namesIn(source, value).forEach((read) => {
          checkRead(read, visible);
        });
        checkCalls(source, value, new Map(), visible);
      }
      const carried = carry.map(({ name }) => name);
      const outsideBody = new Map([...visible, ...carried.map((name) => [name, "carried"] as const)]);
      if (index !== undefined) {
        if (outsideBody.has(index))
          issues.push(
            issueAt(statement.source.pointer, {
              code: "notation.duplicate-name",
              problem: `${index} names one thing`,
              received: outsideBody.get(index),
            }),
          );
        outsideBody.set(index, "index of the repetition");
      }
      const inner = checkBlock({ block: body, cells, cellPointers, known: [], states: [] }, outsideBody, carried, true);
      for (const name of carried)
        if (!inner.has(`${name}'`))
          issues.push(
            issueAt(statement.source.pointer, {
              code: "notation.never-updated",
              problem: `a repetition gives each value that it carries a next one: ${name}'`,
            }),
          );
    }
    checkOrder(block, cells);
    markUnused(defined, block);
    return new Map([...defined.keys()].map((name) => [name, "defined by an equation"]));
  }

  /** Names that an equation defines and nothing reads, to be reported when everything has been read. */
  const maybeUnused: { readonly name: string; readonly source: EquationSource; readonly span: Span }[] = [];
  function markUnused(defined: ReadonlyMap<string, EquationSource>, block: Block): void {
    for (const statement of block)
      if (statement.kind === "equation")
        for (const { name, span } of statement.equation.targets)
          if (!name.endsWith("'") && defined.has(name))
            maybeUnused.push({ name, source: statement.equation.source, span });
  }

  function checkOrder(block: Block, cells: CellStates): void {
    const { leftOver } = sortBlock(block, cells);
    if (leftOver.length === 0) return;
    const first = leftOver[0];
    const names = leftOver.flatMap((statement) => definedBy(statement, cells));
    const facts = {
      code: "notation.cycle",
      problem: "no value needs itself",
      received: `${names.join(", ")} wait for each other`,
      hint: "the value of the step before is the state without a prime",
    };
    if (first.kind === "equation") {
      const { source, value } = first.equation;
      const read = namesIn(source, value).find(({ name }) => names.includes(name.name));
      report(source, read?.name.span ?? value.span, facts);
    } else issues.push(issueAt(first.source.pointer, facts));
  }

  checkFunctions();
  let defined: ReadonlyMap<string, string> = new Map();
  for (const block of document.blocks) {
    const outside = new Map([...visibleOf(block.known), ...defined]);
    const inner = checkBlock(
      block,
      outside,
      block.states.map(({ name }) => name),
      false,
    );
    for (const { name, pointer } of block.states)
      if (!inner.has(`${name}'`))
        issues.push(
          issueAt(pointer, {
            code: "notation.never-updated",
            problem: `an equation gives the state ${name} its next value, ${name}'`,
            hint: `if it stays as it is, write ${name}' = ${name}`,
          }),
        );
    defined = new Map([...defined, ...inner]);
  }
  const everything = new Map([...document.blocks.flatMap(({ known }) => [...visibleOf(known)]), ...defined]);
  const lastCells = document.blocks.at(-1)?.cells ?? new Map<string, readonly string[]>();
  for (const { source, value } of document.results) {
    namesIn(source, value).forEach((read) => {
      checkRead(read, everything);
    });
    // A call here would come after the step.
    checkCalls(source, value, new Map(), everything);
    for (const call of callsIn(value))
      if (lastCells.has(call.name.name))
        report(source, call.span, { code: "notation.cell-calls", problem: "a cell inside is called in an equation" });
  }
  for (const {
    formula: { source, value },
    known,
  } of document.settings) {
    const visible = visibleOf(known);
    namesIn(source, value).forEach((read) => {
      checkRead(read, visible);
    });
    checkCalls(source, value, new Map(), visible);
  }

  for (const { name, source, span } of maybeUnused)
    if (!used.has(name))
      report(source, span, { code: "notation.unused", problem: `what an equation defines is used: ${name}` });
  const declared = new Map<string, Declaration>();
  for (const declaration of document.blocks.flatMap(({ known }) => known))
    declared.set(declaration.pointer, declaration);
  for (const { name, what, pointer, optional } of declared.values())
    if (optional !== true && !used.has(name))
      issues.push(issueAt(pointer, { code: "notation.unused", problem: `the ${what} ${name} is used` }));
  for (const {
    name: { name, span },
    source,
  } of document.functions)
    if (!called.has(name)) report(source, span, { code: "notation.unused", problem: `the function ${name} is used` });
  return issues;
}

const visibleOf = (declarations: readonly Declaration[]): ReadonlyMap<string, string> =>
  new Map([
    ...Object.keys(CONSTANTS).map((name) => [name, "a constant"] as const),
    ...declarations.map(({ name, what }) => [name, `the ${what} ${name}`] as const),
  ]);

const nearestHint = (name: string, known: readonly string[]): string | undefined => {
  const nearest = findNearest(name, known);
  return nearest === undefined ? undefined : `did you mean "${nearest}"?`;
};

const nearestFunction = (name: string, own: readonly string[]): string =>
  nearestHint(name, [...own, ...notationFunctions.keys()]) ?? "docs/notation.md lists the functions";
