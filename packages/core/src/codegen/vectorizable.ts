/** Whether a lane function stays within 32-bit values, four of which fit a vector. */
import type { LaneFunction } from "../kernel/kernel.js";
import type { Lanes } from "../kernel/lanes.js";
import type { DType } from "../shape/tensor-type.js";

/** Follows element types only, and notes of each operation whether four fit a vector: not those of 64 bits, nor divisions of integers. */
export function typeLanes(note: (fits: boolean) => void): Lanes<DType> {
  const seen = (dtype: DType): DType => {
    note(dtype !== "f64");
    return dtype;
  };
  const first = (x: DType): DType => seen(x);
  const mask = (x: DType): DType => {
    seen(x);
    return "bool";
  };
  return {
    typeOf: (x) => x,
    constant: seen,
    add: first,
    sub: first,
    mul: first,
    div(x) {
      note(x === "f32");
      return x;
    },
    madd: first,
    nmadd: first,
    min: first,
    max: first,
    lesser: first,
    greater: first,
    neg: first,
    abs: first,
    sqrt: first,
    floor: first,
    trunc: first,
    nearest: first,
    eq: mask,
    lt: mask,
    le: mask,
    and: first,
    or: first,
    xor: first,
    not: first,
    shiftLeft: first,
    shiftRight: first,
    select: (_, x) => seen(x),
    rarely: (_, usual, rare) => {
      rare().forEach(seen);
      return usual.map(seen);
    },
    convert: (_, dtype) => seen(dtype),
    bitcast: (_, dtype) => seen(dtype),
  };
}

export interface LaneCall {
  readonly lane: LaneFunction;
  /** Values: inputs first, then results of the calls before. */
  readonly args: readonly number[];
}

/** How many operations the calls are for one element. */
export function countOperations(inputs: readonly DType[], calls: readonly LaneCall[]): number {
  let count = 0;
  const lanes = typeLanes(() => {
    count++;
  });
  const values: DType[] = [...inputs];
  for (const { lane, args } of calls) values.push(lane(lanes, ...args.map((arg) => values[arg])));
  return count;
}

export function isVectorizable(inputs: readonly DType[], calls: readonly LaneCall[]): boolean {
  let fits = inputs.every((dtype) => dtype !== "f64");
  const lanes = typeLanes((ok) => {
    fits = fits && ok;
  });
  const values: DType[] = [...inputs];
  for (const { lane, args } of calls) values.push(lane(lanes, ...args.map((arg) => values[arg])));
  return fits;
}
