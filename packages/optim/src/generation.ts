/**
 * Texts that a trained model writes by itself: each symbol is drawn from what the model expects behind those before it, and is then read by the model
 * (Graves 2013, Generating sequences with recurrent neural networks, section 2).
 */
import { ConfigError, portableExp, RunError, type TensorData } from "@latchgrad/core";
import { randomNumbers, type Seed } from "@latchgrad/layers";
import type { TextCoder } from "./data/text/text-coder.js";
import type { ModelStream } from "./prediction.js";

export interface GenerationOptions {
  readonly coder: TextCoder;
  /** Of one sequence. What it has in mind is forgotten first. */
  readonly stream: ModelStream;
  /** The output of the model with its logits. Default "prediction". */
  readonly output?: string | undefined;
  /** What the text begins with, one symbol or more, as `TextCoder.pieces` reads them. */
  readonly prompt: readonly string[];
  /** Logits are divided by it before the softmax: below 1 likely symbols become likelier; 0 takes the likeliest each time. Default 1. */
  readonly temperature?: number | undefined;
  /** The same seed gives the same text, on every engine where the model has precision "reproducible". */
  readonly seed: Seed;
}

/** Symbols of the prompt that are read at once, so that few sizes are compiled. */
const PART = 256;

/**
 * The symbols behind the prompt, as they stand in texts. Each is computed when it is asked for, and there is always a next one. The symbol that stands for
 * all that are not in the vocabulary is never drawn. Throws ConfigError for an empty prompt or a temperature below 0, RunError where
 * a logit is no finite number.
 */
export async function* generateText(options: GenerationOptions): AsyncGenerator<string, never> {
  const { coder, stream, output = "prediction", prompt, temperature = 1, seed } = options;
  checkOptions(options);
  const random = randomNumbers(seed, "/generate");
  const symbols = Array.from({ length: coder.size }, (_, number) => coder.symbolOf(number));
  stream.restart();
  let logits: TensorData | undefined;
  for (let from = 0; from < prompt.length; from += PART)
    logits = (await stream.next(coder.encode([prompt.slice(from, from + PART)])))[output];
  for (;;) {
    const symbol = drawSymbol(symbols, lastOf(logits, coder.size), temperature, random.uniform);
    yield symbol;
    logits = (await stream.next(coder.encode([[symbol]])))[output];
  }
}

function checkOptions({ prompt, temperature = 1 }: GenerationOptions): void {
  if (prompt.length === 0)
    throw new ConfigError([
      {
        code: "generation.prompt",
        problem: "a text begins with a symbol that the model reads",
        at: { kind: "value", name: "prompt" },
        received: "an empty prompt",
      },
    ]);
  if (!(temperature >= 0 && temperature < Number.POSITIVE_INFINITY))
    throw new ConfigError([
      {
        code: "generation.temperature",
        problem: "a temperature is a finite number of at least 0",
        at: { kind: "value", name: "temperature" },
        received: String(temperature),
      },
    ]);
}

/** The logits of the last step, [1, T, size]. */
const lastOf = (logits: TensorData | undefined, size: number): Float64Array =>
  logits === undefined ? new Float64Array() : Float64Array.from(logits.data.slice(-size));

/** One of the symbols, by the softmax of their logits over the temperature. */
function drawSymbol(
  symbols: readonly (string | undefined)[],
  logits: Float64Array,
  temperature: number,
  uniform: () => number,
): string {
  const known = symbols.flatMap((symbol, number) => (symbol === undefined ? [] : [{ symbol, logit: logits[number] }]));
  const most = known.reduce((high, { logit }) => (logit > high || Number.isNaN(logit) ? logit : high), -Infinity);
  if (!Number.isFinite(most)) throw notFinite(most);
  const likeliest = known.findIndex(({ logit }) => logit === most);
  if (temperature === 0) return known[likeliest].symbol;
  const weights = known.map(({ logit }) => portableExp((logit - most) / temperature));
  let left = uniform() * weights.reduce((total, weight) => total + weight, 0);
  const drawn = weights.findIndex((weight) => (left -= weight) < 0);
  // Rounding can leave a rest behind the last weight.
  return known[drawn < 0 ? likeliest : drawn].symbol;
}

const notFinite = (received: number): RunError =>
  new RunError([
    {
      code: "generation.not-finite",
      problem: "the logits of the next symbol are finite numbers",
      at: { kind: "value", name: "prediction" },
      received: String(received),
      hint: "weights that are not finite come from a training that diverged",
    },
  ]);
