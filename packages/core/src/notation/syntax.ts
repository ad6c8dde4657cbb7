/**
 * The syntax tree of equations: readonly data, every part with its columns. The grammar (grammar.peggy) makes these
 * objects; their names and keys are an agreement between the two.
 */

/** Columns of a text, counted from 1, both ends included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A name as it is written. "c'" is the next value of the state c; "inner.h" a state of the sub-cell inner. */
export interface Name {
  readonly name: string;
  readonly span: Span;
}

export type BinaryOperator =
  "or" | "and" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/" | "%" | "@" | "^";

interface Spanned {
  readonly span: Span;
}

export interface NumberExpression extends Spanned {
  readonly kind: "number";
  readonly value: number;
}
export interface NameExpression extends Spanned, Name {
  readonly kind: "name";
}
export interface UnaryExpression extends Spanned {
  readonly kind: "unary";
  readonly operator: "-" | "not";
  readonly operand: Expression;
}
export interface BinaryExpression extends Spanned {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}
export interface Argument {
  /** Null where it is given by its place. */
  readonly name: Name | null;
  readonly value: Expression;
}
export interface CallExpression extends Spanned {
  readonly kind: "call";
  readonly name: Name;
  readonly arguments: readonly Argument[];
}
export interface IndexExpression extends Spanned {
  readonly kind: "index";
  readonly of: Expression;
  /** From 0, or from -1 backwards. */
  readonly axis: number;
  readonly index: Expression;
}
export interface SliceExpression extends Spanned {
  readonly kind: "slice";
  readonly of: Expression;
  /** From 0, or from -1 backwards. */
  readonly axis: number;
  readonly start: Expression | null;
  readonly stop: Expression | null;
}
/** Sizes in brackets; only as an argument. */
export interface ListExpression extends Spanned {
  readonly kind: "list";
  readonly items: readonly Expression[];
}

export type Expression =
  | NumberExpression
  | NameExpression
  | UnaryExpression
  | BinaryExpression
  | CallExpression
  | IndexExpression
  | SliceExpression
  | ListExpression;

/** The parts of an expression, from left to right. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "number":
    case "name":
      return [];
    case "unary":
      return [expression.operand];
    case "binary":
      return [expression.left, expression.right];
    case "call":
      return expression.arguments.map((argument) => argument.value);
    case "index":
      return [expression.of, expression.index];
    case "slice":
      return [expression.of, expression.start, expression.stop].filter((part) => part !== null);
    case "list":
      return expression.items;
    default:
      return expression satisfies never;
  }
}

/** An expression and all that is in it, each before its parts. Chains may be long, so nothing here recurses. */
export function everyPart(expression: Expression): readonly Expression[] {
  const found: Expression[] = [];
  const pending = [expression];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    found.push(next);
    pending.push(...partsOf(next).toReversed());
  }
  return found;
}

/** "f = ..." or "a, b = ...". */
export interface ParsedEquation {
  readonly targets: readonly Name[];
  readonly value: Expression;
}

/** "phi(a, b) = ...". */
export interface ParsedFunction {
  readonly name: Name;
  readonly parameters: readonly Name[];
  readonly value: Expression;
}
