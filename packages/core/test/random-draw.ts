// Seeded choices.
import { randomFrom } from "./random.js";

export interface Draw {
  /** From 0 to below 1. */
  number(): number;
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
  pick<T>(choices: readonly T[]): T;
  chance(probability: number): boolean;
}

export function drawFrom(seed: string): Draw {
  const number = randomFrom(seed);
  const below = (limit: number): number => Math.floor(number() * limit);
  return {
    number,
    below,
    pick: (choices) => choices[below(choices.length)],
    chance: (probability) => number() < probability,
  };
}
