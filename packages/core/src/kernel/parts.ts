/**
 * The order in which elements along axes are combined: one for all layouts, targets and thread counts, because sums of
 * floats depend on it. Element i of the last axis that has more than one goes to part i mod 8. Each part begins with the
 * initial value and takes its elements in row-major order; then part j takes in part j + 4, of what remains j + 2, then
 * j + 1. So neighbours can be the lanes of vectors, and no addition waits for the one just before it. Decision 0058.
 */

export const PARTS = 8;

/** Of the axes that are combined, the one whose index says the part: undefined when all have one element. */
export const axisOfParts = (sizes: readonly number[]): number | undefined => {
  const axis = sizes.findLastIndex((size) => size > 1);
  return axis < 0 ? undefined : axis;
};

/**
 * All parts as one. Parts behind the last that has an element may be left out: they would change nothing. `most`: how
 * many there can be, where each of `parts` is several.
 */
export function joinParts<V>(parts: readonly V[], combine: (x: V, y: V) => V, most = PARTS): V {
  let rest = parts;
  for (let half = most / 2; half >= 1; half /= 2) {
    const all = rest;
    rest = all.slice(0, half).map((part, j) => (j + half < all.length ? combine(part, all[j + half]) : part));
  }
  return rest[0];
}
