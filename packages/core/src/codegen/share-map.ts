/** Fused elementwise loops for several threads: what they touch, and cuts along their axes. */
import { elementCount } from "../shape/strides.js";
import { BYTES } from "./lanes-target.js";
import { widthOfMap, type MapKernel } from "./map.js";
import { rangesOf, type Division, type Use } from "./sharing.js";
import { spanOf } from "./spans.js";

/** Of merged axes, the steps along the first that are one step along the first axis before merging. */
export function rowLength(dims: readonly number[], merged: readonly number[]): number {
  const first = dims.find((size) => size !== 1);
  return merged.length === 0 || first === undefined ? 1 : merged[0] / first;
}

export const usesOfMap = ({ dims, inputs, outputs }: MapKernel): readonly Use[] =>
  [...inputs, ...outputs].map(({ dtype, strides }, i) => ({
    span: spanOf(dims, strides, BYTES[dtype]),
    writes: i >= inputs.length,
  }));

export function workOfMap(kernel: MapKernel): number {
  const { dims, inputs, operations, outputs } = kernel;
  const perElement = inputs.length + outputs.length + operations.count;
  return (elementCount(dims) * perElement) / widthOfMap(kernel);
}

/** Cuts between rows of the first axis before merging, then anywhere along each axis; never through a vector. */
export function divideMap(kernel: MapKernel, row: number, threads: number): readonly Division<MapKernel>[] {
  const { dims, inputs, outputs } = kernel;
  const unitOf = (axis: number): number => (axis === dims.length - 1 ? widthOfMap(kernel) : 1);
  const cuts = [{ axis: 0, unit: row }, ...dims.map((_, axis) => ({ axis, unit: unitOf(axis) }))];
  return cuts.flatMap(({ axis, unit }) => {
    const ranges = dims.length === 0 ? [] : rangesOf(dims[axis], unit, threads);
    if (ranges.length < 2 || ranges.some(({ begin }) => begin % unitOf(axis) !== 0)) return [];
    return [
      ranges.map(({ begin, count }) => ({
        kernel: { ...kernel, dims: dims.map((size, a) => (a === axis ? count : size)) },
        shifts: [...inputs, ...outputs].map(({ dtype, strides }) => begin * strides[axis] * BYTES[dtype]),
      })),
    ];
  });
}
