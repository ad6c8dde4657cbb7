/** A queue that gives the item of least cost first; of equal ones, the one that came first. */
interface Queue {
  push(item: number, cost: number): void;
  /** Undefined when there is nothing left. */
  pop(): number | undefined;
}

interface Entry {
  readonly item: number;
  readonly cost: number;
  readonly order: number;
}

const isBefore = (a: Entry, b: Entry): boolean => a.cost < b.cost || (a.cost === b.cost && a.order < b.order);

/** An empty queue: a binary heap. */
export function openQueue(): Queue {
  const heap: Entry[] = [];
  let count = 0;
  const swap = (i: number, j: number): void => {
    [heap[i], heap[j]] = [heap[j], heap[i]];
  };
  return {
    push(item, cost) {
      heap.push({ item, cost, order: count++ });
      for (let i = heap.length - 1; i > 0;) {
        const parent = (i - 1) >> 1;
        if (!isBefore(heap[i], heap[parent])) break;
        swap(i, parent);
        i = parent;
      }
    },
    pop() {
      if (heap.length === 0) return undefined;
      swap(0, heap.length - 1);
      const last = heap.pop();
      for (let i = 0; ;) {
        const [left, right] = [2 * i + 1, 2 * i + 2];
        let least = i;
        if (left < heap.length && isBefore(heap[left], heap[least])) least = left;
        if (right < heap.length && isBefore(heap[right], heap[least])) least = right;
        if (least === i) break;
        swap(i, least);
        i = least;
      }
      return last?.item;
    },
  };
}
