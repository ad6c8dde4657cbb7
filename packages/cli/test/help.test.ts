// What --help shows.
import { expect, test } from "vitest";
import { latchgrad } from "./in-process";

test("the list of commands has one sentence for each", async () => {
  const { code, out } = await latchgrad("--help");
  expect(code).toBe(0);
  const list = /\nCommands:\n([\s\S]*?)\n\nExamples:/.exec(out)?.[1] ?? "";
  expect(list.match(/^ {2}[a-z-]+ /gm)?.length).toBeGreaterThan(12);
  expect(list).not.toMatch(/^\s*$/m);
  expect(list.replace(/\s+/g, " ")).toContain("Train a model and compare the result with the task");
  expect(list).not.toContain("report.html, metrics.jsonl");
});

test("the help of a command has all of it, in lines as wide as there is room", async () => {
  const { code, out } = await latchgrad("train", "--help");
  expect(code).toBe(0);
  const [, , sentence, , paragraph] = out.split(/\n/).map((line, i, lines) => ({ line, next: lines[i + 1] ?? "" }));
  expect(sentence.line).toBe("Train a model and compare the result with the task's baseline.");
  expect(paragraph.line).toMatch(/^The run has a folder: /);
  // No line ends while the first word of the next one would have had room.
  const text = out.slice(out.indexOf("The run has"), out.indexOf("Arguments:")).trimEnd().split("\n");
  for (const [i, line] of text.slice(0, -1).entries())
    expect(line.length + 1 + (text[i + 1]?.split(" ", 1)[0] ?? "").length).toBeGreaterThan(80);
});
