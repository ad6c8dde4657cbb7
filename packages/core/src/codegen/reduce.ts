/** Reduce kernels: a fold over some axes, a vector of results at a time where they are neighbours. */
import type { LaneFunction } from "../kernel/kernel.js";
import type { DType } from "../shape/tensor-type.js";
import type { Code } from "./assembler.js";
import { BYTES, load, store, vectorWidth, wasmLanes, type Precision, type Width } from "./lanes-target.js";
import { copyOf } from "./map.js";

/** Axes are merged where they can be. */
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

/** Writes the kernel's function body. Parameters: addresses of the operand and of the result. */
export function writeReduce(
  code: Code,
  { dtype, kept, reduced, initial, combine }: ReduceKernel,
  precision: Precision,
): void {
  if (kept.dims.includes(0)) return;
  const bytes = BYTES[dtype];
  const [source, target] = code.params;
  const rank = kept.dims.length;

  const results = (width: Width): void => {
    const lanes = wasmLanes(code, width, precision);
    const sum = lanes.constant(dtype, initial);
    const pointer = copyOf(code, source);
    const nest = (axis: number): void => {
      if (axis === reduced.dims.length) {
        const element = load(code, dtype, pointer, 0, width, false);
        const next = combine(lanes, sum, element);
        code.get(next.local);
        code.set(sum.local);
        return;
      }
      const stride = reduced.strides[axis];
      code.repeat(reduced.dims[axis], () => {
        nest(axis + 1);
        const below = axis + 1 < reduced.dims.length ? reduced.strides[axis + 1] * reduced.dims[axis + 1] : 0;
        code.advance(pointer, (stride - below) * bytes);
      });
    };
    if (!reduced.dims.includes(0)) nest(0);
    store(code, sum, target, 0, width);
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
      const vector = widthOfReduce({ dtype, kept });
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
