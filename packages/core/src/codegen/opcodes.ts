/** The instructions that carry out lane arithmetic on one value at a time, and on vectors. */
import type { LaneType } from "../kernel/lanes.js";
import { unsigned } from "./assembler.js";

export type Opcode = readonly number[];
/** By the type of the operands. */
export type Table = Readonly<Partial<Record<LaneType, Opcode>>>;

export const simd = (opcode: number): Opcode => [0xfd, ...unsigned(opcode)];
const ints = (opcode: Opcode): Table => ({ i32: opcode, u32: opcode });
const masks = (opcode: Opcode): Table => ({ i32: opcode, u32: opcode, bool: opcode });

export interface Target {
  readonly add: Table;
  readonly sub: Table;
  readonly mul: Table;
  readonly div: Table;
  readonly min: Table;
  readonly max: Table;
  readonly neg: Table;
  readonly abs: Table;
  readonly sqrt: Table;
  readonly floor: Table;
  readonly trunc: Table;
  readonly nearest: Table;
  readonly eq: Table;
  readonly lt: Table;
  readonly le: Table;
  readonly and: Table;
  readonly or: Table;
  readonly xor: Table;
  readonly shiftLeft: Table;
  readonly shiftRight: Table;
  /** By "from>to". */
  readonly convert: Readonly<Record<string, Opcode>>;
  readonly bitcast: Readonly<Record<string, Opcode>>;
}

export const SCALAR: Target = {
  add: { f32: [0x92], f64: [0xa0], i64: [0x7c], ...ints([0x6a]) },
  sub: { f32: [0x93], f64: [0xa1], i64: [0x7d], ...ints([0x6b]) },
  mul: { f32: [0x94], f64: [0xa2], ...ints([0x6c]) },
  div: { f32: [0x95], f64: [0xa3] },
  min: { f32: [0x96], f64: [0xa4] },
  max: { f32: [0x97], f64: [0xa5] },
  neg: { f32: [0x8c], f64: [0x9a] },
  abs: { f32: [0x8b], f64: [0x99] },
  sqrt: { f32: [0x91], f64: [0x9f] },
  floor: { f32: [0x8e], f64: [0x9c] },
  trunc: { f32: [0x8f], f64: [0x9d] },
  nearest: { f32: [0x90], f64: [0x9e] },
  eq: { f32: [0x5b], f64: [0x61], i64: [0x51], ...ints([0x46]) },
  lt: { f32: [0x5d], f64: [0x63], i64: [0x53], i32: [0x48], u32: [0x49] },
  le: { f32: [0x5f], f64: [0x65], i64: [0x57], i32: [0x4c], u32: [0x4d] },
  and: { i64: [0x83], ...masks([0x71]) },
  or: { i64: [0x84], ...masks([0x72]) },
  xor: { i64: [0x85], ...masks([0x73]) },
  shiftLeft: { i64: [0x86], ...ints([0x74]) },
  shiftRight: { i32: [0x75], u32: [0x76], i64: [0x87] },
  convert: {
    "f32>i32": [0xfc, 0x00],
    "f32>u32": [0xfc, 0x01],
    "f64>i32": [0xfc, 0x02],
    "f64>u32": [0xfc, 0x03],
    "i32>f32": [0xb2],
    "u32>f32": [0xb3],
    "i32>f64": [0xb7],
    "u32>f64": [0xb8],
    "f64>f32": [0xb6],
    "f32>f64": [0xbb],
    "i64>f64": [0xb9],
  },
  bitcast: {
    "f32>i32": [0xbc],
    "f32>u32": [0xbc],
    "i32>f32": [0xbe],
    "u32>f32": [0xbe],
    "f64>i64": [0xbd],
    "i64>f64": [0xbf],
  },
};

/** Of four values of 32 bits, or of two where there are 64: then 32-bit values use the lower half of a vector. */
export const VECTOR: Target = {
  add: { f32: simd(0xe4), f64: simd(0xf0), i64: simd(0xce), ...ints(simd(0xae)) },
  sub: { f32: simd(0xe5), f64: simd(0xf1), i64: simd(0xd1), ...ints(simd(0xb1)) },
  mul: { f32: simd(0xe6), f64: simd(0xf2), ...ints(simd(0xb5)) },
  div: { f32: simd(0xe7), f64: simd(0xf3) },
  min: { f32: simd(0xe8), f64: simd(0xf4), i32: simd(0xb6), u32: simd(0xb7) },
  max: { f32: simd(0xe9), f64: simd(0xf5), i32: simd(0xb8), u32: simd(0xb9) },
  neg: { f32: simd(0xe1), f64: simd(0xed), ...ints(simd(0xa1)) },
  abs: { f32: simd(0xe0), f64: simd(0xec), i32: simd(0xa0) },
  sqrt: { f32: simd(0xe3), f64: simd(0xef) },
  floor: { f32: simd(0x68), f64: simd(0x75) },
  trunc: { f32: simd(0x69), f64: simd(0x7a) },
  nearest: { f32: simd(0x6a), f64: simd(0x94) },
  eq: { f32: simd(0x41), f64: simd(0x47), i64: simd(0xd6), ...ints(simd(0x37)) },
  lt: { f32: simd(0x43), f64: simd(0x49), i64: simd(0xd8), i32: simd(0x39), u32: simd(0x3a) },
  le: { f32: simd(0x45), f64: simd(0x4b), i64: simd(0xda), i32: simd(0x3d), u32: simd(0x3e) },
  and: { i64: simd(0x4e), ...masks(simd(0x4e)) },
  or: { i64: simd(0x50), ...masks(simd(0x50)) },
  xor: { i64: simd(0x51), ...masks(simd(0x51)) },
  shiftLeft: { i64: simd(0xcb), ...ints(simd(0xab)) },
  shiftRight: { i32: simd(0xac), u32: simd(0xad), i64: simd(0xcc) },
  convert: {
    "f32>i32": simd(0xf8),
    "f32>u32": simd(0xf9),
    "i32>f32": simd(0xfa),
    "u32>f32": simd(0xfb),
    "f64>i32": simd(0xfc),
    "f64>u32": simd(0xfd),
    "i32>f64": simd(0xfe),
    "u32>f64": simd(0xff),
    "f64>f32": simd(0x5e),
    "f32>f64": simd(0x5f),
  },
  bitcast: {},
};

/** What only vectors have, by the type of the operands. */
export const VECTOR_ONLY = {
  splat: { f32: simd(0x13), f64: simd(0x14), i64: simd(0x12), ...masks(simd(0x11)) },
  /** x·y + z, and z - x·y, with one rounding or with two. */
  madd: { f32: simd(0x105), f64: simd(0x107) },
  nmadd: { f32: simd(0x106), f64: simd(0x108) },
  lesser: { f32: simd(0xea), f64: simd(0xf6) },
  greater: { f32: simd(0xeb), f64: simd(0xf7) },
} as const satisfies Readonly<Record<string, Table>>;
