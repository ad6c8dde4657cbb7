// `latchgrad eval` on real runs: its numbers are those that the training gave.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleCommand, tinyDocument, type TestCommand } from "./command";

let command: TestCommand;
beforeAll(async () => {
  command = await bundleCommand();
  const document = { ...tinyDocument, metrics: [{ type: "meanAbsoluteError" }] };
  command.file("model.json", JSON.stringify(document));
  for (const precision of ["fast", "reproducible"])
    expect(
      (await command.run(["train", "model.json", "--out", precision, "--no-report", "--precision", precision])).error,
    ).toBe("");
});
afterAll(() => {
  command.remove();
});

type Numbers = Readonly<Record<string, unknown>>;
function testOf(folder: string): Numbers | undefined {
  const lines = readFileSync(join(command.folder, folder, "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n");
  return (JSON.parse(lines.at(-1) ?? "{}") as { readonly test?: Numbers }).test;
}

test.each(["fast", "reproducible"])(
  "the numbers of a run with precision %s are those of its end, bit for bit",
  async (precision) => {
    const { out, code } = await command.run(["eval", precision, "--json"]);
    expect(code).toBe(0);
    const { loss, metrics, step } = testOf(precision) ?? {};
    expect([loss, metrics]).toEqual([expect.any(Number), { meanAbsoluteError: expect.any(Number) as unknown }]);
    expect(JSON.parse(out)).toMatchObject({ split: "test", step, loss, metrics, precision, batches: 1 });
  },
);

test("another part of the data, more batches, and words in place of JSON", async () => {
  const { out, code } = await command.run(["eval", "fast", "--split", "train", "--batches", "3"]);
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/after 6 steps, on 3 batches of 4, precision fast[\s\S]*meanAbsoluteError/),
  ]);
});

test("what is no trained model is refused, each with what to do", async () => {
  mkdirSync(join(command.folder, "stopped"));
  mkdirSync(join(command.folder, "empty"));
  writeFileSync(join(command.folder, "stopped/model.json"), JSON.stringify(tinyDocument));
  for (const [folder, hint] of [
    ["stopped", "--resume"],
    ["empty", "the folder of one run"],
    ["nowhere", "nothing there"],
    ["model.json", "a file"],
  ] as const) {
    const { code, error } = await command.run(["eval", folder]);
    expect([code, error]).toEqual([1, expect.stringContaining(hint)]);
    expect(error).not.toMatch(/\n\s+at .*:\d+:\d+/);
  }
});
