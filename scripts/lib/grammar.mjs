// The parser of equations, made from its grammar by peggy. A test compares it with what is committed, and writes it.
import peggy from "peggy";

/** Where the grammar is, from the root of the repository. */
export const GRAMMAR = "packages/core/src/notation/grammar.peggy";
/** Where the parser is, without ".js" and ".d.ts". */
export const PARSER = "packages/core/src/notation/generated/grammar";

const NOTE = "// Made from grammar.peggy by `npm run reference`. Do not edit.\n";

const types = `${NOTE}
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
`;

/**
 * The files of the parser: code, and the types of what it exports.
 * @param {string} grammar
 * @returns {{ readonly js: string, readonly types: string }}
 */
export function parserOf(grammar) {
  const code = peggy.generate(grammar, {
    allowedStartRules: ["Equation", "Formula", "FunctionEquation"],
    output: "source",
    format: "es",
  });
  return { js: `// @ts-nocheck\n${NOTE}\n${code}`, types };
}
