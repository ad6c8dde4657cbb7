// What docs/data.md shows is what the reader accepts.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { experimentSchema } from "../../src/experiment.js";
import { taskSchema } from "../../src/tasks/registry.js";

const page = readFileSync(new URL("../../../../docs/data.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);

test("every document and every task of docs/data.md is accepted as it stands", () => {
  const tasks = blocks.filter((block) => block.startsWith('"task":'));
  expect(tasks.length).toBeGreaterThan(2);
  for (const block of tasks) {
    const { task } = JSON.parse(`{${block}}`) as { readonly task: unknown };
    expect(taskSchema.safeParse(task).error).toBeUndefined();
  }
  const documents = blocks.filter((block) => block.includes('"format"'));
  expect(documents).toHaveLength(1);
  for (const block of documents) expect(experimentSchema.safeParse(JSON.parse(block)).error).toBeUndefined();
});
