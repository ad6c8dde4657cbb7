/**
 * What kernels touch: sets of bytes that are found with a few strides. Whether two threads may run two kernels at
 * the same time is a question about these sets.
 */

/** Equal distances: `count` places, `bytes` apart. */
export interface Stride {
  readonly bytes: number;
  readonly count: number;
}

/** From `first` on, at every combination of the strides' places: `bytes` bytes. */
export interface Span {
  readonly first: number;
  readonly bytes: number;
  readonly strides: readonly Stride[];
}

/** The bytes of elements that are walked over with `strides`, in elements, beginning at byte 0. */
export function spanOf(dims: readonly number[], strides: readonly number[], elementBytes: number): Span {
  let first = 0;
  let bytes = elementBytes;
  const apart: Stride[] = [];
  const walked = dims
    .map((count, axis): Stride => ({ count, bytes: strides[axis] * elementBytes }))
    .filter((stride) => stride.count > 1 && stride.bytes !== 0)
    .sort((a, b) => Math.abs(a.bytes) - Math.abs(b.bytes));
  for (const stride of walked) {
    const distance = Math.abs(stride.bytes);
    if (stride.bytes < 0) first -= distance * (stride.count - 1);
    // Pieces that follow one another are one.
    if (distance === bytes && apart.length === 0) bytes *= stride.count;
    else apart.push({ bytes: distance, count: stride.count });
  }
  return { first, bytes, strides: apart };
}

/** The span at an address that moves with counters of loops: what it touches in any of their turns. */
export function spanAt(span: Span, address: number, moves: readonly Stride[]): Span {
  let first = span.first + address;
  const strides = [...span.strides];
  for (const { bytes, count } of moves) {
    if (bytes === 0 || count <= 1) continue;
    if (bytes < 0) first += bytes * (count - 1);
    strides.push({ bytes: Math.abs(bytes), count });
  }
  return { first, bytes: span.bytes, strides };
}

/** From the first to the last byte of one combination of places `period` apart. */
const extentOf = ({ bytes, strides }: Span, period: number): number =>
  strides.reduce((sum, stride) => (stride.bytes % period === 0 ? sum : sum + stride.bytes * (stride.count - 1)), bytes);

const endOf = (span: Span): number => span.first + extentOf(span, Infinity);

/**
 * True only when no byte belongs to both. Two spans are apart when they are as a whole, or when they are in their
 * remainders by one of their strides: rows of matrices that repeat at that distance, columns of one matrix.
 */
export function areApart(a: Span, b: Span): boolean {
  if (endOf(a) <= b.first || endOf(b) <= a.first) return true;
  return [...a.strides, ...b.strides].some(({ bytes: period }) => {
    const [lengthOfA, lengthOfB] = [extentOf(a, period), extentOf(b, period)];
    if (lengthOfA > period || lengthOfB > period) return false;
    const gap = (((b.first - a.first) % period) + period) % period;
    return gap >= lengthOfA && gap + lengthOfB <= period;
  });
}
