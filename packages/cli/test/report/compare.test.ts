// Runs beside each other: as a table, and as a page.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { differencesOf, namedRuns } from "../../src/report/comparison";
import { readRun } from "../../src/report/read-run";
import { compareRuns } from "../../src/report/write-comparison";
import { all, documentOf } from "./elements";
import { exampleDiagnostics, writeExampleRun } from "./example-run";

let base = "";
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), "latchgrad-compare-"));
  writeExampleRun(join(base, "a", "lstm"), { diagnostics: exampleDiagnostics(200) });
  writeExampleRun(join(base, "a", "gru"), {
    cell: "gru",
    steps: 100,
    diagnostics: exampleDiagnostics(100, [0.5, 0.6]),
  });
  writeExampleRun(join(base, "b", "lstm"), { hasEnd: false });
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

const compare = (folders: readonly string[], out?: string): Promise<string> =>
  compareRuns({ runs: folders.map((folder) => join(base, folder)), out, onFile: () => undefined });

test("the table has what differs in the documents, and what came of it", async () => {
  expect(await compare(["a/lstm", "a/gru"])).toMatchInlineSnapshot(`
    "differs in                             lstm  gru
    layers.memory.cell.type                lstm  gru
    layers.memory.cell.forgetBias          1     –
    training.optimizer.learningRate.steps  200   100
    training.steps                         200   100
    training.evaluate.every                10    5
    layers.memory.cell.reset               –     after

    result             lstm             gru
    steps              200              100
    loss               0.00674 (test)   0.00596 (test)
    meanAbsoluteError  0.0783 (test)    0.0736 (test)
    baseline           loss 0.167       loss 0.167
    the model is       25 times better  28 times better
    "
  `);
});

test("runs in equally named folders are told apart, and documents that are the same are called so", async () => {
  const table = await compare(["a/lstm", "b/lstm"]);
  expect(table).toContain("the documents are the same");
  expect(table).toMatch(/^result +a\/lstm +b\/lstm$/m);
  expect(table).toMatch(/^steps +200 +200 so far$/m);
});

test("a run can be compared with itself", async () => {
  const run = await readRun(join(base, "a", "lstm"));
  const names = namedRuns([run, run]).map(({ name }) => name);
  expect(new Set(names).size).toBe(2);
});

test("elements of lists go by their names, other lists count as a whole", () => {
  const layers = (...names: readonly string[]): object[] => names.map((name) => ({ name, units: name.length }));
  expect(
    differencesOf([
      { layers: layers("a", "bb"), metrics: ["x"] },
      { layers: layers("bb", "a"), metrics: ["x", "y"], seed: 1 },
    ]),
  ).toEqual([
    { field: "metrics", values: [["x"], ["x", "y"]] },
    { field: "seed", values: [undefined, 1] },
  ]);
});

test("the page has the curves of all runs, and their gradients and memories beside each other", async () => {
  const out = join(base, "pages", "comparison.html");
  await compare(["a/lstm", "a/gru"], out);
  const document = documentOf(readFileSync(out, "utf8"));
  expect(all(document, "section > h2").map(({ textContent }) => textContent)).toEqual([
    "Results",
    "What differs",
    "Training",
    "Gradient flow",
    "Memory",
  ]);
  const panels = all(document, "figure#gradient-flow text").map(({ textContent }) => textContent);
  for (const run of ["lstm", "gru"])
    for (const state of ["h", "c"]) expect(panels).toContain(`${run}: memory: ∂L/∂${state}ₜ`);
  expect(all(document, "figure#loss g[aria-label='dot'], figure#loss g[aria-label='line']").length).toBeGreaterThan(3);
});
