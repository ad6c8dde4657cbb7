/** The registry: one line per op. Its type is what makes builder functions and test cases complete. */
import { add, div, max, min, mul, neg, sub } from "./arithmetic.js";
import { call } from "./call.js";
import { and, cast, eq, le, lt, not, or, select, stopGradient } from "./compare.js";
import { concat, reverse } from "./concat.js";
import { cond } from "./cond.js";
import { constant, iota, size } from "./constant.js";
import { cumlogsumexp, cummax, cumsum } from "./cumulative.js";
import { dotAdd } from "./dot-add.js";
import { dotGeneral } from "./dot-general.js";
import { dynamicSlice, dynamicUpdateSlice } from "./dynamic-slice.js";
import { gather, scatterAdd } from "./gather.js";
import { coupledRecurrence, linearRecurrence } from "./linear-recurrence.js";
import type { AnyOp } from "./op.js";
import { logAddExp } from "./log-add-exp.js";
import { mod, pow } from "./power.js";
import { randomBits } from "./random-bits.js";
import { argmax, broadcast, reduceMax, reduceSum } from "./reduce.js";
import { reshape, transpose } from "./reshape.js";
import { scan } from "./scan.js";
import { pad, slice } from "./slice.js";
import { abs, cos, erf, exp, expm1, floor, log, log1p, rsqrt, sigmoid, sign, sin, sqrt, tanh } from "./unary.js";
import { whileLoop } from "./while.js";
import { overlapAdd, windows } from "./windows.js";

export const ops = {
  abs,
  add,
  and,
  argmax,
  broadcast,
  call,
  cast,
  concat,
  cond,
  constant,
  cos,
  cumlogsumexp,
  cummax,
  cumsum,
  div,
  dotAdd,
  dotGeneral,
  dynamicSlice,
  dynamicUpdateSlice,
  eq,
  erf,
  exp,
  expm1,
  floor,
  gather,
  iota,
  le,
  linearRecurrence,
  coupledRecurrence,
  log,
  log1p,
  logAddExp,
  lt,
  max,
  min,
  mod,
  mul,
  neg,
  not,
  or,
  overlapAdd,
  pad,
  pow,
  randomBits,
  reduceMax,
  reduceSum,
  reshape,
  reverse,
  rsqrt,
  scan,
  scatterAdd,
  select,
  sigmoid,
  sign,
  sin,
  size,
  slice,
  sqrt,
  stopGradient,
  sub,
  tanh,
  transpose,
  while: whileLoop,
  windows,
} as const;

export type OpName = keyof typeof ops;

const byName = new Map<string, AnyOp>(Object.entries(ops));

/** The op of that name, or undefined. */
export const findOp = (name: string): AnyOp | undefined => byName.get(name);

/** The op of a node that a builder made; nodes read from outside are checked first. */
export function opNamed(name: string): AnyOp {
  const op = byName.get(name);
  if (op === undefined) throw new TypeError(`internal: no op is named ${name}; please report this`);
  return op;
}
