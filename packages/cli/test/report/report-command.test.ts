// The commands report and compare in processes of their own, and the report at the end of a run.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleCommand, tinyDocument, type TestCommand } from "../command";
import { exampleDiagnostics, writeExampleRun } from "./example-run";

let command: TestCommand;
beforeAll(async () => {
  command = await bundleCommand();
  writeExampleRun(join(command.folder, "run"), { diagnostics: exampleDiagnostics(200) });
});
afterAll(() => {
  command.remove();
});

const inFolder = (...names: readonly string[]): string => join(command.folder, ...names);

test("report writes the page, and its figures as SVG and as PNG files", async () => {
  const { code, out, error } = await command.run(["report", "run", "--plots", "svgs"]);
  expect({ code, out, error }).toEqual({
    code: 0,
    out: "the report is in run/report.html\n13 figures in svgs/\n",
    error: "",
  });
  expect(readFileSync(inFolder("run", "report.html"), "utf8")).toMatch(/^<!doctype html>/);
  await command.run(["report", "run", "--out", "pages/page.html", "--plots", "pngs", "--format", "png"]);
  expect(readFileSync(inFolder("pages", "page.html"))).toEqual(readFileSync(inFolder("run", "report.html")));
  const names = (folder: string): readonly string[] => readdirSync(inFolder(folder)).map((name) => name.slice(0, -4));
  expect(names("pngs")).toEqual(names("svgs"));
  for (const name of readdirSync(inFolder("pngs"))) {
    const png = readFileSync(inFolder("pngs", name));
    expect([name, png.subarray(1, 4).toString("latin1")]).toEqual([name, "PNG"]);
    // The width in the header: twice that of the drawing.
    expect(png.readUInt32BE(16)).toBeGreaterThan(600);
  }
});

test("a folder that is no run, and one run alone, are errors", async () => {
  const { code, error } = await command.run(["report", "svgs"]);
  expect({ code, is: error.split("\n")[1] }).toEqual({ code: 1, is: "[file.no-run] the folder is that of a run" });
  expect(await command.run(["compare", "run"])).toMatchObject({ code: 2 });
  expect((await command.run(["compare", "run", "nowhere"])).error).toContain("nowhere");
});

test("a run ends well when its report cannot be written", async () => {
  const file = command.file("model.json", JSON.stringify(tinyDocument));
  expect(await command.run(["train", file, "--out", "spoiled"])).toMatchObject({ code: 0 });
  expect(existsSync(inFolder("spoiled", "report.html"))).toBe(true);
  const preload = command.file(
    "spoil.cjs",
    `require("node:fs/promises").rename = new Proxy(require("node:fs/promises").rename, {
    apply: (rename, self, [from, to]) => to.endsWith("report.html")
      ? Promise.reject(Object.assign(new Error("no"), { code: "ENOSPC", syscall: "rename" }))
      : Reflect.apply(rename, self, [from, to]),
  });
  require("node:module").syncBuiltinESMExports();`,
  );
  const { code, out } = await command.run(["train", file, "--out", "full"], {
    env: { NODE_OPTIONS: `--require ${preload}` },
  });
  expect(code).toBe(0);
  expect(out).toContain(
    "no report was written; latchgrad report full tries again\n[file.write] the file can be written",
  );
  expect(existsSync(inFolder("full", "model.safetensors"))).toBe(true);
  expect(existsSync(inFolder("full", "report.html"))).toBe(false);
});
