/** The symbols that a text consists of: its characters, its bytes or its words. */
import { wordClass } from "./word-characters.js";

export type TextUnit = "characters" | "bytes" | "words";
export const TEXT_UNITS = ["characters", "bytes", "words"] as const satisfies readonly TextUnit[];

/** The symbols at the beginning of some bytes. */
export interface SplitText {
  /** In their order; a byte is the character with its number. */
  readonly symbols: readonly string[];
  /** How many of the bytes they take. */
  readonly taken: number;
}

/**
 * Gives the symbols of bytes that begin with one. Those at the end of the bytes may go on behind it unless `isLast`, and are then left. Where it cannot
 * decode, `decode` throws.
 */
export type SplitBytes = (bytes: Uint8Array, isLast: boolean, decode: (bytes: Uint8Array) => string) => SplitText;

/** How many bytes there are. */
export const BYTES = 256;
const BYTE_SYMBOLS = Array.from({ length: BYTES }, (_, byte) => String.fromCharCode(byte));

/** How bytes become symbols. */
export function splitterOf(unit: TextUnit): SplitBytes {
  switch (unit) {
    case "bytes":
      return (bytes) => {
        // A loop, which takes a fifth of the time of Array.from.
        const symbols = new Array<string>(bytes.length);
        for (let i = 0; i < bytes.length; i++) symbols[i] = BYTE_SYMBOLS[bytes[i]];
        return { symbols, taken: bytes.length };
      };
    case "characters":
      return (bytes, isLast, decode) => {
        const taken = isLast ? bytes.length : wholeCharacters(bytes);
        return { symbols: charactersOf(withLineEnds(decode(bytes.subarray(0, taken)))), taken };
      };
    case "words":
      return wordSplitter();
  }
}

/** The characters of a text; where none has two code units, that is a matter of cutting, which is four times as fast. */
const charactersOf = (text: string): readonly string[] =>
  /[\ud800-\udfff]/.test(text) ? Array.from(text) : text.split("");

/** With all ends of lines alike, so that every checkout of a text has the same symbols. */
const withLineEnds = (text: string): string => (text.includes("\r") ? text.replaceAll("\r\n", "\n") : text);

/** How many of the bytes are whole characters of UTF-8, and no first half of a line end. */
function wholeCharacters(bytes: Uint8Array): number {
  const { length } = bytes;
  // Bytes of a character that are not its first are 10xxxxxx, three at most.
  let first = length - 1;
  while (first > 0 && first > length - 4 && (bytes[first] & 0xc0) === 0x80) first--;
  const lead = bytes[first] ?? 0;
  const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  if (first >= 0 && size > length - first) return first;
  return bytes[length - 1] === 0x0d ? length - 1 : length;
}

/** Characters of a word at most; a longer run of letters is several words. So a word always ends, whatever the file is. */
const LONGEST_WORD = 1000;

/** Runs of letters, marks and digits; every other character that is no space; and ends of lines. */
function wordSplitter(): SplitBytes {
  const letters = wordClass();
  const token = new RegExp(`[${letters}]{1,${LONGEST_WORD}}|\\n|\\S`, "gu");
  const isWord = new RegExp(`^[${letters}]`, "u");
  return (bytes, isLast, decode) => {
    const whole = isLast ? bytes.length : wholeCharacters(bytes);
    const text = decode(bytes.subarray(0, whole));
    const symbols = withLineEnds(text).match(token) ?? [];
    const last = symbols.at(-1);
    if (isLast || last === undefined || !text.endsWith(last) || !isWord.test(last)) return { symbols, taken: whole };
    return { symbols: symbols.slice(0, -1), taken: whole - new TextEncoder().encode(last).length };
  };
}

/** What a symbol adds to the text of those before it. */
export type WriteSymbol = (symbol: string) => string;

/** How symbols become a text again. Bytes that are no UTF-8 are written as U+FFFD. */
export function writerOf(unit: TextUnit): WriteSymbol {
  switch (unit) {
    case "bytes": {
      const decoder = new TextDecoder();
      return (symbol) => decoder.decode(Uint8Array.of(symbol.charCodeAt(0)), { stream: true });
    }
    case "characters":
      return (symbol) => symbol;
    case "words": {
      let before = "\n";
      return (symbol) => {
        const isApart = !OPENS.test(before) && !CLOSES.test(symbol);
        before = symbol;
        return isApart ? ` ${symbol}` : symbol;
      };
    }
  }
}

/** Behind these there is no space: ends of lines, and brackets that open. */
const OPENS = /^[\n\p{Ps}\p{Pi}]$/u;
/** In front of these there is none: ends of lines, brackets that close, and marks at the end of a part of a sentence. */
const CLOSES = /^[\n\p{Pe}\p{Pf}.,;:!?…]$/u;
