// The task series: windows of rows against those cut by hand, what is fitted, holes, streams, and files larger than what is kept.
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { SPLITS, type Batch, type Split } from "../../src/data/batch.js";
import { columnsOf } from "../../src/data/columns.js";
import { textBytes, type FileBytes } from "../../src/data/file-bytes.js";
import { openSeries } from "../../src/data/series-store.js";
import { taskSchema } from "../../src/tasks/registry.js";
import type { Task } from "../../src/tasks/task.js";
import { mean, openAny as open, rowOf } from "./open.js";

/** A file whose rows are numbered from 0 on, over all series: `n` tells every row from all others. */
const numbered = (counts: readonly number[], extra: (n: number) => string = () => "0"): string => {
  let n = 0;
  const rows = counts.flatMap((count, s) => Array.from({ length: count }, () => `s${s},${n},${extra(n++)}`));
  return `${["id,n,v", ...rows].join("\n")}\n`;
};
const inputs = { x: [{ column: "n", normalize: "none" }] };
const targets = { y: { columns: ["n"], normalize: "none" } };
const base = { type: "series", files: ["a.csv"], series: "id", inputs, targets, validation: 0.2, test: 0.2 };

/** The rows of each part of each series, cut by hand. */
function partsOf(counts: readonly number[], share: number): Readonly<Record<Split, readonly (readonly number[])[]>> {
  let first = 0;
  const parts: Record<Split, number[][]> = { train: [], validation: [], test: [] };
  for (const count of counts) {
    const held = Math.floor(count * share);
    const rows = Array.from({ length: count }, (_, i) => first + i);
    parts.train.push(rows.slice(0, count - 2 * held));
    parts.validation.push(rows.slice(count - 2 * held, count - held));
    parts.test.push(rows.slice(count - held));
    first += count;
  }
  return parts;
}

async function epochOf(task: Task, split: Split, size: number, epoch = 0): Promise<readonly Batch[]> {
  const count = task.batchesPerEpoch(split, size) ?? 0;
  const batches: Batch[] = [];
  for (let i = 0; i < count; i++) batches.push(await task.batch(split, epoch * count + i, size));
  return batches;
}
const rowsOf = (batches: readonly Batch[], name: string): readonly (readonly number[])[] =>
  batches.flatMap((batch) => Array.from({ length: batch[name].dims[0] }, (_, b) => rowOf(batch[name], b)));
const range = (from: number, count: number): readonly number[] => Array.from({ length: count }, (_, i) => from + i);

const plans = fc.record({
  counts: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 4 }).map((list) => [...list, 80]),
  length: fc.integer({ min: 1, max: 7 }),
  stride: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
  ahead: fc.integer({ min: 0, max: 4 }),
  horizon: fc.integer({ min: 1, max: 3 }),
  size: fc.integer({ min: 1, max: 9 }),
  seed: fc.integer(),
  perSequence: fc.boolean(),
});

describe("windows", () => {
  property.prop([plans], { numRuns: 60 })(
    "are those that can be cut by hand: inside of one series and one part, targets too, and all of the held-out ones",
    async ({ counts, length, stride, ahead, horizon, size, seed, perSequence }) => {
      const per = perSequence ? "sequence" : "step";
      const task = await open(
        { ...base, length, stride, ahead, horizon, targets: { y: { ...targets.y, per } } },
        { seed, readFile: () => numbered(counts) },
      );
      const parts = partsOf(counts, 0.2);
      for (const split of SPLITS) {
        const batches = await epochOf(task, split, size);
        const windows = rowsOf(batches, "x");
        const starts = windows.map(([start]) => start);
        windows.forEach((window, i) => {
          expect(window).toEqual(range(starts[i], length));
          const steps = perSequence ? [length - 1] : range(0, length);
          expect(rowsOf(batches, "y")[i]).toEqual(steps.flatMap((t) => range(starts[i] + t + ahead, horizon)));
          const part = parts[split].find((rows) => rows.includes(starts[i])) ?? [];
          expect(part).toContain(starts[i] + length - 1 + ahead + horizon - 1);
        });
        const step = stride ?? length;
        const fitting = parts[split].map((rows) =>
          rows.filter((row, i) => i % step === 0 && row + length - 1 + ahead + horizon - 1 <= (rows.at(-1) ?? -1)),
        );
        if (split === "train")
          expect(starts.length).toBe(
            fitting.reduce((sum, list) => sum + Math.min(list.length, Math.max(1, list.length - 1)), 0),
          );
        else expect(starts).toEqual(fitting.flat());
      }
    },
  );

  test("of training are shuffled, from another place in every epoch, and come again with the same seed", async () => {
    const config = { ...base, length: 5 };
    const readFile = (): string => numbered([200, 150]);
    const task = await open(config, { readFile });
    const again = await open(config, { readFile });
    const [first, second] = [await epochOf(task, "train", 4), await epochOf(task, "train", 4, 1)];
    expect(rowsOf(second, "x")).not.toEqual(rowsOf(first, "x"));
    expect(rowsOf(await epochOf(again, "train", 4, 1), "x")).toEqual(rowsOf(second, "x"));
    const starts = rowsOf(first, "x").map(([start]) => start);
    expect(starts).not.toEqual([...starts].sort((a, b) => a - b));
  });

  test("of streams go on from batch to batch, and begin anew where another series does", async () => {
    const task = await open({ ...base, length: 3, order: "stream" }, { readFile: () => numbered([60, 45, 70]) });
    for (const split of SPLITS) {
      const batches = await epochOf(task, split, 2);
      let begun = 0;
      for (const b of [0, 1]) {
        const stream = batches.map((batch) => ({ x: rowOf(batch["x"], b), begins: batch["begins"].data[b] }));
        expect(stream[0].begins).toBe(1);
        stream.slice(1).forEach(({ x, begins }, i) => {
          const before = stream[i].x;
          expect(begins).toBe(Number(x[0] !== before[2] + 1));
          begun += begins;
        });
      }
      expect(begun).toBeGreaterThan(0);
    }
  });

  test("do not go over rows that were left out, which are counted", async () => {
    const lines = numbered([60]).split("\n");
    lines[21] = "s0,many,0";
    const task = await open({ ...base, length: 4, stride: 1, badRows: "skip" }, { readFile: () => lines.join("\n") });
    // The column is both input and target.
    expect(task.data?.skipped.count).toBe(2);
    const starts = new Set<number>();
    for (let epoch = 0; epoch < 12; epoch++)
      for (const window of rowsOf(await epochOf(task, "train", 8, epoch), "x")) {
        expect(window).toEqual(range(window[0], 4));
        expect(window).not.toContain(20);
        starts.add(window[0]);
      }
    // The target of the window is the row behind it.
    expect(starts).not.toContain(16);
    expect([...starts].sort((a, b) => a - b).slice(0, 20)).toEqual([...range(0, 16), ...range(21, 4)]);
  });
});

test("numbers are normalized by the training part alone; the baselines are persistence and the mean of it, on the part", async () => {
  const counts = [100, 50];
  const value = (n: number): number => Math.sin(n) * 10 + n * n;
  const config = {
    ...base,
    inputs: { x: ["v"] },
    targets: { y: { columns: ["v"] } },
    length: 4,
    ahead: 2,
    horizon: 2,
  };
  const task = await open(config, { readFile: () => numbered(counts, (n) => String(value(n))) });
  const parts = partsOf(counts, 0.2);
  const trained = parts.train.flat().map(value);
  const center = mean(trained);
  const deviation = Math.sqrt(mean(trained.map((v) => (v - center) ** 2)));
  const { x } = await task.batch("test", 0, 1);
  const encoded = range(parts.test[0][0], 4).map((n) => (value(n) - center) / deviation);
  rowOf(x, 0).forEach((each, i) => expect(each).toBeCloseTo(encoded[i], 9));
  const held = parts.test.flatMap((rows) =>
    [2, 3].flatMap((d) => rows.slice(d).map((n) => ((value(n) - value(n - d)) / deviation) ** 2)),
  );
  const always = mean(parts.test.flat().map((n) => ((value(n) - center) / deviation) ** 2));
  const [first, second] = task.baselines("test");
  expect(first.value).toBeCloseTo(Math.min(mean(held), always), 9);
  expect(second.value).toBeCloseTo(Math.max(mean(held), always), 9);
  expect(task.data?.count).toEqual({ train: 90, validation: 30, test: 30 });
});

test("parts may have files of their own, and a series may be in all of them", async () => {
  const readFile = (path: string): string => numbered(path === "b.csv" ? [9] : [30]);
  const files = { train: ["a.csv"], validation: ["b.csv"], test: ["b.csv"] };
  const task = await open({ ...base, files, length: 4 }, { readFile });
  expect(task.data?.count).toEqual({ train: 30, validation: 9, test: 9 });
  expect(rowsOf(await epochOf(task, "test", 5), "x")).toEqual([range(0, 4), range(4, 4)]);
});

test("without a column for it every file is a series; JSON lines have a step per line", async () => {
  const readFile = (path: string): string =>
    Array.from({ length: 20 }, (_, i) => `${JSON.stringify({ n: (path === "b" ? 20 : 0) + i })}\n`).join("");
  const task = await open(
    { ...base, series: undefined, format: "jsonLines", files: ["a", "b"], length: 3 },
    { readFile },
  );
  expect(rowsOf(await epochOf(task, "test", 2), "x")).toEqual([range(16, 3), range(36, 3)]);
});

describe("what is wrong is told with its place:", () => {
  const failing = async (config: object, text: string): Promise<string> =>
    open({ ...base, length: 3, ...config }, { readFile: () => text }).then(
      () => "",
      (error: unknown) => String((error as Error).message),
    );
  test("numbers that are none, all of them", async () => {
    const said = await failing({}, numbered([40]).replace("s0,7,", "s0,x7,").replace("s0,9,", "s0,,"));
    expect(said).toMatch(/line 9, column 4[\s\S]*"x7"[\s\S]*line 11, column 4/);
  });
  test("series that do not stand together", async () => {
    expect(await failing({}, `${numbered([20, 20])}s0,99,0\n`)).toMatch(/a\.csv, line 42[\s\S]*"s0"/);
  });
  test("columns that are not there, classes that training does not have, data that are too few", async () => {
    expect(await failing({ series: "house" }, numbered([40]))).toContain('one column "house"');
    const classes = { targets: { y: { column: "v", classes: 2 } } };
    expect(
      await failing(
        classes,
        numbered([40], (n) => (n < 35 ? "a" : "b")),
      ),
    ).toContain('"b"');
    expect(await failing({ length: 30 }, numbered([40]))).toContain("/task/length");
  });
  test.each([
    [{ horizon: 2, targets: { y: { column: "v", classes: 2 } } }, "horizon"],
    [{ order: "stream", stride: 1 }, "stride"],
    [{ targets: { x: { columns: ["n"] } } }, "inputs"],
  ])("options that do not go together: %j", (options, path) => {
    const result = taskSchema.safeParse({ ...base, length: 3, ...options });
    expect(result.error?.issues.map((issue) => issue.path[0])).toContain(path);
  });
});

test("a file larger than what may be kept is read in blocks, and never held as a whole", async () => {
  const row = (n: number): string => `${String(n).padStart(8, "0")},1\n`;
  const count = 200_000;
  const header = "n,v\n";
  let largest = 0;
  const file: FileBytes = {
    size: header.length + count * row(0).length,
    read(from, to) {
      largest = Math.max(largest, to - from);
      const first = Math.max(0, Math.floor((from - header.length) / 11));
      const last = Math.ceil(Math.max(0, to - header.length) / 11);
      const text =
        (from < header.length ? header : "") +
        range(first, last - first)
          .map(row)
          .join("");
      const skipped = from < header.length ? from : from - header.length - first * 11;
      return textBytes(text).read(skipped, skipped + to - from);
    },
  };
  const columns = columnsOf({
    inputs: { x: ["n"] },
    targets: { y: { columns: ["v"], normalize: "none", per: "step" } },
  });
  const cacheBytes = 2 ** 15;
  const store = await openSeries(
    {
      files: ["a.csv"],
      format: { format: "csv", delimiter: "," },
      columns,
      hasId: false,
      badRows: "error",
      shares: { validation: 0.1, test: 0.1 },
      ahead: 1,
      horizon: 1,
      cacheBytes,
    },
    { seed: 1, dtype: "f32", openFile: () => file },
  );
  expect([store.stretches.test[0].to, largest]).toEqual([count, 2 ** 18]);
  largest = 0;
  const { columns: fitted } = store.data.fitted;
  const { shift, scale } = "shift" in fitted[0] ? fitted[0] : { shift: 0, scale: 0 };
  for (let n = 0; n < 100; n++) {
    const from = (n * 7919) % (count - 700);
    const { values } = await store.read(from, 700);
    expect(Math.round(values[0][0] * scale + shift)).toBe(from);
    expect(Math.round(values[0][699] * scale + shift)).toBe(from + 699);
    expect(store.keptBytes()).toBeLessThanOrEqual(cacheBytes);
  }
  expect(largest).toBeLessThanOrEqual(512 * 11);
});
