/** Four vectors of four lanes each as a matrix that is turned in registers: rows in memory become columns. */
import type { Code } from "./assembler.js";
import { BYTES, shuffled, type Operand } from "./lanes-target.js";

/** Lanes of a vector of f32, and bytes of each. */
export const WIDTH = 4;
export const ELEMENT = BYTES.f32;
/** 0 to count - 1. */
export const indices = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

const byLanes = (...lanes: readonly number[]): readonly number[] =>
  lanes.flatMap((lane) => indices(ELEMENT).map((byte) => lane * ELEMENT + byte));
const LOW = byLanes(0, 4, 1, 5);
const HIGH = byLanes(2, 6, 3, 7);
const FIRST_HALVES = byLanes(0, 1, 4, 5);
const SECOND_HALVES = byLanes(2, 3, 6, 7);

/** Lane j of vector i becomes lane i of vector j. */
export function turned(code: Code, [a, b, c, d]: readonly Operand[]): readonly Operand[] {
  const [lowAB, lowCD] = [shuffled(code, a, b, LOW), shuffled(code, c, d, LOW)];
  const [highAB, highCD] = [shuffled(code, a, b, HIGH), shuffled(code, c, d, HIGH)];
  return [
    shuffled(code, lowAB, lowCD, FIRST_HALVES),
    shuffled(code, lowAB, lowCD, SECOND_HALVES),
    shuffled(code, highAB, highCD, FIRST_HALVES),
    shuffled(code, highAB, highCD, SECOND_HALVES),
  ];
}
