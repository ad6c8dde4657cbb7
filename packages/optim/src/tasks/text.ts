/** Text files, as characters, bytes or words: after each symbol, the next one. */
import { i32, type FloatDType } from "@latchgrad/core";
import type { Signature } from "@latchgrad/layers";
import * as z from "zod";
import { integerTensor } from "../data/batch.js";
import type { DataContext } from "../data/context.js";
import { filesField } from "../data/open-files.js";
import { openText, type TextPlan } from "../data/text/text-store.js";
import { TEXT_UNITS, type TextUnit } from "../data/text/units.js";
import { vocabularySize } from "../data/text/vocabulary.js";
import { encodeSymbols, encodingField, symbolType, type Encoding } from "./symbols.js";
import type { Task, TaskDefinition } from "./task.js";
import { asLists, orderFields, splitFields, windowsOf, type Shares, type WindowOrder } from "./windows.js";

const MOST_SYMBOLS = 1_000_000;
const LONGEST = 100_000;

const schema = z
  .strictObject({
    type: z.literal("text"),
    files: filesField("Text files, read in this order as one text", "book.txt"),
    unit: z
      .enum(TEXT_UNITS)
      .default("characters")
      .describe(
        "What a symbol is. characters: those of Unicode; bytes: those of the files as they are, in any encoding; words: runs of letters, marks and digits, every other character that is no space, and ends of lines.",
      ),
    length: z
      .int()
      .min(1)
      .max(LONGEST)
      .meta({ description: "Number of symbols in a sequence.", examples: [100] }),
    vocabulary: z
      .int()
      .min(2)
      .max(MOST_SYMBOLS)
      .optional()
      .meta({
        description:
          "How many numbers of symbols there are: the most frequent ones of the training part, and 0 for all others. Absent: 96 for characters, 10000 for words; bytes are always 256.",
        examples: [20_000],
      }),
    encoding: encodingField("index"),
    ...orderFields,
    ...splitFields,
  })
  .refine(({ unit, vocabulary }) => unit !== "bytes" || vocabulary === undefined || vocabulary === 256, {
    path: ["vocabulary"],
    error: "there are 256 bytes",
  });

interface TextOptions {
  readonly files: TextPlan["files"];
  readonly unit: TextUnit;
  readonly length: number;
  readonly vocabulary?: number | undefined;
  readonly encoding: Encoding;
  readonly order: WindowOrder;
}

/** What models read and say: `x` is the text and `y` the symbol behind each of its symbols. */
const signature = (options: TextOptions, dtype: FloatDType): Signature => ({
  inputs: { x: symbolType(options.encoding, vocabularySize(options), dtype) },
  targets: { y: i32("B", "T") },
});

async function open(options: TextOptions & Shares, isStrict: boolean, context: DataContext): Promise<Task> {
  const { length, encoding, order, validation, test } = options;
  const { seed, dtype } = context;
  const text = await openText({ ...options, isStrict, shares: { validation, test } }, context);
  const { stretches, baselines, data } = text;
  // The order of windows goes by the name that this task had first.
  const windows = windowsOf({ seed, task: "textCharacters", stretches: asLists(stretches), length, order, ahead: 1 });
  return {
    batchesPerEpoch: windows.batchesPerEpoch,
    baselines,
    data,
    async batch(split, index, size) {
      const starts = windows.starts(split, index, size);
      const x = integerTensor(starts.length, length);
      const y = integerTensor(starts.length, length);
      for (const [b, start] of starts.entries()) {
        const numbers = await text.read(start, length + 1);
        x.data.set(numbers.subarray(0, length), b * length);
        y.data.set(numbers.subarray(1), b * length);
      }
      return {
        x: encodeSymbols(encoding, vocabularySize(options), dtype, x),
        y,
        ...windows.besides(split, index, size),
      };
    },
  };
}

const source =
  "Elman 1990, Finding structure in time; Graves 2013, Generating sequences with recurrent neural networks";

export const text: TaskDefinition<typeof schema> = {
  type: "text",
  summary: "Predict the next character, byte or word of a text.",
  source: `${source}; Mikolov et al. 2010, Recurrent neural network based language model`,
  usual: { loss: "softmaxCrossEntropy", metrics: ["bitsPerSymbol"] },
  schema,
  signature,
  open: async (options, context) => open(options, true, context),
};

const charactersSchema = z.strictObject({
  type: z.literal("textCharacters"),
  files: z
    .array(z.string().min(1))
    .min(1)
    .max(1000)
    .meta({ description: "Text files in UTF-8, read in this order as one text.", examples: [["texts/documents.txt"]] }),
  length: z
    .int()
    .min(1)
    .max(LONGEST)
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

/** The same as a text with the unit "characters" in its older form. */
export const asText = ({ symbols, ...rest }: z.output<typeof charactersSchema>): TextOptions & Shares => ({
  ...rest,
  unit: "characters",
  vocabulary: symbols,
});

/** Documents and runs from before there were other units go on to the same bits: what is no UTF-8 is U+FFFD, as it was then. */
export const textCharacters: TaskDefinition<typeof charactersSchema> = {
  type: "textCharacters",
  summary: "Predict the next character of a text: the older form of the task text with characters.",
  source,
  usual: { loss: "softmaxCrossEntropy", metrics: ["bitsPerSymbol"] },
  schema: charactersSchema,
  signature: (options, dtype) => signature(asText(options), dtype),
  open: async (options, context) => open(asText(options), false, context),
};
