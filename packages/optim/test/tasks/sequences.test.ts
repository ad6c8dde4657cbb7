// Sequences from files, against the numbers that the files were made of.
import { describe, expect, test } from "vitest";
import { coderOf, taskSchema } from "../../src/tasks/registry.js";
import { readFitted, fittedText } from "../../src/data/fitted.js";
import { textBytes } from "../../src/data/file-bytes.js";
import type { Batch, Split } from "../../src/data/batch.js";
import { openAny, rowOf } from "./open.js";

interface Made {
  readonly id: string;
  readonly a: readonly number[];
  readonly kind: readonly string[];
  readonly label: string;
}
const made: readonly Made[] = Array.from({ length: 50 }, (_, n) => ({
  id: `s${n}`,
  a: Array.from({ length: 3 + (n % 5) }, (_, t) => 100 + n * 7 + t * t),
  kind: Array.from({ length: 3 + (n % 5) }, (_, t) => ["x", "y", "z"][(n + t) % 3]),
  label: n % 3 === 0 ? "yes" : "no",
}));
const rowsOf = (sequences: readonly Made[]): string[] =>
  sequences.flatMap(({ id, a, kind, label }) => a.map((value, t) => `${id},${value},${kind[t]},${label}`));
const csv = ["id,a,kind,label", ...rowsOf(made)].join("\n");
const jsonLines = made.map(({ a, kind, label }) => JSON.stringify({ a, kind, label })).join("\n");

const config = {
  type: "sequences",
  files: ["a.csv"],
  sequence: "id",
  inputs: { x: ["a", { column: "kind", categories: ["x", "y"] }] },
  targets: { y: { column: "label", classes: 2 } },
  validation: 0.2,
  test: 0.2,
};
const { sequence: _, ...withoutId } = config;
const read = (text: string) => ({ readFile: () => text });

async function wholeEpoch(text: string, other: object, split: Split, epoch = 0): Promise<readonly Batch[]> {
  const task = await openAny({ ...config, ...other }, read(text));
  const count = task.batchesPerEpoch(split, 4) ?? 0;
  return Promise.all(Array.from({ length: count }, async (_, i) => task.batch(split, epoch * count + i, 4)));
}

/** The first input column of every sequence of some batches, without padding. */
const firstColumns = (batches: readonly Batch[], width: number): readonly (readonly number[])[] =>
  batches.flatMap(({ x, lengths }) =>
    Array.from(lengths.data, (length, b) =>
      rowOf(x, b)
        .filter((_, i) => i % width === 0)
        .slice(0, length),
    ),
  );

test("the parts together are all sequences, each once, in every epoch in another order", async () => {
  const raw = { inputs: { x: [{ column: "a", normalize: "none" }] } };
  const found = [];
  for (const split of ["train", "validation", "test"] as const)
    found.push(...firstColumns(await wholeEpoch(csv, raw, split), 1));
  const sorted = (lists: readonly (readonly number[])[]): string[] => lists.map((list) => list.join()).sort();
  expect(sorted(found)).toEqual(sorted(made.map(({ a }) => a)));
  const [first, second] = [await wholeEpoch(csv, raw, "train", 0), await wholeEpoch(csv, raw, "train", 1)];
  expect(first).not.toEqual(second);
  expect(sorted(firstColumns(first, 1))).toEqual(sorted(firstColumns(second, 1)));
});

test("numbers have mean 0 and deviation 1 over the training part, and no other", async () => {
  const all = firstColumns(await wholeEpoch(csv, {}, "train"), 4).flat();
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  expect(mean).toBeCloseTo(0, 12);
  expect(all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / all.length).toBeCloseTo(1, 12);
  // Held-out values change nothing in what training sees.
  const task = await openAny(config, read(csv));
  const held = new Set(
    firstColumns(await wholeEpoch(csv, { inputs: { x: [{ column: "a", normalize: "none" }] } }, "test"), 1).map((a) =>
      a.join(),
    ),
  );
  const moved = made.map((sequence) =>
    held.has(sequence.a.join()) ? { ...sequence, a: sequence.a.map((x) => x * 1000) } : sequence,
  );
  const other = await openAny(config, read(["id,a,kind,label", ...rowsOf(moved)].join("\n")));
  expect(await other.batch("train", 3, 4)).toEqual(await task.batch("train", 3, 4));
  expect(await other.batch("test", 0, 4)).not.toEqual(await task.batch("test", 0, 4));
});

test("more data move no sequence from one part to another", async () => {
  const raw = { inputs: { x: [{ column: "a", normalize: "none" }] } };
  const before = firstColumns(await wholeEpoch(csv, raw, "test"), 1).map((a) => a.join());
  const more = ["id,a,kind,label", "new,1,x,yes", ...rowsOf(made)].join("\n");
  const after = firstColumns(await wholeEpoch(more, raw, "test"), 1).map((a) => a.join());
  expect(after).toEqual(expect.arrayContaining(before));
});

test("JSON lines of lists give what rows give", async () => {
  const files = { train: ["t"], validation: ["v"], test: ["e"] };
  const cut = (path: string): readonly Made[] =>
    path === "t" ? made.slice(0, 30) : path === "v" ? made.slice(30, 40) : made.slice(40);
  const rows = await openAny(
    { ...config, files },
    { readFile: (path) => ["id,a,kind,label", ...rowsOf(cut(path))].join("\n") },
  );
  const lists = await openAny(
    { ...withoutId, files, format: "jsonLines" },
    {
      readFile: (path) =>
        cut(path)
          .map(({ a, kind, label }) => JSON.stringify({ a, kind, label }))
          .join("\n"),
    },
  );
  for (const split of ["train", "validation", "test"] as const)
    expect(await lists.batch(split, 1, 4)).toEqual(await rows.batch(split, 1, 4));
  expect(lists.data?.count).toEqual({ train: 30, validation: 10, test: 10 });
});

test("buckets hold sequences of about one length, and every sequence once", async () => {
  const raw = { inputs: { x: [{ column: "a", normalize: "none" }] } };
  const batches = await wholeEpoch(csv, { ...raw, buckets: [4, 6] }, "train");
  const found = new Set(batches.map(({ x }) => x.dims[1]));
  expect(found).toEqual(new Set([4, 6, 7]));
  for (const { x, lengths } of batches)
    for (const length of lengths.data)
      expect(found).toContain([4, 6, 7].find((border) => length <= border && border === x.dims[1]));
  expect(firstColumns(batches, 1)).toHaveLength(firstColumns(await wholeEpoch(csv, raw, "train"), 1).length);
});

test("the baseline is always saying the most frequent class", async () => {
  const task = await openAny(config, read(csv));
  const batches = await wholeEpoch(csv, {}, "test");
  const labels = batches.flatMap(({ y }) => Array.from(y.data));
  // Classes in the order of their texts: no, yes.
  const share = labels.filter((label) => label === 0).length / labels.length;
  expect(task.baselines("test")[0]).toMatchObject({ metric: "accuracy", value: share });
});

describe("bad rows", () => {
  const broken = csv.replace("s3,121,", "s3,NaN,").replace("s7,149,", "s7,,").replace("s9,163,x,yes", "s9,163,x,maybe");
  const few = { ...config, targets: { y: { column: "label", classes: ["yes", "no"] } } };

  test("are told with file, line and column, all at once", async () => {
    await expect(openAny(few, read(broken))).rejects.toMatchObject({
      name: "DataError",
      issues: [
        { code: "data.number", at: { kind: "text", file: "a.csv", line: 14, column: 4 }, received: '"NaN"' },
        { code: "data.number", at: { file: "a.csv", column: 4 }, received: "an empty cell" },
        { code: "data.class", at: { file: "a.csv", column: 10 }, expected: '"yes", "no"', received: '"maybe"' },
      ],
    });
  });

  test("or leave out their sequences, and are counted", async () => {
    const { data } = await openAny({ ...few, badRows: "skip" }, read(broken));
    expect(data?.skipped.count).toBe(3);
    const { train, validation, test: tested } = data?.count ?? { train: 0, validation: 0, test: 0 };
    expect(train + validation + tested).toBe(47);
  });

  test("rows of one sequence that do not stand together, and sequences that are too long, are refused", async () => {
    await expect(openAny(config, read(`${csv}\ns0,1,x,yes`))).rejects.toMatchObject({
      issues: [{ code: "data.sequence" }],
    });
    const issues = expect.arrayContaining([expect.objectContaining({ code: "data.too-long" })]) as unknown;
    await expect(openAny({ ...config, longest: 5 }, read(csv))).rejects.toMatchObject({ issues });
  });

  test("numbers beyond the element type are refused", async () => {
    await expect(openAny(config, { ...read(csv.replace("s3,121,", "s3,1e39,")), dtype: "f32" })).rejects.toMatchObject({
      issues: [{ code: "data.number", received: '"1e39"' }],
    });
    await expect(openAny(config, read(csv.replace("s3,121,", "s3,1e999,")))).rejects.toMatchObject({
      issues: [{ code: "data.number" }],
    });
  });

  test("lists of different lengths are refused, with the place of the key", async () => {
    const line = JSON.stringify({ a: [1, 2], kind: ["x"], label: "yes" });
    await expect(openAny({ ...withoutId, format: "jsonLines" }, read(`${jsonLines}\n${line}`))).rejects.toMatchObject({
      issues: [{ code: "data.list", at: { line: 51, column: 12 }, received: "1" }],
    });
  });
});

describe("the coder", () => {
  test("gives the inputs of training for the same rows, from what was saved", async () => {
    const files = { train: ["t"], validation: ["t2"], test: ["t3"] };
    const text = (path: string): string =>
      ["id,a,kind,label", ...rowsOf(made.map((m) => ({ ...m, id: path + m.id })))].join("\n");
    const task = await openAny({ ...config, files }, { readFile: text });
    const fitted = readFitted(new TextEncoder().encode(fittedText(task.data?.fitted ?? { format: 1, columns: [] })));
    const coder = coderOf(taskSchema.parse({ ...config, files }), fitted, "f64");
    const sequences = [];
    const unlabelled = text("t")
      .replace(/,(yes|no)$/gm, "")
      .replace(",label", "");
    for await (const found of coder?.read("new.csv", textBytes(unlabelled)) ?? []) sequences.push(found);
    expect(sequences.map(({ id }) => id)).toEqual(made.map(({ id }) => `t${id}`));
    const { y: __, ...inputs } = await task.batch("validation", 0, 50);
    expect(coder?.encode(sequences)).toEqual(inputs);
  });

  test("says classes by name, and numbers in their own units", () => {
    const fitted = {
      format: 1 as const,
      columns: [
        { name: "x", column: "a", shift: 0, scale: 1 },
        { name: "y", column: "label", symbols: ["no", "yes"] },
        { name: "z", column: "p", shift: 10, scale: 2 },
        { name: "z", column: "q", shift: -1, scale: 4 },
      ],
    };
    const task = taskSchema.parse({
      ...config,
      inputs: { x: ["a"] },
      targets: { y: { column: "label", classes: 2 }, z: { columns: ["p", "q"] } },
    });
    const coder = coderOf(task, fitted, "f64");
    const outputs = (...data: number[]) => ({ dtype: "f64" as const, dims: [2, 2], data: Float64Array.from(data) });
    expect(coder?.decode("y", outputs(0, 0, 0, Math.log(3)))).toMatchObject([
      { columns: [{ column: "label", values: ["no"], probabilities: [0.5, 0.5] }] },
      { columns: [{ values: ["yes"], probabilities: [0.25, expect.closeTo(0.75, 12)] }] },
    ]);
    expect(coder?.decode("z", outputs(0, 0, 1, 0.5))).toEqual([
      {
        columns: [
          { column: "p", values: [10] },
          { column: "q", values: [-1] },
        ],
      },
      {
        columns: [
          { column: "p", values: [12] },
          { column: "q", values: [1] },
        ],
      },
    ]);
    expect(() => coderOf(task, { format: 1, columns: fitted.columns.slice(1) }, "f64")).toThrow("data.json");
  });
});
