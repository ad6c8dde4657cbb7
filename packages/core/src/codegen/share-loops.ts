/** Kernels of plain loops for several threads: how much work they are, and cuts of their turns where these do not depend on each other. */
import type { LoopCode } from "../kernel/kernel.js";
import type { LaneType } from "../kernel/lanes.js";
import type { LoopsKernel } from "./loops.js";
import { rangesOf, type Range } from "./sharing.js";
import { typeLanes } from "./vectorizable.js";

interface Shape {
  /** About how many instructions it executes. */
  readonly work: number;
  /** Whether indices are checked. */
  readonly stops: boolean;
  /** The count of an `each` outside of which nothing is written; 0 when there is none. */
  readonly turns: number;
}

/** Goes through a kernel without writing code for it. */
export function shapeOf({ operands, result, write }: LoopsKernel): Shape {
  let work = 0;
  let stops = false;
  /** How often what is being described runs. */
  let times = 1;
  const outermost: { readonly isEach: boolean; readonly count: number }[] = [];
  let depth = 0;
  let writesOutside = false;
  const seen = <T>(value: T): T => {
    work += times;
    return value;
  };
  const turns =
    (isEach: boolean): LoopCode<LaneType>["loop"] =>
    (count, body) => {
      if (depth === 0) outermost.push({ isEach, count });
      depth++;
      times *= count;
      if (count > 0) body("i32");
      times /= Math.max(count, 1);
      depth--;
    };
  write<LaneType>({
    lanes: typeLanes(seen),
    loop: turns(false),
    each: turns(true),
    fill(count, given, element) {
      turns(true)(count, (index) => {
        element(typeLanes(seen), index, ...given);
        seen(result);
      });
    },
    load: (operand) => seen(operands[operand]),
    read: () => seen(result),
    write: () => {
      writesOutside = writesOutside || depth === 0;
      seen(result);
    },
    variable: (initial) => ({ get: () => initial, set: seen }),
    checked: (index) => {
      stops = true;
      return seen(index);
    },
  });
  const [only] = outermost;
  const isCut = outermost.length === 1 && only.isEach && !writesOutside;
  return { work, stops, turns: isCut ? only.count : 0 };
}

/** Ranges of turns for several threads. A kernel that may stop the run is not cut, so that always the same index is reported. */
export function divideTurns({ stops, turns }: Shape, threads: number): readonly (readonly Range[])[] {
  const ranges = stops || turns === 0 ? [] : rangesOf(turns, 1, threads);
  return ranges.length > 1 ? [ranges] : [];
}
