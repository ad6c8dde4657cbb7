/**
 * Elementwise arithmetic, abstract over who carries it out. An op's lane function is
 * written once over `Lanes<V>`; V is a JavaScript number in tests, a scalar local or a vector in
 * WebAssembly, later an expression of C or WGSL. So there is no second translation to keep in step.
 *
 * A value knows its element type. bool is a mask: all bits set or none. Integers wrap.
 * f32 and f64 operations round once each and keep subnormal numbers, except `madd` and `nmadd`, which may fuse where precision
 * is `fast`. The bits of a NaN are nobody's business: lane functions give the same numbers whatever they are.
 */
import type { DType } from "../shape/tensor-type.js";

/**
 * The types of values while they are computed: those of tensors, and the 64 bits of an f64 as a whole number, for its exponent and
 * sign. i64 has add, sub, comparisons, operations on bits, and conversion to f64 between -2^51 and 2^51.
 */
export type LaneType = DType | "i64";

export interface Lanes<V> {
  typeOf(x: V): LaneType;
  constant(dtype: LaneType, value: number): V;

  /** Floats and integers; operands of one type. */
  add(x: V, y: V): V;
  sub(x: V, y: V): V;
  mul(x: V, y: V): V;
  /** Floats only. */
  div(x: V, y: V): V;
  /** x·y + z for floats; one rounding where precision is fast and the machine can, else two. */
  madd(x: V, y: V, z: V): V;
  /** z - x·y, rounded like madd. */
  nmadd(x: V, y: V, z: V): V;
  /** NaN when either is NaN; -0 counts as less than +0. Floats and integers. */
  min(x: V, y: V): V;
  max(x: V, y: V): V;
  /**
   * y where y < x, else x; and y where x < y, else x. One instruction where min and max, with their rules for NaN and -0,
   * need several. So a NaN in x stays: clamp with x first and the bound second. Floats only.
   */
  lesser(x: V, y: V): V;
  greater(x: V, y: V): V;
  neg(x: V): V;
  abs(x: V): V;
  /** Floats only: square root; rounding down, toward zero, and to the nearest (halves to even). */
  sqrt(x: V): V;
  floor(x: V): V;
  trunc(x: V): V;
  nearest(x: V): V;

  /** Masks. NaN equals nothing and is less than nothing. */
  eq(x: V, y: V): V;
  lt(x: V, y: V): V;
  le(x: V, y: V): V;

  /** Bitwise, on masks and integers. */
  and(x: V, y: V): V;
  or(x: V, y: V): V;
  xor(x: V, y: V): V;
  not(x: V): V;
  /** By a constant 0..31, 0..63 for i64; right shift fills with the sign, with 0 for u32. */
  shiftLeft(x: V, by: number): V;
  shiftRight(x: V, by: number): V;

  /** x where the mask is set, else y. */
  select(mask: V, x: V, y: V): V;
  /**
   * The values of `rare()` where the mask is set, else those of `usual`. As select, but a machine may jump over
   * `rare` when no lane needs it, so it is for long computations that few elements need.
   */
  rarely(mask: V, usual: readonly V[], rare: () => readonly V[]): readonly V[];

  /** The same number in another type. Float to integer drops the fraction and saturates, NaN gives 0; a mask gives 1 or 0. */
  convert(x: V, dtype: DType): V;
  /** The same 32 bits read as f32, i32 or u32; the same 64 bits read as f64 or i64. */
  bitcast(x: V, dtype: Exclude<LaneType, "bool">): V;
}
