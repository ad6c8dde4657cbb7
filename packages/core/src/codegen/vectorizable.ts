/** How many elements a lane function computes at once: as many as fit a vector with the largest of its values. */
import type { LaneFunction } from "../kernel/kernel.js";
import type { Lanes, LaneType } from "../kernel/lanes.js";
import { isFloat, type DType } from "../shape/tensor-type.js";
import type { Width } from "./lanes-target.js";

/** Follows element types only, and notes of each operation how many fit a vector: two of 64 bits, one division of integers. */
export function typeLanes(note: (most: Width) => void): Lanes<LaneType> {
  const seen = (dtype: LaneType): LaneType => {
    note(dtype === "f64" || dtype === "i64" ? 2 : 4);
    return dtype;
  };
  const first = (x: LaneType): LaneType => seen(x);
  const mask = (x: LaneType): LaneType => {
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
      if (isFloat(x)) return seen(x);
      note(1);
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

/** What calls do for one element. */
export interface Operations {
  /** Of each call, how many. */
  readonly counts: readonly number[];
  /** Of all calls together. */
  readonly count: number;
  /** How many elements the calls compute at once, when they lie side by side. */
  readonly width: Width;
}

export function operationsOf(inputs: readonly DType[], calls: readonly LaneCall[]): Operations {
  const values: LaneType[] = [...inputs];
  const counts: number[] = [];
  let count = 0;
  let width: Width = inputs.includes("f64") ? 2 : 4;
  const lanes = typeLanes((most) => {
    count++;
    if (most < width) width = most;
  });
  for (const { lane, args } of calls) {
    const before = count;
    values.push(lane(lanes, ...args.map((arg) => values[arg])));
    counts.push(count - before);
  }
  return { counts, count, width };
}
