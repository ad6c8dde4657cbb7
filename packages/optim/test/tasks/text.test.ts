// The task text, and its older form textCharacters: symbols, parts, vocabulary, and the bits of runs from before.
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { SPLITS } from "../../src/data/batch.js";
import { fileHash, textBytes, type FileBytes } from "../../src/data/file-bytes.js";
import { openText, type TextPlan } from "../../src/data/text/text-store.js";
import { TEXT_UNITS } from "../../src/data/text/units.js";
import { vocabularyOf } from "../../src/data/text/vocabulary.js";
import { wordRanges } from "../../src/data/text/word-characters.js";
import { mean, openAny as open, rowOf } from "./open.js";

/** Each character's successor is known: the alphabet in a circle. */
const circle = "abcdefgh".repeat(100);
const config = { type: "textCharacters", files: ["circle.txt"], length: 10 };

test("targets are the next characters, across window borders too", async () => {
  const { x, y } = await (await open(config, { readFile: () => circle })).batch("train", 2, 8);
  for (let b = 0; b < 8; b++) {
    expect(rowOf(y, b).slice(0, -1)).toEqual(rowOf(x, b).slice(1));
    expect(rowOf(y, b)[9]).toBe((rowOf(x, b)[9] % 8) + 1);
  }
});

test("the most frequent characters of the training part get symbols, all others are symbol 0", async () => {
  const text = "aaab".repeat(200) + "c".repeat(40) + "z".repeat(100) + "😀".repeat(100);
  const task = await open({ ...config, symbols: 3 }, { readFile: () => text });
  expect(new Set((await task.batch("train", 0, 100)).x.data)).toEqual(new Set([0, 1, 2]));
  expect(new Set((await task.batch("test", 0, 100)).x.data)).toEqual(new Set([0]));
  const [first] = (await task.batch("train", 0, 1)).x.data;
  expect([0, 1, 2]).toContain(first);
});

test("the unigram baseline is the entropy of the letters: 3 bits for eight equally frequent ones", async () => {
  const task = await open({ ...config, symbols: 9 }, { readFile: () => circle });
  const [bits, perplexity, nats] = task.baselines("train");
  expect(bits.metric).toBe("bitsPerSymbol");
  expect(bits.value).toBeCloseTo(3, 1);
  expect(nats.value).toBeCloseTo(bits.value * Math.LN2, 12);
  expect(perplexity.value).toBeCloseTo(2 ** bits.value, 12);
});

test("the baseline is what guessing by training frequency scores on the split", async () => {
  const text = "ab".repeat(400) + "aab".repeat(70);
  const task = await open({ ...config, symbols: 3, test: 0.2 }, { readFile: () => text });
  const trained = text.slice(0, text.length - Math.floor(text.length * 0.1) - Math.floor(text.length * 0.2));
  const share = (symbol: string): number => (trained.split(symbol).length - 1 + 1) / (trained.length + 3);
  const held = text.slice(text.length - Math.floor(text.length * 0.2));
  expect(task.baselines("test").at(-1)?.value).toBeCloseTo(
    mean([...held].map((symbol) => -Math.log(share(symbol)))),
    12,
  );
});

test("line ends and byte order marks do not change the run", async () => {
  const read = async (text: string) => await (await open(config, { readFile: () => text })).batch("train", 0, 4);
  const lines = "one line\nand another\n".repeat(30);
  expect(await read("\uFEFF" + lines.replaceAll("\n", "\r\n"))).toEqual(await read(lines));
});

test("files are read in their order, each by its own name", async () => {
  const asked: string[] = [];
  const readFile = (path: string): Promise<string> => {
    asked.push(path);
    return Promise.resolve(circle);
  };
  await open({ ...config, files: ["b.txt", "a.txt"] }, { readFile });
  expect(asked).toEqual(["b.txt", "a.txt"]);
});

test("a file that cannot be read is a ConfigError at its place", async () => {
  const readFile = (path: string): string => {
    if (path === "b.txt") throw new Error("no such file");
    return circle;
  };
  await expect(open({ ...config, files: ["a.txt", "b.txt"] }, { readFile })).rejects.toMatchObject({
    name: "ConfigError",
    issues: [
      { code: "config.file", at: { kind: "config", pointer: "/task/files/1" }, received: "b.txt: no such file" },
    ],
  });
  await expect(open(config)).rejects.toMatchObject({ name: "ConfigError", issues: [{ code: "config.file" }] });
});

const sentences = (count: number): string =>
  Array.from(
    { length: count },
    (_, n) => `Zeile ${(n * 7919) % 101}: naïve café, ${"xyz😀\t"[n % 4]} and ${n % 13} more.`,
  ).join("\r\n");

describe("textCharacters gives the batches that it gave when files were read whole, and so does text", () => {
  // SHA-256 of 40 batches of each part, made by the version before.
  const hashes = {
    shuffled: "ddfeedcbbeeef6b2aaf12e08bf1b56ef0c4ea71eee01ee1aa50599337211d2d5",
    stream: "92362a71b9be6b1767af56024343472dd5d42a23af36d8ecd0a61df9e3965fe0",
  };
  test.each(["shuffled", "stream"] as const)("%s", async (order) => {
    // The index of sentences takes halves of a surrogate pair, which are U+FFFD in UTF-8.
    const readFile = (path: string): string => (path === "a.txt" ? `\uFEFF${sentences(30)}` : `${sentences(45)}\n`);
    for (const own of [
      { type: "textCharacters", symbols: 24 },
      { type: "text", vocabulary: 24 },
    ]) {
      const task = await open({ ...own, files: ["a.txt", "b.txt"], length: 12, order }, { dtype: "f32", readFile });
      const parts: string[] = [];
      for (const split of SPLITS)
        for (let i = 0; i < 40; i++)
          for (const [name, { dtype, dims, data }] of Object.entries(await task.batch(split, i, 4)))
            parts.push(JSON.stringify([name, dtype, dims, [...data]]));
      expect(await fileHash(textBytes(parts.join("")))).toBe(hashes[order]);
      expect(task.baselines("test")[0].value).toBeCloseTo(4.14073778005564, 12);
    }
  });
});

/** The symbols of whole texts, by other means than the task's. */
const symbolsOf = {
  characters: (text: string): readonly string[] => [...text.replaceAll("\r\n", "\n")],
  bytes: (text: string): readonly string[] =>
    [...new TextEncoder().encode(text)].map((byte) => String.fromCharCode(byte)),
  words(text: string): readonly string[] {
    const words: string[] = [];
    let isOpen = false;
    for (const character of text) {
      const isWord = /[\p{L}\p{M}\p{N}]/u.test(character);
      if (isWord && isOpen) words[words.length - 1] += character;
      else if (character === "\n" || !/\s/.test(character)) words.push(character);
      isOpen = isWord;
    }
    return words;
  },
};

/** A plan for texts that keeps all symbols apart. */
const planOf = (unit: TextPlan["unit"], blockBytes: number, files: TextPlan["files"] = ["0"]): TextPlan => ({
  files,
  unit,
  vocabulary: unit === "bytes" ? undefined : 3000,
  isStrict: true,
  shares: { validation: 0.1, test: 0.1 },
  blockBytes,
});

const pieces = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom("a", "Bc", "é", "e\u0301", "木", "😀", " ", "\n", "\r\n", "\r", "7", ".", "\u00a0"),
    },
    { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 5 }) },
  ),
  { minLength: 1, maxLength: 60 },
);

describe.each(TEXT_UNITS)("%s", (unit) => {
  property.prop([
    fc.array(pieces, { minLength: 1, maxLength: 3 }),
    fc.integer({ min: 1, max: 40 }),
    fc.nat(),
    fc.nat(),
  ])(
    "are those of the whole text, in whatever pieces it is read and whatever stretch is asked for",
    async (parts, blockBytes, a, b) => {
      const texts = parts.map((each) => each.join(""));
      const joint = unit === "bytes" ? [] : ["\n"];
      const wanted = texts.flatMap((each, i) => [...(i === 0 ? [] : joint), ...symbolsOf[unit](each)]);
      const files = texts.map((_, i) => String(i));
      const text = await openText(planOf(unit, blockBytes, files), {
        seed: 1,
        dtype: "f32",
        openFile: (path) => textBytes(texts[Number(path)]),
      });
      expect(text.stretches.test.to).toBe(wanted.length);
      const from = a % (wanted.length + 1);
      const count = b % (wanted.length - from + 1);
      const trained = new Set(wanted.slice(0, text.stretches.train.to));
      const expected = wanted
        .slice(from, from + count)
        .map((symbol) => (unit === "bytes" || trained.has(symbol) ? symbol : undefined));
      const { symbolOf } = vocabularyOf(text.data.fitted, { unit });
      expect(Array.from(await text.read(from, count), symbolOf)).toEqual(expected);
    },
  );
});

test("what is fitted is the training part alone: the most frequent symbols of it, ties by code point, in whatever order it has them", async () => {
  const files = { train: ["a"], validation: ["b"], test: ["b"] };
  const texts: Readonly<Record<string, string>> = { a: "z z z 😀 \uFB00 b b", b: "only here here here here" };
  const openFile = (path: string): FileBytes => textBytes(texts[path]);
  const text = await openText({ ...planOf("words", 8192, files), vocabulary: 4 }, { seed: 1, dtype: "f32", openFile });
  expect(text.data.fitted.columns).toEqual([{ name: "x", column: "words", symbols: ["z", "b", "\uFB00"] }]);
  expect([...(await text.read(0, 12))]).toEqual([1, 1, 1, 0, 3, 2, 2, 0, 0, 0, 0, 0]);
  expect(text.data.count).toEqual({ train: 7, validation: 5, test: 5 });
  // Fitted before, it is used as it is.
  const again = await openText(planOf("words", 8192, files), {
    seed: 1,
    dtype: "f32",
    openFile,
    fitted: text.data.fitted,
  });
  expect(again.data.fitted).toBe(text.data.fitted);
});

test("a text that is larger than what may be kept is read in pieces, and never held as a whole", async () => {
  const line = "Sixty-four bytes with ends of lines, to be read in some pieces.\n";
  expect(line).toHaveLength(64);
  const block = new TextEncoder().encode(line.repeat(2 ** 13));
  let largest = 0;
  let bytesRead = 0;
  const file: FileBytes = {
    size: 8 * block.length,
    read(from, to) {
      largest = Math.max(largest, to - from);
      bytesRead += to - from;
      // A copy, so that what is kept of it would be kept.
      const ranges = Math.ceil(to / block.length) - Math.floor(from / block.length) === 1;
      const begin = from % block.length;
      if (ranges) return Promise.resolve(block.slice(begin, begin + to - from));
      return Promise.resolve(Uint8Array.from([...block.slice(begin), ...block.slice(0, to % block.length)]));
    },
  };
  const cacheBytes = 2 ** 17;
  const plan = { ...planOf("characters", 8192), cacheBytes };
  const text = await openText(plan, { seed: 1, dtype: "f32", openFile: () => file });
  expect(text.stretches.test.to).toBe(file.size);
  expect([largest, bytesRead]).toEqual([2 ** 18, 2 * file.size]);
  largest = 0;
  const { symbolOf } = vocabularyOf(text.data.fitted, plan);
  for (let n = 0; n < 300; n++) {
    const from = (n * 7_919_317) % (file.size - 50);
    const numbers = await text.read(from, 50);
    expect(Array.from(numbers, symbolOf).join("")).toBe(line.repeat(2).slice(from % 64, (from % 64) + 50));
    expect(text.keptBytes()).toBeLessThanOrEqual(cacheBytes);
  }
  expect(largest).toBe(8192);
});

test("words are as long as 1000 characters; a longer run of letters is several", async () => {
  const text = await openText(planOf("words", 100), {
    seed: 1,
    dtype: "f32",
    openFile: () => textBytes(`${"é".repeat(2500)} x`),
  });
  expect(text.stretches.test.to).toBe(4);
});

test("letters, marks and digits are those of the engine, whose Unicode may be newer", () => {
  const inTable = new Uint8Array(0x110000);
  for (const [first, last] of wordRanges()) inTable.fill(1, first, last + 1);
  const others = { missing: 0, wrong: 0 };
  for (let code = 0; code < 0x110000; code++) {
    const isWord = /[\p{L}\p{M}\p{N}]/u.test(String.fromCodePoint(code));
    if (isWord !== (inTable[code] === 1)) others[isWord ? "missing" : "wrong"]++;
  }
  expect(others.wrong).toBe(0);
  if (process.versions.unicode === "17.0") expect(others.missing).toBe(0);
});

test("bytes that are no text are told with file and line; as bytes they are read as they are", async () => {
  const bytes = new Uint8Array([0x61, 0x0a, 0x62, 0xff, 0x0d, 0x0a, 0x63]);
  const openFile = (): FileBytes => ({ size: 7, read: (from, to) => Promise.resolve(bytes.subarray(from, to)) });
  const context = { seed: 1, dtype: "f32", openFile } as const;
  await expect(openText(planOf("words", 2), context)).rejects.toMatchObject({
    name: "DataError",
    issues: [{ code: "data.encoding", at: { name: "0, line 2" } }],
  });
  const text = await openText(planOf("bytes", 2), context);
  expect([...(await text.read(0, 7))]).toEqual([...bytes]);
});

test("a file that changes while a run reads it is told", async () => {
  let content = "one two three four five six seven eight nine ten";
  const openFile = (): FileBytes => {
    const { size } = textBytes(content);
    return { size, read: async (from, to) => textBytes(content).read(from, to) };
  };
  const text = await openText(planOf("words", 8), { seed: 1, dtype: "f32", openFile });
  content = content.replace("one two", "one.two");
  await expect(text.read(0, 3)).rejects.toMatchObject({ issues: [{ code: "data.changed" }] });
});
