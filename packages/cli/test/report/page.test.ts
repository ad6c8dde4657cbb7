// The report of a run: what is on the page, that it needs nothing else, and that no name in a config becomes markup.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FileError } from "../../src/failure";
import { figureFile } from "../../src/report/drawing";
import { printPage } from "../../src/report/page";
import { openPen, type Pen } from "../../src/report/pen";
import { readRun } from "../../src/report/read-run";
import { figuresOf, runPage } from "../../src/report/run-page";
import { all, documentOf } from "./elements";
import { exampleDiagnostics, writeExampleRun, type ExampleRun } from "./example-run";

let base = "";
let pen: Pen;
let count = 0;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "latchgrad-report-"));
  pen = await openPen();
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

const folderOf = (run: ExampleRun): string => writeExampleRun(join(base, `run-${count++}`), run);
const pageOf = async (run: ExampleRun): Promise<string> => printPage(runPage(pen, await readRun(folderOf(run))));
const figuresIn = async (run: ExampleRun): Promise<ReturnType<typeof figuresOf>> =>
  figuresOf(runPage(pen, await readRun(folderOf(run))));

/** The words of a page. */
const textOf = (page: string): string =>
  all(documentOf(page), "p, li, td, dd, figcaption")
    .map(({ textContent }) => textContent)
    .join("\n");
const headings = (page: string): readonly string[] =>
  all(documentOf(page), "section > h2").map(({ textContent }) => textContent);

describe("the page of a run", () => {
  test("has a section for everything that was recorded", async () => {
    const page = await pageOf({ diagnostics: exampleDiagnostics(200) });
    expect(headings(page)).toEqual([
      "Result",
      "Training",
      "Gradient flow",
      "Gates and states",
      "Memory",
      "Weights and updates",
      "The cell",
      "Model, task and training",
      "Environment",
    ]);
    const ids = all(documentOf(page), "figure").map((figure) => figure.getAttribute("id"));
    expect(ids.slice(0, 5)).toEqual(["loss", "metric-meanAbsoluteError", "gradient-norm", "learning-rate", "speed"]);
    expect(ids.slice(5, 12)).toEqual([
      "gradient-flow",
      "values-memory-0",
      "saturation",
      "half-life",
      "memory-loss",
      "update-ratio",
      "distributions",
    ]);
  });

  test("says which units have saturated", async () => {
    const page = (await pageOf({ diagnostics: exampleDiagnostics(200) })).replace(/\s+/g, " ");
    expect(page).toMatch(/After step 200 \w+ of memory is in 4 of 8 units nearly always above 0\.9\./);
    expect(page).toContain("share of saturated units");
  });

  test("says where nothing was recorded, and leaves the sections out", async () => {
    const page = await pageOf({ environment: {} });
    expect(headings(page)).toEqual([
      "Result",
      "Training",
      "Inside the network",
      "The cell",
      "Model, task and training",
    ]);
    expect(page).toContain("This run has no diagnostics.");
  });

  test("has a line of contents for each section and figure, and every link leads to one", async () => {
    const document = documentOf(await pageOf({ diagnostics: exampleDiagnostics(200) }));
    const ids = all(document, "[id]").map((element) => element.getAttribute("id"));
    expect(new Set(ids).size).toBe(ids.length);
    const links = all(document, "a[href]").map((link) => link.getAttribute("href"));
    expect(links.length).toBeGreaterThan(15);
    for (const link of links) expect(ids).toContain(link?.slice(1));
  });

  test("loads nothing and runs nothing", async () => {
    const page = await pageOf({ diagnostics: exampleDiagnostics(200) });
    const document = documentOf(page);
    expect(all(document, "script, iframe, object, embed, img, base, form")).toEqual([]);
    expect(all(document, "[src]")).toEqual([]);
    expect(all(document, "link").map((link) => link.getAttribute("href"))).toEqual(["data:,"]);
    expect(page.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|url\((?!#)|@import/);
  });

  test("is the same text for the same folder, however many pages were drawn before", async () => {
    const folder = folderOf({ diagnostics: exampleDiagnostics(200) });
    const draw = async (): Promise<string> => printPage(runPage(pen, await readRun(folder)));
    const first = await draw();
    await pageOf({});
    expect((await draw()) === first).toBe(true);
    expect(printPage(runPage(await openPen(), await readRun(folder))) === first).toBe(true);
  });

  test("tells the result in words, against the baseline", async () => {
    const text = textOf(await pageOf({}));
    expect(text).toContain("Trained for all 200 steps.");
    expect(text).toMatch(
      /Always answering 1, the mean of all sums: test loss 0\.167, so the model is \d+ times better\./,
    );
  });

  test("tells what the gradient does, and what helps", async () => {
    const text = textOf(await pageOf({ diagnostics: exampleDiagnostics(200, [0.98, 0.7]) }));
    expect(text).toContain("At step 0 gradients are steady in memory: times 0.98 per step back");
    expect(text).toMatch(/Gradients vanish in memory: times 0\.70 per step back.*with a bias of 1 or more/);
  });
});

describe("names in a config", () => {
  const hostile = `<script>alert(1)</script>"'&\u0007 <img src=x onerror=alert(2)>`;

  test("are text on the page, in attributes and in drawings", async () => {
    const records = exampleDiagnostics(200).map((record) =>
      "layer" in record ? { ...record, layer: hostile } : record,
    );
    const document = documentOf(await pageOf({ name: hostile, diagnostics: records }));
    expect(all(document, "script, img")).toEqual([]);
    expect(all(document, "[onerror]")).toEqual([]);
    expect(all(document, "h1")[0].textContent).toBe(hostile.replace("\u0007", "\ufffd"));
    expect(all(document, "figure#gradient-flow text").map(({ textContent }) => textContent)).toContain(
      `${hostile.replace("\u0007", "\ufffd")}: ∂L/∂hₜ`,
    );
  });
});

describe("every figure", () => {
  test("is an SVG file with a title, a description, and no value that is no number", async () => {
    const figures = await figuresIn({ diagnostics: exampleDiagnostics(200) });
    expect(figures.length).toBeGreaterThanOrEqual(12);
    for (const figure of figures) {
      const file = figureFile(figure);
      const svg = all(documentOf(file.replace(/^.*\n/, "")), "svg")[0];
      expect([figure.id, svg.getAttribute("role"), all(svg, "title").length, all(svg, "desc").length]).toEqual([
        figure.id,
        "img",
        1,
        1,
      ]);
      expect(file.replaceAll(/NaN(?=<)/g, "")).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  test("has a mark for each thing that it shows", async () => {
    const figures = await figuresIn({ steps: 200, diagnostics: exampleDiagnostics(200) });
    const marks = (id: string, selector: string): number => {
      const figure = figures.find((one) => one.id === id);
      if (figure === undefined) throw new Error(`no figure ${id}`);
      return all(documentOf(figureFile(figure).replace(/^.*\n/, "")), selector).length;
    };
    // 20 evaluations and one sign in the legend.
    expect(marks("loss", 'g[aria-label="dot"] circle')).toBe(20);
    // Two states at five steps of the training.
    expect(marks("gradient-flow", 'g[aria-label="line"] path')).toBe(10);
    // Loss by distance at five steps, and the baseline.
    expect(marks("memory-loss", 'g[aria-label="line"] path:not(marker path)')).toBeGreaterThanOrEqual(6);
    // Two states, four inner values, and the input.
    expect(marks("values-memory-0", 'g[aria-label="rect"]')).toBe(7);
    expect(marks("distributions", 'g[aria-label="area"] path')).toBe(4 * 3);
  });
});

describe("a folder is read", () => {
  test("while the run goes on, and when its last line was cut off", async () => {
    const run = await readRun(folderOf({ hasEnd: false, tail: '{"kind":"step","st' }));
    expect(run.end).toBeUndefined();
    expect(run.steps.step).toHaveLength(200);
    expect(run.remarks).toEqual([
      "The last line of metrics.jsonl was cut off, as in a run that was killed, and is left out.",
    ]);
    const text = textOf(printPage(runPage(pen, run)));
    expect(text).toContain("The run has made 200 of 200 steps and has no end yet");
  });

  test("with damaged lines, which are told of", async () => {
    const run = await readRun(folderOf({ tail: "\0\0\0\n[1]\n" }));
    expect(run.remarks).toEqual(["metrics.jsonl has 2 lines that are no records and are left out: 222, 223."]);
  });

  test("with losses that are not finite, which leave gaps", async () => {
    const tail = ["null", "null", "0.5"]
      .map(
        (loss, i) =>
          `{"kind":"step","step":${201 + i},"loss":${loss},"metrics":{},"learningRate":0.01,"gradientNorm":null}\n`,
      )
      .join("");
    const run = await readRun(folderOf({ tail }));
    expect(run.steps.loss.slice(-3)).toEqual([Number.NaN, Number.NaN, 0.5]);
    expect(run.steps.metrics["meanAbsoluteError"]).toHaveLength(203);
    expect(printPage(runPage(pen, run))).toContain('id="loss"');
  });

  test("before its first step", async () => {
    const folder = folderOf({ steps: 1 });
    writeFileSync(join(folder, "metrics.jsonl"), "");
    expect(printPage(runPage(pen, await readRun(folder)))).toContain("No step has been recorded yet.");
  });

  test("with a long log, which is thinned for drawing", async () => {
    const folder = folderOf({ steps: 60_000 });
    const page = printPage(runPage(pen, await readRun(folder)));
    expect(readFileSync(join(folder, "metrics.jsonl")).length).toBeGreaterThan(5e6);
    expect(page.length).toBeLessThan(400_000);
  });

  test.each([
    ["that is none of a run", "nowhere"],
    ["without a log", ""],
  ])("%s is a FileError", async (_name, path) => {
    const folder = path === "" ? folderOf({}) : join(base, path);
    rmSync(join(folder, "metrics.jsonl"), { force: true });
    const error: unknown = await readRun(folder).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FileError);
    expect((error as FileError).issues.map(({ code }) => code)).toEqual(["file.no-run"]);
  });
});
