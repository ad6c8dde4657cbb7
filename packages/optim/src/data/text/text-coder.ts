/** From texts to the inputs of a trained model, and from its predictions back to symbols. What was fitted in training is all that it needs. */
import { portableExp, type FloatDType, type Issue, type TensorData } from "@latchgrad/core";
import { encodeSymbols, type Encoding } from "../../tasks/symbols.js";
import { integerTensor, type Batch } from "../batch.js";
import { openDataFile, rowsOf, faultIssue, valueIssue, type FormatOptions, type Row } from "../data-file.js";
import { chunksOf, type FileBytes } from "../file-bytes.js";
import type { Fitted } from "../fitted.js";
import { decodeText, hasMark } from "../utf8.js";
import { splitterOf, writerOf, type TextUnit, type WriteSymbol } from "./units.js";
import { vocabularyOf, vocabularySize } from "./vocabulary.js";

/** A text for predictions. */
export interface TextSequence {
  /** The place of its line; undefined where it is a whole file. */
  readonly id: string | undefined;
  readonly symbols: readonly string[];
  /** Why it cannot be used; none where it can. */
  readonly issues: readonly Issue[];
}

/** A symbol as people read it: a character, a word, the number of a byte; null for one that is not in the vocabulary. */
export type SymbolName = string | number | null;

/** What a vector of logits says. */
export interface DecodedSymbol {
  readonly symbol: SymbolName;
  /** By the softmax of the logits. */
  readonly probability: number;
}

/** Gives the symbols that are complete in the bytes so far, each of them once. Throws DataError where they are no text. */
export type ReadPiece = (bytes: Uint8Array, isLast: boolean) => readonly string[];

export interface TextCoder {
  readonly unit: TextUnit;
  /** How many numbers of symbols there are. */
  readonly size: number;
  /**
   * The texts of a file: all of it, or in a table or JSON lines the column "text" of each row. One with more than `longest` symbols
   * has an issue. Throws ConfigError where the column is missing, DataError where it is no text.
   */
  read(
    path: string,
    file: FileBytes,
    format: FormatOptions["format"] | "text",
    longest: number,
  ): AsyncGenerator<TextSequence, void>;
  /** A reader of one text that comes in pieces, as from a pipe. */
  pieces(path: string): ReadPiece;
  /** The inputs of a batch of texts with equally many symbols. */
  encode(texts: readonly (readonly string[])[]): Batch;
  /** A symbol as the model sees it. */
  name(symbol: string): SymbolName;
  /** The symbol of a number as texts have it; undefined for the number that stands for all others, and for those that stand for none. */
  symbolOf(number: number): string | undefined;
  /** A writer of one text, the reverse of `pieces`: what each next symbol adds to it. Words have spaces between them where people write some. */
  writer(): WriteSymbol;
  /** What vectors of logits [..., size] say, one `DecodedSymbol` for each. */
  decode(outputs: TensorData): readonly DecodedSymbol[];
}

export interface TextCoderOptions {
  readonly unit: TextUnit;
  readonly vocabulary?: number | undefined;
  readonly encoding: Encoding;
  readonly fitted: Fitted;
  readonly dtype: FloatDType;
}

/** Throws ConfigError where something else was fitted. */
export function makeTextCoder(options: TextCoderOptions): TextCoder {
  const { unit, encoding, fitted, dtype } = options;
  const size = vocabularySize(options);
  const vocabulary = vocabularyOf(fitted, options);
  const split = splitterOf(unit);
  const nameOf = (number: number): SymbolName => {
    const symbol = vocabulary.symbolOf(number);
    return symbol === undefined ? null : unit === "bytes" ? symbol.charCodeAt(0) : symbol;
  };
  const pieces = (path: string): ReadPiece => {
    let left = new Uint8Array();
    let line = 1;
    let isFirst = true;
    return (bytes, isLast) => {
      const all = new Uint8Array(left.length + bytes.length);
      all.set(left);
      all.set(bytes, left.length);
      const isShort = isFirst && all.length < 3 && !isLast;
      const from = isFirst && unit !== "bytes" && hasMark(all) ? 3 : 0;
      const { symbols, taken } = isShort
        ? { symbols: [], taken: 0 }
        : split(all.subarray(from), isLast, (part) => decodeText(path, line, part));
      isFirst = isFirst && isShort;
      left = all.slice(isShort ? 0 : from + taken);
      for (const symbol of symbols) if (symbol === "\n") line++;
      return symbols;
    };
  };
  async function* wholeText(path: string, file: FileBytes, longest: number): AsyncGenerator<TextSequence, void> {
    const read = pieces(path);
    const symbols: string[] = [];
    for await (const chunk of chunksOf(file)) {
      for (const symbol of read(chunk, false)) symbols.push(symbol);
      if (symbols.length > longest) break;
    }
    for (const symbol of read(new Uint8Array(), true)) symbols.push(symbol);
    yield { id: undefined, symbols, issues: lengthIssues(path, symbols.length, longest, unit) };
  }
  return {
    unit,
    size,
    pieces,
    async *read(path, file, format, longest) {
      if (format === "text") {
        yield* wholeText(path, file, longest);
        return;
      }
      const opened = await openDataFile(path, file, [COLUMN], { format, delimiter: "," }, "/task");
      for await (const rows of rowsOf(opened))
        for (const row of rows) {
          const place = `${path}:${row.from.line}`;
          const issues = rowIssues(row);
          const symbols =
            issues.length > 0 ? [] : split(new TextEncoder().encode(String(row.values[0])), true, utf8Text).symbols;
          yield {
            id: place,
            symbols,
            issues: issues.length > 0 ? issues : lengthIssues(place, symbols.length, longest, unit),
          };
        }
    },
    encode(texts) {
      const [first] = texts;
      const numbers = integerTensor(texts.length, first.length);
      texts.forEach((symbols, b) => {
        numbers.data.set(Int32Array.from(symbols, vocabulary.numberOf), b * first.length);
      });
      return { x: encodeSymbols(encoding, size, dtype, numbers) };
    },
    name: (symbol) => nameOf(vocabulary.numberOf(symbol)),
    symbolOf: vocabulary.symbolOf,
    writer: () => writerOf(unit),
    decode({ data }) {
      return Array.from({ length: data.length / size }, (_, n) => {
        const logits = Float64Array.from(data.subarray(n * size, (n + 1) * size));
        const most = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
        const sum = logits.reduce((total, logit) => total + portableExp(logit - most), 0);
        return { symbol: nameOf(logits.indexOf(most)), probability: 1 / sum };
      });
    },
  };
}

/** The column of tables and the key of JSON lines that holds a text. */
const COLUMN = "text";

const utf8Text = (bytes: Uint8Array): string => decodeText("", 1, bytes);

function rowIssues(row: Row): readonly Issue[] {
  if (row.fault !== undefined) return [faultIssue(row, row.fault)];
  const [value] = row.values;
  if (typeof value === "string") return [];
  const received = value === undefined ? "nothing" : JSON.stringify(value).slice(0, 60);
  return [valueIssue(row, 0, { code: "data.text", problem: `"${COLUMN}" is a text`, received })];
}

function lengthIssues(name: string, count: number, longest: number, unit: TextUnit): readonly Issue[] {
  if (count > 0 && count <= longest) return [];
  return [
    {
      code: "data.text",
      problem: `a text that is read at once has 1 to ${longest} ${unit}`,
      at: { kind: "value", name },
      received: count === 0 ? "an empty one" : "more",
      hint: count === 0 ? undefined : "a stream has no end: --stream",
    },
  ];
}
