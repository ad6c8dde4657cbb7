/**
 * Placing buffers in memory: each has a size and a lifetime, and those whose lifetimes meet must not overlap. This is
 * dynamic storage allocation, which is NP-hard (Garey & Johnson 1979, SR2). For few buffers a thorough
 * placement takes quadratic time; for many, two sweeps over time with a list of free memory, of which the better is taken.
 */

export interface Demand {
  readonly bytes: number;
  /** Positions in the program, both included. */
  readonly first: number;
  readonly last: number;
}

export interface Placement {
  /** Offset of each demand. */
  readonly offsets: readonly number[];
  /** Bytes in all. */
  readonly bytes: number;
  /** Buffers and pieces of free memory that were looked at: what the time is proportional to. */
  readonly looks: number;
}

/** Up to here each buffer may be held against all others: a million comparisons, some milliseconds. */
export const FEW = 2000;

/** Offsets for all demands. Sizes are multiples of the alignment already. */
export function placeBuffers(demands: readonly Demand[]): Placement {
  const thorough = demands.length <= FEW ? [largestFirst(demands)] : [];
  // Nothing takes less than what is alive at once.
  if (thorough.length > 0 && thorough[0].bytes === mostAtOnce(demands)) return thorough[0];
  const candidates = [...thorough, sweep(demands), sweep(demands.map(backward))];
  const looks = candidates.reduce((sum, candidate) => sum + candidate.looks, 0);
  const [best] = candidates.toSorted((a, b) => a.bytes - b.bytes);
  return { ...best, looks };
}

/** The largest sum of bytes that are alive at the same moment. */
export function mostAtOnce(demands: readonly Demand[]): number {
  const changes = demands
    .flatMap(({ first, last, bytes }) => [
      { at: first, bytes },
      // What ends at a position is still there for what begins at it.
      { at: last + 0.5, bytes: -bytes },
    ])
    .sort((a, b) => a.at - b.at || a.bytes - b.bytes);
  let alive = 0;
  let most = 0;
  for (const { bytes } of changes) most = Math.max(most, (alive += bytes));
  return most;
}

/** The same demand when time runs the other way. */
const backward = ({ bytes, first, last }: Demand): Demand => ({ bytes, first: -last, last: -first });

/** Large buffers first, each as low as those that live at the same time allow. */
function largestFirst(demands: readonly Demand[]): Placement {
  const offsets = new Array<number>(demands.length).fill(0);
  const order = [...demands.keys()].sort((a, b) => demands[b].bytes - demands[a].bytes || a - b);
  /** In order of their offsets. */
  const placed: { readonly start: number; readonly end: number; readonly demand: Demand }[] = [];
  let bytes = 0;
  let looks = 0;
  for (const id of order) {
    const demand = demands[id];
    let start = 0;
    for (const { start: otherStart, end, demand: other } of placed) {
      looks++;
      if (otherStart >= start + demand.bytes) break;
      if (other.first <= demand.last && demand.first <= other.last) start = Math.max(start, end);
    }
    offsets[id] = start;
    const end = start + demand.bytes;
    let [low, high] = [0, placed.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (placed[middle].start <= start) low = middle + 1;
      else high = middle;
    }
    placed.splice(low, 0, { start, end, demand });
    bytes = Math.max(bytes, end);
  }
  return { offsets, bytes, looks };
}

/** A piece of free memory. */
interface Hole {
  readonly start: number;
  readonly bytes: number;
}

/** Through time, from one lifetime's beginning to the next: the smallest hole that is large enough, else the end. */
function sweep(demands: readonly Demand[]): Placement {
  const offsets = new Array<number>(demands.length).fill(0);
  const byStart = [...demands.keys()].sort(
    (a, b) => demands[a].first - demands[b].first || demands[b].bytes - demands[a].bytes || a - b,
  );
  const byEnd = [...demands.keys()].sort((a, b) => demands[a].last - demands[b].last || a - b);
  const free = freeMemory();
  let ended = 0;
  for (const id of byStart) {
    for (; ended < byEnd.length && demands[byEnd[ended]].last < demands[id].first; ended++)
      free.give({ start: offsets[byEnd[ended]], bytes: demands[byEnd[ended]].bytes });
    offsets[id] = free.take(demands[id].bytes);
  }
  return { offsets, bytes: free.bytes(), looks: free.looks() + 2 * demands.length };
}

/** Memory without an upper end, with holes kept by their size and by both their ends. */
function freeMemory() {
  const bySize: Hole[] = [];
  const byStart = new Map<number, Hole>();
  const byEnd = new Map<number, Hole>();
  let top = 0;
  let most = 0;
  let looks = 0;
  const isBefore = (a: Hole, bytes: number, start: number): boolean =>
    a.bytes < bytes || (a.bytes === bytes && a.start < start);
  /** The place among holes of a hole of that size and start. */
  const search = (bytes: number, start: number): number => {
    let [low, high] = [0, bySize.length];
    while (low < high) {
      looks++;
      const middle = (low + high) >> 1;
      if (isBefore(bySize[middle], bytes, start)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const remove = (hole: Hole): void => {
    bySize.splice(search(hole.bytes, hole.start), 1);
    byStart.delete(hole.start);
    byEnd.delete(hole.start + hole.bytes);
  };
  const insert = (hole: Hole): void => {
    if (hole.bytes === 0) return;
    bySize.splice(search(hole.bytes, hole.start), 0, hole);
    byStart.set(hole.start, hole);
    byEnd.set(hole.start + hole.bytes, hole);
  };
  return {
    bytes: () => most,
    looks: () => looks,
    take(bytes: number): number {
      const at = search(bytes, -1);
      let start: number;
      if (at < bySize.length) {
        const hole = bySize[at];
        remove(hole);
        insert({ start: hole.start + bytes, bytes: hole.bytes - bytes });
        start = hole.start;
      } else {
        // The last hole reaches to the end of what is in use: it grows.
        const last = byEnd.get(top);
        if (last !== undefined) remove(last);
        start = last?.start ?? top;
        top = start + bytes;
      }
      most = Math.max(most, start + bytes);
      return start;
    },
    give({ start, bytes }: Hole): void {
      const below = byEnd.get(start);
      const above = byStart.get(start + bytes);
      if (below !== undefined) remove(below);
      if (above !== undefined) remove(above);
      const from = below?.start ?? start;
      insert({ start: from, bytes: (above === undefined ? start + bytes : above.start + above.bytes) - from });
    },
  };
}
