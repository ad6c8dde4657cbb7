/**
 * Lanes over JavaScript numbers: the definition of what every other interpretation must give, bit for bit, in
 * reproducible precision. Each f32 operation is carried out in f64 and rounded, which for one
 * sum, product, quotient or root gives the correctly rounded f32 (53 >= 2·24 + 2 bits).
 */
import { isFloat, type DType } from "../shape/tensor-type.js";
import type { Lanes, LaneType } from "./lanes.js";

export type NumberLane =
  | { readonly dtype: Exclude<DType, "bool">; readonly value: number }
  | { readonly dtype: "i64"; readonly value: bigint }
  | { readonly dtype: "bool"; readonly value: boolean };

export interface NumberLanesOptions {
  /**
   * Multiply-adds round once, as under `fast` where the machine can. A stand-in: rounded first to more digits, which
   * differs from a true fused operation about once in 2^29 for f32 and in 2^50 for f64.
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

const buffer = new DataView(new ArrayBuffer(8));
const bitsOf = { f32: buffer.setFloat32, f64: buffer.setFloat64, i32: buffer.setInt32, u32: buffer.setUint32 };
const fromBits = { f32: buffer.getFloat32, f64: buffer.getFloat64, i32: buffer.getInt32, u32: buffer.getUint32 };

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
export function laneOf(dtype: LaneType, value: number): NumberLane {
  if (dtype === "bool") return { dtype, value: value !== 0 };
  return dtype === "i64" ? wideLane(BigInt(value)) : { dtype, value: rounding[dtype](value) };
}

const wideLane = (value: bigint): NumberLane => ({ dtype: "i64", value: BigInt.asIntN(64, value) });

const mask = (value: boolean): NumberLane => ({ dtype: "bool", value });

function numeric(x: NumberLane): number {
  if (x.dtype === "bool" || x.dtype === "i64") throw new TypeError(`a number is needed here, not ${x.dtype}`);
  return x.value;
}

function isSet(condition: NumberLane): boolean {
  if (condition.dtype !== "bool") throw new TypeError(`a mask is needed, not ${condition.dtype}`);
  return condition.value;
}

/** The type that both have. */
function shared(x: NumberLane, y: NumberLane): LaneType {
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
  (f: <T extends number | bigint>(x: T, y: T) => boolean) =>
  (x: NumberLane, y: NumberLane): NumberLane => {
    shared(x, y);
    return mask(x.dtype === "i64" && y.dtype === "i64" ? f(x.value, y.value) : f(numeric(x), numeric(y)));
  };

/** Of whole numbers of 64 bits; other types as `narrow` has it. */
const orWide =
  (narrow: (x: NumberLane, y: NumberLane) => NumberLane, wide: (x: bigint, y: bigint) => bigint) =>
  (x: NumberLane, y: NumberLane): NumberLane =>
    x.dtype === "i64" && y.dtype === "i64" ? wideLane(wide(x.value, y.value)) : narrow(x, y);

/** A mask is all bits or none, which -1 and 0 are. */
const bitwise =
  (f: (x: number, y: number) => number) =>
  (x: NumberLane, y: NumberLane): NumberLane => {
    if (isFloat(shared(x, y))) throw new TypeError("bits of integers and masks, not of floats");
    return laneOf(x.dtype, x.dtype === "bool" ? f(-numberOf(x), -numberOf(y)) : f(numberOf(x), numberOf(y)));
  };

function convert(x: NumberLane, dtype: LaneType): NumberLane {
  const value = numberOf(x);
  if (dtype === "i64") throw new TypeError("nothing is converted to i64");
  if (!isFloat(x.dtype) || isFloat(dtype) || dtype === "bool") return laneOf(dtype, value);
  const [low, high] = dtype === "i32" ? [INT_MIN, INT_MAX] : [0, UINT_MAX];
  return laneOf(dtype, Number.isNaN(value) ? 0 : clamp(Math.trunc(value), low, high));
}

const isWide = (dtype: LaneType): boolean => dtype === "f64" || dtype === "i64";

function bitcast(x: NumberLane, dtype: Exclude<LaneType, "bool">): NumberLane {
  if (x.dtype === "bool" || isWide(x.dtype) !== isWide(dtype))
    throw new TypeError(`the bits of ${x.dtype} are not those of a ${dtype}`);
  if (x.dtype === "i64") buffer.setBigInt64(0, x.value);
  else bitsOf[x.dtype].call(buffer, 0, x.value);
  if (dtype === "i64") return wideLane(buffer.getBigInt64(0));
  return { dtype, value: fromBits[dtype].call(buffer, 0) };
}

/** Dekker's splitting: the upper 26 bits of the 53, and what is left. */
function splitInTwo(x: number): readonly [number, number] {
  const scaled = (2 ** 27 + 1) * x;
  const high = scaled - (scaled - x);
  return [high, x - high];
}

/** x·y + z of f64 with one rounding, but for ties that the last of the sums may miss. */
function fusedInF64(x: number, y: number, z: number): number {
  const product = x * y;
  const plain = product + z;
  if (!(Math.abs(x) < 2 ** 990 && Math.abs(y) < 2 ** 990 && Math.abs(product) < 2 ** 1000)) return plain;
  const [xHigh, xLow] = splitInTwo(x);
  const [yHigh, yLow] = splitInTwo(y);
  const ofProduct = xLow * yLow - (product - xHigh * yHigh - xLow * yHigh - xHigh * yLow);
  const added = plain - product;
  const ofSum = product - (plain - added) + (z - added);
  const lost = ofProduct + ofSum;
  // Without anything lost the sum stays as it is, with its sign where it is 0.
  return lost === 0 ? plain : plain + lost;
}

export function numberLanes({ fused = false }: NumberLanesOptions = {}): Lanes<NumberLane> {
  /** x·y + z times `sign` for the product. */
  const multiplyAdd = (x: NumberLane, y: NumberLane, z: NumberLane, sign: 1 | -1): NumberLane => {
    const dtype = shared(x, y);
    shared(y, z);
    const [a, b, c] = [sign * floatOf(x), floatOf(y), floatOf(z)];
    if (fused && dtype === "f64") return laneOf(dtype, fusedInF64(a, b, c));
    return laneOf(dtype, (fused ? a * b : numberOf(laneOf(dtype, a * b))) + c);
  };
  return {
    typeOf: (x) => x.dtype,
    constant: laneOf,
    add: orWide(
      binary((x, y) => x + y),
      (x, y) => x + y,
    ),
    sub: orWide(
      binary((x, y) => x - y),
      (x, y) => x - y,
    ),
    mul: (x, y) => (isFloat(x.dtype) ? binary((a, b) => a * b)(x, y) : binary(Math.imul)(x, y)),
    div: binary((x, y) => x / y, floatOf),
    madd: (x, y, z) => multiplyAdd(x, y, z, 1),
    nmadd: (x, y, z) => multiplyAdd(x, y, z, -1),
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
    and: orWide(
      bitwise((x, y) => x & y),
      (x, y) => x & y,
    ),
    or: orWide(
      bitwise((x, y) => x | y),
      (x, y) => x | y,
    ),
    xor: orWide(
      bitwise((x, y) => x ^ y),
      (x, y) => x ^ y,
    ),
    not: (x) =>
      orWide(
        bitwise((bits) => ~bits),
        (bits) => ~bits,
      )(x, x),
    shiftLeft: (x, by) =>
      orWide(
        bitwise((bits) => bits << by),
        (bits) => bits << BigInt(by),
      )(x, x),
    shiftRight: (x, by) =>
      orWide(
        bitwise((bits) => (x.dtype === "u32" ? bits >>> by : bits >> by)),
        (bits) => bits >> BigInt(by),
      )(x, x),
    select(condition, x, y) {
      shared(x, y);
      return isSet(condition) ? x : y;
    },
    rarely: (condition, usual, rare) => (isSet(condition) ? rare() : usual),
    convert,
    bitcast,
  };
}
