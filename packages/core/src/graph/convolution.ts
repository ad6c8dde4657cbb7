/**
 * Convolution as a composition: pad, the view of all windows, and one contraction. So its derivatives are those of
 * three ops, it leaves loops as they do, and it runs on the kernel of all contractions (im2col: Chellapilla, Puri &
 * Simard, "High performance convolutional neural networks for document processing", 2006).
 */
import { ShapeError } from "../errors/errors.js";
import type { Value } from "../ops/op.js";
import { divideDims, isAtLeast, multiplyDims, type Dim } from "../shape/dim.js";
import { formatType } from "../shape/tensor-type.js";
import type { Primitives } from "./primitives.js";

/** One entry for each spatial axis in every list. Absent: 1 everywhere, and no padding. */
export interface ConvOptions {
  /** From one position of the kernel to the next. */
  readonly strides?: readonly number[];
  /**
   * Zeros in front of and behind each spatial axis. "same": as many as give ceil(length / stride) positions, the odd one
   * behind; without strides the result has the length of x.
   */
  readonly padding?: "same" | readonly (readonly [low: number, high: number])[];
  /** Zeros are put between the elements of x, so that neighbours are this far apart: a transposed convolution. */
  readonly inputDilation?: readonly number[];
  /** Distance between the elements of x that neighbours in the kernel meet. */
  readonly kernelDilation?: readonly number[];
  /** Channels of x and of the result fall into this many groups, which do not meet. Default 1. */
  readonly groups?: number;
}

interface Sizes {
  readonly batch: Dim;
  readonly kernel: readonly number[];
  readonly groups: number;
  /** Channels of x in one group. */
  readonly channels: Dim;
  /** Channels of the result in one group. */
  readonly features: Dim;
}

const MOST_AXES = 3;

function checkedSizes(x: Value, W: Value, options: ConvOptions): Sizes {
  const { groups = 1 } = options;
  const refuse = (code: string, problem: string, hint?: string): never => {
    throw new ShapeError([
      {
        code,
        problem,
        at: { kind: "value", name: "convGeneral" },
        received: `x: ${formatType(x.type)}, W: ${formatType(W.type)}, ${JSON.stringify(options)}`,
        hint,
      },
    ]);
  };
  const rank = x.type.dims.length - 2;
  if (rank < 1 || rank > MOST_AXES || W.type.dims.length !== rank + 2)
    refuse(
      "convGeneral.rank",
      `x has one to ${MOST_AXES} spatial axes between batch and channels, and W as many in front of its channels`,
      "x is [batch, ...spatial, channels], W is [...kernel, channels / groups, features]",
    );
  const lists: readonly (readonly unknown[] | undefined)[] = [
    options.strides,
    options.inputDilation,
    options.kernelDilation,
    options.padding === "same" ? undefined : options.padding,
  ];
  const counts = [options.strides, options.inputDilation, options.kernelDilation].flatMap((list) => list ?? []);
  const paddings = options.padding === "same" ? [] : (options.padding ?? []).flat();
  if (
    lists.some((list) => list !== undefined && list.length !== rank) ||
    [...counts, groups].some((count) => !Number.isSafeInteger(count) || count < 1) ||
    paddings.some((count) => !Number.isSafeInteger(count) || count < 0)
  )
    refuse(
      "convGeneral.options",
      "strides and dilations are at least 1 and paddings at least 0, one for each spatial axis; there is at least 1 group",
    );
  const kernel = W.type.dims.slice(0, rank);
  if (!kernel.every((size) => typeof size === "number" && size >= 1))
    refuse("convGeneral.kernel", "the kernel has a known size of at least 1 on each axis");
  const channels = W.type.dims[rank];
  const features = divideDims(W.type.dims[rank + 1], groups);
  if (multiplyDims(channels, groups) !== x.type.dims[rank + 1] || features === undefined)
    return refuse(
      "convGeneral.channels",
      "W has the channels of x divided by groups, and features that groups divides",
      "x is [batch, ...spatial, channels], W is [...kernel, channels / groups, features]",
    );
  const [batch] = x.type.dims;
  return { batch, kernel: kernel as readonly number[], groups, channels, features };
}

/** x with zeros between its elements and around them. */
function padded(g: Primitives, x: Value, kernel: readonly number[], options: ConvOptions): Value {
  const interior = kernel.map((_, i) => (options.inputDilation?.[i] ?? 1) - 1);
  const around = kernel.map((size, i): readonly [number, number] => {
    if (options.padding !== "same") return options.padding?.[i] ?? [0, 0];
    const total = (size - 1) * (options.kernelDilation?.[i] ?? 1);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  });
  if (interior.every((gap) => gap === 0) && around.flat().every((count) => count === 0)) return x;
  const onAxes = (counts: readonly number[]): readonly number[] => [0, ...counts, 0];
  return g.pad(x, 0, {
    low: onAxes(around.map(([low]) => low)),
    high: onAxes(around.map(([, high]) => high)),
    interior: onAxes(interior),
  });
}

/**
 * Convolution, or rather cross-correlation, as in every library of the field: the kernel is not reversed.
 *
 *   out[b, p.., f] = Σ_{k.., c} x[b, strides·p + kernelDilation·k.., c] · W[k.., c, f]     with x padded and dilated
 *
 * x is [batch, ...spatial, channels], W is [...kernel, channels / groups, features]; the result is [batch, ...positions,
 * features]. One to three spatial axes. Channels stand last, so that W is a matrix with contiguous rows as it is,
 * and neighbours in a window lie side by side. Throws ShapeError.
 */
export function convGeneral(g: Primitives, x: Value, W: Value, options: ConvOptions = {}): Value {
  const { batch, kernel, groups, channels, features } = checkedSizes(x, W, options);
  const rank = kernel.length;
  const whole = padded(g, x, kernel, options);
  const dilations = kernel.map((_, i) => options.kernelDilation?.[i] ?? 1);
  kernel.forEach((size, i) => {
    if (!isAtLeast(whole.type.dims[i + 1], (size - 1) * dilations[i] + 1))
      throw new ShapeError([
        {
          code: "convGeneral.room",
          problem:
            "the kernel fits into x with its padding on each spatial axis, for every size that a symbol may have",
          at: { kind: "value", name: "convGeneral" },
          expected: `at least ${(size - 1) * dilations[i] + 1} on axis ${i + 1}`,
          received: `x: ${formatType(x.type)}, with padding ${formatType(whole.type)}, W: ${formatType(W.type)}`,
          hint: 'a smaller kernel, or padding: "same"',
        },
      ]);
  });
  const steps = kernel.map((_, i) => options.strides?.[i] ?? 1);
  const axes = kernel.map((_, i) => i + 1);
  const spatial = whole.type.dims.slice(1, -1);
  const onWindows = { axes, sizes: kernel, steps, dilations };
  const kernelAxes = kernel.map((_, i) => i);
  if (groups === 1) {
    // [batch, ...positions, channels, ...kernel] · [...kernel, channels, features]
    const all = g.windows(whole, onWindows);
    const contractX = [...kernelAxes.map((i) => rank + 2 + i), rank + 1];
    return g.dotGeneral(all, W, { contractX, contractY: [...kernelAxes, rank], batchX: [], batchY: [] });
  }
  const grouped = g.reshape(whole, { dims: [batch, ...spatial, groups, channels] });
  const all = g.windows(grouped, onWindows);
  // [groups, batch, ...positions, features / groups]
  const product = g.dotGeneral(all, g.reshape(W, { dims: [...kernel, channels, groups, features] }), {
    contractX: [...kernelAxes.map((i) => rank + 3 + i), rank + 2],
    contractY: [...kernelAxes, rank],
    batchX: [rank + 1],
    batchY: [rank + 1],
  });
  const moved = g.transpose(product, { order: [1, ...axes.map((i) => i + 1), 0, rank + 2] });
  return g.reshape(moved, { dims: [...moved.type.dims.slice(0, -2), multiplyDims(groups, features)] });
}
