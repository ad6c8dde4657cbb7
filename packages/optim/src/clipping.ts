/**
 * Clipping of gradients, against the steep walls that recurrent models have
 * in their loss (Pascanu, Mikolov & Bengio 2013, "On the difficulty of
 * training recurrent neural networks", algorithm 1; by value: Graves 2013).
 */
import type { GraphBuilder, Value } from "@latchgrad/core";
import * as z from "zod";
import { castTo, commonFloat, scalar } from "./scalars.js";

const limit = z.number().positive();

export const clipSchema = z
  .strictObject({
    globalNorm: limit
      .optional()
      .meta({ description: "The largest 2-norm of all gradients together; above it all shrink alike.", examples: [1] }),
    value: limit
      .optional()
      .meta({ description: "The largest absolute value of any element of a gradient.", examples: [5] }),
  })
  .refine(({ globalNorm, value }) => (globalNorm === undefined) !== (value === undefined), {
    error: "clip has either globalNorm or value",
  })
  .meta({ description: "How gradients are kept small: by globalNorm or by value.", examples: [{ globalNorm: 1 }] });
export type ClipConfig = z.output<typeof clipSchema>;

export type Gradients = Readonly<Record<string, Value>>;

/** The 2-norm of all gradients taken as one vector, a scalar; 0 when there are none. */
export function globalNorm(g: GraphBuilder, gradients: Gradients): Value {
  const all = Object.values(gradients);
  const dtype = commonFloat(all.map((gradient) => gradient.type));
  const squares = all.map((gradient) => {
    const wide = castTo(g, gradient, dtype);
    return g.reduceSum(g.mul(wide, wide), { axes: wide.type.dims.map((_, axis) => axis) });
  });
  return g.sqrt(squares.reduce((sum, square) => g.add(sum, square), scalar(g, 0, dtype)));
}

/**
 * The gradients as the optimizer gets them: by norm g · min(1, limit / ‖g‖), by value max(-limit, min(limit, g)).
 * Zero gradients stay zero, because limit / 0 is infinite and the minimum 1. `norm` is that before clipping.
 */
export function clipGradients(g: GraphBuilder, config: ClipConfig, gradients: Gradients, norm: Value): Gradients {
  const { globalNorm: largestNorm, value } = config;
  if (largestNorm !== undefined) {
    const share = g.min(g.div(largestNorm, norm), 1);
    return mapGradients(gradients, (gradient) => g.mul(gradient, castTo(g, share, gradient.type.dtype)));
  }
  if (value === undefined) return gradients;
  return mapGradients(gradients, (gradient) => g.max(g.min(gradient, value), -value));
}

const mapGradients = (gradients: Gradients, clip: (gradient: Value) => Value): Gradients =>
  Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, clip(gradient)]));
