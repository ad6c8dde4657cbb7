/** Four vectors of four lanes each as a matrix that is turned in registers: rows in memory become columns. */
import type { Code } from "./assembler.js";
import { shuffled, type Operand } from "./lanes-target.js";

const LANE_BYTES = 4;
const byLanes = (...lanes: readonly number[]): readonly number[] =>
  lanes.flatMap((lane) => Array.from({ length: LANE_BYTES }, (_, i) => lane * LANE_BYTES + i));
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
