/** The temporal order problem: which of four orders two special symbols had, long ago, among noise. */
import { i32, portableLog, type TensorData } from "@latchgrad/core";
import * as z from "zod";
import { randomAt } from "./random.js";
import { encodeSymbols, encodingField, symbolType } from "./symbols.js";
import { integerTensor } from "../data/batch.js";
import { endlessTask, type TaskDefinition } from "./task.js";

/** The eight symbols by number: start, end, four of noise, and the two that count. */
const START = 0;
const END = 1;
const NOISE = [2, 5] as const;
/** Y is the next number. */
const X = 6;
const SYMBOLS = 8;

const schema = z.strictObject({
  type: z.literal("temporalOrder"),
  length: z
    .int()
    .min(20)
    .max(100_000)
    .default(100)
    .describe("Shortest number of steps; lengths go up to 1.1 of it, and the two places scale with it."),
  encoding: encodingField("oneHot"),
});

/** Whether X or Y stands at a place of symbols in either encoding. */
const isSpecial = ({ dims, data }: TensorData, place: number): boolean =>
  dims.length === 2 ? data[place] >= X : data.slice(place * SYMBOLS + X, (place + 1) * SYMBOLS).includes(1);

/**
 * Experiment 6a. A sequence is E, noise from {a, b, c, d}, and B at its end; at t1 from length/10 to length/5 and t2
 * from length/2 to 6 length/10 stands X or Y (with length 100: 10 to 20, 50 to 60, and lengths 100 to 110). Classes:
 * XX 0, XY 1, YX 2, YY 3. Shorter sequences are padded at their end and come with `lengths`.
 */
export const temporalOrder: TaskDefinition<typeof schema> = {
  type: "temporalOrder",
  summary: "Tell the order of two symbols that stand far apart in noise.",
  source: "Hochreiter & Schmidhuber 1997, Long short-term memory, experiment 6a",
  usual: { loss: "softmaxCrossEntropy", metrics: ["accuracy"] },
  schema,
  signature: ({ encoding }, dtype) => ({
    inputs: { x: symbolType(encoding, SYMBOLS, dtype), lengths: i32("B") },
    targets: { y: i32("B") },
  }),
  open({ length: shortest, encoding }, { seed, dtype }) {
    const tenth = shortest / 10;
    const longest = shortest + Math.floor(tenth);
    const place = (tenths: number): number => Math.floor(tenths * tenth);
    const task = endlessTask(
      (split, index, size) => {
        const random = randomAt(seed, "temporalOrder", split, index);
        const numbers = integerTensor(size, longest);
        const lengths = integerTensor(size);
        const y = integerTensor(size);
        numbers.data.fill(-1);
        for (let b = 0; b < size; b++) {
          const length = random.integer(shortest, longest);
          const sequence = numbers.data.subarray(b * longest, b * longest + length);
          for (let t = 0; t < length; t++) sequence[t] = random.integer(...NOISE);
          sequence[0] = START;
          sequence[length - 1] = END;
          const first = random.integer(0, 1);
          const second = random.integer(0, 1);
          sequence[random.integer(place(1), place(2))] = X + first;
          sequence[random.integer(place(5), place(6))] = X + second;
          lengths.data[b] = length;
          y.data[b] = 2 * first + second;
        }
        return { x: encodeSymbols(encoding, SYMBOLS, dtype, numbers), lengths, y };
      },
      { metric: "accuracy", value: 1 / 4, says: "guessing one of the four classes" },
      { metric: "loss", loss: "softmaxCrossEntropy", value: portableLog(4), says: "guessing the four classes alike" },
    );
    return {
      ...task,
      distances({ x, lengths }) {
        const [size, steps] = x.dims;
        const found = integerTensor(size);
        for (let b = 0; b < size; b++) {
          const first = Array.from({ length: steps }, (_, t) => t).findIndex((t) => isSpecial(x, b * steps + t));
          found.data[b] = lengths.data[b] - 1 - first;
        }
        return found;
      },
    };
  },
  atLength: (options, length) => ({ ...options, length }),
};
