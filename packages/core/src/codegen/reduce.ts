/** Reduce kernels: a fold over some axes, four results at a time where they are neighbours. */
import type { LaneFunction } from "../kernel/kernel.js";
import type { DType } from "../shape/tensor-type.js";
import type { Code } from "./assembler.js";
import { BYTES, load, store, wasmLanes, type Precision, type Width } from "./lanes-target.js";
import { coalesce, copyOf } from "./map.js";

export interface ReduceKernel {
  readonly dtype: DType;
  /** The axes of the result, and how the operand is walked along them. The result is row-major. */
  readonly kept: { readonly dims: readonly number[]; readonly strides: readonly number[] };
  readonly reduced: { readonly dims: readonly number[]; readonly strides: readonly number[] };
  readonly initial: number;
  readonly combine: LaneFunction;
}

/** Writes the kernel's function body. Parameters: addresses of the operand and of the result. */
export function writeReduce(
  code: Code,
  { dtype, kept, reduced, initial, combine }: ReduceKernel,
  precision: Precision,
): void {
  if (kept.dims.includes(0)) return;
  const bytes = BYTES[dtype];
  const rowMajor = kept.dims.map((_, axis) => kept.dims.slice(axis + 1).reduce((product, size) => product * size, 1));
  const outer = coalesce(kept.dims, [kept.strides, rowMajor]);
  const fold = coalesce(reduced.dims, [reduced.strides]);
  const [source, target] = code.params;
  const rank = outer.dims.length;

  const results = (width: Width): void => {
    const lanes = wasmLanes(code, width, precision);
    const sum = lanes.constant(dtype, initial);
    const pointer = copyOf(code, source);
    const nest = (axis: number): void => {
      if (axis === fold.dims.length) {
        const element = load(code, dtype, pointer, 0, width, false);
        const next = combine(lanes, sum, element);
        code.get(next.local);
        code.set(sum.local);
        return;
      }
      const stride = fold.strides[0][axis];
      code.repeat(fold.dims[axis], () => {
        nest(axis + 1);
        const below = axis + 1 < fold.dims.length ? fold.strides[0][axis + 1] * fold.dims[axis + 1] : 0;
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
    const stride = outer.strides[0][axis];
    if (axis === rank - 1) {
      const size = outer.dims[axis];
      const vectorized = stride === 1 && bytes === 4;
      run(4, vectorized ? Math.floor(size / 4) : 0, stride);
      run(1, vectorized ? size % 4 : size, stride);
      return;
    }
    code.repeat(outer.dims[axis], () => {
      nest(axis + 1);
      code.advance(source, (stride - outer.strides[0][axis + 1] * outer.dims[axis + 1]) * bytes);
    });
  };
  nest(0);
}
