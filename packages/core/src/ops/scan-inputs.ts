/** The attributes of scan and the roles of its inputs, for its definition and its derivative alike. */
import type { Dim } from "../shape/dim.js";

export type ScanAttrs = {
  /** How many inputs are the same in every step. */
  readonly consts: number;
  readonly carries: number;
  /** Number of steps, at least 1. */
  readonly length: Dim;
  readonly reverse: boolean;
  /** How ys look in steps beyond an example's length; "none": there are no lengths. */
  readonly lengths: "none" | "zero" | "hold";
  /**
   * The loop runs in chunks of at most so many steps: only what a chunk computes is in memory at a time, and the derivative stores
   * carries at the start of each and computes the rest again. 0: all steps are one chunk.
   */
  readonly checkpoint: Dim;
  /** Two numbers k1 and k2: after every k1 steps, gradients flow back k2 steps. Empty: all the way. */
  readonly truncate: readonly number[];
};

/** The inputs of a scan by role. */
export interface ScanInputs<T> {
  readonly consts: readonly T[];
  readonly carries: readonly T[];
  readonly xs: readonly T[];
  readonly lengths: T | undefined;
}

export function scanInputs<T>(inputs: readonly T[], attrs: ScanAttrs): ScanInputs<T> {
  const firstX = attrs.consts + attrs.carries;
  const end = attrs.lengths === "none" ? inputs.length : inputs.length - 1;
  return {
    consts: inputs.slice(0, attrs.consts),
    carries: inputs.slice(attrs.consts, firstX),
    xs: inputs.slice(firstX, end),
    lengths: inputs[end],
  };
}
