/** Row-major index arithmetic over bound dims, shared by the reference definitions of the ops. */

/** Elements between neighbours along each axis. */
export function stridesOf(sizes: readonly number[]): number[] {
  const strides = new Array<number>(sizes.length);
  let stride = 1;
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= sizes[axis];
  }
  return strides;
}

export const elementCount = (sizes: readonly number[]): number => sizes.reduce((product, size) => product * size, 1);

/**
 * Calls `visit(flat, offset)` for every index of `sizes` in row-major order, where flat counts up from
 * 0 and offset is start plus the sum of index times stride: the general way to read one layout in the order of another.
 */
export function forEachOffset(
  sizes: readonly number[],
  strides: readonly number[],
  start: number,
  visit: (flat: number, offset: number) => void,
): void {
  const total = elementCount(sizes);
  const index = new Int32Array(sizes.length);
  let offset = start;
  for (let flat = 0; flat < total; flat++) {
    visit(flat, offset);
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      offset += strides[axis];
      if (++index[axis] < sizes[axis]) break;
      offset -= strides[axis] * sizes[axis];
      index[axis] = 0;
    }
  }
}

/** The index of the element that comes at `flat` in row-major order. */
export const indexAt = (flat: number, sizes: readonly number[]): readonly number[] =>
  stridesOf(sizes).map((stride, axis) => Math.floor(flat / stride) % sizes[axis]);
