/**
 * Prefixes along an axis whose elements lie side by side: each element combined with all before it, of four lines at a time. Four elements
 * of each are loaded and turned, so that a vector holds one element of every line, and turned again before they are stored. Each line takes its elements one after the
 * other, as it would alone.
 */
import type { LaneFunction } from "../kernel/kernel.js";
import type { Code } from "./assembler.js";
import {
  lanesFrom,
  load,
  loadLane,
  store,
  storeLane,
  wasmLanes,
  type Operand,
  type Precision,
} from "./lanes-target.js";
import { ELEMENT, indices, turned, WIDTH } from "./turned.js";
import { behind } from "./walks.js";

/** Of f32. Distances in elements, none negative. */
export interface PrefixKernel {
  readonly lines: number;
  /** Elements of a line, at least one. */
  readonly length: number;
  /** From one line to the next, of the operand and of the result. */
  readonly from: number;
  readonly to: number;
  /** From the end of a line backward. */
  readonly reverse: boolean;
  readonly next: LaneFunction;
}

/** Writes the function body. Parameters: addresses of the operand and of the result. */
export function writePrefix(code: Code, kernel: PrefixKernel, precision: Precision): void {
  const { lines, length, from, to, reverse, next } = kernel;
  const [x, out] = code.params;
  const whole = Math.floor(length / WIDTH);
  const rest = length % WIDTH;
  const inOrder = <T>(items: readonly T[]): readonly T[] => (reverse ? items.toReversed() : items);

  const fourLines = (): void => {
    const lanes = wasmLanes(code, WIDTH, precision);
    const state = lanes.constant("f32", 0);
    let isFirst = true;
    const after = (element: Operand): Operand => {
      const value = isFirst ? element : next(lanes, state, element);
      isFirst = false;
      code.get(value.local);
      code.set(state.local);
      return value;
    };
    const [at, into] = [x, out].map((base) => behind(code, base, reverse ? (length - WIDTH) * ELEMENT : 0));
    const block = (): void => {
      const rows = indices(WIDTH).map((line) => load(code, "f32", at, line * from * ELEMENT, WIDTH, false));
      const elements = turned(code, rows);
      const values = inOrder(inOrder(elements).map((element) => copied(code, after(element))));
      turned(code, values).forEach((row, line) => {
        store(code, row, into, line * to * ELEMENT, WIDTH);
      });
      for (const pointer of [at, into]) code.advance(pointer, (reverse ? -WIDTH : WIDTH) * ELEMENT);
    };
    if (whole > 0) block();
    if (whole > 1) code.repeat(whole - 1, block);
    // What is left over is at the end, or in front where the walk ends there.
    for (const element of inOrder(indices(rest))) {
      const place = (reverse ? element : whole * WIDTH + element) * ELEMENT;
      const elements = indices(WIDTH).reduce(
        (vector, line) => loadLane(code, vector, x, place + line * from * ELEMENT, line),
        lanes.constant("f32", 0),
      );
      const value = copied(code, after(elements));
      for (const line of indices(WIDTH))
        storeLane(code, line === 0 ? value : lanesFrom(code, value, line), out, place + line * to * ELEMENT);
    }
  };
  const oneLine = (): void => {
    const lanes = wasmLanes(code, 1, precision);
    const [at, into] = [x, out].map((base) => behind(code, base, reverse ? (length - 1) * ELEMENT : 0));
    const state = load(code, "f32", at, 0, 1, false);
    store(code, state, into, 0, 1);
    if (length === 1) return;
    code.repeat(length - 1, () => {
      for (const pointer of [at, into]) code.advance(pointer, (reverse ? -1 : 1) * ELEMENT);
      const value = next(lanes, state, load(code, "f32", at, 0, 1, false));
      store(code, value, into, 0, 1);
      code.get(value.local);
      code.set(state.local);
    });
  };
  const run = (count: number, width: number, body: () => void): void => {
    if (count === 0) return;
    code.repeat(count, () => {
      body();
      code.advance(x, width * from * ELEMENT);
      code.advance(out, width * to * ELEMENT);
    });
  };
  run(Math.floor(lines / WIDTH), WIDTH, fourLines);
  run(lines % WIDTH, 1, oneLine);
}

/** A value in a variable of its own: that of the state changes. */
const copied = (code: Code, { dtype, local }: Operand): Operand => {
  const copy = code.local(local.type);
  code.get(local);
  code.set(copy);
  return { dtype, local: copy };
};
