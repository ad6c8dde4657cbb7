/** Examples per second, for people to watch; nothing else depends on the clock. */

/** Share of the average that stays at each step: it covers about the last 50 steps. */
const MEMORY = 0.98;

export interface Throughput {
  /** Adds a step; returns examples per second, as a recent average. */
  add(examples: number, milliseconds: number): number;
}

export function makeThroughput(): Throughput {
  let examples = 0;
  let milliseconds = 0;
  let steps = 0;
  return {
    add(count, time) {
      // The first step also prepares the executable; it counts only until there is a second.
      const memory = steps === 1 ? 0 : MEMORY;
      steps++;
      examples = memory * examples + count;
      milliseconds = memory * milliseconds + time;
      return milliseconds > 0 ? (1000 * examples) / milliseconds : 0;
    },
  };
}
