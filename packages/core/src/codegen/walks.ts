/**
 * Walks over tensors inside a kernel. What moves, moves for all tensors that are walked over alike; where each of them lies is a number in
 * the instructions that load from it and store to it. Large kernels walk over some dozens of tensors, and an engine would keep a pointer for each
 * in memory, read it, and write it in every turn. Decision 0064.
 */
import type { DType } from "../shape/tensor-type.js";
import { I32, type Code, type Local } from "./assembler.js";
import { BYTES } from "./lanes-target.js";
import type { Address } from "./program.js";

const ADD = 0x6a;

/** How a loop nest walks over one tensor: elements between neighbours along each axis. */
export interface Walk {
  readonly dtype: DType;
  readonly strides: readonly number[];
}

/** Where a walk stands: `bytes` behind what `at` holds. */
export interface Position {
  readonly at: Local;
  readonly bytes: number;
  /** In bytes. */
  readonly strides: readonly number[];
}

/** A local that starts with what `pointer` holds and can be advanced. */
export function copyOf(code: Code, pointer: Local): Local {
  const local = code.local(I32);
  code.get(pointer);
  code.set(local);
  return local;
}

/** A local that starts with an address some bytes behind what `pointer` holds and can be advanced. */
export function behind(code: Code, pointer: Local, bytes: number): Local {
  const local = code.local(I32);
  code.get(pointer);
  code.i32(bytes);
  code.op(ADD);
  code.set(local);
  return local;
}

/** Positions at the beginning of walks: of those with one base and equal strides, `at` is the same. */
export function beginWalks(code: Code, addresses: readonly Address[], walks: readonly Walk[]): readonly Position[] {
  const shared = new Map<string, Local>();
  return walks.map(({ dtype, strides }, i): Position => {
    const { base, bytes } = addresses[i];
    const apart = strides.map((stride) => stride * BYTES[dtype]);
    // What is added to in an instruction is not negative.
    if (apart.some((stride) => stride < 0)) {
      const at = code.local(I32);
      if (base === undefined) code.i32(bytes);
      else {
        code.get(base);
        code.i32(bytes);
        code.op(ADD);
      }
      code.set(at);
      return { at, bytes: 0, strides: apart };
    }
    const key = `${base?.index ?? "none"} ${apart.join(" ")}`;
    const at = shared.get(key) ?? (base === undefined ? code.local(I32) : copyOf(code, base));
    shared.set(key, at);
    return { at, bytes, strides: apart };
  });
}

/** Advances walks; `by` says how far, in bytes, from their strides. */
export function advanceWalks(
  code: Code,
  positions: readonly Position[],
  by: (strides: readonly number[]) => number,
): void {
  const moving = new Map(positions.map(({ at, strides }) => [at, strides]));
  for (const [at, strides] of moving) code.advance(at, by(strides));
}
