/** Index arithmetic for kernels of loops: what shape/strides.ts is for the reference definitions. */
import type { LoopCode } from "./kernel.js";
import type { Lanes } from "./lanes.js";

/** constant + Σ index · by */
export function indexOf<V>(k: Lanes<V>, constant: number, ...terms: readonly (readonly [index: V, by: number])[]): V {
  return terms.reduce(
    (sum, [index, by]) => k.add(sum, by === 1 ? index : k.mul(index, k.constant("i32", by))),
    k.constant("i32", constant),
  );
}

/**
 * Independent loops over every index of `sizes`; visit(flat, offset), where flat is the place of the index in
 * row-major order and offset is start plus the sum of index times stride.
 */
export function eachOffset<V>(
  code: LoopCode<V>,
  sizes: readonly number[],
  strides: readonly number[],
  start: V,
  visit: (flat: V, offset: V) => void,
): void {
  const { lanes } = code;
  const nest = (axis: number, flat: V, offset: V): void => {
    if (axis === sizes.length) visit(flat, offset);
    else
      code.each(sizes[axis], (index) => {
        nest(
          axis + 1,
          indexOf(lanes, 0, [flat, sizes[axis]], [index, 1]),
          indexOf(lanes, 0, [offset, 1], [index, strides[axis]]),
        );
      });
  };
  nest(0, lanes.constant("i32", 0), start);
}
