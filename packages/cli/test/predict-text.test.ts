// `latchgrad predict` for models of text: answers against the accuracy of eval, and streams against whole texts.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleCommand, tinyDocument, type TestCommand } from "./command";

let command: TestCommand;

/** Sentences in a regular order, with characters of two and more bytes. */
const sentences = (first: number, count: number): string =>
  Array.from(
    { length: count },
    (_, n) => `Der ${["Käfer", "Bär", "Igel"][(first + n) % 3]} läuft 木 ${n % 2 === 0 ? "weg" : "her"}.\n`,
  ).join("");
const heldOut = sentences(1, 12);

const documentOf = (unit: string, size: number): object => ({
  format: 1,
  name: unit,
  task: {
    type: "text",
    unit,
    ...(unit === "bytes" ? {} : { vocabulary: size }),
    files: { train: ["train.txt"], validation: ["test.txt"], test: ["test.txt"] },
    length: 5,
    order: "stream",
  },
  layers: [
    { type: "embedding", count: size, units: 6 },
    { name: "memory", type: "recurrent", cell: { type: "gru", units: 8 } },
    { name: "next", type: "dense", units: size },
  ],
  loss: { type: "softmaxCrossEntropy" },
  metrics: [{ type: "accuracy" }, { type: "perplexity" }],
  training: {
    optimizer: { type: "adam", learningRate: 0.05 },
    batch: 1,
    steps: 60,
    seed: 1,
    evaluate: { every: 60, batches: 1000 },
  },
});

async function ok(args: readonly string[], input?: string): Promise<string> {
  const { out, error, code } = await command.run(args, input === undefined ? {} : { input });
  expect([error, code]).toEqual(["", 0]);
  return out;
}
interface Answer {
  readonly id?: string;
  readonly symbols: readonly (string | number | null)[];
  readonly next: readonly (string | number | null)[];
  readonly probabilities: readonly number[];
}
const recordsOf = <T>(text: string): readonly T[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as T);

const units = { characters: 24, bytes: 256, words: 9 } as const;

beforeAll(async () => {
  command = await bundleCommand();
  command.file("train.txt", sentences(0, 90));
  command.file("test.txt", heldOut);
  for (const [unit, size] of Object.entries(units)) {
    command.file(`${unit}.json`, JSON.stringify(documentOf(unit, size)));
    await ok(["train", `${unit}.json`, "--out", unit, "--no-report", "--precision", "reproducible"]);
  }
});
afterAll(() => {
  command.remove();
});

describe.each(Object.keys(units))("a model of %s", (unit) => {
  test("names what it read and what it thinks comes next: it is right as often as eval says", async () => {
    const [{ symbols, next, probabilities }] = recordsOf<Answer>(await ok(["predict", unit, "test.txt"]));
    const whole = unit === "words" ? heldOut.match(/[\p{L}\d]+|[^\s]|\n/gu) : [...heldOut];
    if (unit === "bytes") expect(symbols).toEqual([...new TextEncoder().encode(heldOut)]);
    else expect(symbols.every((symbol, i) => symbol === null || symbol === whole?.[i])).toBe(true);
    expect([next.length, probabilities.length]).toEqual([symbols.length, symbols.length]);
    const { metrics } = JSON.parse(await ok(["eval", unit, "--json"])) as { metrics: Record<string, number> };
    // Streams are cut into windows of 5, and the last symbol has none behind it.
    const judged = 5 * Math.floor((symbols.length - 1) / 5);
    const right = next.slice(0, judged).filter((symbol, i) => symbol === symbols[i + 1]).length;
    expect(right / judged).toBeCloseTo(metrics["accuracy"], 6);
    expect(metrics["accuracy"]).toBeGreaterThan(0.3);
  });

  test("answers each symbol of a stream, in whatever pieces it comes, as in the whole text", async () => {
    const [{ symbols, next, probabilities }] = recordsOf<Answer>(await ok(["predict", unit, "test.txt"]));
    const bytes = new TextEncoder().encode(heldOut);
    // Pieces end inside of a word, and of a character of three bytes.
    const cuts = [0, 5, bytes.indexOf(0xe6) + 1, bytes.length];
    let sent = 0;
    const { out, code } = await command.run(["predict", unit, "-", "--stream"], {
      talk(_, input) {
        if (sent === 3) return;
        input.write(bytes.subarray(cuts[sent], cuts[++sent]));
        if (sent === 3) input.end();
      },
    });
    expect(code).toBe(0);
    expect(recordsOf(out)).toEqual(
      symbols.map((symbol, i) => ({ symbol, next: next[i], probability: probabilities[i] })),
    );
  });
});

describe.each(Object.keys(units))("what a model of %s writes", (unit) => {
  const known = new Set(
    unit === "words" ? ["Der", "Käfer", "Bär", "Igel", "läuft", "木", "weg", "her", ".", "\n"] : sentences(0, 6),
  );

  test("is of its vocabulary, the same for the same seed, and begins with the prompt", async () => {
    const args = ["generate", unit, "Der Bär", "--length", "60"];
    const text = await ok(args);
    expect(text.startsWith("Der Bär")).toBe(true);
    expect(text.endsWith("\n")).toBe(true);
    const symbols = unit === "words" ? (text.match(/[\p{L}\d]+|\n|\S/gu) ?? []) : [...text];
    if (unit !== "bytes") expect(symbols.filter((symbol) => !known.has(symbol))).toEqual([]);
    expect(await ok(args)).toBe(text);
    expect(await ok([...args, "--seed", "2"])).not.toBe(text);
  });

  test("at temperature 0 is what predict thinks comes next, symbol by symbol", async () => {
    const text = await ok(["generate", unit, "Der Bär läuft", "--length", "30", "--temperature", "0"]);
    if (unit === "bytes" && text.includes("\ufffd")) return;
    command.file("written.txt", text);
    const [{ symbols, next }] = recordsOf<Answer>(await ok(["predict", unit, "written.txt"]));
    const first = { characters: 13, bytes: 15, words: 3 }[unit] ?? 0;
    // What is not in the vocabulary can be expected, and is never written.
    const expected = next.slice(first - 1, first + 29);
    const found = symbols.slice(first, first + 30);
    expect(found).toEqual(expected.map((symbol, i) => symbol ?? found[i]));
    expect(found).not.toContain(null);
    expect(expected.filter((symbol) => symbol !== null).length).toBeGreaterThan(20);
  });
});

test("a text that nobody reads any more comes to an end", async () => {
  const through = ["sh", "-c", '"$0" "$@" | head -c 40'] as const;
  const { code, out } = await command.run(["generate", "characters", "Der", "--length", "1000000000"], { through });
  expect([code, out.startsWith("Der")]).toEqual([0, true]);
});

test("a text without a prompt begins a line; what cannot write says so", async () => {
  const text = await ok(["generate", "characters", "--length", "20"]);
  expect([...text.trimEnd()].length).toBeGreaterThan(0);
  const unknown = await command.run(["generate", "words", "Der Wal läuft", "--length", "3"]);
  expect([unknown.code, unknown.error]).toEqual([0, '1 symbol of the prompt not in the vocabulary: "Wal"\n']);
  const empty = await command.run(["generate", "words", " "]);
  expect([empty.code, empty.error]).toEqual([
    1,
    expect.stringMatching(/begins with a symbol that the model reads[\s\S]*The first words/),
  ]);
  const hot = await command.run(["generate", "words", "--temperature", "-1"]);
  expect([hot.code, hot.error]).toEqual([2, expect.stringContaining("A number from 0 to 1000 is expected.")]);
  command.file("tiny.json", JSON.stringify(tinyDocument));
  await ok(["train", "tiny.json", "--out", "tiny", "--no-report"]);
  const other = await command.run(["generate", "tiny"]);
  expect([other.code, other.error]).toEqual([
    1,
    expect.stringMatching(/a model of text writes texts[\s\S]*latchgrad predict/),
  ]);
});

test("texts in rows are answered one by one, in JSON lines and as a table; what is none is told with its line", async () => {
  const texts = ["Der Bär", "läuft"];
  command.file("texts.jsonl", texts.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  command.file("texts.csv", `text\n${texts.join("\n")}\n`);
  const answers = recordsOf<Answer>(await ok(["predict", "characters", "texts.jsonl"]));
  expect(answers.map(({ id, symbols }) => [id, symbols.join("")])).toEqual([
    ["texts.jsonl:1", texts[0]],
    ["texts.jsonl:2", texts[1]],
  ]);
  const [header, ...rows] = (await ok(["predict", "characters", "texts.csv"])).trimEnd().split("\n");
  expect(header).toBe("id,step,symbol,next,probability");
  expect(rows.map((row) => Number(row.split(",").at(-1)))).toEqual(
    answers.flatMap(({ probabilities }) => probabilities),
  );
  command.file("wrong.jsonl", '{"text": "Der"}\n{"text": 3}\n{"text": ""}\n');
  const { code, error } = await command.run(["predict", "words", "wrong.jsonl"]);
  expect([code, error]).toEqual([1, expect.stringMatching(/"text" is a text[\s\S]*wrong\.jsonl, line 2/)]);
  const { out } = await command.run(["predict", "words", "wrong.jsonl", "--skip-bad"]);
  expect(recordsOf<Answer>(out)).toHaveLength(1);
});

test("a run folder from before there was data.json, or any other unit, still evaluates and predicts by numbers", async () => {
  const {
    type: _,
    unit: _unit,
    vocabulary: _vocabulary,
    ...rest
  } = (documentOf("characters", 24) as { task: Record<string, unknown> }).task;
  const task = { ...rest, type: "textCharacters", symbols: 24, files: ["train.txt"] };
  command.file("old.json", JSON.stringify({ ...documentOf("characters", 24), task }));
  await ok(["train", "old.json", "--out", "old", "--no-report", "--precision", "reproducible"]);
  const before = await ok(["eval", "old", "--json"]);
  const named = recordsOf<Answer>(await ok(["predict", "old", "test.txt"]));
  expect(named[0].symbols.length).toBe([...heldOut].length);
  for (const file of ["data.json", "SHA256SUMS"]) rmSync(join(command.folder, "old", file));
  expect(await ok(["eval", "old", "--json"])).toBe(before);
  const [answer] = recordsOf<{ prediction: readonly (readonly number[])[] }>(
    await ok(["predict", "old"], '{"x": [1, 2, 3]}\n'),
  );
  expect(answer.prediction.map(({ length }) => length)).toEqual([24, 24, 24]);
});
