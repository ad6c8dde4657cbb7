/** Initializers without random numbers. */
import * as z from "zod";
import { defineInitializer, elementsOf } from "./initializer.js";

export const zeros = defineInitializer({
  type: "zeros",
  summary: "All 0.",
  schema: z.strictObject({ type: z.literal("zeros") }),
  fill: (dims) => new Float64Array(elementsOf(dims)),
});

export const ones = defineInitializer({
  type: "ones",
  summary: "All 1.",
  schema: z.strictObject({ type: z.literal("ones") }),
  fill: (dims) => new Float64Array(elementsOf(dims)).fill(1),
});

export const constant = defineInitializer({
  type: "constant",
  summary: "All the same number.",
  schema: z.strictObject({
    type: z.literal("constant"),
    value: z.number().meta({ description: "The value of every element.", examples: [0.5] }),
  }),
  fill: (dims, { value }) => new Float64Array(elementsOf(dims)).fill(value),
});

export const identity = defineInitializer({
  type: "identity",
  summary:
    "A multiple of the identity matrix; the recurrent weights of an IRNN (Le, Jaitly, Hinton 2015, arXiv:1504.00941).",
  schema: z.strictObject({
    type: z.literal("identity"),
    scale: z.number().default(1).describe("The value on the diagonal."),
  }),
  /** Element [.., i, i] over the last two axes; other axes repeat the matrix. */
  fill(dims, { scale }) {
    const out = new Float64Array(elementsOf(dims));
    const columns = dims.at(-1) ?? 1;
    const rows = dims.at(-2) ?? 1;
    for (let start = 0; start < out.length; start += rows * columns)
      for (let i = 0; i < Math.min(rows, columns); i++) out[start + i * columns + i] = scale;
    return out;
  },
});
