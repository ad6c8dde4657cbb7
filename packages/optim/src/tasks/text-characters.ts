/** Characters of text files: after each character, the next one. */
import { i32 } from "@latchgrad/core";
import * as z from "zod";
import { encodeSymbols, encodingField, symbolType } from "./symbols.js";
import { integerTensor, type Baseline } from "../data/batch.js";
import type { DataContext } from "../data/context.js";
import { namedFiles, openNamed } from "../data/open-files.js";
import type { TaskDefinition } from "./task.js";
import { orderFields, splitFields, stretchesOf, windowsOf, type Stretch } from "./windows.js";

const schema = z.strictObject({
  type: z.literal("textCharacters"),
  files: z
    .array(z.string().min(1))
    .min(1)
    .max(1000)
    .meta({ description: "Text files in UTF-8, read in this order as one text.", examples: [["texts/documents.txt"]] }),
  length: z
    .int()
    .min(1)
    .max(100_000)
    .meta({ description: "Number of characters in a sequence.", examples: [40] }),
  symbols: z
    .int()
    .min(2)
    .max(65_536)
    .default(96)
    .describe("Size of the vocabulary: the most frequent characters, and symbol 0 for all others."),
  encoding: encodingField("index"),
  ...orderFields,
  ...splitFields,
});

/** Stands for every character that is not in the vocabulary. */
const OTHER = 0;

/** All files as one text, with line ends and byte order marks made alike, so that every checkout gives the same run. */
async function readText(files: readonly string[], context: DataContext): Promise<string> {
  const texts: string[] = [];
  for (const named of namedFiles([...files])) {
    const file = await openNamed(context, named);
    texts.push(new TextDecoder().decode(await file.read(0, file.size)));
  }
  return texts.map((text) => text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n")).join("\n");
}

/** The symbol of each character: the most frequent of `training` from 1 on, ties in the order of their code points. */
function vocabularyOf(training: readonly string[], symbols: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const character of training) counts.set(character, (counts.get(character) ?? 0) + 1);
  const codePoint = (character: string): number => character.codePointAt(0) ?? 0;
  const ranked = [...counts].sort(([a, m], [b, n]) => n - m || codePoint(a) - codePoint(b));
  return new Map(ranked.slice(0, symbols - 1).map(([character], i) => [character, i + 1]));
}

/** The mean of -ln p(symbol) over a stretch, p being the frequencies in training with one more of each, so that none is 0. */
function unigramLoss(text: Int32Array, training: Stretch, { from, to }: Stretch, symbols: number): number {
  const counts = new Float64Array(symbols).fill(1);
  for (const symbol of text.subarray(training.from, training.to)) counts[symbol]++;
  const total = counts.reduce((sum, n) => sum + n, 0);
  let loss = 0;
  for (const symbol of text.subarray(from, to)) loss -= Math.log(counts[symbol] / total);
  return loss / (to - from);
}

export const textCharacters: TaskDefinition<typeof schema> = {
  type: "textCharacters",
  summary: "Predict the next character of a text.",
  source: "Elman 1990, Finding structure in time; Graves 2013, Generating sequences with recurrent neural networks",
  usual: { loss: "softmaxCrossEntropy", metrics: ["bitsPerSymbol"] },
  schema,
  signature: ({ symbols, encoding }, dtype) => ({
    inputs: { x: symbolType(encoding, symbols, dtype) },
    targets: { y: i32("B", "T") },
  }),
  async open({ files, length, symbols, encoding, order, validation, test }, context) {
    const { seed, dtype } = context;
    const characters = Array.from(await readText(files, context));
    const stretches = stretchesOf(characters.length, { validation, test });
    const windows = windowsOf({ seed, task: "textCharacters", stretches, length, order, ahead: 1 });
    const vocabulary = vocabularyOf(characters.slice(stretches.train.from, stretches.train.to), symbols);
    const text = Int32Array.from(characters, (character) => vocabulary.get(character) ?? OTHER);
    return {
      batchesPerEpoch: windows.batchesPerEpoch,
      batch(split, index, size) {
        const starts = windows.starts(split, index, size);
        const x = integerTensor(starts.length, length);
        const y = integerTensor(starts.length, length);
        starts.forEach((start, b) => {
          x.data.set(text.subarray(start, start + length), b * length);
          y.data.set(text.subarray(start + 1, start + 1 + length), b * length);
        });
        return { x: encodeSymbols(encoding, symbols, dtype, x), y, ...windows.besides(split, index, size) };
      },
      baselines(split): readonly Baseline[] {
        const loss = unigramLoss(text, stretches.train, stretches[split], symbols);
        const says = "guessing each character by its frequency in the training part (unigram entropy)";
        return [
          { metric: "bitsPerSymbol", value: loss / Math.LN2, says },
          { metric: "loss", loss: "softmaxCrossEntropy", value: loss, says },
        ];
      },
    };
  },
};
