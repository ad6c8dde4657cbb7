/**
 * Lanes over JavaScript numbers: the definition of what every other interpretation must give, bit for bit, in
 * reproducible precision. Each f32 operation is carried out in f64 and rounded, which for one
 * sum, product, quotient or root gives the correctly rounded f32 (53 >= 2·24 + 2 bits).
 */
import { isFloat, type DType } from "../shape/tensor-type.js";
import type { Lanes } from "./lanes.js";

export type NumberLane =
  | { readonly dtype: Exclude<DType, "bool">; readonly value: number }
  | { readonly dtype: "bool"; readonly value: boolean };

export interface NumberLanesOptions {
  /**
   * Multiply-adds of f32 round once, as under `fast` where the machine can. A stand-in: rounded first to f64,
   * which differs from a true fused operation about once in 2^29. f64 is never fused.
   */
  readonly fused?: boolean;
}

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;
const UINT_MAX = 2 ** 32 - 1;

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** How a result becomes an element of the type: floats round, integers wrap. */
const rounding: Readonly<Record<Exclude<DType, "bool">, (value: number) => number>> = {
  f32: Math.fround,
  f64: (value) => value,
  i32: (value) => value | 0,
  u32: (value) => value >>> 0,
};

const buffer = new DataView(new ArrayBuffer(4));
const bitsOf = { f32: buffer.setFloat32, i32: buffer.setInt32, u32: buffer.setUint32 };
const fromBits = { f32: buffer.getFloat32, i32: buffer.getInt32, u32: buffer.getUint32 };

/** The nearest whole number, halves to even; keeps -0. */
function nearestEven(value: number): number {
  const down = Math.floor(value);
  const fraction = value - down;
  if (fraction < 0.5) return down;
  if (fraction > 0.5 || down % 2 !== 0) return down + 1 === 0 ? -0 : down + 1;
  return Number.isFinite(value) ? down : value;
}

/** The value of a lane as a number; a mask as 1 or 0. */
export const numberOf = ({ value }: NumberLane): number => Number(value);

/** A lane of the type that holds the number, rounded or wrapped; as a mask, whether it is other than 0. */
export const laneOf = (dtype: DType, value: number): NumberLane =>
  dtype === "bool" ? { dtype, value: value !== 0 } : { dtype, value: rounding[dtype](value) };

const mask = (value: boolean): NumberLane => ({ dtype: "bool", value });

function numeric(x: NumberLane): number {
  if (x.dtype === "bool") throw new TypeError("a number is needed here, not a mask");
  return x.value;
}

function isSet(condition: NumberLane): boolean {
  if (condition.dtype !== "bool") throw new TypeError(`a mask is needed, not ${condition.dtype}`);
  return condition.value;
}

/** The type that both have. */
function shared(x: NumberLane, y: NumberLane): DType {
  if (x.dtype !== y.dtype) throw new TypeError(`operands of one type are needed, not ${x.dtype} and ${y.dtype}`);
  return x.dtype;
}

function floatOf(x: NumberLane): number {
  if (!isFloat(x.dtype)) throw new TypeError(`a float is needed here, not ${x.dtype}`);
  return numeric(x);
}

const unary =
  (f: (x: number) => number, read = numeric) =>
  (x: NumberLane): NumberLane =>
    laneOf(x.dtype, f(read(x)));

const binary =
  (f: (x: number, y: number) => number, read = numeric) =>
  (x: NumberLane, y: NumberLane): NumberLane =>
    laneOf(shared(x, y), f(read(x), read(y)));

const comparison =
  (f: (x: number, y: number) => boolean) =>
  (x: NumberLane, y: NumberLane): NumberLane => {
    shared(x, y);
    return mask(f(numeric(x), numeric(y)));
  };

/** A mask is all bits or none, which -1 and 0 are. */
const bitwise =
  (f: (x: number, y: number) => number) =>
  (x: NumberLane, y: NumberLane): NumberLane => {
    if (isFloat(shared(x, y))) throw new TypeError("bits of integers and masks, not of floats");
    return laneOf(x.dtype, x.dtype === "bool" ? f(-numberOf(x), -numberOf(y)) : f(numberOf(x), numberOf(y)));
  };

function convert(x: NumberLane, dtype: DType): NumberLane {
  const value = numberOf(x);
  if (!isFloat(x.dtype) || isFloat(dtype) || dtype === "bool") return laneOf(dtype, value);
  const [low, high] = dtype === "i32" ? [INT_MIN, INT_MAX] : [0, UINT_MAX];
  return laneOf(dtype, Number.isNaN(value) ? 0 : clamp(Math.trunc(value), low, high));
}

function bitcast(x: NumberLane, dtype: "f32" | "i32" | "u32"): NumberLane {
  if (x.dtype === "bool" || x.dtype === "f64") throw new TypeError(`32 bits are needed, not ${x.dtype}`);
  bitsOf[x.dtype].call(buffer, 0, x.value);
  return { dtype, value: fromBits[dtype].call(buffer, 0) };
}

export function numberLanes({ fused = false }: NumberLanesOptions = {}): Lanes<NumberLane> {
  const product = (x: NumberLane, y: NumberLane): number => {
    const dtype = shared(x, y);
    const exact = floatOf(x) * floatOf(y);
    return fused || dtype === "f64" ? exact : Math.fround(exact);
  };
  return {
    typeOf: (x) => x.dtype,
    constant: laneOf,
    add: binary((x, y) => x + y),
    sub: binary((x, y) => x - y),
    mul: (x, y) => (isFloat(x.dtype) ? binary((a, b) => a * b)(x, y) : binary(Math.imul)(x, y)),
    div: binary((x, y) => x / y, floatOf),
    madd: (x, y, z) => laneOf(shared(x, z), product(x, y) + numeric(z)),
    nmadd: (x, y, z) => laneOf(shared(x, z), numeric(z) - product(x, y)),
    min: binary(Math.min),
    max: binary(Math.max),
    lesser: binary((x, y) => (y < x ? y : x), floatOf),
    greater: binary((x, y) => (x < y ? y : x), floatOf),
    neg: unary((x) => -x),
    abs: unary(Math.abs),
    sqrt: unary(Math.sqrt, floatOf),
    floor: unary(Math.floor, floatOf),
    trunc: unary(Math.trunc, floatOf),
    nearest: unary(nearestEven, floatOf),
    eq: comparison((x, y) => x === y),
    lt: comparison((x, y) => x < y),
    le: comparison((x, y) => x <= y),
    and: bitwise((x, y) => x & y),
    or: bitwise((x, y) => x | y),
    xor: bitwise((x, y) => x ^ y),
    not: (x) => bitwise((bits) => ~bits)(x, x),
    shiftLeft: (x, by) => bitwise((bits) => bits << by)(x, x),
    shiftRight: (x, by) => bitwise((bits) => (x.dtype === "u32" ? bits >>> by : bits >> by))(x, x),
    select(condition, x, y) {
      shared(x, y);
      return isSet(condition) ? x : y;
    },
    rarely: (condition, usual, rare) => (isSet(condition) ? rare() : usual),
    convert,
    bitcast,
  };
}
