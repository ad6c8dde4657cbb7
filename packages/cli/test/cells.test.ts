// The library on the command line: what is listed, explained and drawn.
import { libraryDocuments } from "@latchgrad/layers";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cellsCommand } from "../src/cells-command";

async function shown(options: Partial<Parameters<typeof cellsCommand>[0]>): Promise<string> {
  let text = "";
  const screen = { write: (more: string) => void (text += more) };
  expect(await cellsCommand({ name: undefined, units: 8, input: 3, ...options, screen })).toBe(0);
  return text;
}

test("all cells are listed, or those with a word", async () => {
  const all = await shown({});
  for (const name of Object.keys(libraryDocuments)) expect(all).toContain(`\n${name} `);
  expect((await shown({ find: "peephole" })).split("\n").map((line) => line.split(" ")[0])).toContain("lstmPeephole");
  expect(await shown({ find: "zzz" })).toContain('no cell of the library has "zzz"');
  expect(JSON.parse(await shown({ find: "MGU", json: true }))).toMatchObject([{ name: "mgu" }]);
});

test("an LSTM is explained: equations, states, weights with shapes and initial values, and their number", async () => {
  const text = await shown({ name: "lstm" });
  expect(text).toContain("  c' = f * c + i * g\n");
  expect(text).toContain("states h [8] from 0, c [8] from 0");
  expect(text).toMatch(/Uf +\[units, units\] +\[8, 8\] +orthogonal/);
  expect(text).toMatch(/forgetBias +1 +What the bias/);
  // 4 gates of input, state and bias.
  expect(text).toContain(`${4 * (3 * 8 + 8 * 8 + 8)} parameters`);
});

test.each(Object.keys(libraryDocuments))("%s is explained", async (name) => {
  expect(await shown({ name, input: 8 })).toMatch(/ parameters\n$/);
});

test("the document comes back as JSON", async () => {
  expect(JSON.parse(await shown({ name: "mgu", json: true }))).toMatchObject({ title: "Minimal gated unit (MGU)" });
});

test("a picture is written", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latchgrad-cells-"));
  try {
    const svg = join(folder, "lstm.svg");
    await shown({ name: "lstm", svg });
    expect(readFileSync(svg, "utf8")).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a name that is no cell is refused, with the nearest one", async () => {
  await expect(shown({ name: "lsmt" })).rejects.toMatchObject({
    issues: [{ hint: expect.stringContaining("lstm") as string }],
  });
});
