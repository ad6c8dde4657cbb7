/** The parts of the text form that say nothing about a graph: words, lists, types, literals. */
import type { AttrValue } from "../ir/attrs.js";
import { DTYPES, parseType, type TensorType } from "../shape/tensor-type.js";
import { typeProblem } from "./invariants.js";
import { DEEPEST_NESTING, LONGEST_NAME } from "./limits.js";
import type { Token, TokenKind, TokenReader } from "./tokens.js";

type Sign = "->" | "<-" | "(" | ")" | "[" | "]" | "{" | "}" | "," | ":" | "=";
type Expected = Sign | "value" | "end";

const KINDS: Readonly<Partial<Record<Expected, TokenKind>>> = { value: "value", end: "end" };
const SAYS: Readonly<Partial<Record<Expected, string>>> = { value: "a %value", end: "the end of the text" };

const isSign = (token: Token, sign: string): boolean => token.kind === "symbol" && token.text === sign;

/** Is the next token this sign or word? */
export function isNext(reader: TokenReader, text: Sign | "graph" | "return" | "state"): boolean {
  const token = reader.peek();
  return isSign(token, text) || (token.kind === "name" && token.text === text);
}

/** Takes the next token if it is that sign. */
export function accept(reader: TokenReader, sign: Sign): boolean {
  if (!isSign(reader.peek(), sign)) return false;
  reader.take();
  return true;
}

function refuseToken(reader: TokenReader, token: Token, expected: string): never {
  return reader.refuse(token, {
    code: "ir.syntax",
    problem: "the text follows the grammar of graphs",
    expected,
    received: reader.describe(token),
  });
}

/** Takes the next token, which must be that sign or of that kind. */
export function expect(reader: TokenReader, expected: Expected): Token {
  const token = reader.peek();
  const kind = KINDS[expected];
  if (kind === undefined ? isSign(token, expected) : token.kind === kind) return reader.take();
  return refuseToken(reader, token, SAYS[expected] ?? expected);
}

/** Takes the next token, which must be that word. */
export function readWord(reader: TokenReader, word: "graph" | "return" | "state"): Token {
  const token = reader.peek();
  return token.kind === "name" && token.text === word ? reader.take() : refuseToken(reader, token, word);
}

/** Names have a limit, also those in quotes. */
export function checkLength(reader: TokenReader, token: Token): void {
  if (token.text.length <= LONGEST_NAME) return;
  reader.refuse(token, {
    code: "ir.too-large",
    problem: `a name has at most ${LONGEST_NAME} characters`,
    received: `${token.text.length} characters`,
  });
}

/** A name, with or without quotes. */
export function readName(reader: TokenReader, says = "a name"): string {
  const token = reader.peek();
  if (token.kind !== "name" && token.kind !== "text") refuseToken(reader, token, says);
  checkLength(reader, token);
  return reader.take().text;
}

/** Items with commas between them, and the closing sign. */
export function readList<T>(reader: TokenReader, close: Sign, readItem: () => T): readonly T[] {
  const items: T[] = [];
  if (accept(reader, close)) return items;
  do items.push(readItem());
  while (accept(reader, ","));
  expect(reader, close);
  return items;
}

/** A type, and the token behind which its origin may stand. */
export function readType(reader: TokenReader): { readonly type: TensorType; readonly last: Token } {
  const token = reader.peek();
  const type = token.kind === "type" || token.kind === "name" ? parseType(token.text) : undefined;
  if (type === undefined) return refuseToken(reader, token, `a type such as f32[B,8], of ${DTYPES.join(", ")}`);
  const problem = typeProblem(type);
  if (problem !== undefined) reader.refuse(token, problem);
  return { type, last: reader.take() };
}

const WORDS: ReadonlyMap<string, AttrValue> = new Map<string, AttrValue>([
  ["true", true],
  ["false", false],
  ["null", null],
  ["inf", Infinity],
  ["nan", NaN],
]);

/** A JSON value without objects, or a number that JSON cannot spell. */
export function readLiteral(reader: TokenReader, depth: number): AttrValue {
  const token = reader.peek();
  if (depth > DEEPEST_NESTING)
    reader.refuse(token, { code: "ir.too-deep", problem: `lists are nested at most ${DEEPEST_NESTING} deep` });
  if (accept(reader, "[")) return readList(reader, "]", () => readLiteral(reader, depth + 1));
  if (token.kind === "text") return reader.take().text;
  if (token.kind === "number") return readNumber(reader, reader.take());
  const word = token.kind === "name" ? WORDS.get(token.text) : undefined;
  if (word === undefined) return refuseToken(reader, token, "a number, a text, true, false, null or a list of them");
  reader.take();
  return word;
}

function readNumber(reader: TokenReader, token: Token): number {
  if (token.text === "-inf") return -Infinity;
  const value = Number(token.text);
  if (!Number.isFinite(value))
    reader.refuse(token, {
      code: "ir.number",
      problem: "a number is one that f64 holds",
      received: reader.describe(token),
      hint: "write inf or -inf for infinities",
    });
  return value;
}
