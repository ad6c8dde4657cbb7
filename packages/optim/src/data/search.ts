/** Finding places in ascending lists. */

/** The place of the last number of an ascending list that is not above `limit`. */
export function lastAtMost(list: readonly number[], limit: number): number {
  let low = 0;
  let high = list.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (list[middle] <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}
