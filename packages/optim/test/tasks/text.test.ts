import { expect, test } from "vitest";
import { mean, open, rowOf } from "./open.js";

/** Each character's successor is known: the alphabet in a circle. */
const circle = "abcdefgh".repeat(100);
const config = { type: "textCharacters", files: ["circle.txt"], length: 10 };

test("targets are the next characters, across window borders too", async () => {
  const { x, y } = (await open(config, { readFile: () => circle })).batch("train", 2, 8);
  for (let b = 0; b < 8; b++) {
    expect(rowOf(y, b).slice(0, -1)).toEqual(rowOf(x, b).slice(1));
    expect(rowOf(y, b)[9]).toBe((rowOf(x, b)[9] % 8) + 1);
  }
});

test("the most frequent characters of the training part get symbols, all others are symbol 0", async () => {
  const text = "aaab".repeat(200) + "c".repeat(40) + "z".repeat(100) + "😀".repeat(100);
  const task = await open({ ...config, symbols: 3 }, { readFile: () => text });
  expect(new Set(task.batch("train", 0, 100).x.data)).toEqual(new Set([0, 1, 2]));
  expect(new Set(task.batch("test", 0, 100).x.data)).toEqual(new Set([0]));
  const [first] = task.batch("train", 0, 1).x.data;
  expect([0, 1, 2]).toContain(first);
});

test("the unigram baseline is the entropy of the letters: 3 bits for eight equally frequent ones", async () => {
  const task = await open({ ...config, symbols: 9 }, { readFile: () => circle });
  const [bits, nats] = task.baselines("train");
  expect(bits.metric).toBe("bitsPerSymbol");
  expect(bits.value).toBeCloseTo(3, 1);
  expect(nats.value).toBeCloseTo(bits.value * Math.LN2, 12);
});

test("the baseline is what guessing by training frequency scores on the split", async () => {
  const text = "ab".repeat(400) + "aab".repeat(70);
  const task = await open({ ...config, symbols: 3, test: 0.2 }, { readFile: () => text });
  const trained = text.slice(0, text.length - Math.floor(text.length * 0.1) - Math.floor(text.length * 0.2));
  const share = (symbol: string): number => (trained.split(symbol).length - 1 + 1) / (trained.length + 3);
  const held = text.slice(text.length - Math.floor(text.length * 0.2));
  expect(task.baselines("test")[1].value).toBeCloseTo(mean([...held].map((symbol) => -Math.log(share(symbol)))), 12);
});

test("line ends and byte order marks do not change the run", async () => {
  const read = async (text: string) => (await open(config, { readFile: () => text })).batch("train", 0, 4);
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
