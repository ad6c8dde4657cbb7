// A model with two outputs, each with a loss and a metric of its own: all of them are in everything that a run tells.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { latchgrad } from "./in-process";

const base = mkdtempSync(join(tmpdir(), "latchgrad-outputs-"));
const MEASURES = ["stateLoss", "loadLoss", "accuracy", "loadError"];
let said = "";

const document = {
  format: 1,
  name: "two outputs",
  task: {
    type: "sequences",
    files: ["rows.csv"],
    sequence: "id",
    inputs: { x: ["load"] },
    targets: {
      state: { column: "state", classes: ["low", "high"], per: "step" },
      load: { columns: ["next"], per: "step" },
    },
    validation: 0.3,
    test: 0.3,
  },
  layers: [
    { name: "memory", type: "recurrent", cell: { type: "gru", units: 3 } },
    { name: "kind", type: "dense", units: 2 },
    { name: "number", type: "dense", inputs: "memory", units: 1 },
  ],
  outputs: { kind: "kind", number: "number" },
  loss: [
    { type: "softmaxCrossEntropy", name: "stateLoss", prediction: "kind", target: "state" },
    { type: "meanSquaredError", name: "loadLoss", prediction: "number", target: "load", weight: 0.5 },
  ],
  metrics: [
    { type: "accuracy", prediction: "kind", target: "state" },
    { type: "meanAbsoluteError", name: "loadError", prediction: "number", target: "load" },
  ],
  training: {
    optimizer: { type: "adam", learningRate: 0.02 },
    batch: 4,
    steps: 4,
    seed: 1,
    evaluate: { every: 2 },
    best: { metric: "accuracy" },
  },
};

const read = (name: string): string => readFileSync(join(base, "run", name), "utf8");

beforeAll(async () => {
  const rows = Array.from({ length: 24 }, (_, sequence) =>
    Array.from({ length: 3 }, (__, t) => {
      const load = (37 * sequence + 11 * t) % 100;
      return `s${sequence},${load},${load < 50 ? "low" : "high"},${(load + 11) % 100}\n`;
    }).join(""),
  );
  writeFileSync(join(base, "rows.csv"), `id,load,state,next\n${rows.join("")}`);
  writeFileSync(join(base, "model.json"), JSON.stringify(document));
  const { code, out, error } = await latchgrad("train", join(base, "model.json"), "--out", join(base, "run"));
  expect({ code, error }).toEqual({ code: 0, error: "" });
  said = out;
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

test("the terminal, both tables and the lines of the log have each loss, the sum of them, and each metric", () => {
  const named = MEASURES.map((name) => `${name} \\S+`).join(", ");
  expect(said).toMatch(new RegExp(`^step 2 {2}validation loss \\S+, ${named}$`, "m"));
  expect(said).toMatch(new RegExp(`^test loss \\S+, ${named}$`, "m"));
  expect(read("metrics.csv").split("\n")[0]).toBe(
    `step,epoch,loss,${MEASURES.join(",")},learningRate,gradientNorm,skipped`,
  );
  expect(read("evaluations.csv").split("\n")[0]).toBe(`step,split,loss,${MEASURES.join(",")}`);
  const lines = read("metrics.jsonl").trimEnd().split("\n").slice(0, -1);
  for (const line of lines) {
    const { loss, metrics } = JSON.parse(line) as { readonly loss: number; readonly metrics: Record<string, number> };
    expect(Object.keys(metrics)).toEqual(MEASURES);
    expect(loss).toBeCloseTo((metrics["stateLoss"] ?? 0) + 0.5 * (metrics["loadLoss"] ?? 0), 5);
  }
});

test("eval has the numbers of the end of the run, for each output", async () => {
  const end = JSON.parse(read("metrics.jsonl").trimEnd().split("\n").at(-1) ?? "") as { readonly test: object };
  const { loss, metrics } = end.test as { readonly loss: number; readonly metrics: object };
  expect(Object.keys(metrics)).toEqual(MEASURES);
  expect(JSON.parse((await latchgrad("eval", join(base, "run"), "--json")).out)).toMatchObject({ loss, metrics });
});

test("the report has a curve for each, which says of what it is, and a table of them", () => {
  const page = read("report.html").replace(/\s+/g, " ");
  for (const [title, words] of [
    ["Loss: stateLoss", "The loss stateLoss (softmaxCrossEntropy of kind against state)"],
    ["Loss: loadLoss", "The loss loadLoss (meanSquaredError of number against load)"],
    ["Metric: accuracy", "The metric accuracy (accuracy of kind against state)"],
    ["Metric: loadError", "The metric loadError (meanAbsoluteError of number against load)"],
  ] as const) {
    expect(page).toContain(`<h3>${title}</h3>`);
    expect(page).toContain(words);
  }
  const cells = [...page.matchAll(/<td[^>]*>([^<]*)<\/td>/g)].map(([, text]) => text);
  const at = cells.indexOf("loss: meanSquaredError");
  expect(cells.slice(at - 1, at + 4)).toEqual(["loadLoss", "loss: meanSquaredError", "number", "load", "0.5"]);
});
