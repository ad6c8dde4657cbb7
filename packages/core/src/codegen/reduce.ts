/**
 * Reduce kernels: a fold over some axes, in the order of kernel/parts.ts. Where results are neighbours, a vector of them
 * at a time, each part in a vector of its own; where elements along the last axis are, parts are lanes.
 */
import type { LaneFunction } from "../kernel/kernel.js";
import { joinParts, PARTS } from "../kernel/parts.js";
import type { DType } from "../shape/tensor-type.js";
import type { Code, Local } from "./assembler.js";
import {
  BYTES,
  lanesFrom,
  load,
  loadLane,
  store,
  storeLane,
  vectorWidth,
  wasmLanes,
  type Operand,
  type Precision,
  type Width,
} from "./lanes-target.js";
import { copyOf } from "./map.js";

/** Axes are merged where they can be; the last of those that are combined only where the parts stay the same. */
export interface ReduceKernel {
  readonly dtype: DType;
  /** The axes of the result, and how the operand is walked along them. The result is row-major. */
  readonly kept: { readonly dims: readonly number[]; readonly strides: readonly number[] };
  readonly reduced: { readonly dims: readonly number[]; readonly strides: readonly number[] };
  readonly initial: number;
  readonly combine: LaneFunction;
}

/** How many results that are neighbours are computed at once; fewer at the end of their axis are computed one by one. */
export const widthOfReduce = ({ dtype, kept }: Pick<ReduceKernel, "dtype" | "kept">): Width =>
  kept.strides.at(-1) === 1 ? vectorWidth(dtype) : 1;

/** Whether parts are lanes of vectors. */
export const hasPartsInLanes = (reduce: ReduceKernel): boolean =>
  widthOfReduce(reduce) === 1 &&
  reduce.reduced.strides.at(-1) === 1 &&
  (reduce.reduced.dims.at(-1) ?? 1) >= vectorWidth(reduce.dtype);

/** Where a fold stands: the value of a variable is replaced. */
function replace(code: Code, variable: Operand, by: Operand): void {
  code.get(by.local);
  code.set(variable.local);
}

/**
 * Walks over the axes that are combined, from a copy of `source`. `take` reads `count` elements of the last axis from the
 * pointer on, and leaves it behind them.
 */
function walkReduced(
  code: Code,
  { dtype, reduced: { dims, strides } }: ReduceKernel,
  source: Local,
  take: (pointer: Local, count: number) => void,
): void {
  if (dims.includes(0)) return;
  const pointer = copyOf(code, source);
  const nest = (axis: number): void => {
    const size = dims.at(axis) ?? 1;
    if (axis >= dims.length - 1) {
      const turns = Math.floor(size / PARTS);
      if (turns > 0)
        code.repeat(turns, () => {
          take(pointer, PARTS);
        });
      if (size % PARTS > 0) take(pointer, size % PARTS);
      return;
    }
    code.repeat(size, () => {
      nest(axis + 1);
      code.advance(pointer, (strides[axis] - strides[axis + 1] * dims[axis + 1]) * BYTES[dtype]);
    });
  };
  nest(0);
}

/** Results that are neighbours, as many as the width says, or one. */
function foldResults(code: Code, kernel: ReduceKernel, source: Local, width: Width, precision: Precision): Operand {
  const { dtype, reduced, initial, combine } = kernel;
  const lanes = wasmLanes(code, width, precision);
  const step = (reduced.strides.at(-1) ?? 0) * BYTES[dtype];
  const count = Math.max(1, Math.min(PARTS, reduced.dims.at(-1) ?? 1));
  const parts = Array.from({ length: count }, () => lanes.constant(dtype, initial));
  walkReduced(code, kernel, source, (pointer, size) => {
    // An offset in an instruction is not negative.
    const ahead = step >= 0;
    for (const [i, part] of parts.slice(0, size).entries()) {
      replace(code, part, combine(lanes, part, load(code, dtype, pointer, ahead ? i * step : 0, width, false)));
      if (!ahead) code.advance(pointer, step);
    }
    if (ahead) code.advance(pointer, size * step);
  });
  return joinParts(parts, (x, y) => combine(lanes, x, y));
}

/** One result, in the first lane. */
function foldLanes(code: Code, kernel: ReduceKernel, source: Local, precision: Precision): Operand {
  const { dtype, reduced, initial, combine } = kernel;
  const width = vectorWidth(dtype);
  const bytes = BYTES[dtype];
  const lanes = wasmLanes(code, width, precision);
  const count = Math.min(PARTS / width, Math.ceil((reduced.dims.at(-1) ?? 1) / width));
  const parts = Array.from({ length: count }, () => lanes.constant(dtype, initial));
  walkReduced(code, kernel, source, (pointer, size) => {
    for (const [i, part] of parts.slice(0, Math.ceil(size / width)).entries()) {
      const first = i * width;
      const missing = Math.max(0, first + width - size);
      let elements: Operand;
      if (missing === 0) elements = load(code, dtype, pointer, first * bytes, width, false);
      else {
        elements = lanes.constant(dtype, initial);
        for (let lane = 0; lane < width - missing; lane++)
          elements = loadLane(code, elements, pointer, (first + lane) * bytes, lane);
      }
      replace(code, part, combine(lanes, part, elements));
    }
    code.advance(pointer, size * bytes);
  });
  let sum = joinParts(parts, (x, y) => combine(lanes, x, y), PARTS / width);
  for (let half = width / 2; half >= 1; half /= 2) sum = combine(lanes, sum, lanesFrom(code, sum, half));
  return sum;
}

/** Writes the kernel's function body. Parameters: addresses of the operand and of the result. */
export function writeReduce(code: Code, kernel: ReduceKernel, precision: Precision): void {
  const { dtype, kept } = kernel;
  if (kept.dims.includes(0)) return;
  const bytes = BYTES[dtype];
  const [source, target] = code.params;
  const rank = kept.dims.length;
  const inLanes = hasPartsInLanes(kernel);

  const results = (width: Width): void => {
    if (inLanes) storeLane(code, foldLanes(code, kernel, source, precision), target);
    else store(code, foldResults(code, kernel, source, width, precision), target, 0, width);
  };
  const run = (width: Width, count: number, stride: number): void => {
    if (count === 0) return;
    code.repeat(count, () => {
      results(width);
      code.advance(source, stride * width * bytes);
      code.advance(target, width * bytes);
    });
  };
  const nest = (axis: number): void => {
    if (rank === 0) {
      results(1);
      return;
    }
    const stride = kept.strides[axis];
    if (axis === rank - 1) {
      const size = kept.dims[axis];
      const vector = widthOfReduce(kernel);
      run(vector, Math.floor(size / vector), stride);
      run(1, size % vector, stride);
      return;
    }
    code.repeat(kept.dims[axis], () => {
      nest(axis + 1);
      code.advance(source, (stride - kept.strides[axis + 1] * kept.dims[axis + 1]) * bytes);
    });
  };
  nest(0);
}
