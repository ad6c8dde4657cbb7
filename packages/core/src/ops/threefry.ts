/**
 * Threefry-2x32 with 20 rounds: a counter turned into random bits by a key. Salmon et al., "Parallel random
 * numbers: as easy as 1, 2, 3" (2011). Nothing is carried from one call to the next, so every
 * element, step and thread computes its own bits, in any order.
 */

type Words = readonly [number, number];

/** The bits by which the second word is rotated in each round; they repeat after eight rounds. */
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24];
const ROUNDS = 20;
/** A new part of the key is mixed in after every fourth round. */
const ROUNDS_PER_KEY = 4;
/** From the definition of the key schedule of Threefish, so that a key of zeros is not a weak one. */
const PARITY = 0x1bd11bda;

/** The two words that `key` makes of `counter`; all words are unsigned. */
export function threefry2x32(key: Words, counter: Words): Words {
  const schedule = [key[0], key[1], key[0] ^ key[1] ^ PARITY];
  let x = (counter[0] + schedule[0]) | 0;
  let y = (counter[1] + schedule[1]) | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const rotation = ROTATIONS[round % ROTATIONS.length];
    x = (x + y) | 0;
    y = ((y << rotation) | (y >>> (32 - rotation))) ^ x;
    if ((round + 1) % ROUNDS_PER_KEY === 0) {
      const turn = (round + 1) / ROUNDS_PER_KEY;
      x = (x + schedule[turn % 3]) | 0;
      y = (y + schedule[(turn + 1) % 3] + turn) | 0;
    }
  }
  return [x >>> 0, y >>> 0];
}

/** A new key from a key and a number, as `jax.random.fold_in`. */
export const foldIn = (key: Words, number: number): Words => threefry2x32(key, [0, number >>> 0]);

/** The i-th 32 random bits of a key, as `jax.random.bits` in its partitionable form. */
export function bitsAt(key: Words, i: number): number {
  const [x, y] = threefry2x32(key, [Math.floor(i / 2 ** 32), i >>> 0]);
  return (x ^ y) >>> 0;
}
