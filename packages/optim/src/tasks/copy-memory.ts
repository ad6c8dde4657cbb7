/** The copy memory problem: keep a few symbols over a long blank stretch, then repeat them in order. */
import { i32, portableLog } from "@latchgrad/core";
import * as z from "zod";
import { randomAt } from "./random.js";
import { encodeSymbols, encodingField, symbolType } from "./symbols.js";
import { integerTensor } from "../data/batch.js";
import { endlessTask, type TaskDefinition } from "./task.js";

const schema = z.strictObject({
  type: z.literal("copyMemory"),
  delay: z
    .int()
    .min(1)
    .max(100_000)
    .meta({
      description: "The T of the papers: steps from the last symbol to be kept to its recall.",
      examples: [100],
    }),
  symbols: z.int().min(2).max(1000).default(8).describe("Number of different symbols to be kept."),
  count: z.int().min(1).max(1000).default(10).describe("Number of symbols to be kept in each sequence."),
  encoding: encodingField("oneHot"),
});

/**
 * Inputs 0 to symbols - 1 are those to be kept, then come the blank and the delimiter. A sequence is `count` symbols,
 * delay - 1 blanks, the delimiter, `count` blanks; its target is count + delay blanks, then the symbols.
 * The target needs classes 0 to `symbols`, the last being the blank.
 */
export const copyMemory: TaskDefinition<typeof schema> = {
  type: "copyMemory",
  summary: "Repeat symbols seen before a long blank stretch, when a delimiter asks for them.",
  source:
    "Hochreiter & Schmidhuber 1997; in this form Arjovsky, Shah & Bengio 2016, Unitary evolution recurrent neural networks, section 4.1",
  usual: { loss: "softmaxCrossEntropy", metrics: ["accuracy"] },
  schema,
  signature: ({ symbols, encoding }, dtype) => ({
    inputs: { x: symbolType(encoding, symbols + 2, dtype) },
    targets: { y: i32("B", "T") },
  }),
  open({ delay, symbols, count, encoding }, { seed, dtype }) {
    const length = delay + 2 * count;
    const blank = symbols;
    const delimiter = symbols + 1;
    const task = endlessTask(
      (split, index, size) => {
        const random = randomAt(seed, "copyMemory", split, index);
        const numbers = integerTensor(size, length);
        const y = integerTensor(size, length);
        numbers.data.fill(blank);
        y.data.fill(blank);
        for (let b = 0; b < size; b++) {
          const start = b * length;
          for (let i = 0; i < count; i++) {
            const symbol = random.integer(0, symbols - 1);
            numbers.data[start + i] = symbol;
            y.data[start + count + delay + i] = symbol;
          }
          numbers.data[start + count + delay - 1] = delimiter;
        }
        return { x: encodeSymbols(encoding, symbols + 2, dtype, numbers), y };
      },
      {
        metric: "loss",
        loss: "softmaxCrossEntropy",
        // Averaged over all steps: certain where the answer is blank, uniform over the symbols at the recall.
        value: (count * portableLog(symbols)) / length,
        says: "answering blank until the delimiter, then guessing among all symbols alike",
      },
    );
    return {
      ...task,
      distances({ y }) {
        const found = integerTensor(...y.dims);
        // Each symbol is said as many steps after it was read; blanks need no memory.
        found.data.forEach((_, place) => {
          found.data[place] = place % length < count + delay ? -1 : count + delay;
        });
        return found;
      },
    };
  },
  atLength: (options, delay) => ({ ...options, delay }),
};
