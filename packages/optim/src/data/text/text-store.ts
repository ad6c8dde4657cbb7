/** A text from files, cut into parts: any stretch of it as numbers of symbols, and what was fitted to the training part. */
import { portableExp, portableLog } from "@latchgrad/core";
import { stretchesOf, type Shares, type Stretch } from "../../tasks/windows.js";
import type { Baseline, Split } from "../batch.js";
import { makeCache } from "../cache.js";
import type { DataContext } from "../context.js";
import type { Fitted } from "../fitted.js";
import { namedFiles, openNamed, type FilesConfig, type NamedFile } from "../open-files.js";
import type { TaskData } from "../task-data.js";
import { openTextBlocks, type TextBlocks, type TextFile, type TextRules } from "./text-blocks.js";
import { countSymbols, vocabularyOf, vocabularySize, type Vocabulary, type VocabularyConfig } from "./vocabulary.js";

/** Bytes of symbols that are kept in memory, 64 Mi: most texts fit, and are read once. */
const CACHE_BYTES = 2 ** 26;

export interface TextPlan extends VocabularyConfig, TextRules {
  readonly files: FilesConfig;
  /** Shares of the text, where files do not say it. */
  readonly shares: Shares;
  readonly cacheBytes?: number | undefined;
}

export interface TextStore {
  /** The places of each part. */
  readonly stretches: Readonly<Record<Split, Stretch>>;
  /** The numbers of `count` symbols from place `from` on. */
  read(from: number, count: number): Promise<Int32Array>;
  baselines(split: Split): readonly Baseline[];
  readonly data: TaskData;
  /** Bytes of symbols in memory. */
  keptBytes(): number;
}

/** Throws ConfigError and DataError. */
export async function openText(plan: TextPlan, context: DataContext): Promise<TextStore> {
  const { unit } = plan;
  const named = namedFiles(plan.files);
  const files: TextFile[] = [];
  for (const [i, each] of named.entries()) {
    const isJoined = unit !== "bytes" && i + 1 < named.length && named[i + 1].split === each.split;
    files.push({ path: each.path, bytes: await openNamed(context, each), isJoined });
  }
  const blocks = await openTextBlocks(files, plan);
  const stretches = placesOf(named, blocks.counts, plan.shares);
  const { fitted, vocabulary, frequencies } = await survey(blocks, stretches, plan, context.fitted);
  const size = vocabularySize(plan);
  const cache = makeCache<NumberedBlock>(plan.cacheBytes ?? CACHE_BYTES, ({ numbers }) => numbers.byteLength + 100);

  async function load(number: number): Promise<NumberedBlock> {
    const { first, symbols } = await blocks.block(number);
    return { first, numbers: numbersOf(symbols, vocabulary, size) };
  }
  return {
    stretches,
    keptBytes: cache.bytes,
    async read(from, count) {
      const all = new Int32Array(count);
      let number = blocks.blockOf(from);
      for (let done = 0; done < count; number++) {
        const block = number;
        const { first, numbers } = await cache.get(block, async () => load(block));
        const start = from + done - first;
        const part = numbers.subarray(start, start + count - done);
        all.set(part, done);
        done += part.length;
      }
      return all;
    },
    baselines: (split) => baselinesOf(frequencies.train, frequencies[split], unit),
    data: {
      unit,
      count: {
        train: lengthOf(stretches.train),
        validation: lengthOf(stretches.validation),
        test: lengthOf(stretches.test),
      },
      skipped: { count: 0, first: [] },
      fitted,
    },
  };
}

const lengthOf = ({ from, to }: Stretch): number => to - from;

/** Where the parts are: as the files say it, behind each other, or by their shares. */
function placesOf(named: readonly NamedFile[], counts: readonly number[], shares: Shares): TextStore["stretches"] {
  const countOf = (split: Split | undefined): number =>
    counts.reduce((sum, count, i) => (named[i].split === split ? sum + count : sum), 0);
  const all = countOf(undefined);
  if (named[0].split === undefined) return stretchesOf(all, shares);
  const train = countOf("train");
  const validation = train + countOf("validation");
  return {
    train: { from: 0, to: train },
    validation: { from: train, to: validation },
    test: { from: validation, to: validation + countOf("test") },
  };
}

interface NumberedBlock {
  readonly first: number;
  readonly numbers: Uint8Array | Uint16Array | Int32Array;
}

/** In as few bytes as the vocabulary allows. */
function numbersOf(symbols: readonly string[], { numberOf }: Vocabulary, size: number): NumberedBlock["numbers"] {
  const { length } = symbols;
  const numbers =
    size <= 2 ** 8 ? new Uint8Array(length) : size <= 2 ** 16 ? new Uint16Array(length) : new Int32Array(length);
  for (let i = 0; i < length; i++) numbers[i] = numberOf(symbols[i]);
  return numbers;
}

interface Survey {
  readonly fitted: Fitted;
  readonly vocabulary: Vocabulary;
  /** For each number of a symbol how often it is in a part. */
  readonly frequencies: Readonly<Record<Split, Float64Array>>;
}

/** Goes through the text: the vocabulary of the training part, unless it is known, and how often its symbols are in each part. */
async function survey(
  blocks: TextBlocks,
  { train, validation }: TextStore["stretches"],
  config: VocabularyConfig,
  before: Fitted | undefined,
): Promise<Survey> {
  const size = vocabularySize(config);
  const training = countSymbols();
  const held = { validation: new Float64Array(size), test: new Float64Array(size) };
  let known: Omit<Survey, "frequencies"> | undefined;
  const learned = (): Omit<Survey, "frequencies"> => {
    const fitted = before ?? training.fit(config);
    return { fitted, vocabulary: vocabularyOf(fitted, config) };
  };
  // The training part comes first, so that it is known as a whole when the others are counted.
  for await (const { first, symbols } of blocks.all()) {
    const trained = Math.min(symbols.length, Math.max(0, train.to - first));
    training.add(trained === symbols.length ? symbols : symbols.slice(0, trained));
    if (trained === symbols.length) continue;
    known ??= learned();
    const { numberOf } = known.vocabulary;
    for (let i = trained; i < symbols.length; i++)
      held[first + i < validation.to ? "validation" : "test"][numberOf(symbols[i])]++;
  }
  known ??= learned();
  return { ...known, frequencies: { ...held, train: training.frequencies(known.vocabulary, size) } };
}

const ONE: Readonly<Record<TextPlan["unit"], string>> = { characters: "character", bytes: "byte", words: "word" };

/** The mean of -ln p(symbol) over a part, p being the frequencies in training with one more of each, so that none is 0. */
function baselinesOf(training: Float64Array, part: Float64Array, unit: TextPlan["unit"]): readonly Baseline[] {
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
  const total = sum(training) + training.length;
  const loss = sum(part.map((count, symbol) => -count * portableLog((training[symbol] + 1) / total))) / sum(part);
  const says = `guessing each ${ONE[unit]} by its frequency in the training part (unigram entropy)`;
  return [
    { metric: "bitsPerSymbol", value: loss / Math.LN2, says },
    { metric: "perplexity", value: portableExp(loss), says },
    { metric: "loss", loss: "softmaxCrossEntropy", value: loss, says },
  ];
}
