import { expect, test } from "vitest";
import { batchesOf, hotOf, open, rowOf } from "./open.js";

test("copy memory: symbols, blanks, delimiter, and the symbols again in the target", async () => {
  const [delay, count, symbols] = [6, 3, 4];
  const task = await open({ type: "copyMemory", delay, count, symbols });
  const { x, y } = task.batch("train", 0, 50);
  for (let b = 0; b < 50; b++) {
    const seen = hotOf(rowOf(x, b), symbols + 2);
    const kept = seen.slice(0, count);
    expect(kept.every((symbol) => symbol >= 0 && symbol < symbols)).toBe(true);
    expect(seen.slice(count)).toEqual([4, 4, 4, 4, 4, 5, 4, 4, 4]);
    expect(rowOf(y, b)).toEqual([...new Array<number>(count + delay).fill(4), ...kept]);
  }
});

test("copy memory: the paper's sizes give length T + 20 and the baseline 10 ln 8 / (T + 20)", async () => {
  const task = await open({ type: "copyMemory", delay: 100 });
  expect(task.batch("test", 0, 2).x.dims).toEqual([2, 120, 10]);
  expect(task.baselines("test")[0].value).toBeCloseTo((10 * Math.log(8)) / 120, 12);
});

test("symbols as numbers are those of the vectors", async () => {
  const config = { type: "copyMemory", delay: 4 };
  const vectors = (await open(config)).batch("train", 3, 5);
  const numbers = (await open({ ...config, encoding: "index" })).batch("train", 3, 5);
  for (let b = 0; b < 5; b++) expect(rowOf(numbers.x, b)).toEqual(hotOf(rowOf(vectors.x, b), 10));
  expect(numbers.y).toEqual(vectors.y);
});

test("temporal order: places, lengths and classes of experiment 6a", async () => {
  const task = await open({ type: "temporalOrder" });
  const classes = [0, 0, 0, 0];
  const lengths = new Set<number>();
  const places = [new Set<number>(), new Set<number>()];
  for (const batch of batchesOf(task, "train", 20, 50))
    for (let b = 0; b < 50; b++) {
      const length = batch.lengths.data[b];
      const symbols = hotOf(rowOf(batch.x, b), 8);
      expect([symbols[0], symbols[length - 1]]).toEqual([0, 1]);
      expect(symbols.slice(length).every((symbol) => symbol === -1)).toBe(true);
      const special = symbols.flatMap((symbol, t) => (symbol >= 6 ? [t] : []));
      expect(special).toHaveLength(2);
      special.forEach((t, i) => places[i].add(t));
      const noise = symbols.slice(1, length - 1).filter((_, i) => !special.includes(i + 1));
      expect(noise.every((symbol) => symbol >= 2 && symbol <= 5)).toBe(true);
      expect(batch.y.data[b]).toBe(2 * (symbols[special[0]] - 6) + symbols[special[1]] - 6);
      classes[batch.y.data[b]]++;
      lengths.add(length);
    }
  const range = (values: Set<number>): readonly number[] => [Math.min(...values), Math.max(...values), values.size];
  expect(range(lengths)).toEqual([100, 110, 11]);
  expect(places.map(range)).toEqual([
    [10, 20, 11],
    [50, 60, 11],
  ]);
  for (const count of classes) expect(Math.abs(count - 250)).toBeLessThan(70);
});

test.each(["copy", "reverse"] as const)("transduction: %s, then the end, and a mask up to it", async (rule) => {
  const task = await open({ type: "transduction", rule, shortest: 2, longest: 7, symbols: 5 });
  const counts = new Map<number, number>();
  for (const { x, lengths, y, mask } of batchesOf(task, "train", 10, 60))
    for (let b = 0; b < 60; b++) {
      const length = lengths.data[b];
      counts.set(length, (counts.get(length) ?? 0) + 1);
      const read = rowOf(x, b).slice(0, length);
      expect(read.every((symbol) => symbol >= 0 && symbol < 5)).toBe(true);
      const said = rule === "copy" ? read : read.toReversed();
      expect(rowOf(y, b)).toEqual([...said, ...new Array<number>(8 - length).fill(5)]);
      expect(rowOf(mask, b)).toEqual(Array.from({ length: 8 }, (_, t) => (t <= length ? 1 : 0)));
    }
  expect([...counts.keys()].sort()).toEqual([2, 3, 4, 5, 6, 7]);
  for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(50);
});

test("transduction: the baselines are what such guessing scores", async () => {
  const task = await open({ type: "transduction", shortest: 3, longest: 3, symbols: 4 });
  const [accuracy, loss] = task.baselines("test").map(({ value }) => value);
  expect(accuracy).toBeCloseTo((3 * (1 / 4) + 1) / 4, 14);
  expect(loss).toBeCloseTo((3 * Math.log(4)) / 4, 14);
});
