/** The symbols that a model of texts tells apart, found in the training part; and their numbers. */
import { ConfigError } from "@latchgrad/core";
import { FITTED_FORMAT, type Fitted, type FittedSymbols } from "../fitted.js";
import { BYTES, type TextUnit } from "./units.js";

/** Stands for every symbol that is not in the vocabulary; bytes have none such. */
export const OTHER = 0;

/** The name of the input that texts have, and of the one slot that is fitted. */
const INPUT = "x";

/** Different symbols that are counted at most, some 500 MB of them. */
const MOST_DISTINCT = 5_000_000;

export interface VocabularyConfig {
  readonly unit: TextUnit;
  /** Absent: as is usual for the unit. */
  readonly vocabulary?: number | undefined;
}

const USUAL: Readonly<Record<TextUnit, number>> = { characters: 96, bytes: BYTES, words: 10_000 };

/** How many numbers of symbols there are. */
export const vocabularySize = ({ unit, vocabulary }: VocabularyConfig): number => vocabulary ?? USUAL[unit];

/** Symbols of one code unit, which most are where they are no words, are looked up by it: that takes a tenth of the time. */
const CODE_UNITS = 2 ** 16;

export interface SymbolCounts {
  /** Throws ConfigError where there are too many different ones. */
  add(symbols: readonly string[]): void;
  /** The most frequent symbols, ties in the order of their code points; none of bytes, which are always the same. */
  fit(config: VocabularyConfig): Fitted;
  /** How often each number stands for a symbol. */
  frequencies(vocabulary: Vocabulary, size: number): Float64Array;
}

/** Counts the symbols of the training part. */
export function countSymbols(): SymbolCounts {
  const short = new Float64Array(CODE_UNITS);
  const long = new Map<string, { count: number }>();
  const all = (): (readonly [string, number])[] => {
    const found = Array.from(long, ([symbol, { count }]) => [symbol, count] as const);
    short.forEach((count, unit) => {
      if (count > 0) found.push([String.fromCharCode(unit), count]);
    });
    return found;
  };
  return {
    add(symbols) {
      for (const symbol of symbols) {
        if (symbol.length === 1) {
          short[symbol.charCodeAt(0)]++;
          continue;
        }
        const known = long.get(symbol);
        if (known === undefined) long.set(symbol, { count: 1 });
        else known.count++;
      }
      if (long.size > MOST_DISTINCT) throw tooMany(long.size);
    },
    fit(config) {
      const { unit } = config;
      const ranked = unit === "bytes" ? [] : all().sort(([a, m], [b, n]) => n - m || compareCodePoints(a, b));
      const symbols = ranked.slice(0, vocabularySize(config) - 1).map(([symbol]) => symbol);
      return { format: FITTED_FORMAT, columns: [{ name: INPUT, column: unit, symbols }] };
    },
    frequencies({ numberOf }, size) {
      const frequencies = new Float64Array(size);
      for (const [symbol, count] of all()) frequencies[numberOf(symbol)] += count;
      return frequencies;
    },
  };
}

/** Code units would put what stands behind U+FFFF in front of what stands before it. */
function compareCodePoints(a: string, b: string): number {
  const others = b[Symbol.iterator]();
  for (const character of a) {
    const other = others.next();
    if (other.done === true) return 1;
    const difference = (character.codePointAt(0) ?? 0) - (other.value.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return others.next().done === true ? 0 : -1;
}

/** The numbers of symbols, and the symbols of numbers. */
export interface Vocabulary {
  numberOf(symbol: string): number;
  /** Undefined for 0 where that stands for all others, and for numbers without a symbol. */
  symbolOf(number: number): string | undefined;
}

/** Throws ConfigError where something else was fitted. */
export function vocabularyOf(fitted: Fitted, { unit }: VocabularyConfig): Vocabulary {
  const { symbols } = fittedSymbols(fitted, unit);
  if (unit === "bytes")
    return { numberOf: (symbol) => symbol.charCodeAt(0), symbolOf: (number) => String.fromCharCode(number) };
  const short = new Int32Array(CODE_UNITS).fill(OTHER);
  const long = new Map<string, number>();
  symbols.forEach((symbol, i) => {
    if (symbol.length === 1) short[symbol.charCodeAt(0)] = i + 1;
    else long.set(symbol, i + 1);
  });
  return {
    numberOf: (symbol) => (symbol.length === 1 ? short[symbol.charCodeAt(0)] : (long.get(symbol) ?? OTHER)),
    symbolOf: (number) => (number === OTHER ? undefined : symbols.at(number - 1)),
  };
}

function fittedSymbols({ columns }: Fitted, unit: TextUnit): FittedSymbols {
  const [first, ...others] = columns;
  if (others.length === 0 && first !== undefined && first.column === unit && "symbols" in first) return first;
  throw new ConfigError([
    {
      code: "config.fitted",
      problem: "data.json was made for the unit of this text",
      at: { kind: "config", pointer: "/task" },
      expected: unit,
      received: columns.map(({ column }) => column).join(", "),
    },
  ]);
}

const tooMany = (received: number): ConfigError =>
  new ConfigError([
    {
      code: "config.too-many-symbols",
      problem: `the training part of a text has at most ${MOST_DISTINCT} different words`,
      at: { kind: "config", pointer: "/task/unit" },
      received: `${received} in its beginning`,
      hint: "take characters or bytes, or fewer files",
    },
  ]);
