/** Random bits against published vectors: those of Random123, those of JAX and those of FNV. */
import { describe, expect, test } from "vitest";
import { hashText } from "../src/ops/hash-text.js";
import { bitsAt, foldIn, threefry2x32 } from "../src/ops/threefry.js";
import { evaluateUse } from "./use.js";

const ONES = 0xffffffff;

describe("threefry2x32", () => {
  // https://github.com/DEShawResearch/random123, tests/kat_vectors: threefry2x32 with 20 rounds
  test.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [ONES, ONES],
      [ONES, ONES],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as const)("key %o and counter %o", (key, counter, expected) => {
    expect(threefry2x32(key, counter)).toEqual(expected);
  });

  test("gives the bits of jax.random.bits(jax.random.key(42), (4,))", () => {
    expect([0, 1, 2, 3].map((i) => bitsAt([0, 42], i))).toEqual([2098992034, 2919706841, 2646866425, 2409546199]);
  });

  test("counts beyond 32 bits", () => {
    const [x, y] = threefry2x32([0, 42], [3, 5]);
    expect(bitsAt([0, 42], 3 * 2 ** 32 + 5)).toBe((x ^ y) >>> 0);
  });

  test("folds in a number as the low word of a counter, modulo 2^32", () => {
    expect(foldIn([1, 2], 7)).toEqual(threefry2x32([1, 2], [0, 7]));
    expect(foldIn([1, 2], -1)).toEqual(threefry2x32([1, 2], [0, ONES]));
  });
});

describe("hashText", () => {
  // http://www.isthe.com/chongo/src/fnv/test_fnv.c
  test.each([
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["foobar", 0xbf9cf968],
  ])('"%s"', (text, expected) => {
    expect(hashText(text)).toBe(expected);
  });

  test("reads UTF-8", () => {
    expect(hashText("é")).toBe(hashText(String.fromCodePoint(0xe9)));
    expect(hashText("é")).not.toBe(hashText("e"));
    // FNV-1a over the bytes c3 a9, worked out by hand from the two steps.
    const step = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193) >>> 0;
    expect(hashText("é")).toBe(step(step(0x811c9dc5, 0xc3), 0xa9));
  });
});

describe("randomBits", () => {
  const bits = (key: readonly number[], step: number, stream: string, count: number): readonly number[] =>
    evaluateUse(`randomBits(u32[2], i32) {stream=${JSON.stringify(stream)}, dims=[${count}]}`, key, [step]);

  test("folds in the stream, then the step, then counts elements", () => {
    const key = foldIn(foldIn([7, 9], hashText("dropout")), 3);
    expect(bits([7, 9], 3, "dropout", 5)).toEqual([0, 1, 2, 3, 4].map((i) => bitsAt(key, i)));
  });

  test("a longer result begins with a shorter one, and dims do not matter", () => {
    const long = bits([1, 2], 0, "a", 6);
    expect(bits([1, 2], 0, "a", 4)).toEqual(long.slice(0, 4));
    expect(evaluateUse('randomBits(u32[2], i32) {stream="a", dims=[2,3]}', [1, 2], [0])).toEqual(long);
  });

  test("differs by key, step and stream", () => {
    const variants = [
      bits([1, 2], 0, "a", 4),
      bits([2, 1], 0, "a", 4),
      bits([1, 2], 1, "a", 4),
      bits([1, 2], -1, "a", 4),
      bits([1, 2], 0, "b", 4),
    ];
    expect(new Set(variants.flat()).size).toBe(20);
  });

  test("two of its numbers are a key", () => {
    const key = bits([1, 2], 0, "layer", 2);
    expect(bits(key, 0, "a", 4)).not.toEqual(bits([1, 2], 0, "a", 4));
    expect(bits(key, 0, "a", 4)).toEqual(bits(key, 0, "a", 4));
  });
});
