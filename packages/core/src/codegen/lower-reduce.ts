/** Reductions as kernels, for one thread and for several. */
import { axisOfParts, PARTS } from "../kernel/parts.js";
import { elementCount, stridesOf } from "../shape/strides.js";
import { BYTES, vectorWidth, type Precision } from "./lanes-target.js";
import { coalesce } from "./map.js";
import type { Kernel } from "./program.js";
import { hasPartsInLanes, widthOfReduce, writeReduce, type ReduceKernel } from "./reduce.js";
import { rowLength } from "./share-map.js";
import { rangesOf, type Division } from "./sharing.js";
import { spanOf } from "./spans.js";

type Axes = ReduceKernel["kept"];

/** `name` tells combinations apart. */
export function reduceKernel(name: string, reduce: ReduceKernel, precision: Precision): Kernel {
  const rowMajor = stridesOf(reduce.kept.dims);
  const kept = coalesce(reduce.kept.dims, [reduce.kept.strides, rowMajor]);
  const merged: ReduceKernel = {
    ...reduce,
    kept: { dims: kept.dims, strides: kept.strides[0] },
    reduced: mergeReduced(reduce.reduced),
  };
  return mergedKernel(name, merged, rowLength(reduce.kept.dims, kept.dims), precision);
}

/** The last axis is merged with those in front of it only where each element stays in its part. */
function mergeReduced({ dims, strides }: Axes): Axes {
  const last = axisOfParts(dims);
  if (last === undefined) return dims.includes(0) ? { dims: [0], strides: [0] } : { dims: [], strides: [] };
  const count = dims[last] % PARTS === 0 ? last + 1 : last;
  const merged = coalesce(dims.slice(0, count), [strides.slice(0, count)]);
  return {
    dims: [...merged.dims, ...dims.slice(count, last + 1)],
    strides: [...merged.strides[0], ...strides.slice(count, last + 1)],
  };
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

/** What it takes to make one result of parts in lanes, beside reading elements. */
const JOIN = 8;

function workOf(reduce: ReduceKernel): number {
  const results = elementCount(reduce.kept.dims);
  const elements = elementCount(reduce.reduced.dims);
  if (hasPartsInLanes(reduce)) return results * (elements / vectorWidth(reduce.dtype) + JOIN);
  return (results * elements) / widthOfReduce(reduce);
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
