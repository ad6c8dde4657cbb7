/**
 * Reads the text of a JSON document (RFC 8259). JSON.parse would do, but for three things a person needs: the line and
 * column of a mistake, an error for a key that stands twice (JSON.parse keeps the last and says nothing), and
 * a limit on depth and size before any work. It does not recurse.
 */
import { ConfigError, placeInText, type Issue } from "@latchgrad/core";
import { DEEPEST_NESTING } from "./limits.js";

/** Characters of a document, 1 Mi. */
export const LONGEST_DOCUMENT = 2 ** 20;

/** A list or an object whose end has not been read yet. */
type Open =
  | { readonly kind: "list"; readonly items: unknown[] }
  | { readonly kind: "object"; readonly entries: Map<string, unknown>; key: string };

const BLANK = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.])/y;
const WORD = /true|false|null/y;
const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

/** The value that a JSON text stands for. Throws ConfigError with line and column. */
export function readJsonText(text: string): unknown {
  // Some editors put a byte order mark in front; it means nothing.
  let position = text.startsWith("\uFEFF") ? 1 : 0;
  const open: Open[] = [];

  function refuse(code: string, at: number, facts: Omit<Issue, "code" | "at">): never {
    throw new ConfigError([{ code: `config.${code}`, ...facts, at: placeInText(text, at) }]);
  }
  const refuseSyntax = (expected: string): never =>
    refuse("json-syntax", position, {
      problem: "the document is JSON",
      expected,
      received: position >= text.length ? "the end of the document" : JSON.stringify(text[position]),
      hint: hintFor(text, position),
    });

  function skipBlank(): void {
    BLANK.lastIndex = position;
    BLANK.test(text);
    position = BLANK.lastIndex;
  }
  function accept(sign: string): boolean {
    skipBlank();
    if (text[position] !== sign) return false;
    position++;
    return true;
  }
  function match(pattern: RegExp): string | undefined {
    pattern.lastIndex = position;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) position += found.length;
    return found;
  }

  /** The text in quotes at the position. */
  function readString(): string {
    const start = position;
    let end = start + 1;
    while (end < text.length && text[end] !== '"' && text[end] !== "\n") end += text[end] === "\\" ? 2 : 1;
    try {
      const value = JSON.parse(text.slice(start, end + 1)) as string;
      position = end + 1;
      return value;
    } catch {
      return refuse("json-syntax", start, {
        problem: "a text begins and ends with a quotation mark, on one line, and \\ begins an escape such as \\n",
      });
    }
  }

  function readKey(entries: ReadonlyMap<string, unknown>): string {
    skipBlank();
    if (text[position] !== '"') return refuseSyntax("a key in quotation marks");
    const start = position;
    const key = readString();
    if (entries.has(key))
      refuse("duplicate-key", start, {
        problem: `a key stands once in an object, and ${JSON.stringify(key)} stands twice`,
      });
    if (!accept(":")) refuseSyntax('":"');
    return key;
  }

  /** The scalar at the position, or undefined where there is none. */
  function readScalar(): { readonly value: unknown } | undefined {
    if (text[position] === '"') return { value: readString() };
    const word = match(WORD);
    if (word !== undefined) return { value: WORDS[word] };
    const number = match(NUMBER);
    return number === undefined ? undefined : { value: Number(number) };
  }

  /** Enters a list or an object; gives the empty one where it ends at once. */
  function readOpening(): { readonly value: unknown } | undefined {
    const isList = text[position] === "[";
    if (open.length === DEEPEST_NESTING)
      refuse("too-deep", position, { problem: `lists and objects are nested at most ${DEEPEST_NESTING} deep` });
    position++;
    if (accept(isList ? "]" : "}")) return { value: isList ? [] : {} };
    const entries = new Map<string, unknown>();
    open.push(isList ? { kind: "list", items: [] } : { kind: "object", entries, key: readKey(entries) });
    return undefined;
  }

  /** Puts a finished value into what it stands in, as often as that is finished by it; gives the document's value. */
  function place(value: unknown): { readonly value: unknown } | undefined {
    let finished = value;
    for (let parent = open.at(-1); parent !== undefined; parent = open.at(-1)) {
      if (parent.kind === "list") parent.items.push(finished);
      else parent.entries.set(parent.key, finished);
      const end = parent.kind === "list" ? "]" : "}";
      if (accept(",")) {
        if (parent.kind === "object") parent.key = readKey(parent.entries);
        return undefined;
      }
      if (!accept(end)) refuseSyntax(`"," or "${end}"`);
      // Unlike assignment, fromEntries makes an own property of "__proto__", which the limits then refuse by name.
      finished = parent.kind === "list" ? parent.items : Object.fromEntries(parent.entries);
      open.pop();
    }
    return { value: finished };
  }

  if (text.length > LONGEST_DOCUMENT)
    refuse("too-large", 0, {
      problem: `a document has at most ${LONGEST_DOCUMENT} characters`,
      received: `${text.length} characters`,
    });
  for (;;) {
    skipBlank();
    const opens = text[position] === "[" || text[position] === "{";
    const read = opens ? readOpening() : (readScalar() ?? refuseSyntax("a value"));
    const document = read === undefined ? undefined : place(read.value);
    if (document === undefined) continue;
    skipBlank();
    if (position < text.length) refuseSyntax("the end of the document");
    return document.value;
  }
}

/** What a person who writes something else than JSON most likely meant. */
function hintFor(text: string, position: number): string | undefined {
  const rest = text.slice(position, position + 10);
  if (/^(\/\/|\/\*|#)/.test(rest)) return "JSON has no comments";
  if (/^'/.test(rest)) return 'texts stand in double quotation marks, "so"';
  if (/^[\]}]/.test(rest) && /,\s*$/.test(text.slice(Math.max(0, position - 100), position)))
    return "no comma stands behind the last element";
  if (/^(NaN|-?Infinity)/.test(rest)) return "JSON has no such number";
  if (/^(True|False|None)/.test(rest)) return "the words are true, false and null";
  return undefined;
}
