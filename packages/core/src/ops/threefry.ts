/**
 * Threefry-2x32 with 20 rounds: a counter turned into random bits by a key. Salmon et al., "Parallel random
 * numbers: as easy as 1, 2, 3" (2011). Nothing is carried from one call to the next, so every
 * element, step and thread computes its own bits, in any order. Written once, over lanes of u32.
 */
import type { Lanes } from "../kernel/lanes.js";

type Words<V> = readonly [V, V];

/** What is needed of lanes. */
type WordLanes<V> = Pick<Lanes<V>, "constant" | "add" | "or" | "xor" | "shiftLeft" | "shiftRight">;

/** The bits by which the second word is rotated in each round; they repeat after eight rounds. */
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24];
const ROUNDS = 20;
/** A new part of the key is mixed in after every fourth round. */
const ROUNDS_PER_KEY = 4;
/** From the definition of the key schedule of Threefish, so that a key of zeros is not a weak one. */
const PARITY = 0x1bd11bda;

/** The two words that `key` makes of `counter`. */
function threefryLane<V>(k: WordLanes<V>, key: Words<V>, counter: Words<V>): Words<V> {
  const schedule = [...key, k.xor(k.xor(key[0], key[1]), k.constant("u32", PARITY))];
  let x = k.add(counter[0], schedule[0]);
  let y = k.add(counter[1], schedule[1]);
  for (let round = 0; round < ROUNDS; round++) {
    const rotation = ROTATIONS[round % ROTATIONS.length];
    x = k.add(x, y);
    y = k.xor(k.or(k.shiftLeft(y, rotation), k.shiftRight(y, 32 - rotation)), x);
    if ((round + 1) % ROUNDS_PER_KEY === 0) {
      const turn = (round + 1) / ROUNDS_PER_KEY;
      x = k.add(x, schedule[turn % 3]);
      y = k.add(y, k.add(schedule[(turn + 1) % 3], k.constant("u32", turn)));
    }
  }
  return [x, y];
}

/** A new key from a key and a number, as `jax.random.fold_in`. */
export const foldInLane = <V>(k: WordLanes<V>, key: Words<V>, number: V): Words<V> =>
  threefryLane(k, key, [k.constant("u32", 0), number]);

/** The i-th 32 random bits of a key, as `jax.random.bits` in its partitionable form. */
export function bitsAtLane<V>(k: WordLanes<V>, key: Words<V>, i: V): V {
  const [x, y] = threefryLane(k, key, [k.constant("u32", 0), i]);
  return k.xor(x, y);
}

/** Lanes without the bookkeeping of kernel/number-lanes.ts, for speed: the same 32 bits, kept as a signed number. */
const words: WordLanes<number> = {
  constant: (_, value) => value | 0,
  add: (x, y) => (x + y) | 0,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
  shiftLeft: (x, by) => x << by,
  shiftRight: (x, by) => x >>> by,
};

/** The same on numbers from 0 to 2³² - 1. */
export function threefry2x32(key: Words<number>, counter: Words<number>): Words<number> {
  const [x, y] = threefryLane(words, key, counter);
  return [x >>> 0, y >>> 0];
}

export const foldIn = (key: Words<number>, number: number): Words<number> => threefry2x32(key, [0, number >>> 0]);

/** Also for i of 2³² and above. */
export function bitsAt(key: Words<number>, i: number): number {
  const [x, y] = threefry2x32(key, [Math.floor(i / 2 ** 32), i >>> 0]);
  return (x ^ y) >>> 0;
}
