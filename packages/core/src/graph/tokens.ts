/**
 * The words of the text form, read one at a time with their places. The grammar
 * stands in print.ts; here is what a word looks like, and how an error quotes one.
 */
import { IrSyntaxError } from "../errors/errors.js";
import type { Issue } from "../errors/issue.js";
import { placeInText } from "../errors/text-place.js";
import { LONGEST_NAME, LONGEST_TEXT } from "./limits.js";

export type TokenKind = "name" | "value" | "type" | "number" | "text" | "symbol" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** The name without % and quotes, the content of a text, else the spelling. */
  readonly text: string;
  /** Offset of the first character in the whole text. */
  readonly start: number;
  readonly end: number;
  /** The origin in a comment behind the token, on the same line. */
  readonly origin: string | undefined;
}

export interface TokenReader {
  peek(): Token;
  take(): Token;
  /** Throws IrSyntaxError with the token quoted. */
  refuse(token: Token, facts: Omit<Issue, "at">): never;
  /** The token as a reader sees it, for messages. */
  describe(token: Token): string;
}

/** Words with a meaning where a name could stand too. */
const KEYWORDS: ReadonlySet<string> = new Set(["graph", "return", "state"]);

/** True when `name` may stand without quotes: letters, digits and _ . ' / - with a letter or _ in front. */
export const isBareName = (name: string): boolean =>
  name.length <= LONGEST_NAME && !KEYWORDS.has(name) && /^[\p{L}_][\p{L}\p{N}_.'/-]*$/u.test(name);
/** True when `%name` needs no quotes: as a bare name, but a digit may stand in front. */
export const isBareValue = (name: string): boolean => name.length <= LONGEST_NAME && /^[\p{L}\p{N}_.'/-]+$/u.test(name);

const BLANK = /(?:[ \t\r\n]+|;[^\n]*)/y;
const COMMENT_BEHIND = /[ \t]*;([^\n]*)/y;
const SYMBOL = /->|<-|[()[\]{},:=]/y;
const NUMBER = /(?:-inf|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_.'/-])/y;
const TYPE = /[A-Za-z_][A-Za-z0-9_]{0,31}\[[^\]\n]*\]/y;
/** End of the match of a sticky pattern at `at`, or undefined. */
function matchEnd(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** The content of the JSON text that starts at `at`, and where it ends; undefined when there is none. */
function readQuoted(text: string, at: number): { readonly content: string; readonly end: number } | undefined {
  if (text[at] !== '"') return undefined;
  let end = at + 1;
  while (end < text.length && text[end] !== '"' && text[end] !== "\n") end += text[end] === "\\" ? 2 : 1;
  if (text[end] !== '"') return undefined;
  try {
    return { content: JSON.parse(text.slice(at, end + 1)) as string, end: end + 1 };
  } catch {
    return undefined;
  }
}

/** The origin that a comment holds: a pointer as it is, or anything in quotes. */
function originIn(comment: string): string | undefined {
  const trimmed = comment.trim();
  if (trimmed.startsWith("/")) return trimmed;
  const quoted = readQuoted(trimmed, 0);
  return quoted?.end === trimmed.length ? quoted.content : undefined;
}

const NAME_SIGNS = "_.'/-";
const isAsciiNamePart = (code: number): boolean =>
  (code >= 97 && code <= 122) || // a to z
  (code >= 65 && code <= 90) || // A to Z
  (code >= 48 && code <= 57) || // 0 to 9
  NAME_SIGNS.includes(String.fromCharCode(code));

/** Where the letters, digits and signs of a name end. By hand, because names are most of a text and \p{L} is slow. */
function nameEnd(text: string, at: number): number {
  let end = at;
  for (;;) {
    const code = text.codePointAt(end);
    if (code === undefined) return end;
    if (code < 128 ? !isAsciiNamePart(code) : !/[\p{L}\p{N}]/u.test(String.fromCodePoint(code))) return end;
    end += code > 0xffff ? 2 : 1;
  }
}

type Word = Pick<Token, "kind" | "text" | "end">;

function readWord(text: string, at: number): Word | undefined {
  if (at >= text.length) return { kind: "end", text: "", end: at };
  const first = text[at];
  if (first === "%") {
    const end = nameEnd(text, at + 1);
    if (end > at + 1) return { kind: "value", text: text.slice(at + 1, end), end };
    const quoted = readQuoted(text, at + 1);
    return quoted === undefined ? undefined : { kind: "value", text: quoted.content, end: quoted.end };
  }
  const symbol = matchEnd(SYMBOL, text, at);
  if (symbol !== undefined) return { kind: "symbol", text: text.slice(at, symbol), end: symbol };
  const number = matchEnd(NUMBER, text, at);
  if (number !== undefined) return { kind: "number", text: text.slice(at, number), end: number };
  const quoted = readQuoted(text, at);
  if (quoted !== undefined) return { kind: "text", text: quoted.content, end: quoted.end };
  const end = nameEnd(text, at);
  if (end === at || /[0-9.'/-]/.test(first)) return undefined;
  const type = text[end] === "[" ? matchEnd(TYPE, text, at) : undefined;
  return type === undefined
    ? { kind: "name", text: text.slice(at, end), end }
    : { kind: "type", text: text.slice(at, type), end: type };
}

/** A reader that stands before the first token of `text`. */
export function readTokens(text: string): TokenReader {
  let position = 0;
  let ahead: Token | undefined;

  const refuseAt = (start: number, facts: Omit<Issue, "at">): never => {
    throw new IrSyntaxError([{ ...facts, at: placeInText(text, start) }]);
  };
  if (text.length > LONGEST_TEXT)
    refuseAt(0, {
      code: "ir.too-large",
      problem: `a text has at most ${LONGEST_TEXT} characters`,
      received: `${text.length} characters`,
    });

  function read(): Token {
    for (let end = matchEnd(BLANK, text, position); end !== undefined; end = matchEnd(BLANK, text, position))
      position = end;
    const start = position;
    const word = readWord(text, start);
    if (word === undefined)
      return refuseAt(start, {
        code: "ir.character",
        problem: 'the text consists of names, %values, numbers, "texts" and signs',
        received: JSON.stringify(text.slice(start, start + 1)),
        hint: /["%]/.test(text[start]) ? "a text in quotes is spelled as in JSON, on one line" : undefined,
      });
    position = word.end;
    COMMENT_BEHIND.lastIndex = position;
    const comment = COMMENT_BEHIND.exec(text);
    const origin = comment === null ? undefined : originIn(comment[1]);
    // Spelled out: spreading an object takes longer than all the rest.
    return { kind: word.kind, text: word.text, start, end: word.end, origin };
  }

  const peek = (): Token => (ahead ??= read());
  return {
    peek,
    take() {
      const token = peek();
      ahead = undefined;
      return token;
    },
    refuse: (token, facts) => refuseAt(token.start, facts),
    describe: (token) => (token.kind === "end" ? "the end of the text" : shorten(text.slice(token.start, token.end))),
  };
}

const LONGEST_QUOTED = 60;
const shorten = (text: string): string => (text.length <= LONGEST_QUOTED ? text : `${text.slice(0, LONGEST_QUOTED)}…`);
