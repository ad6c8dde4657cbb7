/**
 * Text files as one row of symbols, which is never held as a whole: an index says where each block of it begins, and a block is read again when somebody
 * wants its symbols.
 */
import { readAhead, type FileBytes } from "../file-bytes.js";
import { changedError } from "../problems.js";
import { lastAtMost } from "../search.js";
import { decodeLeniently, decodeText, hasMark } from "../utf8.js";
import { splitterOf, type SplitBytes, type TextUnit } from "./units.js";

/** Bytes of a block at least, unless its file ends: for a window of a text that is not kept, so many are read. */
const BLOCK_BYTES = 8192;

/** A text file that is open. */
export interface TextFile {
  /** As the config names it. */
  readonly path: string;
  readonly bytes: FileBytes;
  /** Whether a line end follows the file, because another one comes behind it. */
  readonly isJoined: boolean;
}

export interface TextRules {
  readonly unit: TextUnit;
  /** Whether bytes that are no UTF-8 are an error; else U+FFFD stands for them. */
  readonly isStrict: boolean;
  readonly blockBytes?: number | undefined;
}

/** The symbols of one block, and how many are in front of it. */
export interface TextBlock {
  readonly first: number;
  readonly symbols: readonly string[];
}

export interface TextBlocks {
  /** Symbols of each file. */
  readonly counts: readonly number[];
  /** All blocks in their order; the files are read from the beginning to the end. */
  all(): AsyncGenerator<TextBlock, void>;
  /** The number of the block that has symbol `at`. */
  blockOf(at: number): number;
  /** Block `number`, which is read again. Throws DataError where its file has changed. */
  block(number: number): Promise<TextBlock>;
}

/** Goes through the files once, and notes where their blocks begin. Throws DataError where they are no text. */
export async function openTextBlocks(files: readonly TextFile[], rules: TextRules): Promise<TextBlocks> {
  const split = splitterOf(rules.unit);
  // Plain lists of numbers, because a text of 10 GB has a million blocks.
  const firsts: number[] = [];
  const starts: number[] = [];
  const firstBlocks: number[] = [];
  const counts: number[] = [];
  let count = 0;
  for (const file of files) {
    const before = count;
    firstBlocks.push(starts.length);
    for await (const { from, symbols } of piecesOf(file, split, rules)) {
      firsts.push(count);
      starts.push(from);
      count += symbols.length;
    }
    counts.push(count - before);
  }
  return {
    counts,
    async *all() {
      let first = 0;
      for (const file of files)
        for await (const { symbols } of piecesOf(file, split, rules)) {
          yield { first, symbols };
          first += symbols.length;
        }
    },
    blockOf: (at) => lastAtMost(firsts, at),
    async block(number) {
      const place = lastAtMost(firstBlocks, number);
      const file = files[place];
      const isEnd = number + 1 === (firstBlocks[place + 1] ?? starts.length);
      const bytes = await file.bytes.read(starts[number], isEnd ? file.bytes.size : starts[number + 1]);
      const { symbols } = split(bytes, true, decoderOf(file, rules, 1));
      const all = withJoint(file, isEnd, symbols);
      if (all.length !== (firsts[number + 1] ?? count) - firsts[number]) throw changedError(file.path);
      return { first: firsts[number], symbols: all };
    },
  };
}

interface Piece {
  /** The byte where it begins. */
  readonly from: number;
  readonly symbols: readonly string[];
}

/** The blocks of a file in their order: one at least, which may be empty. */
async function* piecesOf(file: TextFile, split: SplitBytes, rules: TextRules): AsyncGenerator<Piece, void> {
  const { blockBytes = BLOCK_BYTES, unit } = rules;
  const { size, read } = readAhead(file.bytes);
  let from = unit !== "bytes" && hasMark(await read(0, Math.min(3, size))) ? 3 : 0;
  let line = 1;
  let wanted = blockBytes;
  for (;;) {
    const to = Math.min(size, from + wanted);
    const bytes = await read(from, to);
    const { symbols, taken } = split(bytes, to === size, decoderOf(file, rules, line));
    if (taken === 0 && to < size) {
      wanted *= 2;
      continue;
    }
    const isEnd = from + taken === size;
    yield { from, symbols: withJoint(file, isEnd, symbols) };
    if (isEnd) return;
    line += linesIn(bytes.subarray(0, taken));
    from += taken;
    wanted = blockBytes;
  }
}

function linesIn(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) lines++;
  return lines;
}

const decoderOf = ({ path }: TextFile, { isStrict }: TextRules, line: number): ((bytes: Uint8Array) => string) =>
  isStrict
    ? (bytes) => decodeText(path, line, bytes, 'texts in other encodings are read with "unit": "bytes"')
    : decodeLeniently;

const withJoint = ({ isJoined }: TextFile, isEnd: boolean, symbols: readonly string[]): readonly string[] =>
  isJoined && isEnd ? [...symbols, "\n"] : symbols;
