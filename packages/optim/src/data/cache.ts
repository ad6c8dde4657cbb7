/** Values that were read and may be wanted again, as many as fit into so many bytes; the one that was not wanted for longest goes first. */

export interface Cache<T> {
  /** The value of a key: the one that is kept, or a new one. */
  get(key: number, make: () => Promise<T>): Promise<T>;
  /** Bytes of all values that are kept. */
  bytes(): number;
}

/** Nothing depends on what is kept but the time that a value takes. */
export function makeCache<T>(mostBytes: number, bytesOf: (value: T) => number): Cache<T> {
  // A Map goes through its keys in the order in which they were set.
  const kept = new Map<number, T>();
  let bytes = 0;
  return {
    bytes: () => bytes,
    async get(key, make) {
      const found = kept.get(key);
      if (found !== undefined) {
        kept.delete(key);
        kept.set(key, found);
        return found;
      }
      const value = await make();
      kept.set(key, value);
      bytes += bytesOf(value);
      for (const [oldest, old] of kept) {
        if (bytes <= mostBytes || oldest === key) break;
        kept.delete(oldest);
        bytes -= bytesOf(old);
      }
      return value;
    },
  };
}
