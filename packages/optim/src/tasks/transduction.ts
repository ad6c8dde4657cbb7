/** Sequences into sequences of any length: what was read is said again, in the same order or backwards. */
import { i32, portableLog } from "@latchgrad/core";
import * as z from "zod";
import { randomAt } from "./random.js";
import { encodeSymbols, encodingField, symbolType } from "./symbols.js";
import { floatTensor, integerTensor } from "../data/batch.js";
import { endlessTask, type TaskDefinition } from "./task.js";

const schema = z
  .strictObject({
    type: z.literal("transduction"),
    rule: z
      .enum(["copy", "reverse"])
      .default("copy")
      .describe("Whether the symbols are said in the order in which they were read, or backwards."),
    shortest: z.int().min(1).max(10_000).default(1).describe("Least number of symbols in a sequence."),
    longest: z
      .int()
      .min(1)
      .max(10_000)
      .meta({ description: "Greatest number of symbols in a sequence.", examples: [10] }),
    symbols: z.int().min(2).max(1000).default(8).describe("Number of different symbols, not counting the end."),
    encoding: encodingField("index"),
  })
  .refine(({ shortest, longest }) => shortest <= longest, { error: "shortest is at most longest" });

/**
 * Input: symbols 0 to symbols - 1, as many as `lengths` says, then padding. Target: the same or their reverse, then the end,
 * symbol number `symbols`; `mask` is 1 up to and with the end. A decoder that reads the target one step late can be given the end
 * as the start.
 */
export const transduction: TaskDefinition<typeof schema> = {
  type: "transduction",
  summary: "Say a sequence of symbols again, in the same order or backwards, and stop where it ends.",
  source:
    "Grefenstette, Hermann, Suleyman & Blunsom 2015, Learning to transduce with unbounded memory, section 4.1 (lengths as chosen)",
  usual: { loss: "softmaxCrossEntropy", metrics: ["accuracy"] },
  schema,
  signature: ({ symbols, encoding }, dtype) => ({
    inputs: { x: symbolType(encoding, symbols + 1, dtype), lengths: i32("B") },
    targets: { y: i32("B", "S"), mask: { dtype, dims: ["B", "S"] } },
  }),
  open({ rule, shortest, longest, symbols, encoding }, { seed, dtype }) {
    const end = symbols;
    const steps = longest + 1;
    // Both ends of the range are drawn alike often.
    const meanLength = (shortest + longest) / 2;
    const says = "guessing among all symbols alike, and saying the end at its place";
    const task = endlessTask(
      (split, index, size) => {
        const random = randomAt(seed, "transduction", split, index);
        const numbers = integerTensor(size, longest);
        const lengths = integerTensor(size);
        const y = integerTensor(size, steps);
        const mask = floatTensor(dtype, size, steps);
        numbers.data.fill(end);
        y.data.fill(end);
        for (let b = 0; b < size; b++) {
          const length = random.integer(shortest, longest);
          for (let t = 0; t < length; t++) {
            const symbol = random.integer(0, symbols - 1);
            numbers.data[b * longest + t] = symbol;
            y.data[b * steps + (rule === "copy" ? t : length - 1 - t)] = symbol;
          }
          mask.data.fill(1, b * steps, b * steps + length + 1);
          lengths.data[b] = length;
        }
        return { x: encodeSymbols(encoding, symbols + 1, dtype, numbers), lengths, y, mask };
      },
      { metric: "accuracy", value: (meanLength / symbols + 1) / (meanLength + 1), says },
      {
        metric: "loss",
        loss: "softmaxCrossEntropy",
        value: (meanLength * portableLog(symbols)) / (meanLength + 1),
        says,
      },
    );
    return {
      ...task,
      distances({ y, lengths }) {
        const found = integerTensor(...y.dims);
        for (let b = 0; b < y.dims[0]; b++)
          for (let t = 0; t < steps; t++) {
            const length = lengths.data[b];
            // Answer t comes t + 1 steps behind the last symbol; copied symbol t was read length - 1 - t steps before that one.
            found.data[b * steps + t] = t >= length ? -1 : rule === "copy" ? length : 2 * t + 1;
          }
        return found;
      },
    };
  },
};
