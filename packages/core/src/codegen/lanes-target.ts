/**
 * Lane arithmetic as WebAssembly: one value at a time, or a vector of four values of 32 bits or of two of 64. The
 * targets are tables of opcodes; everything else is common.
 */
import type { Lanes, LaneType } from "../kernel/lanes.js";
import { isFloat, type DType } from "../shape/tensor-type.js";
import { F32, F64, I32, I64, unsigned, V128, type Code, type Local, type ValueType } from "./assembler.js";
import { SCALAR, simd, VECTOR, VECTOR_ONLY, type Opcode, type Table } from "./opcodes.js";

/** A value in a local variable, and what its bits mean. */
export interface Operand {
  readonly dtype: LaneType;
  readonly local: Local;
  /** A mask of two lanes of 64 bits, as the comparison of such values gives. */
  readonly isWide?: boolean;
}

/** Values at a time. With two, values of 32 bits lie in the lower half of a vector, and the upper half says nothing. */
export type Width = 1 | 2 | 4;
export type Precision = "fast" | "reproducible";

const BITSELECT = simd(0x52);
const ANY_TRUE = simd(0x53);
const SELECT = [0x1b];
/** Of a mask of 32-bit lanes one of 64-bit lanes. */
const EXTEND = simd(0xc7);
/** Of a mask of 64-bit lanes one of 32-bit lanes, in both halves. */
const NARROW = [...simd(0x0d), 0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11];
/** Added to a whole number as bits, it makes the f64 that is larger by 1.5·2^52. */
const WHOLE_AS_F64 = 1.5 * 2 ** 52;
const BITS_OF_WHOLE = 0x433 * 2 ** 52 + 2 ** 51;

const VALUE_TYPES: Readonly<Record<LaneType, ValueType>> = {
  f32: F32,
  f64: F64,
  i32: I32,
  u32: I32,
  bool: I32,
  i64: I64,
};

export const valueType = (dtype: LaneType, width: Width): ValueType => (width === 1 ? VALUE_TYPES[dtype] : V128);

/** Lane arithmetic that appends to `code`. Every result gets a local of its own; engines keep those in registers. */
export function wasmLanes(code: Code, width: Width, precision: Precision): Lanes<Operand> {
  const target = width === 1 ? SCALAR : VECTOR;

  const result = (dtype: LaneType, isWide = false): Operand => {
    const local = code.local(valueType(dtype, width));
    code.set(local);
    return { dtype, local, isWide };
  };
  const get = ({ local }: Operand): void => {
    code.get(local);
  };
  /** Whether lanes of 64 bits hold the value. */
  const isWide = (x: Operand): boolean => width === 2 && (x.dtype === "bool" ? x.isWide === true : has64Bits(x.dtype));
  /** The mask with lanes of the width that `like` has. */
  const fitted = (mask: Operand, like: Operand): Operand => (isWide(like) ? widened(mask) : narrowed(code, mask));
  const widened = (mask: Operand): Operand => {
    if (isWide(mask)) return mask;
    get(mask);
    code.op(...EXTEND);
    return result("bool", true);
  };
  const opcodeOf = (table: Table, name: string, dtype: LaneType): Opcode => {
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
      const second = y.dtype === "bool" ? fitted(y, x) : y;
      get(x);
      get(second);
      code.op(...opcodeOf(target[name], name, x.dtype));
      return result(x.dtype, x.isWide);
    };
  /** Scalar comparisons give 0 or 1; a mask is 0 or -1. */
  const compare =
    (name: "eq" | "lt" | "le") =>
    (x: Operand, y: Operand): Operand => {
      if (width === 1) code.i32(0);
      get(x);
      get(y);
      code.op(...opcodeOf(target[name], name, x.dtype));
      if (width === 1) code.op(0x6b);
      return result("bool", isWide(x));
    };
  const shift =
    (name: "shiftLeft" | "shiftRight") =>
    (x: Operand, by: number): Operand => {
      get(x);
      if (width === 1 && x.dtype === "i64") code.i64(by);
      else code.i32(by);
      code.op(...opcodeOf(target[name], name, x.dtype));
      return result(x.dtype);
    };
  /** An instruction that only vectors have. */
  const vectorOnly = (name: "madd" | "nmadd" | "lesser" | "greater", x: Operand, y: Operand, z?: Operand): Operand => {
    const { dtype } = x;
    get(x);
    get(y);
    if (z !== undefined) get(z);
    code.op(...opcodeOf(VECTOR_ONLY[name], name, dtype));
    return result(dtype);
  };

  const fuses = ({ dtype }: Operand): boolean => width > 1 && precision === "fast" && isFloat(dtype);

  const lanes: Lanes<Operand> = {
    typeOf: (x) => x.dtype,
    constant(dtype, value) {
      if (dtype === "f64") code.f64(value);
      else if (dtype === "f32") code.f32(value);
      else if (dtype === "i64") code.i64(value);
      else code.i32(dtype === "bool" ? -Number(value !== 0) : value | 0);
      if (width > 1) code.op(...opcodeOf(VECTOR_ONLY.splat, "constant", dtype));
      return result(dtype);
    },
    add: binary("add"),
    sub: binary("sub"),
    mul: binary("mul"),
    div: binary("div"),
    madd: (x, y, z) => (fuses(x) ? vectorOnly("madd", x, y, z) : lanes.add(lanes.mul(x, y), z)),
    nmadd: (x, y, z) => (fuses(x) ? vectorOnly("nmadd", x, y, z) : lanes.sub(z, lanes.mul(x, y))),
    lesser: (x, y) => (width > 1 ? vectorOnly("lesser", x, y) : lanes.select(lanes.lt(y, x), y, x)),
    greater: (x, y) => (width > 1 ? vectorOnly("greater", x, y) : lanes.select(lanes.lt(x, y), y, x)),
    rarely(mask, usual, rare) {
      const chosen = usual.map((value) => {
        get(value);
        return result(value.dtype, value.isWide);
      });
      get(mask);
      if (width > 1) code.op(...ANY_TRUE);
      code.when(() => {
        rare().forEach((value, i) => {
          const either = lanes.select(mask, value, usual[i]);
          get(value.dtype === "bool" ? fitted(either, usual[i]) : either);
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
    // All bits set are so in lanes of every width.
    not: (x) =>
      lanes.xor(x, { ...lanes.constant(x.dtype === "i64" ? "i64" : "i32", -1), dtype: x.dtype, isWide: x.isWide }),
    shiftLeft: shift("shiftLeft"),
    shiftRight: shift("shiftRight"),
    select(mask, x, y) {
      const other = x.dtype === "bool" ? fitted(y, x) : y;
      const condition = fitted(mask, x);
      get(x);
      get(other);
      get(condition);
      code.op(...(width > 1 ? BITSELECT : SELECT));
      return result(x.dtype, x.isWide);
    },
    convert(x, dtype) {
      if (x.dtype === dtype) return x;
      if (x.dtype === "bool") {
        const one = lanes.constant(dtype, 1);
        return lanes.select(x, one, lanes.constant(dtype, 0));
      }
      if (dtype === "bool") return lanes.not(lanes.eq(x, lanes.constant(x.dtype, 0)));
      const opcode = target.convert[`${x.dtype}>${dtype}`];
      if (opcode === undefined && x.dtype === "i64") {
        const sum = lanes.add(x, lanes.constant("i64", BITS_OF_WHOLE));
        return lanes.sub(lanes.bitcast(sum, "f64"), lanes.constant("f64", WHOLE_AS_F64));
      }
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

const has64Bits = (dtype: LaneType): boolean => dtype === "f64" || dtype === "i64";

/** The mask with lanes of 32 bits, as it lies in memory. */
function narrowed(code: Code, mask: Operand): Operand {
  if (mask.isWide !== true) return mask;
  const local = code.local(V128);
  code.get(mask.local);
  code.get(mask.local);
  code.op(...NARROW);
  code.set(local);
  return { dtype: "bool", local };
}

const VECTOR_BYTES = 16;
export const BYTES: Readonly<Record<DType, number>> = { f32: 4, f64: 8, i32: 4, u32: 4, bool: 4 };

/** How many elements of the type a vector holds. */
export const vectorWidth = (dtype: DType): 2 | 4 => (dtype === "f64" ? 2 : 4);

const LOADS: Readonly<Record<DType, Opcode>> = { f32: [0x2a], f64: [0x2b], i32: [0x28], u32: [0x28], bool: [0x28] };
const STORES: Readonly<Record<DType, Opcode>> = { f32: [0x38], f64: [0x39], i32: [0x36], u32: [0x36], bool: [0x36] };
const VECTOR_LOAD = simd(0x00);
const VECTOR_STORE = simd(0x0b);
/** Into or from the lower half of a vector. */
const HALF_LOAD = simd(0x5d);
const HALF_STORE = simd(0x5b);
const FIRST_LANE = 0;
/** By the bytes of an element: into one lane, from one lane, others unchanged. */
const LOAD_LANE: Readonly<Record<number, Opcode>> = { 4: simd(0x56), 8: simd(0x57) };
const STORE_LANE: Readonly<Record<number, Opcode>> = { 4: simd(0x5a), 8: simd(0x5b) };
const SHUFFLE = simd(0x0d);
const VECTOR_CONSTANT = simd(0x0c);
/** By the bytes of an element. */
const LOAD_SPLAT: Readonly<Record<number, Opcode>> = { 4: simd(0x09), 8: simd(0x0a) };
/** Alignment is a hint; 4 bytes hold for every element. */
const ALIGN_4 = 2;

/** Loads the element at address + bytes; with a width above 1 that and its next neighbours, or one in all lanes. */
export function load(code: Code, dtype: DType, address: Local, bytes: number, width: Width, splat: boolean): Operand {
  code.get(address);
  const whole = width * BYTES[dtype] === VECTOR_BYTES ? VECTOR_LOAD : HALF_LOAD;
  const opcode = width === 1 ? LOADS[dtype] : splat ? LOAD_SPLAT[BYTES[dtype]] : whole;
  code.op(...opcode, ALIGN_4, ...unsigned(bytes));
  const local = code.local(valueType(dtype, width));
  code.set(local);
  return { dtype, local };
}

/** Stores a value of type `dtype`, in as many elements as the width says. */
export function store(code: Code, value: Operand, address: Local, bytes: number, width: Width): void {
  const { dtype, local } = narrowed(code, value);
  if (dtype === "i64") throw new TypeError("internal: no tensor holds i64; please report this");
  code.get(address);
  code.get(local);
  const at = [ALIGN_4, ...unsigned(bytes)];
  if (width === 1) code.op(...STORES[dtype], ...at);
  else if (width * BYTES[dtype] === VECTOR_BYTES) code.op(...VECTOR_STORE, ...at);
  else code.op(...HALF_STORE, ...at, FIRST_LANE);
}

/** The vector with the element at address + bytes in one of its lanes. */
export function loadLane(code: Code, vector: Operand, address: Local, bytes: number, lane: number): Operand {
  const dtype = vector.dtype as DType;
  code.get(address);
  code.get(vector.local);
  code.op(...LOAD_LANE[BYTES[dtype]], ALIGN_4, ...unsigned(bytes), lane);
  const local = code.local(V128);
  code.set(local);
  return { dtype, local };
}

/** Stores the first lane of a vector at address + bytes. */
export function storeLane(code: Code, { dtype, local }: Operand, address: Local, bytes: number): void {
  code.get(address);
  code.get(local);
  code.op(...STORE_LANE[BYTES[dtype as DType]], ALIGN_4, ...unsigned(bytes), FIRST_LANE);
}

/** A vector of bytes of two others: 0 to 15 are those of the first, 16 to 31 those of the second. */
export function shuffled(code: Code, x: Operand, y: Operand, bytes: readonly number[]): Operand {
  const local = code.local(V128);
  code.get(x.local);
  code.get(y.local);
  code.op(...SHUFFLE, ...bytes);
  code.set(local);
  return { dtype: x.dtype, local };
}

/** The lanes of a vector from one of them on, in the first ones; behind them those in front of it. */
export const lanesFrom = (code: Code, vector: Operand, lane: number): Operand => {
  const first = lane * BYTES[vector.dtype as DType];
  return shuffled(
    code,
    vector,
    vector,
    Array.from({ length: VECTOR_BYTES }, (_, i) => (i + first) % VECTOR_BYTES),
  );
};

/** A mask of the first lanes of vectors of a type. */
export function firstLanes(code: Code, dtype: DType, count: number): Operand {
  const bytes = count * BYTES[dtype];
  code.op(...VECTOR_CONSTANT, ...Array.from({ length: VECTOR_BYTES }, (_, i) => (i < bytes ? 0xff : 0)));
  const local = code.local(V128);
  code.set(local);
  return { dtype: "bool", local, isWide: BYTES[dtype] === 8 };
}

/** A value of 32 bits, of a scalar variable, in all four lanes of a vector. */
export function splat(code: Code, { dtype, local }: Operand): Operand {
  const opcode = VECTOR_ONLY.splat[dtype];
  if (opcode === undefined) throw new TypeError(`internal: no splat for ${dtype}; please report this`);
  const vector = code.local(V128);
  code.get(local);
  code.op(...opcode);
  code.set(vector);
  return { dtype, local: vector };
}

/** Four i32: a number and those behind it. */
export function numbersFrom(code: Code, first: number): Operand {
  const numbers = [0, 1, 2, 3].map((i) => first + i);
  code.op(...VECTOR_CONSTANT, ...numbers.flatMap((number) => [0, 8, 16, 24].map((bits) => (number >>> bits) & 0xff)));
  const local = code.local(V128);
  code.set(local);
  return { dtype: "i32", local };
}
