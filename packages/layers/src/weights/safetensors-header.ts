/**
 * Reads the header of a safetensors file: JSON of one form, which is an object of tensors and of remarks. JSON.parse would keep
 * the last of two equal keys, take 1e3 or -0 for sizes, and not say where a mistake is.
 */
import { CheckpointError, type Issue } from "@latchgrad/core";
import { METADATA } from "./safetensors-format.js";

/** A tensor as the header describes it; nothing but the form has been checked. */
export interface HeaderEntry {
  readonly name: string;
  /** Byte of the file where the name stands. */
  readonly at: number;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** First byte, and the one behind the last, counted from the end of the header. */
  readonly from: number;
  readonly to: number;
}

export interface Header {
  readonly metadata: Readonly<Record<string, string>>;
  readonly entries: readonly HeaderEntry[];
}

/** Axes of a tensor; no system that writes such files has more. */
const MOST_AXES = 64;
/** Characters of a name that a message quotes. */
const LONGEST_QUOTED = 80;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const BLANKS: readonly number[] = [SPACE, 0x09, 0x0a, 0x0d];
/** Half of a pair that UTF-16 writes a letter with; alone it is no letter. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A name as messages quote it. */
export const quoteName = (name: string): string =>
  JSON.stringify(name.length <= LONGEST_QUOTED ? name : `${name.slice(0, LONGEST_QUOTED)}…`);

/** How messages call a tensor. */
export const tensorName = (name: string): string => `tensor ${quoteName(name)}`;

/** The header in bytes `start` to `end` of a file. Throws CheckpointError with the byte where it stops being one. */
export function parseHeader(file: Uint8Array, start: number, end: number): Header {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let position = start;
  /** The tensor that is being read. */
  let current: string | undefined;

  function refuse(code: string, offset: number, facts: Omit<Issue, "code" | "at">): never {
    const name = current === undefined ? undefined : tensorName(current);
    throw new CheckpointError([{ code: `safetensors.${code}`, ...facts, at: { kind: "bytes", offset, name } }]);
  }
  const refuseSyntax = (expected: string): never =>
    refuse("syntax", position, {
      problem: "the header is JSON of the form that the format has",
      expected,
      received: position >= end ? "the end of the header" : describeByte(file[position]),
    });

  function skipBlanks(): void {
    while (position < end && BLANKS.includes(file[position])) position++;
  }
  function accept(sign: string): boolean {
    skipBlanks();
    if (position >= end || file[position] !== sign.charCodeAt(0)) return false;
    position++;
    return true;
  }
  function expect(sign: string): void {
    if (!accept(sign)) refuseSyntax(`"${sign}"`);
  }

  function readString(what: string): string {
    skipBlanks();
    const from = position;
    if (!accept('"')) return refuseSyntax(what);
    let escaped = false;
    while (position < end && file[position] !== QUOTE) {
      if (file[position] < SPACE) refuseSyntax("a text in quotation marks, with its control characters written as \\u");
      const escapes = file[position] === BACKSLASH;
      escaped ||= escapes;
      position += escapes ? 2 : 1;
    }
    if (position >= end) refuseSyntax('"');
    position++;
    return textOf(from, escaped);
  }

  /** The text in quotes in bytes `from` to `position`. */
  function textOf(from: number, escaped: boolean): string {
    let text: string | undefined;
    try {
      const quoted = decoder.decode(file.subarray(from, position));
      text = escaped ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
    } catch {
      // Wrong UTF-8, or an escape that there is not; both are told below.
    }
    if (text !== undefined && !LONE_SURROGATE.test(text)) return text;
    return refuse("text", from, { problem: "texts are UTF-8, with the escapes that JSON has" });
  }

  function readCount(): number {
    skipBlanks();
    const from = position;
    let value = 0;
    for (; position < end && file[position] >= ZERO && file[position] <= NINE; position++)
      value = value * 10 + (file[position] - ZERO);
    if (position === from) return refuseSyntax("a whole number, 0 or more");
    if (file[from] === ZERO && position > from + 1)
      refuse("syntax", from, { problem: "a number does not begin with 0, unless it is 0" });
    if (!Number.isSafeInteger(value))
      refuse("syntax", from, { problem: "sizes and offsets are at most 2^53 - 1", received: "more" });
    return value;
  }

  function readCounts(most: number): readonly number[] {
    expect("[");
    const counts: number[] = [];
    if (accept("]")) return counts;
    do {
      if (counts.length === most) refuse("axes", position, { problem: `this list has at most ${most} numbers` });
      counts.push(readCount());
    } while (accept(","));
    expect("]");
    return counts;
  }

  /** Reads an object, key by key; none may stand twice. */
  function readObject(readValue: (key: string, at: number) => void): void {
    expect("{");
    if (accept("}")) return;
    const seen = new Set<string>();
    do {
      skipBlanks();
      const at = position;
      const key = readString("a key in quotation marks");
      if (seen.has(key))
        refuse("duplicate-key", at, { problem: "a key stands once in an object", received: quoteName(key) });
      seen.add(key);
      expect(":");
      readValue(key, at);
    } while (accept(","));
    expect("}");
  }

  function readMetadata(): Header["metadata"] {
    const remarks = new Map<string, string>();
    readObject((key) => remarks.set(key, readString("a text: remarks are texts by name")));
    return Object.fromEntries(remarks);
  }

  function readEntry(name: string, at: number): HeaderEntry {
    current = name;
    let dtype: string | undefined;
    let shape: readonly number[] | undefined;
    let offsets: readonly number[] | undefined;
    const readers: Readonly<Record<string, () => void>> = {
      dtype: () => (dtype = readString("an element type in quotation marks")),
      shape: () => (shape = readCounts(MOST_AXES)),
      data_offsets: () => (offsets = readCounts(2)),
    };
    readObject((key, keyAt) => {
      if (!Object.hasOwn(readers, key))
        refuse("entry", keyAt, {
          problem: "a tensor has the keys dtype, shape and data_offsets",
          received: quoteName(key),
        });
      readers[key]();
    });
    if (dtype === undefined || shape === undefined || offsets?.length !== 2)
      return refuse("entry", at, {
        problem: "a tensor has the keys dtype, shape and data_offsets",
        expected: "an element type, a list of sizes, and two offsets",
        received: describeParts({ dtype, shape, data_offsets: offsets }),
      });
    current = undefined;
    return { name, at, dtype, shape, from: offsets[0], to: offsets[1] };
  }

  if (file[position] !== "{".charCodeAt(0)) refuseSyntax('"{"');
  let metadata: Header["metadata"] = {};
  const entries: HeaderEntry[] = [];
  readObject((key, at) => {
    if (key === METADATA) metadata = readMetadata();
    else entries.push(readEntry(key, at));
  });
  while (position < end) {
    if (file[position] !== SPACE) refuseSyntax("spaces up to the end of the header");
    position++;
  }
  return { metadata, entries };
}

const describeByte = (byte: number): string =>
  byte > SPACE && byte < 0x7f
    ? JSON.stringify(String.fromCharCode(byte))
    : `byte 0x${byte.toString(16).padStart(2, "0")}`;

const describeParts = (parts: Readonly<Record<string, unknown>>): string => {
  const absent = Object.keys(parts).filter((key) => parts[key] === undefined);
  return absent.length === 0 ? "data_offsets with another number of elements" : `no ${absent.join(", no ")}`;
};
