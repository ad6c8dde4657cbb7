/**
 * Kernels: what an op does to memory, as data, free of any target. Ops describe
 * themselves with these; code generation turns descriptions into WebAssembly (later C, WGSL).
 *
 * Which kind to choose, the first that fits:
 *
 * - map: element i of the result depends on element i of each operand. Maps are fused with one another.
 * - view, reshape: every element of the result is one of the operand's, and where it lies follows from sizes alone. Free:
 *   whoever reads the result reads the operand.
 * - constant: known when compiling.
 * - place: elements of the operands go to places that follow from sizes alone.
 * - reduce: sums and the like over axes, in the order of parts.ts.
 * - contract: sums of products over axes. Targets have their own loops for these, and choose the order of summing.
 * - overlap: elements of the operand go to places that follow from sizes alone, and add up where they meet.
 * - prefix: states along an axis, each made of the one before by a lane function.
 * - loops, update: the rest, written out as loops. They are the only kinds whose accesses depend on data.
 *
 * An op with one more way of moving data needs a description, not a new kind. test/kernel-machine.ts runs descriptions
 * literally and is the definition of each kind.
 */
import type { Lanes } from "./lanes.js";

/** One element of the result from one element of each operand. */
export type LaneFunction = <V>(k: Lanes<V>, ...operands: readonly V[]) => V;

/** Along one axis of the result: read along an axis of the operand, or the same element again. */
export type AxisRead = { readonly axis: number; readonly step: number } | "repeat";

/** Where a tensor's elements go in a larger one: index i of axis a to low[a] + spacing[a] · i. */
export interface Placement {
  readonly low: readonly number[];
  readonly spacing: readonly number[];
}

/**
 * Code of loops over flat arrays of elements. `V` is one number. Operands and result are row-major; indices are i32
 * values, and every access lies within the array.
 */
export interface LoopCode<V> {
  readonly lanes: Lanes<V>;
  /** Runs `body` for index 0 .. count-1, in this order; nothing for 0. */
  loop(count: number, body: (index: V) => void): void;
  /**
   * The same in any order, or many at a time: no turn reads or writes an element that another turn writes, nor
   * sets a variable from outside.
   */
  each(count: number, body: (index: V) => void): void;
  /**
   * Element i of the result is `element(i, ...given)` for i from 0 to count - 1: as `each` with a `write`, but for several i at
   * once where a target can.
   */
  fill(count: number, given: readonly V[], element: LaneFunction): void;
  load(operand: number, index: V): V;
  /** An element of the result. */
  read(index: V): V;
  write(index: V, value: V): void;
  /** A variable that survives the turns of a loop. */
  variable(initial: V): { get(): V; set(value: V): void };
  /** The index; stops the run when it is outside 0 .. limit-1. Every index that comes from data needs this, or a clamp. */
  checked(index: V, limit: number): V;
}

export type WriteLoops = <V>(code: LoopCode<V>) => void;

export type Kernel =
  /** The lane function also converts: its value has the element type of the result. */
  | { readonly kind: "map"; readonly lane: LaneFunction }
  /** All elements in row-major order; or one number, which stands for all of them. */
  | { readonly kind: "constant"; readonly data: readonly number[] }
  /** The operand under other indices. `starts`: where reading begins on each axis of the operand. */
  | { readonly kind: "view"; readonly starts: readonly number[]; readonly reads: readonly AxisRead[] }
  /** The operand's elements in row-major order under other dims. */
  | { readonly kind: "reshape" }
  /**
   * The leading operands, one for each placement, in disjoint places of the result. Without `fill` they cover it; the
   * rest is filled with the scalar operand of that number.
   */
  | { readonly kind: "place"; readonly placements: readonly Placement[]; readonly fill: number | undefined }
  /** Elements along axes combined with `initial`, which changes nothing, in the order of parts.ts. The result lacks the axes. */
  | {
      readonly kind: "reduce";
      readonly axes: readonly number[];
      readonly initial: number;
      readonly combine: LaneFunction;
    }
  /** Sums of products over contracted axes: see dotGeneral. With an addend, the third operand, sums begin with that. Integers wrap. */
  | {
      readonly kind: "contract";
      readonly contractX: readonly number[];
      readonly contractY: readonly number[];
      readonly batchX: readonly number[];
      readonly batchY: readonly number[];
      readonly hasAddend: boolean;
    }
  /**
   * Element (i.., k..) of the operand, k behind the axes of the result, is added to element steps · i + dilations · k
   * along each of the axes, i along the others. What nothing is added to is 0.
   */
  | {
      readonly kind: "overlap";
      readonly axes: readonly number[];
      readonly steps: readonly number[];
      readonly dilations: readonly number[];
    }
  /**
   * States along an axis of the operands, each from those before it and the elements of the operands at its place:
   * `next[i](states..., x...)`. `initial` are the operands, without the axis, that are the states before the first; none: the
   * first state is the first element of the only operand. Several states lie along a first axis that only the result has.
   */
  | {
      readonly kind: "prefix";
      readonly axis: number;
      /** From the end of the axis backward. */
      readonly reverse: boolean;
      readonly initial: readonly number[];
      readonly next: readonly LaneFunction[];
    }
  /** Loops that write every element of the result, which they do not read before. */
  | { readonly kind: "loops"; readonly write: WriteLoops }
  /**
   * Loops that change a result which begins as a copy of operand 0, and do not load that operand: where
   * nobody reads it afterwards, the result takes its memory.
   */
  | { readonly kind: "update"; readonly write: WriteLoops };
