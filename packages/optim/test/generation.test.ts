// Texts that models write: the law that symbols are drawn by, against the softmax written out here; and a real model against its own predictions.
import { ConfigError, RunError, type TensorData } from "@latchgrad/core";
import { initialParams } from "@latchgrad/layers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writerOf } from "../src/data/text/units.js";
import type { Fitted } from "../src/data/fitted.js";
import { generateText, type GenerationOptions } from "../src/generation.js";
import { openPredictor, openStream, type ModelStream } from "../src/prediction.js";
import { textCoderOf } from "../src/tasks/registry.js";
import { read } from "./documents.js";

const symbols = ["a", "b", "c", "\n"];
const size = symbols.length + 1;
const fitted: Fitted = { format: 1, columns: [{ name: "x", column: "characters", symbols }] };
const task = { type: "text", files: ["book.txt"], length: 5, vocabulary: size };
const document = {
  task,
  layers: [
    { type: "embedding", count: size, units: 3 },
    { name: "memory", type: "recurrent", cell: { type: "lstm", units: 4 } },
    { name: "next", type: "dense", units: size },
  ],
  loss: { type: "softmaxCrossEntropy" },
  metrics: [],
};
const experiment = read({}, document);
const made = textCoderOf(experiment.config.task, fitted, "f32");
if (made === undefined) throw new TypeError("the task has texts");
const coder = made;

/** A stream whose logits are always the same, with what it read. */
function constantStream(logits: readonly number[]): ModelStream & { readonly heard: number[] } {
  const heard: number[] = [];
  return {
    heard,
    inputs: {},
    outputs: {},
    next({ x }) {
      heard.push(...x.data);
      const steps = x.dims[1];
      const data = Float32Array.from({ length: steps * size }, (_, i) => logits[i % size]);
      return Promise.resolve({ prediction: { dtype: "f32", dims: [1, steps, size], data } satisfies TensorData });
    },
    restart: () => void heard.splice(0),
    dispose: () => undefined,
  };
}

async function written(count: number, options: Omit<GenerationOptions, "coder">): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const symbol of generateText({ coder, ...options })) {
    found.push(symbol);
    if (found.length === count) break;
  }
  return found;
}

describe("symbols are drawn", () => {
  const logits = [9, 1.2, -0.3, 0.4, -2];
  test.each([1, 0.5, 2])(
    "as often as the softmax at temperature %d says, and never the one for all others",
    async (temperature) => {
      const count = 20_000;
      const stream = constantStream(logits);
      const found = await written(count, { stream, prompt: ["a"], temperature, seed: "often" });
      const powers = logits.slice(1).map((logit) => Math.exp(logit / temperature));
      const total = powers.reduce((sum, power) => sum + power, 0);
      for (const [i, symbol] of symbols.entries()) {
        const share = powers[i] / total;
        const deviation = Math.sqrt((share * (1 - share)) / count);
        const seen = found.filter((each) => each === symbol).length / count;
        expect(Math.abs(seen - share)).toBeLessThan(5 * deviation);
      }
    },
  );

  test("as the likeliest at temperature 0, and close to 0, where powers overflow nowhere", async () => {
    const stream = constantStream([9, 0, 80, -1000, 1]);
    for (const temperature of [0, 1e-300])
      expect(new Set(await written(20, { stream, prompt: ["a"], temperature, seed: 1 }))).toEqual(new Set(["b"]));
  });

  test("and then read, behind a prompt that is read in parts", async () => {
    const stream = constantStream(logits);
    const prompt = Array.from({ length: 600 }, (_, i) => symbols[i % 3]);
    const found = await written(7, { stream, prompt, seed: 1 });
    const expected = [...prompt, ...found.slice(0, -1)].map((symbol) => symbols.indexOf(symbol) + 1);
    expect(stream.heard).toEqual(expected);
  });

  test("alike with the same seed, and otherwise with another", async () => {
    const draw = (seed: number): Promise<readonly string[]> =>
      written(40, { stream: constantStream(logits), prompt: ["a"], seed });
    expect(await draw(1)).toEqual(await draw(1));
    expect(await draw(2)).not.toEqual(await draw(1));
  });
});

test("what a real model writes at temperature 0 is what it predicts behind the whole text each time", async () => {
  const { model } = experiment;
  const weights = initialParams(model, "writer");
  const stream = await openStream(model, weights, { precision: "reproducible" });
  const predictor = await openPredictor(model, weights, { precision: "reproducible" });
  const text = [..."abcab"];
  // Twice: what it wrote first is forgotten.
  for (const prompt of [["c"], text]) {
    const found = await written(12, { stream, prompt, temperature: 0, seed: 1 });
    const whole = [...prompt, ...found];
    const { prediction } = await predictor.predict(coder.encode([whole]));
    found.forEach((symbol, i) => {
      const at = (prompt.length + i - 1) * size;
      const logits = prediction.data.slice(at + 1, at + size);
      expect(symbol).toBe(symbols[logits.indexOf(Math.max(...logits))]);
    });
  }
  stream.dispose();
  predictor.dispose();
});

test("what cannot be begun or drawn from is an error", async () => {
  const stream = constantStream([0, 0, 0, 0, 0]);
  const asked = { stream, prompt: ["a"], seed: 1 };
  await expect(written(1, { ...asked, prompt: [] })).rejects.toThrow(ConfigError);
  for (const temperature of [-1, Number.NaN, Infinity])
    await expect(written(1, { ...asked, temperature })).rejects.toThrow(/temperature is a finite number/);
  for (const bad of [Number.NaN, Infinity])
    await expect(written(1, { ...asked, stream: constantStream([0, 0, bad, 0, 0]) })).rejects.toThrow(RunError);
});

describe("symbols become a text again", () => {
  const join = (unit: "characters" | "bytes" | "words", list: readonly string[]): string =>
    list.map(writerOf(unit)).join("");

  test("any text, from its characters and its bytes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const bytes = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte));
        return join("characters", [...text]) === text && join("bytes", bytes) === text.replace(/^\ufeff/, "");
      }),
    );
  });

  test("words have spaces between them where people write some", () => {
    const words = [
      "\n",
      "It",
      "(",
      "the",
      "cell",
      ")",
      "forgets",
      ",",
      "or",
      "not",
      ".",
      "\n",
      "“",
      "Yes",
      "!",
      "”",
      "it",
      "said",
      ":",
      "7",
    ];
    expect(join("words", words)).toBe("\nIt (the cell) forgets, or not.\n“Yes!” it said: 7");
  });
});
