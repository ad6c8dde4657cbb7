/**
 * Functions that are compositions of ops, each in the form that stays accurate for
 * large, small and infinite elements. They take the graph under construction first and a value
 * next, and need nothing else of the builder than its ops; gradients follow from those of the ops.
 *
 * An axis below 0 counts from the end: -1 is the last.
 */
import { ShapeError } from "../errors/errors.js";
import type { Value } from "../ops/op.js";
import type { Dim } from "../shape/dim.js";
import { formatType, isFloat, sizeOf, type Dims, type DType } from "../shape/tensor-type.js";
import type { Primitives } from "./primitives.js";

export interface AxisOption {
  readonly axis: number;
}
export interface AxesOption {
  /** One axis, or several. */
  readonly axis: number | readonly number[];
}

function refuse(code: string, problem: string, x: Value): never {
  throw new ShapeError([
    { code, problem, at: { kind: "value", name: code.split(".")[0] }, received: `x: ${formatType(x.type)}` },
  ]);
}

/** The axes in increasing order, all counted from the start. */
function axesOf(name: string, x: Value, axis: number | readonly number[]): readonly number[] {
  const rank = x.type.dims.length;
  const axes = [axis].flat().map((each) => (each < 0 ? each + rank : each));
  if (axes.some((each, i) => !Number.isInteger(each) || each < 0 || each >= rank || axes.indexOf(each) !== i))
    refuse(`${name}.axis`, `each axis of ${name} is a different axis of x`, x);
  return axes.sort((a, b) => a - b);
}

/** A value reduced over `axes`, repeated along them. */
const spread = (g: Primitives, reduced: Value, dims: Dims, axes: readonly number[]): Value =>
  g.broadcast(reduced, { dims, axes: dims.map((_, axis) => axis).filter((axis) => !axes.includes(axis)) });

// ---- reductions

/** Σ x / n over the axes, which the result no longer has. n may be symbolic. */
export function mean(g: Primitives, x: Value, { axis }: AxesOption): Value {
  if (!isFloat(x.type.dtype)) refuse("mean.float", "mean takes floats, because the mean of integers is not one", x);
  const axes = axesOf("mean", x, axis);
  const count = sizeOf(axes.map((each) => x.type.dims[each]));
  return g.div(
    g.reduceSum(x, { axes: [...axes] }),
    typeof count === "number" ? count : g.size({ dtype: x.type.dtype, dim: count }),
  );
}

/** Σ (x - mean)² / n over the axes: the population variance, computed in two passes so that nothing cancels. */
export const variance = (g: Primitives, x: Value, { axis }: AxesOption): Value =>
  mean(g, square(g, centered(g, x, axesOf("variance", x, axis))), { axis });

const centered = (g: Primitives, x: Value, axes: readonly number[]): Value =>
  g.sub(x, spread(g, mean(g, x, { axis: axes }), x.type.dims, axes));

/**
 * (x - mean) / √(variance + epsilon) over the axes. Ba, Kiros & Hinton, "Layer normalization" (2016), without gain
 * and bias, which the caller multiplies and adds.
 */
export function layerNorm(
  g: Primitives,
  x: Value,
  { axis, epsilon }: AxesOption & { readonly epsilon: number },
): Value {
  const axes = axesOf("layerNorm", x, axis);
  const shifted = centered(g, x, axes);
  const scale = g.rsqrt(g.add(mean(g, square(g, shifted), { axis: axes }), epsilon));
  return g.mul(shifted, spread(g, scale, x.type.dims, axes));
}

/** x / √(mean of x² + epsilon) over the axes. Zhang & Sennrich, "Root mean square layer normalization" (2019), without gain. */
export function rmsNorm(g: Primitives, x: Value, { axis, epsilon }: AxesOption & { readonly epsilon: number }): Value {
  const axes = axesOf("rmsNorm", x, axis);
  const scale = g.rsqrt(g.add(mean(g, square(g, x), { axis: axes }), epsilon));
  return g.mul(x, spread(g, scale, x.type.dims, axes));
}

/** x / √(sum of x² + epsilon) over the axes. */
export function unitNorm(g: Primitives, x: Value, { axis, epsilon }: AxesOption & { readonly epsilon: number }): Value {
  const axes = axesOf("unitNorm", x, axis);
  const scale = g.rsqrt(g.add(g.reduceSum(square(g, x), { axes: [...axes] }), epsilon));
  return g.mul(x, spread(g, scale, x.type.dims, axes));
}

/** Largest element over the axes, 0 where that is infinite, and without gradient: subtracting it changes no result below. */
function finiteMax(g: Primitives, x: Value, axes: readonly number[]): Value {
  const largest = g.stopGradient(g.reduceMax(x, { axes: [...axes] }));
  // x - x is 0 for finite x only.
  return g.select(g.eq(g.sub(largest, largest), 0), largest, 0);
}

/** ln Σ e^x over the axes, as m + ln Σ e^(x-m) with m = max x; -inf where all elements are -inf. */
export function logsumexp(g: Primitives, x: Value, { axis }: AxesOption): Value {
  const axes = axesOf("logsumexp", x, axis);
  const largest = finiteMax(g, x, axes);
  const sum = g.reduceSum(g.exp(g.sub(x, spread(g, largest, x.type.dims, axes))), { axes: [...axes] });
  return g.add(g.log(sum), largest);
}

/** e^x / Σ e^x along an axis, with the largest element subtracted first. */
export function softmax(g: Primitives, x: Value, { axis }: AxisOption): Value {
  const axes = axesOf("softmax", x, axis);
  const weights = g.exp(g.sub(x, spread(g, finiteMax(g, x, axes), x.type.dims, axes)));
  return g.div(weights, spread(g, g.reduceSum(weights, { axes: [...axes] }), x.type.dims, axes));
}

/** x - ln Σ e^x along an axis: the logarithm of softmax, also where softmax itself rounds to 0. */
export function logSoftmax(g: Primitives, x: Value, { axis }: AxisOption): Value {
  const axes = axesOf("logSoftmax", x, axis);
  const shifted = g.sub(x, spread(g, finiteMax(g, x, axes), x.type.dims, axes));
  const sum = g.reduceSum(g.exp(shifted), { axes: [...axes] });
  return g.sub(shifted, spread(g, g.log(sum), x.type.dims, axes));
}

// ---- elementwise functions

/** x². */
export const square = (g: Primitives, x: Value): Value => g.mul(x, x);

/** max(x, 0), with derivative 0 at 0; NaN stays NaN. */
export const relu = (g: Primitives, x: Value): Value => g.select(g.le(x, 0), 0, x);

/** ln(1 + e^x), without overflow. */
export const softplus = (g: Primitives, x: Value): Value => g.logAddExp(x, 0);

/** ln sigmoid(x) = -softplus(-x), also where sigmoid itself rounds to 0. */
export const logSigmoid = (g: Primitives, x: Value): Value => g.neg(softplus(g, g.neg(x)));

/** x · sigmoid(x). Elfwing, Uchibe & Doya (2017); also known as swish. */
export const silu = (g: Primitives, x: Value): Value => g.mul(x, g.sigmoid(x));

/** x · Φ(x) = x/2 · (1 + erf(x/√2)), exactly. Hendrycks & Gimpel, "Gaussian error linear units" (2016). */
export const gelu = (g: Primitives, x: Value): Value => g.mul(g.mul(x, 0.5), g.add(g.erf(g.mul(x, Math.SQRT1_2)), 1));

// ---- indices and products

/** A new last axis of length `depth` that is 1 at the index and 0 elsewhere; all 0 for an index outside. */
export function oneHot(
  g: Primitives,
  indices: Value,
  { depth, dtype }: { readonly depth: Dim; readonly dtype: DType },
): Value {
  const dims = [...indices.type.dims, depth];
  const axis = dims.length - 1;
  const places = g.iota({ dtype: indices.type.dtype, dims, axis });
  return g.cast(g.eq(spread(g, indices, dims, [axis]), places), { dtype });
}

/** Product of the last axis of x with the first of W: [.., n] and [n, ..] give [.., ..]. */
export const matmul = (g: Primitives, x: Value, W: Value): Value =>
  g.dotGeneral(x, W, { contractX: [x.type.dims.length - 1], contractY: [0], batchX: [], batchY: [] });

// ---- random numbers

/** How far random bits are shifted, so that what remains is exact in f32. */
const UNIFORM_BITS = 23;

/**
 * Uniform f32 in [0, 1): the upper 23 bits of randomBits times 2^-23, which is what JAX computes. For a
 * training or time step, a scalar i32; `stream` names what the numbers are for and makes them independent of others.
 */
export const uniform = (
  g: Primitives,
  key: Value,
  step: Value,
  { stream, dims }: { readonly stream: string; readonly dims: Dims },
): Value => {
  const upper = g.div(g.randomBits(key, step, { stream, dims }), 2 ** (32 - UNIFORM_BITS));
  return g.mul(g.cast(upper, { dtype: "f32" }), 2 ** -UNIFORM_BITS);
};
