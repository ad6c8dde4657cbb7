// `latchgrad predict` on real runs: answers against plain arithmetic on the evaluation's own numbers, and streams against whole sequences.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleCommand, tinyDocument, type Result, type TestCommand } from "./command";

const pathTo = (name: string): string => join(command.folder, name);
let command: TestCommand;

/** Rows of sequences s0, s1, ...: a number, a category, the sum of all numbers so far, and whether it is large. */
function rowsOf(first: number, count: number): readonly Readonly<Record<string, string | number>>[] {
  return Array.from({ length: count }, (_, n) => first + n).flatMap((n) => {
    let sum = 0;
    return Array.from({ length: 2 + (n % 4) }, (_unused, t) => {
      const load = 100 + ((n * 37 + t * 11) % 29);
      sum += load;
      return { id: `s${n}`, load, day: ["sun", "rain"][(n + t) % 2], sum, size: sum > 250 ? "large" : "small" };
    });
  });
}
const csvOf = (rows: ReturnType<typeof rowsOf>, columns = ["id", "load", "day", "sum", "size"]): string =>
  [columns, ...rows.map((row) => columns.map((column) => row[column]))].map((cells) => `${cells.join()}\n`).join("");

const dataDocument = {
  format: 1,
  name: "loads",
  task: {
    type: "sequences",
    files: { train: ["train.csv"], validation: ["validation.csv"], test: ["test.csv"] },
    sequence: "id",
    inputs: { x: ["load", { column: "day", categories: ["sun", "rain"] }] },
    targets: {
      sum: { columns: ["sum"], per: "step" },
      size: { column: "size", classes: ["small", "large"], per: "step" },
    },
  },
  layers: [
    { name: "memory", type: "recurrent", cell: { type: "gru", units: 5 } },
    { name: "size", type: "dense", units: 2, inputs: "memory" },
    { name: "sum", type: "dense", units: 1, inputs: "memory" },
  ],
  outputs: { class: "size" },
  loss: [
    { type: "meanSquaredError", target: "sum" },
    { type: "softmaxCrossEntropy", prediction: "size", target: "size", name: "cross" },
  ],
  metrics: [
    { type: "meanAbsoluteError", target: "sum" },
    { type: "accuracy", prediction: "size", target: "size" },
  ],
  training: {
    optimizer: { type: "adam", learningRate: 0.02 },
    batch: 64,
    steps: 30,
    seed: 1,
    evaluate: { every: 30, batches: 1 },
  },
};

async function ok(args: readonly string[], input?: string): Promise<string> {
  const { out, error, code } = await command.run(args, input === undefined ? {} : { input });
  expect([error, code]).toEqual(["", 0]);
  return out;
}
const linesOf = (text: string): readonly string[] => text.trimEnd().split("\n");
const recordsOf = (text: string): readonly Readonly<Record<string, never>>[] =>
  linesOf(text).map((line) => JSON.parse(line) as Readonly<Record<string, never>>);

const tested = rowsOf(60, 20);

beforeAll(async () => {
  command = await bundleCommand();
  command.file("train.csv", csvOf(rowsOf(0, 40)));
  command.file("validation.csv", csvOf(rowsOf(40, 20)));
  command.file("test.csv", csvOf(tested));
  command.file("new.csv", csvOf(tested, ["id", "load", "day"]));
  command.file("loads.json", JSON.stringify(dataDocument));
  command.file("adding.json", JSON.stringify(tinyDocument));
  for (const name of ["loads", "adding"])
    await ok(["train", `${name}.json`, "--out", name, "--no-report", "--precision", "reproducible"]);
});
afterAll(() => {
  command.remove();
});

describe("a model of data files", () => {
  test("answers in the units and classes of its targets: error and accuracy are those of eval", async () => {
    const [header, ...rows] = linesOf(await ok(["predict", "loads", "new.csv"])).map((line) => line.split(","));
    expect(header).toEqual(["id", "step", "sum", "size", "size=small", "size=large"]);
    expect(rows.map(([id, step]) => [id, step])).toEqual(
      tested.map(({ id }, i) => [id, String(1 + i - tested.findIndex((row) => row["id"] === id))]),
    );
    for (const [, , , size, small, large] of rows) {
      expect(Number(small) + Number(large)).toBeCloseTo(1, 6);
      expect(size).toBe(Number(small) >= Number(large) ? "small" : "large");
    }
    const { metrics } = JSON.parse(await ok(["eval", "loads", "--json"])) as { metrics: Record<string, number> };
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(rows.map(([, , , size], i) => Number(size === tested[i]["size"])))).toBeCloseTo(metrics["accuracy"], 6);
    // The training sees the sum with mean 0 and deviation 1.
    const sums = rowsOf(0, 40).map((row) => Number(row["sum"]));
    const deviation = Math.sqrt(mean(sums.map((sum) => (sum - mean(sums)) ** 2)));
    const error = mean(rows.map(([, , sum], i) => Math.abs(Number(sum) - Number(tested[i]["sum"]))));
    expect(error / deviation).toBeCloseTo(metrics["meanAbsoluteError"], 5);
  });

  test("says the same in JSON lines, into a file, and whatever its rows are written in", async () => {
    const table = linesOf(await ok(["predict", "loads", "new.csv"]))
      .slice(1)
      .map((line) => line.split(","));
    command.file("new.jsonl", tested.map(({ id, load, day }) => `${JSON.stringify({ id, load, day })}\n`).join(""));
    expect(await ok(["predict", "loads", "new.jsonl", "--out", "answers.jsonl"])).toBe("");
    const answers = recordsOf(readFileSync(pathTo("answers.jsonl"), "utf8"));
    expect(answers.map(({ id }) => id)).toEqual([...new Set(tested.map(({ id }) => id))]);
    expect(answers.flatMap(({ sum }) => sum as readonly number[])).toEqual(table.map(([, , sum]) => Number(sum)));
    expect(answers.flatMap(({ size }) => size as readonly string[])).toEqual(table.map(([, , , size]) => size));
  });

  test("goes on from line to line in a stream, with the answers of whole sequences, and begins anew with another sequence", async () => {
    const whole = linesOf(await ok(["predict", "loads", "new.csv"])).map((line) =>
      line.split(",").toSpliced(1, 1).join(),
    );
    const streamed = linesOf(await ok(["predict", "loads", "--stream"], csvOf(tested, ["id", "load", "day"])));
    expect(streamed).toEqual(whole);
  });

  test("answers each line of a pipe before the next one is there", async () => {
    const rows = linesOf(csvOf(tested.slice(0, 3), ["id", "load", "day"]));
    const { out, code } = await command.run(["predict", "loads", "-", "--stream"], {
      talk(said, input) {
        const answered = said === "" ? 0 : linesOf(said).length - 1;
        // The header and the first row come at once; every further row waits for the answer to the one before.
        if (said === "") input.write(`${rows[0]}\n${rows[1]}\n`);
        else if (answered < 3) input.write(`${rows[answered + 1]}\n`);
        else input.end();
      },
    });
    expect([code, linesOf(out).length]).toEqual([0, 4]);
  });

  test("names line and column of what is wrong, or leaves it out and counts it", async () => {
    command.file("bad.csv", "id,load,day\na,1,sun\na,many,sun\nb,2,rain\n");
    const { code, error } = await command.run(["predict", "loads", "bad.csv"]);
    expect([code, error]).toEqual([1, expect.stringContaining("bad.csv")]);
    expect(error).toMatch(/line 3.*column 3[\s\S]*"many"/);
    const skipping = await command.run(["predict", "loads", "bad.csv", "--skip-bad"]);
    expect([skipping.code, skipping.error]).toEqual([
      0,
      "1 sequence left out, because something was wrong with them\n",
    ]);
    expect(
      linesOf(skipping.out)
        .slice(1)
        .map((line) => line.split(",")[0]),
    ).toEqual(["b"]);
    command.file("columns.csv", "id,load\na,1\n");
    const missing = await command.run(["predict", "loads", "columns.csv"]);
    expect([missing.code, missing.error]).toEqual([1, expect.stringContaining('one column "day"')]);
  });
});

test("the document of docs/data.md is trained on rows such as it shows, and predicts those that it shows", async () => {
  const page = readFileSync(new URL("../../../docs/data.md", import.meta.url), "utf8");
  const blocks = [...page.matchAll(/^```(json|csv)\n([\s\S]*?)^```$/gm)].map(([, , text = ""]) => text);
  const [document = "", shown = ""] = blocks;
  const houses = Array.from({ length: 40 }, (_, n) => `h${n},${90 + n},sun,${n < 20 ? "low" : "high"}\n`);
  command.file("loads.csv", shown + houses.join(""));
  command.file("page.json", document);
  await ok(["train", "page.json", "--out", "page", "--no-report", "--set", "training.steps=3"]);
  const answers = linesOf(await ok(["predict", "page", "-", "--format", "csv"], shown));
  expect(answers[0]).toBe("id,step,state,state=low,state=high");
  expect(page).toContain(answers[0]);
  expect(answers.slice(1).map((line) => line.split(",").slice(0, 2))).toEqual([
    ["a", "1"],
    ["a", "2"],
    ["b", "1"],
  ]);
});

test("eval goes by what was fitted in training, also when the files of the training part have changed", async () => {
  const before = await ok(["eval", "loads", "--json"]);
  const training = readFileSync(pathTo("train.csv"), "utf8");
  command.file("train.csv", training.replace(/,1\d\d,/g, ",900,"));
  const after = await ok(["eval", "loads", "--json"]);
  command.file("train.csv", training);
  const result = (text: string): unknown => ({ ...(JSON.parse(text) as object), baseline: undefined });
  expect(result(after)).toEqual(result(before));
});

describe("a model of series", () => {
  /** Two waves, and the quarter that they are in. */
  const wave = (from: number, count: number): string =>
    `time,level,kind\n${Array.from({ length: count }, (_, i) => from + i)
      .map((t) => `${t},${(100 + 20 * Math.sin(t / 3) + 5 * Math.sin(t)).toFixed(3)},${["a", "b"][(t >> 2) % 2]}\n`)
      .join("")}`;
  const seriesDocument = {
    ...dataDocument,
    name: "wave",
    task: {
      type: "series",
      files: { train: ["wave.csv"], validation: ["wave-held.csv"], test: ["wave-held.csv"] },
      inputs: { x: ["level", { column: "kind", categories: ["a", "b"] }] },
      targets: { y: { columns: ["level"] } },
      length: 5,
      horizon: 2,
      order: "stream",
    },
    layers: [
      { name: "memory", type: "recurrent", cell: { type: "gru", units: 5 } },
      { name: "forecast", type: "dense", units: 2 },
    ],
    outputs: undefined,
    loss: { type: "meanSquaredError" },
    metrics: [{ type: "meanAbsoluteError" }],
    training: { ...dataDocument.training, batch: 1, steps: 40, evaluate: { every: 40, batches: 1000 } },
  };
  const held = wave(200, 58);

  test("forecasts in the units of its columns, with the error that eval says; a stream gives the same step by step", async () => {
    command.file("wave.csv", wave(0, 200));
    command.file("wave-held.csv", held);
    command.file("wave.json", JSON.stringify(seriesDocument));
    await ok(["train", "wave.json", "--out", "wave", "--no-report", "--precision", "reproducible"]);
    const answers = await ok(["predict", "wave", "wave-held.csv"]);
    const [header, ...rows] = linesOf(answers).map((line) => line.split(","));
    expect(header).toEqual(["id", "step", "level.1", "level.2"]);
    const levels = linesOf(held)
      .slice(1)
      .map((line) => Number(line.split(",")[1]));
    expect(rows.length).toBe(levels.length);
    const { metrics } = JSON.parse(await ok(["eval", "wave", "--json"])) as { metrics: Record<string, number> };
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    const trained = linesOf(wave(0, 200))
      .slice(1)
      .map((line) => Number(line.split(",")[1]));
    const deviation = Math.sqrt(mean(trained.map((level) => (level - mean(trained)) ** 2)));
    // Windows of 5 rows whose targets are there.
    const judged = 5 * Math.floor((levels.length - 2) / 5);
    const errors = rows
      .slice(0, judged)
      .flatMap(([, , first, second], t) => [Number(first) - levels[t + 1], Number(second) - levels[t + 2]]);
    expect(mean(errors.map(Math.abs)) / deviation).toBeCloseTo(metrics["meanAbsoluteError"], 5);
    const streamed = linesOf(await ok(["predict", "wave", "--stream"], held));
    expect(streamed).toEqual(linesOf(answers).map((line) => line.split(",").slice(2).join()));
  });
});

describe("another model", () => {
  const examples = [
    [
      [0.1, 0],
      [0.5, 1],
      [0.3, 1],
    ],
    [
      [0.9, 1],
      [0.2, 1],
    ],
    [
      [0.4, 1],
      [0.6, 0],
      [0.7, 1],
    ],
  ];

  test("reads its inputs by name, in JSON lines and as a table", async () => {
    writeFileSync(pathTo("x.jsonl"), examples.map((x, i) => `${JSON.stringify({ id: i, x })}\n`).join(""));
    const answers = recordsOf(await ok(["predict", "adding", "x.jsonl"]));
    expect(answers).toEqual(examples.map((_, id) => ({ id, prediction: [expect.any(Number) as never] })));
    const table = ["id,x.0,x.1", ...examples.flatMap((x, id) => x.map((row) => [id, ...row].join()))].join("\n");
    const rows = linesOf(await ok(["predict", "adding", "-", "--format", "csv"], table));
    expect(rows).toEqual([
      "id,prediction",
      ...answers.map(({ id, prediction }) => `${String(id)},${String(prediction)}`),
    ]);
  });

  test("answers after every step of a stream, and begins anew after an empty line", async () => {
    const whole = recordsOf(
      await ok(["predict", "adding", "-"], examples.map((x) => `${JSON.stringify({ x })}\n`).join("")),
    );
    const lines = examples.map((x) => x.map((row) => `${JSON.stringify(row)}\n`).join("")).join("\n");
    const steps = recordsOf(await ok(["predict", "adding", "-", "--stream"], lines));
    expect([2, 4, 7].map((last) => steps[last])).toEqual(whole);
  });

  test.each([
    ['{"x": [[0, 1], [0]]}', "a list of 2"],
    ['{"x": [[0, 1]], "q": 1}', 'no input "q"'],
    ['{"id": 3}', "a value for every input"],
    ['{"x": [[0, "a"]]}', "x[0][1]"],
    ["{", "line 2"],
  ])("refuses %s with its line", async (line, said) => {
    const { code, error } = await command.run(["predict", "adding"], { input: `{"x": [[0, 1]]}\n${line}\n` });
    expect(code).toBe(1);
    expect(error).toContain(said);
    expect(error).toContain("line 2");
    expect(error).not.toMatch(/\n\s+at .*:\d+:\d+/);
  });
});

test("names of columns that the model does not know are told once, not again for each row below", async () => {
  const input = "id,x.0,y\n0,0.5,1\n0,0.25,0\n";
  const { code, error } = await command.run(["predict", "adding", "-", "--format", "csv"], { input });
  expect(code).toBe(1);
  expect(error.match(/^\[input\./gm)).toHaveLength(1);
  expect(error).toContain("line 1");
});

test("what is not there is said: a file, a model", async () => {
  const results: Result[] = [
    await command.run(["predict", "loads", "none.csv"]),
    await command.run(["predict", "nowhere", "new.csv"]),
  ];
  expect(results.map(({ code }) => code)).toEqual([1, 1]);
  expect(results.map(({ error }) => error).join("")).toMatch(/none\.csv[\s\S]*no such file[\s\S]*nowhere/);
});
