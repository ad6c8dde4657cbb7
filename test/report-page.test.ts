// A real browser opens the report of a run from its file: nothing is asked for, nothing is complained of, and everything is seen.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleDiagnostics, writeExampleRun } from "../packages/cli/test/report/example-run";
import { writeReport } from "../packages/cli/src/report/write-report";
import { launchChromium } from "./engines/chromium";

/** Long enough to install a browser. */
const SET_UP_MS = 600_000;

let browser: Browser | undefined;
let folder = "";

beforeAll(async () => {
  browser = await launchChromium();
  folder = mkdtempSync(join(tmpdir(), "latchgrad-page-"));
  writeExampleRun(folder, { diagnostics: exampleDiagnostics(200) });
  await writeReport({ run: folder, page: join(folder, "report.html"), format: "svg" });
}, SET_UP_MS);

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  ["a wide window", 1280],
  ["a telephone", 390],
])("in %s", async (_name, width) => {
  const tab = await browser?.newPage({ viewport: { width, height: 900 } });
  if (tab === undefined) throw new Error("the browser did not start");
  const problems: string[] = [];
  const requests: string[] = [];
  tab.on("console", (message) => problems.push(message.text()));
  tab.on("pageerror", (error) => problems.push(error.message));
  tab.on("request", (request) => requests.push(request.url()));
  const url = pathToFileURL(join(folder, "report.html")).href;
  await tab.goto(url);
  expect(problems).toEqual([]);
  expect(requests.filter((request) => request !== url && !request.startsWith("data:"))).toEqual([]);
  const seen = await tab.evaluate<{ page: number; drawings: readonly number[] }>(`({
    page: document.documentElement.scrollWidth,
    drawings: [...document.querySelectorAll("figure svg")].map((svg) => svg.getBoundingClientRect().height),
  })`);
  // The page itself never moves sideways; wide drawings do so within their place.
  expect(seen.page).toBeLessThanOrEqual(width);
  expect(seen.drawings.length).toBeGreaterThanOrEqual(12);
  for (const height of seen.drawings) expect(height).toBeGreaterThan(100);
  await tab.close();
});
