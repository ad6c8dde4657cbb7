/** Spans against sets of bytes: what they hold, and whether they are apart. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { areApart, spanAt, spanOf, type Span, type Stride } from "../src/codegen/spans.js";

/** Every byte of a span. */
function bytesOf({ first, bytes, strides }: Span): ReadonlySet<number> {
  let starts = [first];
  for (const stride of strides)
    starts = starts.flatMap((start) => Array.from({ length: stride.count }, (_, i) => start + i * stride.bytes));
  return new Set(starts.flatMap((start) => Array.from({ length: bytes }, (_, i) => start + i)));
}

/** Every byte of the elements at Σ index · stride. */
function bytesOfWalk(dims: readonly number[], strides: readonly number[], size: number): ReadonlySet<number> {
  let starts = [0];
  dims.forEach((count, axis) => {
    starts = starts.flatMap((start) => Array.from({ length: count }, (_, i) => start + i * strides[axis] * size));
  });
  return new Set(starts.flatMap((start) => Array.from({ length: size }, (_, i) => start + i)));
}

const sorted = (set: ReadonlySet<number>): readonly number[] => [...set].sort((a, b) => a - b);

const walk = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: -12, max: 40 })), { maxLength: 3 })
  .map((axes) => ({ dims: axes.map(([count]) => count), strides: axes.map(([, stride]) => stride) }));
const moves: fc.Arbitrary<readonly Stride[]> = fc.array(
  fc.record({ bytes: fc.integer({ min: -100, max: 200 }), count: fc.integer({ min: 1, max: 3 }) }),
  { maxLength: 1 },
);
const span = fc
  .tuple(walk, fc.integer({ min: 0, max: 400 }), moves)
  .map(([{ dims, strides }, address, by]) => spanAt(spanOf(dims, strides, 4), address, by));

test.prop([walk])("a span holds the bytes of the elements that are walked over", ({ dims, strides }) => {
  expect(sorted(bytesOf(spanOf(dims, strides, 4)))).toEqual(sorted(bytesOfWalk(dims, strides, 4)));
});

test.prop([walk, fc.integer({ min: 0, max: 100 }), moves])(
  "a span at a moving address holds the bytes of every turn",
  ({ dims, strides }, address, by) => {
    const still = bytesOf(spanOf(dims, strides, 4));
    const turns = by.flatMap(({ bytes, count }) => Array.from({ length: count }, (_, i) => i * bytes));
    const expected = new Set((turns.length === 0 ? [0] : turns).flatMap((t) => [...still].map((b) => b + t + address)));
    expect(sorted(bytesOf(spanAt(spanOf(dims, strides, 4), address, by)))).toEqual(sorted(expected));
  },
);

test.prop([span, span], { numRuns: 2000 })("spans that are called apart share no byte", (a, b) => {
  fc.pre(areApart(a, b));
  const bytes = bytesOf(a);
  expect([...bytesOf(b)].filter((byte) => bytes.has(byte))).toEqual([]);
});

test.prop([span, span])("the order of the two does not matter", (a, b) => {
  expect(areApart(a, b)).toBe(areApart(b, a));
});

describe("parts of matrices are seen to be apart", () => {
  const at = (dims: readonly number[], strides: readonly number[], element: number, by: readonly Stride[] = []): Span =>
    spanAt(spanOf(dims, strides, 4), element * 4, by);
  const steps: readonly Stride[] = [{ bytes: 8 * 16 * 4, count: 5 }];

  test("rows, also of a matrix per step", () => {
    expect(areApart(at([4, 16], [16, 1], 0), at([4, 16], [16, 1], 64))).toBe(true);
    expect(areApart(at([4, 16], [16, 1], 0, steps), at([4, 16], [16, 1], 64, steps))).toBe(true);
  });

  test("columns, also of a matrix per step", () => {
    expect(areApart(at([8, 7], [16, 1], 0), at([8, 9], [16, 1], 7))).toBe(true);
    expect(areApart(at([8, 7], [16, 1], 0, steps), at([8, 9], [16, 1], 7, steps))).toBe(true);
  });

  test("columns of some rows and all columns of others", () => {
    expect(areApart(at([4, 5], [16, 1], 3, steps), at([4, 16], [16, 1], 64, steps))).toBe(true);
  });

  test("but not rows and columns", () => {
    expect(areApart(at([4, 16], [16, 1], 0), at([8, 8], [16, 1], 8))).toBe(false);
  });
});
