/**
 * Lane arithmetic as WebAssembly: one value at a time, or four 32-bit values in a vector. The two
 * targets are two tables of opcodes; everything else is common.
 */
import type { Lanes } from "../kernel/lanes.js";
import type { DType } from "../shape/tensor-type.js";
import { F32, F64, I32, unsigned, V128, type Code, type Local, type ValueType } from "./assembler.js";

/** A value in a local variable, and what its bits mean. */
export interface Operand {
  readonly dtype: DType;
  readonly local: Local;
}

export type Width = 1 | 4;
export type Precision = "fast" | "reproducible";

type Opcode = readonly number[];
type Table = Readonly<Partial<Record<DType, Opcode>>>;

const simd = (opcode: number): Opcode => [0xfd, ...unsigned(opcode)];
const ints = (opcode: Opcode): Table => ({ i32: opcode, u32: opcode });
const masks = (opcode: Opcode): Table => ({ i32: opcode, u32: opcode, bool: opcode });

interface Target {
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

const SCALAR: Target = {
  add: { f32: [0x92], f64: [0xa0], ...ints([0x6a]) },
  sub: { f32: [0x93], f64: [0xa1], ...ints([0x6b]) },
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
  eq: { f32: [0x5b], f64: [0x61], ...ints([0x46]) },
  lt: { f32: [0x5d], f64: [0x63], i32: [0x48], u32: [0x49] },
  le: { f32: [0x5f], f64: [0x65], i32: [0x4c], u32: [0x4d] },
  and: masks([0x71]),
  or: masks([0x72]),
  xor: masks([0x73]),
  shiftLeft: ints([0x74]),
  shiftRight: { i32: [0x75], u32: [0x76] },
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
  },
  bitcast: { "f32>i32": [0xbc], "f32>u32": [0xbc], "i32>f32": [0xbe], "u32>f32": [0xbe] },
};

const VECTOR: Target = {
  add: { f32: simd(0xe4), ...ints(simd(0xae)) },
  sub: { f32: simd(0xe5), ...ints(simd(0xb1)) },
  mul: { f32: simd(0xe6), ...ints(simd(0xb5)) },
  div: { f32: simd(0xe7) },
  min: { f32: simd(0xe8), i32: simd(0xb6), u32: simd(0xb7) },
  max: { f32: simd(0xe9), i32: simd(0xb8), u32: simd(0xb9) },
  neg: { f32: simd(0xe1), ...ints(simd(0xa1)) },
  abs: { f32: simd(0xe0), i32: simd(0xa0) },
  sqrt: { f32: simd(0xe3) },
  floor: { f32: simd(0x68) },
  trunc: { f32: simd(0x69) },
  nearest: { f32: simd(0x6a) },
  eq: { f32: simd(0x41), ...ints(simd(0x37)) },
  lt: { f32: simd(0x43), i32: simd(0x39), u32: simd(0x3a) },
  le: { f32: simd(0x45), i32: simd(0x3d), u32: simd(0x3e) },
  and: masks(simd(0x4e)),
  or: masks(simd(0x50)),
  xor: masks(simd(0x51)),
  shiftLeft: ints(simd(0xab)),
  shiftRight: { i32: simd(0xac), u32: simd(0xad) },
  convert: {
    "f32>i32": simd(0xf8),
    "f32>u32": simd(0xf9),
    "i32>f32": simd(0xfa),
    "u32>f32": simd(0xfb),
  },
  bitcast: {},
};

const SPLAT = { i32: simd(0x11), f32: simd(0x13) } as const;
const BITSELECT = simd(0x52);
const RELAXED_MADD = simd(0x105);
const RELAXED_NMADD = simd(0x106);
const PSEUDO_MIN = simd(0xea);
const PSEUDO_MAX = simd(0xeb);
const ANY_TRUE = simd(0x53);
const SELECT = [0x1b];

export const valueType = (dtype: DType, width: Width): ValueType =>
  width === 4 ? V128 : dtype === "f32" ? F32 : dtype === "f64" ? F64 : I32;

/** Lane arithmetic that appends to `code`. Every result gets a local of its own; engines keep those in registers. */
export function wasmLanes(code: Code, width: Width, precision: Precision): Lanes<Operand> {
  const target = width === 4 ? VECTOR : SCALAR;

  const result = (dtype: DType): Operand => {
    const local = code.local(valueType(dtype, width));
    code.set(local);
    return { dtype, local };
  };
  const get = (...operands: readonly Operand[]): void => {
    for (const { local } of operands) code.get(local);
  };
  const opcodeOf = (table: Table, name: string, dtype: DType): Opcode => {
    const opcode = table[dtype];
    if (opcode === undefined) throw new TypeError(`internal: no ${name} for ${dtype} lanes; please report this`);
    return opcode;
  };
  const unary =
    (name: "neg" | "abs" | "sqrt" | "floor" | "trunc" | "nearest") =>
    (x: Operand): Operand => {
      get(x);
      code.op(...opcodeOf(target[name], name, x.dtype));
      return result(x.dtype);
    };
  const binary =
    (name: "add" | "sub" | "mul" | "div" | "min" | "max" | "and" | "or" | "xor") =>
    (x: Operand, y: Operand): Operand => {
      get(x, y);
      code.op(...opcodeOf(target[name], name, x.dtype));
      return result(x.dtype);
    };
  /** Scalar comparisons give 0 or 1; a mask is 0 or -1. */
  const compare =
    (name: "eq" | "lt" | "le") =>
    (x: Operand, y: Operand): Operand => {
      if (width === 1) code.i32(0);
      get(x, y);
      code.op(...opcodeOf(target[name], name, x.dtype));
      if (width === 1) code.op(0x6b);
      return result("bool");
    };
  const shift =
    (name: "shiftLeft" | "shiftRight") =>
    (x: Operand, by: number): Operand => {
      get(x);
      code.i32(by);
      code.op(...opcodeOf(target[name], name, x.dtype));
      return result(x.dtype);
    };

  const fuses = ({ dtype }: Operand): boolean => width === 4 && precision === "fast" && dtype === "f32";

  const lanes: Lanes<Operand> = {
    typeOf: (x) => x.dtype,
    constant(dtype, value) {
      if (dtype === "f64") code.f64(value);
      else if (dtype === "f32") code.f32(value);
      else code.i32(dtype === "bool" ? -Number(value !== 0) : value | 0);
      if (width === 4) code.op(...(dtype === "f32" ? SPLAT.f32 : SPLAT.i32));
      return result(dtype);
    },
    add: binary("add"),
    sub: binary("sub"),
    mul: binary("mul"),
    div: binary("div"),
    madd(x, y, z) {
      if (!fuses(x)) return lanes.add(lanes.mul(x, y), z);
      get(x, y, z);
      code.op(...RELAXED_MADD);
      return result(x.dtype);
    },
    nmadd(x, y, z) {
      if (!fuses(x)) return lanes.sub(z, lanes.mul(x, y));
      get(x, y, z);
      code.op(...RELAXED_NMADD);
      return result(x.dtype);
    },
    lesser(x, y) {
      if (width === 1) return lanes.select(lanes.lt(y, x), y, x);
      get(x, y);
      code.op(...PSEUDO_MIN);
      return result(x.dtype);
    },
    greater(x, y) {
      if (width === 1) return lanes.select(lanes.lt(x, y), y, x);
      get(x, y);
      code.op(...PSEUDO_MAX);
      return result(x.dtype);
    },
    rarely(mask, usual, rare) {
      const chosen = usual.map((value) => {
        get(value);
        return result(value.dtype);
      });
      get(mask);
      if (width === 4) code.op(...ANY_TRUE);
      code.when(() => {
        rare().forEach((value, i) => {
          get(lanes.select(mask, value, usual[i]));
          code.set(chosen[i].local);
        });
      });
      return chosen;
    },
    min: (x, y) => (hasOpcode(target.min, x) ? binary("min")(x, y) : lanes.select(lanes.lt(y, x), y, x)),
    max: (x, y) => (hasOpcode(target.max, x) ? binary("max")(x, y) : lanes.select(lanes.lt(x, y), y, x)),
    neg: (x) => (hasOpcode(target.neg, x) ? unary("neg")(x) : lanes.sub(lanes.constant(x.dtype, 0), x)),
    abs(x) {
      if (x.dtype === "u32") return x;
      return hasOpcode(target.abs, x) ? unary("abs")(x) : lanes.max(x, lanes.neg(x));
    },
    sqrt: unary("sqrt"),
    floor: unary("floor"),
    trunc: unary("trunc"),
    nearest: unary("nearest"),
    eq: compare("eq"),
    lt: compare("lt"),
    le: compare("le"),
    and: binary("and"),
    or: binary("or"),
    xor: binary("xor"),
    not: (x) => binary("xor")(x, { ...lanes.constant("i32", -1), dtype: x.dtype }),
    shiftLeft: shift("shiftLeft"),
    shiftRight: shift("shiftRight"),
    select(mask, x, y) {
      get(x, y, mask);
      code.op(...(width === 4 ? BITSELECT : SELECT));
      return result(x.dtype);
    },
    convert(x, dtype) {
      if (x.dtype === dtype) return x;
      if (x.dtype === "bool") {
        const one = lanes.constant(dtype, 1);
        return lanes.select(x, one, lanes.constant(dtype, 0));
      }
      if (dtype === "bool") return lanes.not(lanes.eq(x, lanes.constant(x.dtype, 0)));
      const opcode = target.convert[`${x.dtype}>${dtype}`];
      // Between i32 and u32 the bits stay.
      if (opcode === undefined) return { ...x, dtype };
      get(x);
      code.op(...opcode);
      return result(dtype);
    },
    bitcast(x, dtype) {
      const opcode = target.bitcast[`${x.dtype}>${dtype}`];
      if (opcode === undefined) return { ...x, dtype };
      get(x);
      code.op(...opcode);
      return result(dtype);
    },
  };
  return lanes;
}

const hasOpcode = (table: Table, { dtype }: Operand): boolean => table[dtype] !== undefined;

const LOADS: Readonly<Record<DType, Opcode>> = { f32: [0x2a], f64: [0x2b], i32: [0x28], u32: [0x28], bool: [0x28] };
const STORES: Readonly<Record<DType, Opcode>> = { f32: [0x38], f64: [0x39], i32: [0x36], u32: [0x36], bool: [0x36] };
const VECTOR_LOAD = simd(0x00);
const VECTOR_STORE = simd(0x0b);
const LOAD_SPLAT = simd(0x09);
/** Alignment is a hint; 4 bytes hold for every element. */
const ALIGN_4 = 2;

export const BYTES: Readonly<Record<DType, number>> = { f32: 4, f64: 8, i32: 4, u32: 4, bool: 4 };

/** Loads the element at address + bytes; with width 4 that and the next three, or one in all four lanes. */
export function load(code: Code, dtype: DType, address: Local, bytes: number, width: Width, splat: boolean): Operand {
  code.get(address);
  const opcode = width === 1 ? LOADS[dtype] : splat ? LOAD_SPLAT : VECTOR_LOAD;
  code.op(...opcode, ALIGN_4, ...unsigned(bytes));
  const local = code.local(valueType(dtype, width));
  code.set(local);
  return { dtype, local };
}

export function store(code: Code, { dtype, local }: Operand, address: Local, bytes: number, width: Width): void {
  code.get(address);
  code.get(local);
  code.op(...(width === 1 ? STORES[dtype] : VECTOR_STORE), ALIGN_4, ...unsigned(bytes));
}
