/** Reductions as kernels, for one thread and for several. */
import { elementCount, stridesOf } from "../shape/strides.js";
import { BYTES, type Precision } from "./lanes-target.js";
import { coalesce } from "./map.js";
import type { Kernel } from "./program.js";
import { widthOfReduce, writeReduce, type ReduceKernel } from "./reduce.js";
import { rowLength } from "./share-map.js";
import { rangesOf, type Division } from "./sharing.js";
import { spanOf } from "./spans.js";

type Axes = ReduceKernel["kept"];

/** `name` tells combinations apart. */
export function reduceKernel(name: string, reduce: ReduceKernel, precision: Precision): Kernel {
  const rowMajor = stridesOf(reduce.kept.dims);
  const kept = coalesce(reduce.kept.dims, [reduce.kept.strides, rowMajor]);
  const reduced = coalesce(reduce.reduced.dims, [reduce.reduced.strides]);
  const merged: ReduceKernel = {
    ...reduce,
    kept: { dims: kept.dims, strides: kept.strides[0] },
    reduced: { dims: reduced.dims, strides: reduced.strides[0] },
  };
  return mergedKernel(name, merged, rowLength(reduce.kept.dims, kept.dims), precision);
}

function mergedKernel(name: string, reduce: ReduceKernel, row: number, precision: Precision): Kernel {
  const { dtype, kept, reduced, initial } = reduce;
  const bytes = BYTES[dtype];
  return {
    key: `reduce ${name} ${String(initial)} ${JSON.stringify([dtype, kept, reduced])}`,
    arity: 2,
    write: (code) => {
      writeReduce(code, reduce, precision);
    },
    sharing: () => ({
      uses: [
        { span: spanOf([...kept.dims, ...reduced.dims], [...kept.strides, ...reduced.strides], bytes), writes: false },
        { span: spanOf(kept.dims, stridesOf(kept.dims), bytes), writes: true },
      ],
      work: workOf(reduce),
      stops: false,
      divisions: (threads) =>
        divide(reduce, row, threads).map((pieces) =>
          pieces.map(({ kernel, shifts }) => ({ kernel: mergedKernel(name, kernel, row, precision), shifts })),
        ),
    }),
  };
}

/** An addition waits for the one before it. */
const LATENCY = 4;

function workOf(reduce: ReduceKernel): number {
  const additions = elementCount(reduce.kept.dims) * elementCount(reduce.reduced.dims);
  return (additions * LATENCY) / widthOfReduce(reduce);
}

/** Cuts along the first axis of the result. What is combined is never cut. */
function divide(reduce: ReduceKernel, row: number, threads: number): readonly Division<ReduceKernel>[] {
  const { dtype, kept } = reduce;
  if (kept.dims.length === 0) return [];
  const [size, ...rest] = kept.dims;
  const unit = rest.length === 0 ? widthOfReduce(reduce) : 1;
  const partOf = (
    begin: number,
    count: number,
  ): { readonly kernel: ReduceKernel; readonly shifts: readonly number[] } => {
    const part: Axes = { dims: [count, ...rest], strides: kept.strides };
    return {
      kernel: { ...reduce, kept: part },
      shifts: [begin * kept.strides[0] * BYTES[dtype], begin * elementCount(rest) * BYTES[dtype]],
    };
  };
  return [row, unit].flatMap((each) => {
    const ranges = rangesOf(size, each, threads);
    const isCut = ranges.length > 1 && ranges.every(({ begin }) => begin % unit === 0);
    return isCut ? [ranges.map(({ begin, count }) => partOf(begin, count))] : [];
  });
}
