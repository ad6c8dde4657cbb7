/** Reads equations: text to syntax tree, or the ConfigError that points into the text. */
import { ConfigError } from "../errors/errors.js";
import { parse, SyntaxError } from "./generated/grammar.js";
import { equationIssue, refuseText, type EquationSource } from "./source.js";
import { partsOf, type Expression, type ParsedEquation, type ParsedFunction, type Span } from "./syntax.js";

/** An equation with its place in a document. */
export interface Equation extends ParsedEquation {
  readonly source: EquationSource;
}
/** An expression that stands by itself: the output of a cell, or a size. */
export interface Formula {
  readonly source: EquationSource;
  readonly value: Expression;
}
/** A function that a document defines. */
export interface FunctionEquation extends ParsedFunction {
  readonly source: EquationSource;
}

/** Characters of one equation. */
export const LONGEST_EQUATION = 2000;
/** Brackets in brackets, and operators whose operand is one again; what follows the tree may therefore recurse. */
export const DEEPEST_EQUATION = 40;

/** Reads "f = sigmoid(x @ W)" or "a, b = split(v, 2)". Throws ConfigError. */
export const parseEquation = (source: EquationSource): Equation => ({
  source,
  ...readChecked(source, (text) => parse(text, { startRule: "Equation" })),
});

/** Reads an expression such as "3 * units". Throws ConfigError. */
export const parseFormula = (source: EquationSource): Formula => ({
  source,
  value: readChecked(source, (text) => ({ value: parse(text, { startRule: "Formula" }) })).value,
});

/** Reads "phi(a) = a * sigmoid(a)". Throws ConfigError. */
export const parseFunction = (source: EquationSource): FunctionEquation => ({
  source,
  ...readChecked(source, (text) => parse(text, { startRule: "FunctionEquation" })),
});

function readChecked<T extends { readonly value: Expression }>(source: EquationSource, read: (text: string) => T): T {
  checkSize(source);
  const tree = readTree(source, read);
  checkTree(source, tree.value);
  return tree;
}

const placeAt = (offset: number): Span => ({ from: offset + 1, to: offset + 1 });

/** What limits the work of the parser, before it starts. */
function checkSize(source: EquationSource): void {
  const { text } = source;
  if (text.length > LONGEST_EQUATION)
    refuseText(source, placeAt(LONGEST_EQUATION), {
      code: "notation.too-long",
      problem: `an equation has at most ${LONGEST_EQUATION} characters`,
      received: `${text.length} characters`,
      hint: "give parts of it names of their own",
    });
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(" || text[i] === "[") depth++;
    if (text[i] === ")" || text[i] === "]") depth--;
    if (depth > DEEPEST_EQUATION) refuseDeep(source, placeAt(i));
  }
}

const refuseDeep = (source: EquationSource, span: Span): never =>
  refuseText(source, span, {
    code: "notation.too-deep",
    problem: `an equation nests at most ${DEEPEST_EQUATION} deep`,
    hint: "give inner parts names of their own",
  });

/** Depth where chains such as a + b + c count once, and numbers that are none. */
function checkTree(source: EquationSource, root: Expression): void {
  const pending: { readonly part: Expression; readonly depth: number }[] = [{ part: root, depth: 1 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { part, depth } = next;
    if (depth > DEEPEST_EQUATION) refuseDeep(source, part.span);
    if (part.kind === "number" && !Number.isFinite(part.value))
      refuseText(source, part.span, {
        code: "notation.number",
        problem: "numbers are below 1.8e308",
        hint: "infinity is written inf",
      });
    for (const child of partsOf(part)) pending.push({ part: child, depth: isChained(part, child) ? depth : depth + 1 });
  }
}

/** Whether a part continues the chain of operators, or of subscripts, that its whole begins with. */
const isChained = (whole: Expression, part: Expression): boolean =>
  (whole.kind === "binary" && whole.left === part && part.kind === "binary") ||
  ((whole.kind === "index" || whole.kind === "slice") && whole.of === part);

function readTree<T>(source: EquationSource, read: (text: string) => T): T {
  try {
    return read(source.text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const { offset } = error.location.start;
    const found = error.found === null ? "the end of the text" : JSON.stringify(error.found);
    throw new ConfigError([
      equationIssue(source, placeAt(offset), {
        code: "notation.syntax",
        problem: "the text is an equation of names, numbers, operators and calls",
        expected: expectedOf(error),
        received: found,
        hint: hintFor(source.text, offset),
      }),
    ]);
  }
}

const expectedOf = ({ expected }: SyntaxError): string => {
  const texts = expected.map(({ text, description }) => (text === undefined ? description : JSON.stringify(text)));
  const known = [...new Set(texts.filter((text) => text !== undefined && text !== "a blank"))].sort();
  return known.join(" or ");
};

/** Signs of papers and of other languages, and what they are here. */
const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/^[⊙∘×]/u, 'the elementwise product is "*", the matrix product "@"'],
  [/^[·⋅]/u, 'products are "*" (elementwise) and "@" (matrices)'],
  [/^[−–—]/u, 'the minus sign is "-"'],
  [/^÷/u, 'division is "/"'],
  [/^\*/u, 'powers are written "^"'],
  [/^&&?/u, 'write "and"'],
  [/^\|\|?/u, 'write "or"'],
  [/^!/u, 'write "not"'],
  [/^\?/u, "write where(condition, a, b)"],
  [/^[≤≥≠]/u, 'comparisons are written "<=", ">=" and "!="'],
  [/^σ/u, "write sigmoid(...)"],
  [/^[\p{L}]/u, "names have the letters a to z, digits and _"],
  [/^[≔]/u, 'write "="'],
  [/^['′’]/u, 'a prime stands once, directly behind the name of a state: "c\'"'],
  [/^;/u, "each equation is a text of its own in the list"],
];

function hintFor(text: string, offset: number): string | undefined {
  const rest = text.slice(offset);
  const before = text.slice(0, offset);
  if (/^[A-Za-z_(]/.test(rest) && /[0-9)\]]\s*$/.test(before)) return 'products are written with "*" or "@"';
  if (/^[0-9.]+[A-Za-z_]/.test(rest)) return 'products are written with "*": 2 * x; names begin with a letter';
  if (/^(<|>|==|!=|<=|>=)/.test(rest) && /[<>=]/.test(before)) return "comparisons do not chain: join two with and";
  if (/^=/.test(rest) && before.includes("=")) return 'equality is "=="; each equation has one "="';
  if (/^[A-Za-z_]/.test(rest)) return undefined;
  return SIGNS.find(([sign]) => sign.test(rest))?.[1];
}
