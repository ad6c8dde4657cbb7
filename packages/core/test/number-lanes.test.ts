/** Number lanes define what the other interpretations of lane functions must give, so their own edges are pinned here. */
import { describe, expect, test } from "vitest";
import { laneOf, numberLanes, numberOf, type NumberLane } from "../src/kernel/number-lanes.js";
import type { DType } from "../src/shape/tensor-type.js";

const k = numberLanes();
const fused = numberLanes({ fused: true });
const f32 = (value: number): NumberLane => laneOf("f32", value);
const values = (dtype: DType, f: (x: NumberLane) => NumberLane, x: readonly number[]): readonly number[] =>
  x.map((value) => numberOf(f(laneOf(dtype, value))));

describe("floats", () => {
  test("f32 rounds after each operation, f64 does not", () => {
    expect(numberOf(k.add(f32(1), f32(2 ** -25)))).toBe(1);
    expect(numberOf(k.div(f32(1), f32(3)))).toBe(Math.fround(1 / 3));
    expect(numberOf(k.add(laneOf("f64", 1), laneOf("f64", 2 ** -25)))).toBe(1 + 2 ** -25);
  });

  test("multiply-adds round twice, or once when fused", () => {
    const x = f32(1 + 2 ** -12);
    const minusSquare = f32(-1 - 2 ** -11);
    expect(numberOf(k.madd(x, x, minusSquare))).toBe(0);
    expect(numberOf(fused.madd(x, x, minusSquare))).toBe(2 ** -24);
    expect(numberOf(k.nmadd(x, x, k.neg(minusSquare)))).toBe(0);
    expect(numberOf(fused.nmadd(x, x, k.neg(minusSquare)))).toBe(-(2 ** -24));
  });

  test("min and max see NaN and -0; lesser and greater keep the first operand at a tie or with NaN", () => {
    const pairs = [
      [NaN, 1],
      [1, NaN],
      [-0, 0],
      [0, -0],
      [2, 1],
    ] as const;
    const all = (f: (x: NumberLane, y: NumberLane) => NumberLane): readonly number[] =>
      pairs.map(([x, y]) => numberOf(f(f32(x), f32(y))));
    expect(all(k.min)).toEqual([NaN, NaN, -0, -0, 1]);
    expect(all(k.max)).toEqual([NaN, NaN, 0, 0, 2]);
    expect(all(k.lesser)).toEqual([NaN, 1, -0, 0, 1]);
    expect(all(k.greater)).toEqual([NaN, 1, -0, 0, 2]);
  });

  test("nearest takes halves to even and keeps -0", () => {
    const x = [0.5, 1.5, 2.5, -0.5, -1.5, -0.2, 0.7, -0, 2 ** 30, Infinity, -Infinity, NaN];
    expect(values("f32", k.nearest, x)).toEqual([0, 2, 2, -0, -2, -0, 1, -0, 2 ** 30, Infinity, -Infinity, NaN]);
  });
});

describe("integers and masks", () => {
  test("integers wrap", () => {
    expect(numberOf(k.add(laneOf("i32", 2 ** 31 - 1), laneOf("i32", 1)))).toBe(-(2 ** 31));
    expect(numberOf(k.sub(laneOf("u32", 0), laneOf("u32", 1)))).toBe(2 ** 32 - 1);
    expect(numberOf(k.mul(laneOf("u32", 2 ** 32 - 1), laneOf("u32", 2 ** 32 - 1)))).toBe(1);
    expect(values("i32", k.abs, [-(2 ** 31), -5])).toEqual([-(2 ** 31), 5]);
  });

  test("right shifts fill with the sign or with 0", () => {
    expect(values("i32", (x) => k.shiftRight(x, 4), [-256])).toEqual([-16]);
    expect(values("u32", (x) => k.shiftRight(x, 28), [2 ** 32 - 1])).toEqual([15]);
  });

  test("masks have logic", () => {
    const [yes, no] = [k.constant("bool", 1), k.constant("bool", 0)];
    expect([k.and(yes, no), k.or(yes, no), k.xor(yes, yes), k.not(no)].map(({ value }) => value)).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(k.lt(f32(NaN), f32(1)).value).toBe(false);
  });

  test("operands of two types are refused", () => {
    expect(() => k.add(f32(1), laneOf("i32", 1))).toThrow(TypeError);
    expect(() => k.and(f32(1), f32(1))).toThrow(TypeError);
  });
});

describe("conversions", () => {
  test("floats to integers saturate", () => {
    const x = [1.9, -1.9, 2 ** 31, -(2 ** 40), 2 ** 33, NaN];
    expect(values("f32", (lane) => k.convert(lane, "i32"), x)).toEqual([
      1,
      -1,
      2 ** 31 - 1,
      -(2 ** 31),
      2 ** 31 - 1,
      0,
    ]);
    expect(values("f32", (lane) => k.convert(lane, "u32"), x)).toEqual([1, 0, 2 ** 31, 0, 2 ** 32 - 1, 0]);
  });

  test("bits are read as another type", () => {
    expect(numberOf(k.bitcast(f32(1), "u32"))).toBe(0x3f800000);
    expect(numberOf(k.bitcast(laneOf("i32", -(2 ** 31)), "f32"))).toBe(-0);
  });
});
