/** The random numbers of a task: one generator per batch, so that no batch depends on those before it. */
import { randomNumbers, type Seed } from "@latchgrad/layers";

export interface Random {
  /** Uniform on [low, high). */
  between(low: number, high: number): number;
  /** A whole number, uniform on low..high, both included. */
  integer(low: number, high: number): number;
}

/** The generator that belongs to a seed and a place such as ("adding", "train", 17). */
export function randomAt(seed: Seed, ...place: readonly (string | number)[]): Random {
  const numbers = randomNumbers(seed, `/task/${place.join("/")}`);
  return {
    between: (low, high) => low + (high - low) * numbers.uniform(),
    integer: (low, high) => low + Math.floor((high - low + 1) * numbers.uniform()),
  };
}

/** The numbers 0 to count - 1 in random order (Fisher & Yates; Durstenfeld 1964). */
export function randomOrder(count: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
