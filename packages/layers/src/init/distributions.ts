/**
 * Initializers that draw every element by itself. The scaled ones choose the
 * spread from the fan of a weight: how many inputs it sums (in) and how many
 * outputs read each input (out). Weights multiply from the right, x @ W, so W is [in, out].
 */
import * as z from "zod";
import { defineInitializer, elementsOf, type RandomNumbers } from "./initializer.js";

const uniformBetween = (dims: readonly number[], low: number, high: number, random: RandomNumbers): Float64Array =>
  new Float64Array(elementsOf(dims)).map(() => low + (high - low) * random.uniform());

const normalAround = (dims: readonly number[], mean: number, deviation: number, random: RandomNumbers): Float64Array =>
  new Float64Array(elementsOf(dims)).map(() => mean + deviation * random.normal());

export const uniform = defineInitializer({
  type: "uniform",
  summary: "Uniform between two numbers.",
  schema: z.strictObject({
    type: z.literal("uniform"),
    low: z.number().meta({ description: "Least value.", examples: [-0.1] }),
    high: z.number().meta({ description: "Greatest value.", examples: [0.1] }),
  }),
  fill: (dims, { low, high }, random) => uniformBetween(dims, low, high, random),
});

export const normal = defineInitializer({
  type: "normal",
  summary: "Normally distributed.",
  schema: z.strictObject({
    type: z.literal("normal"),
    mean: z.number().default(0).describe("Mean of the distribution."),
    deviation: z
      .number()
      .nonnegative()
      .meta({ description: "Standard deviation.", examples: [0.01] }),
  }),
  fill: (dims, { mean, deviation }, random) => normalAround(dims, mean, deviation, random),
});

interface Fans {
  readonly in: number;
  readonly out: number;
}

/** Fans of a weight [..., in, out]; leading axes are those of a convolution's window. A vector is its own fan. */
function fansOf(dims: readonly number[]): Fans {
  const window = elementsOf(dims.slice(0, -2));
  const out = dims.at(-1) ?? 1;
  return { in: window * (dims.at(-2) ?? out), out: window * out };
}

/** An initializer with mean 0 and a variance that depends on the fans; the uniform form has the same variance. */
const scaled = <const Type extends string>(
  type: Type,
  shape: "uniform" | "normal",
  source: string,
  variance: (fans: Fans) => number,
) =>
  defineInitializer({
    type,
    summary: source,
    schema: z.strictObject({
      type: z.literal(type),
      gain: z.number().positive().default(1).describe("Factor on the standard deviation."),
    }),
    fill(dims, { gain }, random) {
      const deviation = gain * Math.sqrt(variance(fansOf(dims)));
      // The variance of a uniform distribution on [-a, a] is a²/3.
      const bound = deviation * Math.sqrt(3);
      return shape === "uniform"
        ? uniformBetween(dims, -bound, bound, random)
        : normalAround(dims, 0, deviation, random);
    },
  });

/** 1 / max(1, fan), because an empty parameter has no elements that could need the value. */
const inverse = (fan: number): number => 1 / Math.max(1, fan);

export const glorotUniform = scaled(
  "glorotUniform",
  "uniform",
  "Uniform with variance 2 / (in + out) (Glorot, Bengio 2010, eq. 16); for tanh and sigmoid.",
  (fans) => 2 * inverse(fans.in + fans.out),
);
export const glorotNormal = scaled(
  "glorotNormal",
  "normal",
  "Normal with variance 2 / (in + out) (Glorot, Bengio 2010, eq. 12); for tanh and sigmoid.",
  (fans) => 2 * inverse(fans.in + fans.out),
);
export const heUniform = scaled(
  "heUniform",
  "uniform",
  "Uniform with variance 2 / in (He et al. 2015, arXiv:1502.01852, eq. 10); for relu.",
  (fans) => 2 * inverse(fans.in),
);
export const heNormal = scaled(
  "heNormal",
  "normal",
  "Normal with variance 2 / in (He et al. 2015, arXiv:1502.01852, eq. 10); for relu.",
  (fans) => 2 * inverse(fans.in),
);
export const lecunUniform = scaled(
  "lecunUniform",
  "uniform",
  "Uniform with variance 1 / in (LeCun, Bottou, Orr, Müller 1998, Efficient BackProp, section 4.6).",
  (fans) => inverse(fans.in),
);
export const lecunNormal = scaled(
  "lecunNormal",
  "normal",
  "Normal with variance 1 / in (LeCun, Bottou, Orr, Müller 1998, Efficient BackProp, section 4.6).",
  (fans) => inverse(fans.in),
);
