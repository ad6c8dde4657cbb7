/**
 * Dims: the size of one axis, known or symbolic. A symbol (`B`, `T`) stands for
 * an unknown positive integer; sums and products of dims are again dims, so
 * that a graph can say "one step longer than T" or "B rows of T" without
 * knowing either. A symbolic dim is a polynomial with integer coefficients in
 * one canonical spelling, which makes equality a comparison of strings:
 *
 *     T+1    2*H    B*T    -1+T is written T-1
 *
 * Two functions of a dim may stand where a symbol may, for splitting time into
 * chunks: `ceil(T/8)` and `ceilSqrt(T)`.
 */
import { ShapeError } from "../errors/errors.js";
import {
  constantPolynomial,
  divideTerms,
  multiply,
  normalize,
  printPolynomial,
  withoutAtom,
  type Polynomial,
  type Term,
} from "./dim-polynomial.js";

export type Dim = number | string;
export type DimBindings = Readonly<Record<string, number>>;

/** The dim of a polynomial. Throws ShapeError where its numbers are no longer exact: no axis is that long. */
function toDim(polynomial: Polynomial): Dim {
  const dim = printPolynomial(polynomial);
  if (polynomial.every(({ coefficient }) => Number.isSafeInteger(coefficient))) return dim;
  throw new ShapeError([
    {
      code: "dim.size",
      problem: "the numbers in a dim stay below 2^53",
      at: { kind: "value", name: "a dim" },
      received: String(dim),
    },
  ]);
}

/** Longer spellings from outside are refused unread: no real dim needs them, and the reader below recurses per bracket. */
const LONGEST_SPELLING = 400;

/** Most dims that are no numbers are one symbol. */
const SYMBOL = /^[A-Za-z_][A-Za-z0-9_]*$/;

const TOKEN = /\s*(?:(\d+)|(ceil)\(|(ceilSqrt)\(|([A-Za-z_][A-Za-z0-9_]*)|([-+*/()]))/y;

/** Recursive descent over the spelling; brackets occur only in the two functions, so depth is that of nested chunking. */
function parsePolynomial(text: string): Polynomial | undefined {
  let position = 0;
  const take = (): readonly (string | undefined)[] | undefined => {
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(text);
    if (match === null) return undefined;
    position = TOKEN.lastIndex;
    return match;
  };
  const accept = (symbol: string): boolean => {
    const start = position;
    if (take()?.[5] === symbol) return true;
    position = start;
    return false;
  };
  const atom = (): Polynomial | undefined => {
    const token = take();
    if (token === undefined) return undefined;
    if (token[1] !== undefined) {
      const value = Number(token[1]);
      return Number.isSafeInteger(value) ? constantPolynomial(value) : undefined;
    }
    if (token[4] !== undefined) return [{ coefficient: 1, atoms: [token[4]] }];
    if (token[2] === undefined && token[3] === undefined) return undefined;
    const argument = sum();
    if (argument === undefined) return undefined;
    if (token[3] !== undefined) return accept(")") ? ceilSqrtOf(argument) : undefined;
    if (!accept("/")) return undefined;
    const divisor = sum();
    return divisor !== undefined && accept(")") ? ceilDivOf(argument, divisor) : undefined;
  };
  const product = (): Polynomial | undefined => {
    let result = atom();
    while (result !== undefined && accept("*")) {
      const next = atom();
      result = next === undefined ? undefined : multiply(result, next);
    }
    return result;
  };
  const sum = (): Polynomial | undefined => {
    const negated = accept("-");
    let result = product();
    if (negated && result !== undefined) result = multiply(result, constantPolynomial(-1));
    while (result !== undefined) {
      const sign: number = accept("+") ? 1 : accept("-") ? -1 : 0;
      if (sign === 0) break;
      const next = product();
      result = next === undefined ? undefined : normalize([...result, ...multiply(next, constantPolynomial(sign))]);
    }
    return result;
  };
  const result = sum();
  return text.slice(position).trim() === "" ? result : undefined;
}

function polynomialOf(dim: Dim): Polynomial {
  if (typeof dim === "number") return constantPolynomial(dim);
  if (SYMBOL.test(dim)) return atomOf(dim);
  const polynomial = parsePolynomial(dim);
  if (polynomial === undefined) throw new TypeError(`internal: "${dim}" is not a dim; please report this`);
  return polynomial;
}

/** The dim that `text` spells, in canonical spelling, or undefined when it spells none. */
export function parseDim(text: string): Dim | undefined {
  if (text.length > LONGEST_SPELLING) return undefined;
  if (SYMBOL.test(text)) return text;
  try {
    const polynomial = parsePolynomial(text);
    return polynomial === undefined ? undefined : toDim(polynomial);
  } catch (error) {
    if (error instanceof ShapeError) return undefined;
    throw error;
  }
}

export const addDims = (...dims: readonly Dim[]): Dim =>
  dims.every((d) => typeof d === "number")
    ? dims.reduce((a, b) => a + b, 0)
    : toDim(normalize(dims.flatMap(polynomialOf)));

export const multiplyDims = (...dims: readonly Dim[]): Dim =>
  dims.every((d) => typeof d === "number")
    ? withoutMinusZero(dims.reduce((a, b) => a * b, 1))
    : toDim(dims.map(polynomialOf).reduce(multiply, constantPolynomial(1)));

/** -0 and 0 are one dim, and have to be one value. */
const withoutMinusZero = (value: number): number => value + 0;

export const subtractDims = (a: Dim, b: Dim): Dim => addDims(a, multiplyDims(-1, b));

/** a / b when the division is exact for every binding, else undefined. */
export function divideDims(a: Dim, b: Dim): Dim | undefined {
  if (b === 0) return undefined;
  if (a === b) return 1;
  const { whole, rest } = splitMultiples(polynomialOf(a), polynomialOf(b));
  return rest.length === 0 ? toDim(whole) : undefined;
}

/** dividend = whole · divisor + rest, term by term; only a divisor of one term is tried. */
function splitMultiples(
  dividend: Polynomial,
  divisor: Polynomial,
): { readonly whole: Polynomial; readonly rest: Polynomial } {
  if (divisor.length !== 1) return { whole: [], rest: dividend };
  const quotients = dividend.map((term) => divideTerms(term, divisor[0]));
  return {
    whole: normalize(quotients.filter((quotient) => quotient !== undefined)),
    rest: dividend.filter((_, i) => quotients[i] === undefined),
  };
}

const atomOf = (atom: string): Polynomial => [{ coefficient: 1, atoms: [atom] }];

/** ceil(a / b), or undefined for a divisor that is a number below 1. */
function ceilDivOf(a: Polynomial, b: Polynomial): Polynomial | undefined {
  const by = toDim(b);
  if (typeof by === "number" && by < 1) return undefined;
  const { whole, rest } = toDim(a) === by ? { whole: constantPolynomial(1), rest: [] } : splitMultiples(a, b);
  const remainder = toDim(rest);
  if (remainder === 0) return whole;
  const last =
    typeof remainder === "number" && typeof by === "number"
      ? constantPolynomial(Math.ceil(remainder / by))
      : atomOf(`ceil(${remainder}/${by})`);
  return normalize([...whole, ...last]);
}

/** The smallest integer whose square is at least a, or undefined for a number below 0. */
function ceilSqrtOf(a: Polynomial): Polynomial | undefined {
  const dim = toDim(a);
  if (typeof dim === "string") return atomOf(`ceilSqrt(${dim})`);
  return dim < 0 ? undefined : constantPolynomial(Math.ceil(Math.sqrt(dim)));
}

function impossible(text: string): never {
  throw new ShapeError([
    {
      code: "dim.function",
      problem: "a dim is divided by 1 or more, and has a root when it is 0 or more",
      at: { kind: "value", name: text },
    },
  ]);
}

/** ceil(a / b): how many chunks of b steps hold a steps. Multiples of b are moved out: ceil((3·T-2)/3) is T. */
export const ceilDivDim = (a: Dim, b: Dim): Dim =>
  toDim(ceilDivOf(polynomialOf(a), polynomialOf(b)) ?? impossible(`ceil(${a}/${b})`));

/** The smallest integer whose square is at least a. */
export const ceilSqrtDim = (a: Dim): Dim => toDim(ceilSqrtOf(polynomialOf(a)) ?? impossible(`ceilSqrt(${a})`));

/** Beyond this degree the proof below would take too long on a spelling made to be slow. */
const HIGHEST_DEGREE = 8;
/** How often a function may stand inside another before the proof gives up. */
const DEEPEST_FUNCTION = 4;

/** True when a >= b is proved for all positive bindings; false when it is not, which need not mean that it is wrong. */
export const isAtLeast = (a: Dim, b: Dim): boolean => prove(a, b, new Map());

/** What was proved and what was not, by difference: functions of functions ask for the same again and again. */
type Known = Map<Dim, boolean>;

function prove(a: Dim, b: Dim, known: Known): boolean {
  if (typeof a === "number" && typeof b === "number") return a >= b;
  const difference = subtractDims(a, b);
  const answer = known.get(difference) ?? proveNonNegative(polynomialOf(difference), known);
  known.set(difference, answer);
  return answer;
}

function proveNonNegative(polynomial: Polynomial, known: Known): boolean {
  if (polynomial.some(({ atoms }) => atoms.length > HIGHEST_DEGREE)) return false;
  let bound = polynomial;
  for (let depth = 0; depth <= DEEPEST_FUNCTION; depth++) {
    if (hasNoNegativePart(bound, known)) return true;
    bound = normalize(bound.flatMap((term) => lowerBound(term, known)));
  }
  return false;
}

/** With every atom written as its least value plus a rest of 0 or more, no coefficient may be negative. */
function hasNoNegativePart(polynomial: Polynomial, known: Known): boolean {
  const least = new Map(polynomial.flatMap(({ atoms }) => atoms.map((atom) => [atom, leastOf(atom, known)] as const)));
  if ([...least.values()].includes(undefined)) return false;
  const shifted = polynomial.flatMap(({ coefficient, atoms }) =>
    atoms
      .map((atom) => [...atomOf(atom), ...constantPolynomial(least.get(atom) ?? 0)])
      .reduce(multiply, constantPolynomial(coefficient)),
  );
  return normalize(shifted).every(({ coefficient }) => coefficient >= 0);
}

/** 0 or 1, below which the atom never is, or undefined when it may be negative. */
function leastOf(atom: string, known: Known): 0 | 1 | undefined {
  const call = readCall(atom);
  if (call === undefined) return 1;
  const { argument, divisor = 1 } = call;
  if (!prove(divisor, 1, known) || !prove(argument, 0, known)) return undefined;
  return prove(argument, 1, known) ? 1 : 0;
}

/**
 * A polynomial that is never above the term and has one function less:
 * b·ceil(a/b) lies between a and a + b - 1, and ceilSqrt(a)² is at least a.
 */
function lowerBound(term: Term, known: Known): Polynomial {
  for (const atom of term.atoms) {
    const call = readCall(atom);
    const others = withoutAtom(term, atom);
    if (call === undefined || others.atoms.some((other) => leastOf(other, known) === undefined)) continue;
    const { argument, divisor } = call;
    if (divisor === undefined) {
      if (term.coefficient > 0 && others.atoms.includes(atom) && prove(argument, 0, known))
        return multiply([withoutAtom(others, atom)], polynomialOf(argument));
      continue;
    }
    const by = polynomialOf(divisor);
    const quotient = by.length === 1 && prove(divisor, 1, known) ? divideTerms(others, by[0]) : undefined;
    if (quotient === undefined) continue;
    const bound = term.coefficient > 0 ? argument : addDims(argument, divisor, -1);
    return multiply([quotient], polynomialOf(bound));
  }
  return [term];
}

const FUNCTION = /^(ceil|ceilSqrt)\((.*)\)$/s;

/** Index of the slash that stands outside brackets. */
function topLevelSlash(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")") depth--;
    else if (text[i] === "/" && depth === 0) return i;
  }
  return -1;
}

interface Call {
  readonly argument: string;
  /** Present in ceil(argument/divisor), absent in ceilSqrt(argument). */
  readonly divisor?: Dim;
}

/** The parts of an atom that is a function of a dim, or undefined for a symbol. */
function readCall(atom: string): Call | undefined {
  const match = FUNCTION.exec(atom);
  if (match === null) return undefined;
  const [, name, text] = match;
  if (name === "ceilSqrt") return { argument: text };
  const slash = topLevelSlash(text);
  return { argument: text.slice(0, slash), divisor: text.slice(slash + 1) };
}

function mapAtom(atom: string, replace: (symbol: string) => Dim): Dim {
  const call = readCall(atom);
  if (call === undefined) return replace(atom);
  const argument = mapDim(call.argument, replace);
  return call.divisor === undefined ? ceilSqrtDim(argument) : ceilDivDim(argument, mapDim(call.divisor, replace));
}

function mapDim(dim: Dim, replace: (symbol: string) => Dim): Dim {
  if (typeof dim === "number") return dim;
  return addDims(
    ...polynomialOf(dim).map(({ coefficient, atoms }) =>
      multiplyDims(coefficient, ...atoms.map((atom) => mapAtom(atom, replace))),
    ),
  );
}

/** `dim` with every bound symbol replaced by its integer; unbound symbols stay. */
export const bindDim = (dim: Dim, bindings: DimBindings): Dim =>
  mapDim(dim, (symbol) => (Object.hasOwn(bindings, symbol) ? bindings[symbol] : symbol));

/** The symbols that `dim` mentions, each once. */
export function symbolsOf(dim: Dim): readonly string[] {
  const found = new Set<string>();
  mapDim(dim, (symbol) => {
    found.add(symbol);
    return symbol;
  });
  return [...found];
}

export const isSymbol = (dim: Dim): dim is string => typeof dim === "string" && SYMBOL.test(dim);
