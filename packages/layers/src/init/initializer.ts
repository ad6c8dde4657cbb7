/**
 * What an initializer is: a pure function from (shape, random numbers) to initial
 * values. The random numbers are derived from the seed and the name of the
 * parameter, so that adding a layer does not change the values of the others.
 */
import { portableLog } from "@latchgrad/core";
import seedrandom from "seedrandom";
import type * as z from "zod";

/** What the user chose for a run; strings and numbers that print alike mean the same run. */
export type Seed = string | number;

export interface RandomNumbers {
  /** Uniform on [0, 1), 53 random bits. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
}

export interface InitializerDefinition<S extends z.ZodObject = z.ZodObject> {
  readonly type: string;
  /** One sentence, with its source where it has one. */
  readonly summary: string;
  readonly schema: S;
  /** The values of a parameter of these dims, row-major. */
  fill(dims: readonly number[], config: z.output<S>, random: RandomNumbers): Float64Array;
}

/** Ties the type of `fill`'s config to the schema. */
export const defineInitializer = <S extends z.ZodObject>(definition: InitializerDefinition<S>): typeof definition =>
  definition;

export const elementsOf = (dims: readonly number[]): number => dims.reduce((product, size) => product * size, 1);

/**
 * The generator that belongs to one name under a seed. The two are joined as a JSON list, so that
 * no other pair of seed and name gives the same text.
 */
export function randomNumbers(seed: Seed, name: string): RandomNumbers {
  const uniform = seedrandom(JSON.stringify([String(seed), name]));
  let spare: number | undefined;
  /** Marsaglia's polar method (1964): two normal numbers from a point in the unit disc. */
  function normal(): number {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * portableLog(square)) / square);
      spare = y * scale;
      return x * scale;
    }
  }
  return { uniform: () => uniform(), normal };
}
