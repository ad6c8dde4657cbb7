// `latchgrad profile` on real files: places as people call them, parts of equations, and the same as data.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { tinyDocument } from "./command";
import { latchgrad } from "./in-process";

const folder = mkdtempSync(join(tmpdir(), "latchgrad-profile-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const fileOf = (document: object): string => {
  const file = join(folder, "model.json");
  writeFileSync(file, JSON.stringify(document));
  return file;
};
const own = {
  state: { h: ["units"] },
  output: "h'",
  params: {
    V: { shape: ["input", "units"], init: "glorotUniform" },
    U: { shape: ["units", "units"], init: "orthogonal" },
  },
  equations: ["a = x @ V + h @ U", "h' = tanh(a)"],
};
const document = {
  ...tinyDocument,
  cells: { own },
  layers: [
    {
      name: "block",
      type: "group",
      layers: [{ name: "first", type: "recurrent", cell: { type: "own", units: 5 } }],
    },
    { name: "memory", type: "recurrent", cell: { type: "lstmPeephole", units: 3 }, output: "last" },
    { name: "sum", type: "dense", units: 1 },
  ],
};

test("time is told by layer, equation and its parts, loss and optimizer, and by what is computed together", async () => {
  const { code, out, error } = await latchgrad("profile", fileOf(document), "--steps", "20", "--rows", "4");
  expect([code, error]).toEqual([0, ""]);
  expect(out).toMatch(/^a batch of 4 examples takes \d+\.\d{3} ms, the mean of 20 batches on one thread$/m);
  expect(out).toMatch(/^products of matrices: \d+\.\d % of the time, at \d+\.\d GFLOP\/s$/m);
  const titles = [...out.matchAll(/^ *\d+\.\d % {2} *\d+\.\d{3} {2}(\S.*)$/gm)].map(([, title]) => title);
  expect(titles).toEqual(
    expect.arrayContaining([
      "cell own: a = x @ V + h @ U",
      "cell own: h' = tanh(a)",
      "block, first, cell own",
      "memory, cell lstmPeephole",
      "sum",
      "loss meanSquaredError",
      "optimizer adam",
    ]),
  );
  expect(titles.some((title) => /^cell lstmPeephole: .*sigmoid/.test(title))).toBe(true);
  expect(out).toMatch(/^ {2,}\d+\.\d % {2}h @ U$/m);
  const [, rows = ""] = out.split("by what is computed together\n");
  expect(rows.trimEnd().split("\n")).toHaveLength(1 + 4 + 1);
  expect(rows).toMatch(/\d+ more\n$/);
});

test("the same as one JSON object, whose parts are less than the whole; settings change the document", async () => {
  const { code, out } = await latchgrad("profile", fileOf(document), "-n", "2", "--json", "--set", "training.batch=9");
  expect(code).toBe(0);
  const profile = JSON.parse(out) as {
    readonly name: string;
    readonly batch: number;
    readonly runs: number;
    readonly rows: readonly { readonly milliseconds: number }[];
    readonly milliseconds: number;
  };
  expect(profile).toMatchObject({ name: tinyDocument.name, batch: 9, runs: 2, precision: "fast" });
  const parts = profile.rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  expect(parts).toBeGreaterThan(0);
  expect(parts).toBeLessThanOrEqual(profile.milliseconds);
});

test("a wrong document is an error as everywhere", async () => {
  const { code, error } = await latchgrad("profile", fileOf({ ...tinyDocument, lenght: 3 }));
  expect([code, error]).toEqual([1, expect.stringContaining('unknown key "lenght"')]);
});
