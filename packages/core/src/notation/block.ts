/** Equations in the order in which they can be computed, and the repetitions that may stand among them. */
import type { Equation, Formula } from "./parse.js";
import type { EquationSource } from "./source.js";
import { everyPart, type CallExpression, type Expression, type NameExpression } from "./syntax.js";

/** Equations that are computed `count` times, each time from what the time before left. */
export interface Repetition {
  readonly kind: "repetition";
  /** The place of the whole. */
  readonly source: EquationSource;
  readonly count: Formula;
  /** Name of the number of the pass, from 0. */
  readonly index: string | undefined;
  /** What passes hand over, with the expression that the first one gets. */
  readonly carry: readonly { readonly name: string; readonly init: Formula }[];
  readonly body: Block;
}

export type Statement = { readonly kind: "equation"; readonly equation: Equation } | Repetition;
export type Block = readonly Statement[];

/** The states of sub-cells by the cell's name: a call of the cell defines the next value of each. */
export type CellStates = ReadonlyMap<string, readonly string[]>;

/** An expression and the text that it is part of. */
export interface Read {
  readonly source: EquationSource;
  readonly name: NameExpression;
}

export const namesIn = (source: EquationSource, expression: Expression): readonly Read[] =>
  everyPart(expression).flatMap((part) => (part.kind === "name" ? [{ source, name: part }] : []));

export const callsIn = (expression: Expression): readonly CallExpression[] =>
  everyPart(expression).filter((part) => part.kind === "call");

/** The next values that the sub-cells called in an expression give. */
const definedByCalls = (expression: Expression, cells: CellStates): readonly string[] =>
  callsIn(expression).flatMap(({ name: { name } }) => (cells.get(name) ?? []).map((state) => `${name}.${state}'`));

/** The names that a statement gives a meaning. */
export function definedBy(statement: Statement, cells: CellStates): readonly string[] {
  if (statement.kind === "repetition") return statement.carry.map(({ name }) => name);
  const { targets, value } = statement.equation;
  return [...targets.map(({ name }) => name), ...definedByCalls(value, cells)];
}

/** The names that a statement needs from outside. */
export function readBy(statement: Statement): readonly Read[] {
  if (statement.kind === "equation") return namesIn(statement.equation.source, statement.equation.value);
  const { count, carry, index, body } = statement;
  const own = new Set([
    ...(index === undefined ? [] : [index]),
    ...carry.flatMap(({ name }) => [name, `${name}'`]),
    ...body.flatMap((inner) => definedBy(inner, new Map())),
  ]);
  return [
    ...namesIn(count.source, count.value),
    ...carry.flatMap(({ init }) => namesIn(init.source, init.value)),
    ...body.flatMap(readBy).filter(({ name }) => !own.has(name.name)),
  ];
}

/**
 * The statements so that each comes after those it reads: the first of the document that can be computed, always. Those that
 * wait for each other are left over.
 */
export function sortBlock(block: Block, cells: CellStates): { readonly sorted: Block; readonly leftOver: Block } {
  const definer = new Map<string, number>();
  block.forEach((statement, i) => definedBy(statement, cells).forEach((name) => definer.set(name, i)));
  const waitsFor = block.map(
    (statement) => new Set(readBy(statement).flatMap(({ name }) => definer.get(name.name) ?? [])),
  );
  const sorted: Statement[] = [];
  const done = new Set<number>();
  let left = block.map((_, i) => i);
  for (;;) {
    const next = left.find((i) => [...waitsFor[i]].every((other) => done.has(other)));
    if (next === undefined) return { sorted, leftOver: left.map((i) => block[i]) };
    sorted.push(block[next]);
    done.add(next);
    left = left.filter((i) => i !== next);
  }
}
