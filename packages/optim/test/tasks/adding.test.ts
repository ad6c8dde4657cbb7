import { describe, expect, test } from "vitest";
import { batchesOf, mean, open, rowOf } from "./open.js";

const pairsOf = (row: readonly number[]): readonly { readonly value: number; readonly marker: number }[] =>
  Array.from({ length: row.length / 2 }, (_, t) => ({ value: row[2 * t], marker: row[2 * t + 1] }));

describe("modern", () => {
  const length = 11;
  const examples = async () =>
    batchesOf(await open({ type: "adding", length }), "train", 20, 100).flatMap(({ x, y }) =>
      Array.from({ length: 100 }, (_, b) => ({ pairs: pairsOf(rowOf(x, b)), target: rowOf(y, b)[0] })),
    );

  test("the target is the sum of the two marked values, one in each half", async () => {
    for (const { pairs, target } of await examples()) {
      const marked = pairs.flatMap(({ marker }, t) => (marker === 1 ? [t] : []));
      expect(marked).toHaveLength(2);
      expect(marked[0]).toBeLessThan(5);
      expect(marked[1]).toBeGreaterThanOrEqual(5);
      expect(target).toBe(pairs[marked[0]].value + pairs[marked[1]].value);
      expect(pairs.every(({ value, marker }) => value >= 0 && value < 1 && (marker === 0 || marker === 1))).toBe(true);
    }
  });

  test("markers and values are spread evenly, and the mean scores 1/6", async () => {
    const all = await examples();
    const counts = new Array<number>(length).fill(0);
    for (const { pairs } of all) pairs.forEach(({ marker }, t) => (counts[t] += marker));
    // Five standard deviations of a count.
    counts.slice(0, 5).forEach((count) => expect(Math.abs(count - 400)).toBeLessThan(5 * Math.sqrt(320)));
    counts.slice(5).forEach((count) => expect(Math.abs(count - 2000 / 6)).toBeLessThan(5 * Math.sqrt(278)));
    expect(mean(all.flatMap(({ pairs }) => pairs.map(({ value }) => value)))).toBeCloseTo(0.5, 2);
    expect(mean(all.map(({ target }) => (target - 1) ** 2))).toBeCloseTo(1 / 6, 1);
    const task = await open({ type: "adding", length });
    expect(task.baselines("test")).toEqual([
      expect.objectContaining({ metric: "loss", loss: "meanSquaredError", value: 1 / 6 }),
    ]);
  });

  test("in f32 the target is the sum of the values that the model sees", async () => {
    const { x, y } = (await open({ type: "adding", length: 6 }, { dtype: "f32" })).batch("train", 0, 50);
    for (let b = 0; b < 50; b++) {
      const sum = pairsOf(rowOf(x, b)).reduce((total, { value, marker }) => total + value * marker, 0);
      expect(rowOf(y, b)[0]).toBe(Math.fround(sum));
    }
  });
});

describe("1997", () => {
  const shortest = 40;
  const examples = async () =>
    batchesOf(await open({ type: "adding", length: shortest, variant: "1997" }), "train", 30, 100).flatMap(
      ({ x, y, lengths }) =>
        Array.from({ length: 100 }, (_, b) => ({
          length: lengths.data[b],
          pairs: pairsOf(rowOf(x, b)),
          target: rowOf(y, b)[0],
        })),
    );

  test("values, markers, lengths and targets are those of the paper", async () => {
    const lengths = new Set<number>();
    for (const { length, pairs, target } of await examples()) {
      lengths.add(length);
      const inside = pairs.slice(0, length);
      expect(inside[0].marker).toBe(-1);
      expect(inside[length - 1].marker).toBe(-1);
      const marked = inside.flatMap(({ marker }, t) => (marker === 1 ? [t] : []));
      // Two marks, or one where the other fell on the first pair, whose value then counts as 0.
      expect([1, 2]).toContain(marked.length);
      expect(marked[0]).toBeLessThan(Math.max(10, shortest / 2));
      expect(marked.at(-1)).toBeLessThan(shortest / 2);
      expect(target).toBe(0.5 + marked.reduce((sum, t) => sum + inside[t].value, 0) / 4);
      expect(inside.every(({ value }) => value >= -1 && value < 1)).toBe(true);
      expect(pairs.slice(length).every(({ value, marker }) => value === 0 && marker === 0)).toBe(true);
    }
    expect([...lengths].sort((a, b) => a - b)).toEqual([40, 41, 42, 43, 44]);
  });

  test("the baseline is the variance of the target", async () => {
    const [{ value }] = (await open({ type: "adding", length: shortest, variant: "1997" })).baselines("test");
    expect(mean((await examples()).map(({ target }) => (target - 0.5) ** 2)) / value).toBeCloseTo(1, 1);
  });
});
