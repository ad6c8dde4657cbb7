/**
 * Uses of every op, from which ops.test.ts derives its tests: some that are right, and for each constraint one
 * that breaks only that. The type makes a missing op a compile error.
 */
import type { SimpleOpName } from "../src/graph/primitives.js";

/** Which numbers an operand may have; without one, floats lie in [-2, 2], i32 in [-5, 5], u32 anywhere. */
export type Domain =
  | "any"
  /** In [0.5, 2], away from poles and branch points. */
  | "positive"
  /** Whole numbers from 0 to below - 1. */
  | { readonly below: number };

export interface Case {
  /** A call written with types. Symbols are bound to sizes by the test. */
  readonly use: string;
  readonly domains?: readonly Domain[];
  /** Why central differences do not show the derivative. */
  readonly notDifferentiable?: string;
}

export interface OpCases {
  readonly valid: readonly (string | Case)[];
  /** By constraint label. */
  readonly invalid: Readonly<Record<string, string>>;
}

const unaryFloat = (name: string, domain: Domain = "any"): OpCases => ({
  valid: [`${name}(f32[3,2])`, `${name}(f64)`, `${name}(f32[B,0])`, `${name}(f32[B,T])`].map((use) => ({
    use,
    domains: [domain],
  })),
  invalid: { C1: `${name}(i32[2])` },
});

const unaryNumeric = (name: string): OpCases => ({
  valid: [`${name}(f32[3,2])`, `${name}(i32[4])`, `${name}(u32[4])`, `${name}(f32[B])`],
  invalid: { C1: `${name}(bool[2])` },
});

const binaryInvalid = (name: string): Readonly<Record<string, string>> => ({
  C1: `${name}(bool[2], bool[2])`,
  C2: `${name}(f32[2], f64[2])`,
  C3: `${name}(f32[2,1], f32[2,3])`,
});

const binaryNumeric = (name: string, domains?: readonly Domain[]): OpCases => ({
  valid: [
    { use: `${name}(f32[2,3], f32[2,3])`, domains },
    { use: `${name}(f64, f64)`, domains },
    { use: `${name}(f32[B,T+1], f32[B,T+1])`, domains },
    `${name}(i32[5], i32[5])`,
    `${name}(u32[5], u32[5])`,
  ],
  invalid: binaryInvalid(name),
});

const comparison = (name: string): OpCases => ({
  valid: [`${name}(f32[2,3], f32[2,3])`, `${name}(i32[8], i32[8])`, `${name}(u32, u32)`, `${name}(f32[B], f32[B])`],
  invalid: binaryInvalid(name),
});

const logic = (name: string): OpCases => ({
  valid: [`${name}(bool[7], bool[7])`, `${name}(bool[B], bool[B])`],
  invalid: { C1: `${name}(bool[2], i32[2])`, C2: `${name}(bool[2], bool[3])` },
});

const reduction = (name: string): OpCases => ({
  valid: [
    `${name}(f32[3,2,4]) {axes=[1]}`,
    `${name}(f32[3,2,4]) {axes=[0,2]}`,
    `${name}(f64[3]) {axes=[0]}`,
    `${name}(f32[3,2]) {axes=[]}`,
    `${name}(f32[B,T,2]) {axes=[0,1]}`,
    `${name}(i32[2,5]) {axes=[1]}`,
    `${name}(u32[5]) {axes=[0]}`,
  ],
  invalid: { C1: `${name}(bool[2]) {axes=[0]}`, C2: `${name}(f32[2,3]) {axes=[1,0]}` },
});

const positiveBase: readonly Domain[] = ["positive", "any"];
const positiveDivisor: readonly Domain[] = ["any", "positive"];

export const cases: { readonly [Name in SimpleOpName]: OpCases } = {
  abs: unaryNumeric("abs"),
  add: binaryNumeric("add"),
  and: logic("and"),
  argmax: {
    valid: [
      "argmax(f32[3,4]) {axis=1}",
      "argmax(f32[3,4,2]) {axis=0}",
      "argmax(i32[5]) {axis=0}",
      "argmax(f32[B,T]) {axis=1}",
    ],
    invalid: { C1: "argmax(bool[2]) {axis=0}", C2: "argmax(f32[2]) {axis=1}", C3: "argmax(f32[2,0]) {axis=1}" },
  },
  broadcast: {
    valid: [
      "broadcast(f32[3]) {dims=[2,3], axes=[1]}",
      "broadcast(f32[3]) {dims=[3,2], axes=[0]}",
      "broadcast(f64) {dims=[2,2], axes=[]}",
      "broadcast(f32[2,4]) {dims=[2,3,4,1], axes=[0,2]}",
      'broadcast(f32[B]) {dims=["B","T"], axes=[0]}',
      "broadcast(i32[2]) {dims=[0,2], axes=[1]}",
      "broadcast(bool) {dims=[3], axes=[]}",
    ],
    invalid: {
      C1: "broadcast(f32[3]) {dims=[2,3], axes=[]}",
      C2: "broadcast(f32[3,2]) {dims=[2,3], axes=[1,0]}",
      C3: "broadcast(f32[1]) {dims=[2,3], axes=[1]}",
    },
  },
  cast: {
    valid: [
      'cast(f32[3]) {dtype="f64"}',
      'cast(f64[3]) {dtype="f64"}',
      'cast(f32[6]) {dtype="i32"}',
      'cast(f32[6]) {dtype="u32"}',
      'cast(f32[6]) {dtype="bool"}',
      'cast(bool[4]) {dtype="f32"}',
      'cast(i32[B]) {dtype="f32"}',
      'cast(u32[4]) {dtype="i32"}',
      'cast(f64[3]) {dtype="f32"}',
    ],
    invalid: {},
  },
  concat: {
    valid: [
      "concat(f32[2,3], f32[1,3]) {axis=0}",
      "concat(f32[2,1], f32[2,3], f32[2,2]) {axis=1}",
      "concat(f64[2]) {axis=0}",
      "concat(f32[2,0,3], f32[2,2,3]) {axis=1}",
      "concat(f32[B,T], f32[B,1]) {axis=1}",
      "concat(f32[T-1,2], f32[1,2]) {axis=0}",
      "concat(i32[1], i32[2]) {axis=0}",
    ],
    invalid: {
      C1: "concat() {axis=0}",
      C2: "concat(f32[2], f32[2]) {axis=1}",
      C3: "concat(f32[2], f64[2]) {axis=0}",
      C4: "concat(f32[2,3], f32[2,4]) {axis=0}",
    },
  },
  constant: {
    valid: [
      'constant() {dtype="f32", dims=[2,2], data=[1,2,3,4]}',
      'constant() {dtype="f64", dims=[], data=[0.1]}',
      'constant() {dtype="i32", dims=["B",2], data=[-7]}',
      'constant() {dtype="bool", dims=[2], data=[0,1]}',
      'constant() {dtype="f32", dims=[0], data=[]}',
    ],
    invalid: {
      C1: 'constant() {dtype="f32", dims=[-1], data=[1]}',
      C2: 'constant() {dtype="f32", dims=[3], data=[1,2]}',
      C3: 'constant() {dtype="u32", dims=[], data=[-1]}',
    },
  },
  cos: unaryFloat("cos"),
  coupledRecurrence: {
    valid: [
      "coupledRecurrence(f32[4], f32[4], f32[4], f32[4], f32[4], f32[4], f32, f32) {axis=0, reverse=false}",
      "coupledRecurrence(f32[2,3,2], f32[2,3,2], f32[2,3,2], f32[2,3,2], f32[2,3,2], f32[2,3,2], f32[2,2], f32[2,2]) {axis=1, reverse=true}",
      "coupledRecurrence(f64[3,2], f64[3,2], f64[3,2], f64[3,2], f64[3,2], f64[3,2], f64[2], f64[2]) {axis=0, reverse=false}",
      "coupledRecurrence(f64[2,1], f64[2,1], f64[2,1], f64[2,1], f64[2,1], f64[2,1], f64[2,1], f64[2,1], f64[2,1], f64[2,1], f64[2,1], f64[2,1], f64[2], f64[2], f64[2]) {axis=1, reverse=true}",
      "coupledRecurrence(f32[0,2], f32[0,2], f32[0,2], f32[0,2], f32[0,2], f32[0,2], f32[2], f32[2]) {axis=0, reverse=true}",
      "coupledRecurrence(f32[B,T,2], f32[B,T,2], f32[B,T,2], f32[B,T,2], f32[B,T,2], f32[B,T,2], f32[B,2], f32[B,2]) {axis=1, reverse=false}",
      "coupledRecurrence(f32[T,B], f32[T,B], f32[T,B], f32[T,B], f32[T,B], f32[T,B], f32[B], f32[B]) {axis=0, reverse=true}",
      "coupledRecurrence(f32[T-1,B], f32[T-1,B], f32[T-1,B], f32[T-1,B], f32[T-1,B], f32[T-1,B], f32[B], f32[B]) {axis=0, reverse=false}",
    ],
    invalid: {
      C1: "coupledRecurrence(f32[4], f32[4], f32[4], f32[4], f32[4], f32, f32) {axis=0, reverse=false}",
      C2: "coupledRecurrence(i32[4], i32[4], i32[4], i32[4], i32[4], i32[4], i32, i32) {axis=0, reverse=false}",
      C3: "coupledRecurrence(f32[4], f32[4], f32[4], f32[4], f32[4], f32[4], f32, f64) {axis=0, reverse=false}",
      C4: "coupledRecurrence(f32[4], f32[4], f32[4], f32[4], f32[4], f32[3], f32, f32) {axis=0, reverse=false}",
      C5: "coupledRecurrence(f32[4], f32[4], f32[4], f32[4], f32[4], f32[4], f32, f32) {axis=1, reverse=false}",
      C6: "coupledRecurrence(f32[4,2], f32[4,2], f32[4,2], f32[4,2], f32[4,2], f32[4,2], f32[2], f32[4]) {axis=0, reverse=false}",
    },
  },
  cumlogsumexp: {
    valid: [
      "cumlogsumexp(f32[4]) {axis=0, reverse=false}",
      "cumlogsumexp(f32[2,3,2]) {axis=1, reverse=true}",
      "cumlogsumexp(f64[2,3]) {axis=0, reverse=true}",
      "cumlogsumexp(f32[B,T]) {axis=1, reverse=false}",
      "cumlogsumexp(f32[T-1,2]) {axis=0, reverse=true}",
      "cumlogsumexp(f32[0,2]) {axis=0, reverse=false}",
    ],
    invalid: {
      C1: "cumlogsumexp(i32[2]) {axis=0, reverse=false}",
      C2: "cumlogsumexp(f32[2]) {axis=1, reverse=false}",
    },
  },
  cummax: {
    valid: [
      "cummax(f32[4]) {axis=0, reverse=false}",
      "cummax(f32[2,3,2]) {axis=1, reverse=true}",
      "cummax(f64[2,5]) {axis=1, reverse=true}",
      "cummax(f32[B,T]) {axis=1, reverse=false}",
      "cummax(f32[T-1,2]) {axis=0, reverse=true}",
      "cummax(i32[5]) {axis=0, reverse=true}",
      "cummax(u32[5]) {axis=0, reverse=false}",
      "cummax(f32[0,2]) {axis=0, reverse=false}",
    ],
    invalid: { C1: "cummax(bool[2]) {axis=0, reverse=false}", C2: "cummax(f32[2]) {axis=-1, reverse=false}" },
  },
  cumsum: {
    valid: [
      "cumsum(f32[4]) {axis=0, reverse=false}",
      "cumsum(f32[2,3,2]) {axis=1, reverse=true}",
      "cumsum(f64[2,3]) {axis=0, reverse=true}",
      "cumsum(f32[B,T]) {axis=1, reverse=false}",
      "cumsum(i32[5]) {axis=0, reverse=true}",
      "cumsum(f32[0,2]) {axis=0, reverse=false}",
    ],
    invalid: { C1: "cumsum(bool[2]) {axis=0, reverse=false}", C2: "cumsum(f32[2]) {axis=-1, reverse=false}" },
  },
  div: binaryNumeric("div", positiveDivisor),
  dotAdd: {
    valid: [
      "dotAdd(f32[3,5], f32[5,2], f32[3,2]) {contractX=[1], contractY=[0], batchX=[], batchY=[]}",
      "dotAdd(f32[5,3], f32[2,5], f32[3,2]) {contractX=[0], contractY=[1], batchX=[], batchY=[]}",
      "dotAdd(f32[2,3,4], f32[2,4,5], f32[2,3,5]) {contractX=[2], contractY=[1], batchX=[0], batchY=[0]}",
      "dotAdd(f64[3], f64[3], f64) {contractX=[0], contractY=[0], batchX=[], batchY=[]}",
      "dotAdd(f32[2,0], f32[0,3], f32[2,3]) {contractX=[1], contractY=[0], batchX=[], batchY=[]}",
      "dotAdd(f32[B,T,3], f32[3,H], f32[B,T,H]) {contractX=[2], contractY=[0], batchX=[], batchY=[]}",
      "dotAdd(i32[2,3], i32[3,2], i32[2,2]) {contractX=[1], contractY=[0], batchX=[], batchY=[]}",
      "dotAdd(u32[2,3], u32[3,2], u32[2,2]) {contractX=[1], contractY=[0], batchX=[], batchY=[]}",
    ],
    invalid: {
      C1: "dotAdd(f32[3,3], f32[3,3], f32[3,3]) {contractX=[1,1], contractY=[0,1], batchX=[], batchY=[]}",
      C2: "dotAdd(f32[3,5], f32[4,2], f32[3,2]) {contractX=[1], contractY=[0], batchX=[], batchY=[]}",
      C3: "dotAdd(f32[B,5], f32[T,5], f32[B]) {contractX=[1], contractY=[1], batchX=[0], batchY=[0]}",
      C4: "dotAdd(bool[3], bool[3], bool) {contractX=[0], contractY=[0], batchX=[], batchY=[]}",
      C5: "dotAdd(f32[3], f64[3], f32) {contractX=[0], contractY=[0], batchX=[], batchY=[]}",
      C6: "dotAdd(f32[3,5], f32[5,2], f32[2,3]) {contractX=[1], contractY=[0], batchX=[], batchY=[]}",
    },
  },
  dotGeneral: {
    valid: [
      "dotGeneral(f32[3,5], f32[5,2]) {contractX=[1], contractY=[0], batchX=[], batchY=[]}",
      "dotGeneral(f32[5,3], f32[2,5]) {contractX=[0], contractY=[1], batchX=[], batchY=[]}",
      "dotGeneral(f32[2,3,4], f32[2,4,5]) {contractX=[2], contractY=[1], batchX=[0], batchY=[0]}",
      "dotGeneral(f32[3,2,4,5], f32[4,5,2,3]) {contractX=[2], contractY=[0], batchX=[1,0], batchY=[2,3]}",
      "dotGeneral(f32[2,3,4], f32[4,5,2]) {contractX=[0,2], contractY=[2,0], batchX=[], batchY=[]}",
      "dotGeneral(f32[2,3,2], f32[2,2,5]) {contractX=[2,0], contractY=[0,1], batchX=[], batchY=[]}",
      "dotGeneral(f64[3], f64[3]) {contractX=[0], contractY=[0], batchX=[], batchY=[]}",
      "dotGeneral(f32[3], f32[2]) {contractX=[], contractY=[], batchX=[], batchY=[]}",
      "dotGeneral(f32[3,2], f32[3,2]) {contractX=[], contractY=[], batchX=[0,1], batchY=[0,1]}",
      "dotGeneral(f32[2,0], f32[0,3]) {contractX=[1], contractY=[0], batchX=[], batchY=[]}",
      "dotGeneral(f32[B,T,3], f32[3,H]) {contractX=[2], contractY=[0], batchX=[], batchY=[]}",
      "dotGeneral(f32[T,B,2], f32[B,H,2]) {contractX=[2], contractY=[2], batchX=[1], batchY=[0]}",
      "dotGeneral(i32[2,3], i32[3,2]) {contractX=[1], contractY=[0], batchX=[], batchY=[]}",
      "dotGeneral(u32[2,3], u32[3,2]) {contractX=[1], contractY=[0], batchX=[], batchY=[]}",
    ],
    invalid: {
      C1: "dotGeneral(f32[3,3], f32[3,3]) {contractX=[1,1], contractY=[0,1], batchX=[], batchY=[]}",
      C2: "dotGeneral(f32[3,5], f32[4,2]) {contractX=[1], contractY=[0], batchX=[], batchY=[]}",
      C3: "dotGeneral(f32[B,5], f32[T,5]) {contractX=[1], contractY=[1], batchX=[0], batchY=[0]}",
      C4: "dotGeneral(bool[3], bool[3]) {contractX=[0], contractY=[0], batchX=[], batchY=[]}",
      C5: "dotGeneral(f32[3], f64[3]) {contractX=[0], contractY=[0], batchX=[], batchY=[]}",
    },
  },
  dynamicSlice: {
    valid: [
      "dynamicSlice(f32[5,4], i32[2]) {sizes=[2,3]}",
      "dynamicSlice(f64[7], i32[1]) {sizes=[7]}",
      "dynamicSlice(f32, i32[0]) {sizes=[]}",
      "dynamicSlice(f32[T,3], i32[2]) {sizes=[1,3]}",
      'dynamicSlice(f32[T+2,B], i32[2]) {sizes=["T","B"]}',
      "dynamicSlice(bool[4], i32[1]) {sizes=[2]}",
    ],
    invalid: { C1: "dynamicSlice(f32[5,4], i32[1]) {sizes=[2,3]}", C2: "dynamicSlice(f32[T], i32[1]) {sizes=[2]}" },
  },
  dynamicUpdateSlice: {
    valid: [
      "dynamicUpdateSlice(f32[5,4], f32[2,3], i32[2])",
      "dynamicUpdateSlice(f64[7], f64[7], i32[1])",
      "dynamicUpdateSlice(f32, f32, i32[0])",
      "dynamicUpdateSlice(f32[T,3], f32[1,3], i32[2])",
      "dynamicUpdateSlice(i32[4], i32[2], i32[1])",
    ],
    invalid: {
      C1: "dynamicUpdateSlice(f32[5], f32[2], u32[1])",
      C2: "dynamicUpdateSlice(f32[5], f64[2], i32[1])",
      C3: "dynamicUpdateSlice(f32[5,4], f32[2,5], i32[2])",
    },
  },
  eq: comparison("eq"),
  erf: unaryFloat("erf"),
  exp: unaryFloat("exp"),
  expm1: unaryFloat("expm1"),
  floor: unaryFloat("floor"),
  gather: {
    valid: [
      { use: "gather(f32[4,3], i32[2]) {axis=0, batch=0}", domains: ["any", { below: 4 }] },
      { use: "gather(f32[2,4,3], i32[2,2]) {axis=1, batch=0}", domains: ["any", { below: 4 }] },
      { use: "gather(f32[2,4,3], i32[2,5]) {axis=1, batch=1}", domains: ["any", { below: 4 }] },
      { use: "gather(f32[2,3,4,2], i32[2,3]) {axis=2, batch=1}", domains: ["any", { below: 4 }] },
      { use: "gather(f64[2,3,4], i32[2,3]) {axis=2, batch=2}", domains: ["any", { below: 4 }] },
      { use: "gather(f32[4], i32) {axis=0, batch=0}", domains: ["any", { below: 4 }] },
      { use: "gather(f32[3,2], i32[0]) {axis=0, batch=0}", domains: ["any", { below: 3 }] },
      { use: "gather(f32[5,H], i32[B,T]) {axis=0, batch=0}", domains: ["any", { below: 5 }] },
      { use: "gather(f32[B,T,5], i32[B,T]) {axis=2, batch=2}", domains: ["any", { below: 5 }] },
      { use: "gather(bool[3], i32[4]) {axis=0, batch=0}", domains: ["any", { below: 3 }] },
    ],
    invalid: {
      C1: "gather(f32[4], f32[2]) {axis=0, batch=0}",
      C2: "gather(f32[4], i32[2]) {axis=1, batch=0}",
      C3: "gather(f32[2,4], i32[2]) {axis=0, batch=1}",
      C4: "gather(f32[2,4], i32[3]) {axis=1, batch=1}",
    },
  },
  iota: {
    valid: [
      'iota() {dtype="i32", dims=[2,3], axis=1}',
      'iota() {dtype="f32", dims=[3,2], axis=0}',
      'iota() {dtype="u32", dims=["T"], axis=0}',
    ],
    invalid: {
      C1: 'iota() {dtype="i32", dims=[-2], axis=0}',
      C2: 'iota() {dtype="i32", dims=[2], axis=1}',
      C3: 'iota() {dtype="bool", dims=[2], axis=0}',
    },
  },
  le: comparison("le"),
  linearRecurrence: {
    valid: [
      "linearRecurrence(f32[4], f32[4], f32) {axis=0, reverse=false}",
      "linearRecurrence(f32[2,3,2], f32[2,3,2], f32[2,2]) {axis=1, reverse=true}",
      "linearRecurrence(f64[3,2], f64[3,2], f64[2]) {axis=0, reverse=false}",
      "linearRecurrence(f32[2,1], f32[2,1], f32[2]) {axis=1, reverse=false}",
      "linearRecurrence(f32[0,2], f32[0,2], f32[2]) {axis=0, reverse=true}",
      "linearRecurrence(f32[B,T,2], f32[B,T,2], f32[B,2]) {axis=1, reverse=false}",
      "linearRecurrence(f32[T,B], f32[T,B], f32[B]) {axis=0, reverse=true}",
      "linearRecurrence(f32[T-1,B], f32[T-1,B], f32[B]) {axis=0, reverse=false}",
    ],
    invalid: {
      C1: "linearRecurrence(i32[4], i32[4], i32) {axis=0, reverse=false}",
      C2: "linearRecurrence(f32[4], f32[4], f64) {axis=0, reverse=false}",
      C3: "linearRecurrence(f32[4], f32[3], f32) {axis=0, reverse=false}",
      C4: "linearRecurrence(f32[4], f32[4], f32) {axis=1, reverse=false}",
      C5: "linearRecurrence(f32[4,2], f32[4,2], f32[4]) {axis=0, reverse=false}",
    },
  },
  log: unaryFloat("log", "positive"),
  log1p: unaryFloat("log1p", "positive"),
  logAddExp: {
    valid: ["logAddExp(f32[2,3], f32[2,3])", "logAddExp(f64, f64)", "logAddExp(f32[B,T+1], f32[B,T+1])"],
    invalid: { ...binaryInvalid("logAddExp"), C1: "logAddExp(i32[2], i32[2])" },
  },
  lt: comparison("lt"),
  max: binaryNumeric("max"),
  min: binaryNumeric("min"),
  mod: binaryNumeric("mod", positiveDivisor),
  mul: binaryNumeric("mul"),
  neg: unaryNumeric("neg"),
  not: { valid: ["not(bool[5])", "not(bool[B])"], invalid: { C1: "not(i32[2])" } },
  or: logic("or"),
  overlapAdd: {
    valid: [
      "overlapAdd(f32[3,2]) {axes=[0], steps=[1], dilations=[1], lengths=[4]}",
      "overlapAdd(f32[2,2,3,2]) {axes=[1], steps=[3], dilations=[2], lengths=[8]}",
      "overlapAdd(f32[2,3,2,2,3]) {axes=[0,1], steps=[2,1], dilations=[1,1], lengths=[5,5]}",
      "overlapAdd(f64[2,3,4,3,2]) {axes=[0,2], steps=[2,1], dilations=[1,3], lengths=[6,7]}",
      "overlapAdd(f32[3]) {axes=[], steps=[], dilations=[], lengths=[]}",
      'overlapAdd(f32[B,T,2,3]) {axes=[1], steps=[1], dilations=[1], lengths=["T+2"]}',
      "overlapAdd(f32[0,2,3]) {axes=[1], steps=[1], dilations=[1], lengths=[4]}",
      "overlapAdd(i32[3,5]) {axes=[0], steps=[2], dilations=[1], lengths=[9]}",
      "overlapAdd(u32[3,2]) {axes=[0], steps=[1], dilations=[1], lengths=[4]}",
    ],
    invalid: {
      C1: "overlapAdd(bool[3,2]) {axes=[0], steps=[1], dilations=[1], lengths=[4]}",
      C2: "overlapAdd(f32[3,2]) {axes=[1], steps=[1], dilations=[1], lengths=[4]}",
      C3: "overlapAdd(f32[3,2]) {axes=[0], steps=[0], dilations=[1], lengths=[4]}",
      C4: "overlapAdd(f32[3,2]) {axes=[0], steps=[1], dilations=[1], lengths=[5]}",
    },
  },
  pad: {
    valid: [
      "pad(f32[3], f32) {low=[1], high=[2], interior=[0]}",
      "pad(f32[3,2], f32) {low=[1,0], high=[0,2], interior=[2,1]}",
      "pad(f64[0,2], f64) {low=[1,0], high=[2,0], interior=[1,3]}",
      "pad(f32, f32) {low=[], high=[], interior=[]}",
      'pad(f32[T,2], f32) {low=[1,0], high=["T",0], interior=[0,1]}',
      "pad(f32[B,T], f32) {low=[0,1], high=[0,0], interior=[0,2]}",
      'pad(f32[T], f32) {low=[0], high=["8*ceil(T/8)-T"], interior=[0]}',
      "pad(i32[2], i32) {low=[1], high=[1], interior=[1]}",
    ],
    invalid: {
      C1: "pad(f32[3], f32[1]) {low=[1], high=[2], interior=[0]}",
      C2: "pad(f32[3], f32) {low=[1,1], high=[2], interior=[0]}",
      C3: "pad(f32[3], f32) {low=[-1], high=[2], interior=[0]}",
      C4: "pad(f32[T-1], f32) {low=[1], high=[2], interior=[1]}",
    },
  },
  pow: {
    valid: [
      { use: "pow(f32[2,3], f32[2,3])", domains: positiveBase },
      { use: "pow(f64, f64)", domains: positiveBase },
      { use: "pow(f32[B], f32[B])", domains: positiveBase },
    ],
    invalid: { ...binaryInvalid("pow"), C1: "pow(i32[2], i32[2])" },
  },
  randomBits: {
    valid: [
      'randomBits(u32[2], i32) {stream="dropout", dims=[2,3]}',
      'randomBits(u32[2], i32) {stream="", dims=[]}',
      'randomBits(u32[2], i32) {stream="größe", dims=["B","T"]}',
    ],
    invalid: {
      C1: 'randomBits(u32[3], i32) {stream="a", dims=[2]}',
      C2: 'randomBits(u32[2], u32) {stream="a", dims=[2]}',
      C3: 'randomBits(u32[2], i32) {stream="a", dims=[-2]}',
    },
  },
  reduceMax: reduction("reduceMax"),
  reduceSum: reduction("reduceSum"),
  reshape: {
    valid: [
      "reshape(f32[2,6]) {dims=[3,4]}",
      "reshape(f64[1,1]) {dims=[]}",
      'reshape(f32[B,T,2]) {dims=["2*B*T"]}',
      "reshape(bool[4]) {dims=[2,2]}",
    ],
    invalid: { C1: "reshape(f32[2,6]) {dims=[-3,-4]}", C2: 'reshape(f32[B,6]) {dims=["T",6]}' },
  },
  reverse: {
    valid: [
      "reverse(f32[3]) {axes=[0]}",
      "reverse(f32[2,3,2]) {axes=[0,2]}",
      "reverse(f64[2,3]) {axes=[]}",
      "reverse(f32[2,0]) {axes=[1]}",
      "reverse(f32[B,T]) {axes=[1]}",
      "reverse(i32[4]) {axes=[0]}",
    ],
    invalid: { C1: "reverse(f32[2]) {axes=[1]}" },
  },
  rsqrt: unaryFloat("rsqrt", "positive"),
  scatterAdd: {
    valid: [
      { use: "scatterAdd(f32[3,2], i32[5], f32[5,2]) {axis=0, batch=0}", domains: ["any", { below: 3 }] },
      { use: "scatterAdd(f32[2,3,2], i32[4], f32[2,4,2]) {axis=1, batch=0}", domains: ["any", { below: 3 }] },
      { use: "scatterAdd(f64[2,3,2], i32[2,4], f64[2,4,2]) {axis=1, batch=1}", domains: ["any", { below: 3 }] },
      { use: "scatterAdd(f32[2,2,3], i32[2], f32[2,2]) {axis=2, batch=1}", domains: ["any", { below: 3 }] },
      { use: "scatterAdd(f32[3], i32, f32) {axis=0, batch=0}", domains: ["any", { below: 3 }] },
      { use: "scatterAdd(f32[5,H], i32[B,T], f32[B,T,H]) {axis=0, batch=0}", domains: ["any", { below: 5 }] },
      { use: "scatterAdd(i32[3], i32[4], i32[4]) {axis=0, batch=0}", domains: ["any", { below: 3 }] },
    ],
    invalid: {
      C1: "scatterAdd(f32[4], u32[2], f32[2]) {axis=0, batch=0}",
      C2: "scatterAdd(f32[4], i32[2], f32[2]) {axis=-1, batch=0}",
      C3: "scatterAdd(f32[4], i32[2], f32[2]) {axis=0, batch=-1}",
      C4: "scatterAdd(f32[2,4], i32[3], f32[2]) {axis=1, batch=1}",
      C5: "scatterAdd(f32[4,2], i32[3], f32[3]) {axis=0, batch=0}",
      C6: "scatterAdd(bool[4], i32[3], bool[3]) {axis=0, batch=0}",
    },
  },
  select: {
    valid: [
      "select(bool[2,3], f32[2,3], f32[2,3])",
      "select(bool, f64, f64)",
      "select(bool[B], f32[B], f32[B])",
      "select(bool[4], i32[4], i32[4])",
    ],
    invalid: {
      C1: "select(i32[2], f32[2], f32[2])",
      C2: "select(bool[2], f32[2], f64[2])",
      C3: "select(bool, f32[2], f32[2])",
    },
  },
  sigmoid: unaryFloat("sigmoid"),
  sign: unaryNumeric("sign"),
  sin: unaryFloat("sin"),
  size: {
    valid: ['size() {dtype="f32", dim="B*T"}', 'size() {dtype="i32", dim=7}', 'size() {dtype="u32", dim="T"}'],
    invalid: { C1: 'size() {dtype="bool", dim="T"}', C2: 'size() {dtype="i32", dim=-1}' },
  },
  slice: {
    valid: [
      "slice(f32[5]) {start=[1], limit=[4], step=[1]}",
      "slice(f32[7,3]) {start=[1,0], limit=[7,3], step=[2,2]}",
      "slice(f64[8]) {start=[0], limit=[7], step=[3]}",
      "slice(f32[4]) {start=[2], limit=[2], step=[2]}",
      "slice(f32) {start=[], limit=[], step=[]}",
      'slice(f32[T,2]) {start=[0,0], limit=["T-1",2], step=[1,1]}',
      'slice(f32[T,2]) {start=["T-1",0], limit=["T",2], step=[1,1]}',
      'slice(f32[T,B]) {start=[0,0], limit=["T","B"], step=[2,1]}',
      'slice(f32[2*T+1]) {start=[1], limit=["2*T+1"], step=[2]}',
      "slice(bool[5]) {start=[0], limit=[5], step=[4]}",
    ],
    invalid: {
      C1: "slice(f32[5,2]) {start=[1], limit=[4], step=[1]}",
      C2: "slice(f32[5]) {start=[1], limit=[4], step=[0]}",
      C3: "slice(f32[T]) {start=[0], limit=[2], step=[1]}",
      C4: 'slice(f32[T]) {start=[1], limit=["T"], step=[2]}',
    },
  },
  sqrt: unaryFloat("sqrt", "positive"),
  stopGradient: {
    valid: [{ use: "stopGradient(f32[3])", notDifferentiable: "that is its purpose" }, "stopGradient(i32[B])"],
    invalid: {},
  },
  sub: binaryNumeric("sub"),
  tanh: unaryFloat("tanh"),
  transpose: {
    valid: [
      "transpose(f32[2,3]) {order=[1,0]}",
      "transpose(f32[2,3,4]) {order=[2,0,1]}",
      "transpose(f64) {order=[]}",
      "transpose(f32[B,T,2]) {order=[1,0,2]}",
      "transpose(bool[2,3]) {order=[1,0]}",
    ],
    invalid: { C1: "transpose(f32[2,3]) {order=[0,0]}" },
  },
  windows: {
    valid: [
      "windows(f32[4]) {axes=[0], sizes=[2], steps=[1], dilations=[1]}",
      "windows(f32[2,8,3]) {axes=[1], sizes=[2], steps=[3], dilations=[2]}",
      "windows(f32[5,5,2]) {axes=[0,1], sizes=[2,3], steps=[2,1], dilations=[1,1]}",
      "windows(f64[6,3,7]) {axes=[0,2], sizes=[3,2], steps=[2,1], dilations=[1,3]}",
      "windows(f32[3]) {axes=[], sizes=[], steps=[], dilations=[]}",
      "windows(f32[B,T+2,3]) {axes=[1], sizes=[3], steps=[1], dilations=[1]}",
      "windows(f32[B,T+3]) {axes=[1], sizes=[2], steps=[2], dilations=[2]}",
      "windows(f32[0,4]) {axes=[1], sizes=[3], steps=[1], dilations=[1]}",
      "windows(bool[5]) {axes=[0], sizes=[1], steps=[2], dilations=[1]}",
    ],
    invalid: {
      C1: "windows(f32[4,4]) {axes=[1,0], sizes=[2,2], steps=[1,1], dilations=[1,1]}",
      C2: "windows(f32[4]) {axes=[0], sizes=[2], steps=[0], dilations=[1]}",
      C3: "windows(f32[T+1]) {axes=[0], sizes=[3], steps=[1], dilations=[1]}",
    },
  },
};
