// Made from grammar.peggy by `npm run reference`. Do not edit.

import type { ParsedEquation, ParsedFunction, Expression } from "../syntax.js";

export function parse(text: string, options: { readonly startRule: "Equation" }): ParsedEquation;
export function parse(text: string, options: { readonly startRule: "Formula" }): Expression;
export function parse(text: string, options: { readonly startRule: "FunctionEquation" }): ParsedFunction;

export class SyntaxError extends Error {
  /** What could stand where the parser stopped. */
  readonly expected: readonly { readonly type: string; readonly text?: string; readonly description?: string }[];
  /** The character there; null at the end. */
  readonly found: string | null;
  readonly location: { readonly start: { readonly offset: number } };
}
