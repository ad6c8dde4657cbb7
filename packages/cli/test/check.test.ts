// `latchgrad check` on real files: what it finds in good models, in questionable ones and in broken ones.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkCommand } from "../src/check-command";
import { bundleCommand, tinyDocument, type TestCommand } from "./command";

const folder = mkdtempSync(join(tmpdir(), "latchgrad-check-"));
let command: TestCommand;
beforeAll(async () => {
  command = await bundleCommand();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  command.remove();
});

async function checked(document: object, json = false): Promise<{ readonly code: number; readonly text: string }> {
  const file = join(folder, "model.json");
  writeFileSync(file, JSON.stringify(document));
  return checkedFile(file, json);
}

async function checkedFile(file: string, json = false): Promise<{ readonly code: number; readonly text: string }> {
  let text = "";
  const screen = { write: (more: string) => void (text += more) };
  const code = await checkCommand({ file, samples: 2, json, screen });
  return { code, text };
}

/** The small experiment with a cell of its own. */
const withCell = (cell: object, rest: object = {}): object => ({
  ...tinyDocument,
  cells: { own: { state: { h: ["units"] }, output: "h'", ...cell } },
  layers: [
    { name: "memory", type: "recurrent", cell: { type: "own", units: 3 }, output: "last" },
    { name: "sum", type: "dense", units: 1 },
  ],
  ...rest,
});
const W = { W: { shape: ["input", "units"], init: "glorotUniform" } };

describe("good models", () => {
  const models = fileURLToPath(new URL("../../examples/models/", import.meta.url));
  const small = readdirSync(models).filter((name) => /^(adding-lstm|reverse)\.json$/.test(name));
  test.each(small)("%s", async (name) => {
    const { code, text } = await checkedFile(join(models, name));
    expect(text).toContain("  all agree\n");
    expect(text).toContain("memory: ");
    expect(text).toMatch(/nothing is wrong\n$/);
    expect(code).toBe(0);
  });

  test("the same facts as JSON", async () => {
    const { code, text } = await checked(tinyDocument, true);
    expect(code).toBe(0);
    expect(JSON.parse(text)).toMatchObject({
      ok: true,
      problems: [],
      parameters: 76,
      layers: [
        { name: "memory", output: "f32[B,3]", parameters: 72 },
        { name: "sum", output: "f32[B,1]", parameters: 4 },
      ],
      loops: [{ name: "memory", steps: 5, looped: ["h", "c"], linear: [] }],
      memory: { bytes: expect.any(Number) as number },
    });
  });
});

describe("what is worth knowing", () => {
  test("a gradient that is stopped is told, with the weights that it concerns, and is no mistake", async () => {
    const { code, text } = await checked(
      withCell({
        params: { ...W, U: { shape: ["units"], init: "ones" } },
        equations: ["h' = tanh(x @ W + stopGradient(U * h))"],
      }),
    );
    expect(text).toMatch(
      /stopGradient in \/cells\/own\/equations\/0:\S+ .* changes the gradient of memory\.W, memory\.U,/,
    );
    expect(text).toContain("no gradient arrives at memory.U");
    expect(code).toBe(0);
  });

  test("kinks, steps and choices, at their equations", async () => {
    const { text } = await checked(
      withCell({ params: W, equations: ["a = x @ W", "h' = where(a > h, max(a, 0), floor(h)) + 0.5 * h"] }),
    );
    expect(text).toMatch(/max in \/cells\/own\/equations\/1:\S+ has a kink/);
    expect(text).toMatch(/floor in \/cells\/own\/equations\/1:\S+ is flat/);
    expect(text).toMatch(/select in \/cells\/own\/equations\/1:\S+ chooses by a value that depends on weights/);
  });

  test("a state that is linear in itself", async () => {
    const { text } = await checked(withCell({ params: W, equations: ["h' = sigmoid(x @ W) * h + 1"] }));
    expect(text).toContain("memory: h linear element by element, so all 5 steps run as a recurrence");
  });

  test("a gate that is shut from the start", async () => {
    const { text } = await checked(
      withCell({ params: W, equations: ["k = sigmoid(x @ W - 20)", "h' = k * h + x @ W"] }),
    );
    expect(text).toContain("k of memory: 100 % of its elements are near 0 or 1");
  });

  test("what is frozen, shared and tied", async () => {
    const { text } = await checked({
      ...tinyDocument,
      layers: [
        { name: "read", type: "dense", units: 2, trainable: false },
        { name: "memory", type: "recurrent", cell: { type: "rnn", units: 2 } },
        { name: "again", type: "shared", layer: "memory" },
        { name: "back", type: "dense", units: 2, bias: false, tie: { W: { weight: "read.W", transpose: true } } },
        { name: "end", type: "recurrent", cell: { type: "rnn", units: 2 }, output: "last" },
        { name: "sum", type: "dense", units: 1 },
      ],
    });
    expect(text).toMatch(/^read .* frozen$/m);
    expect(text).toMatch(/^again .* weights of memory$/m);
    expect(text).toMatch(/^back .* W is read\.W$/m);
  });
});

describe("what is wrong", () => {
  test("a loss that is no number", async () => {
    const { code, text } = await checked(withCell({ params: W, equations: ["h' = h + x @ W + log(0 * sum(x) - 1)"] }));
    expect(text).toContain("[check.loss]");
    expect(code).toBe(1);
  });

  const broken: readonly (readonly [string, string, string])[] = [
    ["no JSON", "{", "config.json-syntax"],
    ["no model", "[]", "config.type"],
    ["a task that is not there", JSON.stringify({ ...tinyDocument, task: { type: "ading" } }), "config.choice"],
    [
      "equations with a mistake",
      JSON.stringify(withCell({ params: W, equations: ["h' = x @ V"] })),
      "notation.unknown-name",
    ],
    ["shapes that do not fit", JSON.stringify(withCell({ params: W, equations: ["h' = h @ W"] })), "notation."],
    [
      "files that are not there",
      JSON.stringify({ ...tinyDocument, task: { type: "textCharacters", files: ["nowhere.txt"], length: 5 } }),
      "config.",
    ],
  ];
  test.each(broken)("%s: in words, and as data, exit code 1 and no stack", async (_, text, code) => {
    command.file("broken.json", text);
    const words = await command.run(["check", "broken.json"]);
    expect([words.code, words.out]).toEqual([1, ""]);
    expect(words.error).toContain(code);
    expect(words.error).not.toMatch(/\n\s+at .*:\d+:\d+|internal error/);
    const data = await command.run(["check", "broken.json", "--json"]);
    expect(data.code).toBe(1);
    const { ok, problems } = JSON.parse(data.out) as {
      readonly ok: boolean;
      readonly problems: readonly { readonly code: string }[];
    };
    expect(ok).toBe(false);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0].code).toContain(code);
  });
});
