// The story of the LSTM: page and pictures are what the results say, its hand calculations are right, and it can be made anew.
import { readdirSync, readFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { bundleCommand, type TestCommand } from "../../cli/test/command";
import { storyPictures } from "../src/story/figures";
import { makeStory } from "../src/story/make-story";
import { mean } from "../src/story/numbers";
import { storyPage } from "../src/story/page";
import type { StoryResults } from "../src/story/results";
import { calculate, markedSteps } from "../src/story/steps";

const folder = new URL("../story/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const results = JSON.parse(read("results.json")) as StoryResults;
const page = read("README.md");

describe("what is committed", () => {
  test("the page is what the results say", () => {
    expect(page).toBe(storyPage(results));
  });

  test("the pictures are drawn from the results, and all of them are in the page", async () => {
    const pictures = await storyPictures(results);
    const files = readdirSync(folder).filter((name) => name.endsWith(".svg"));
    expect(files.toSorted()).toEqual(Object.keys(pictures).toSorted());
    for (const [name, text] of Object.entries(pictures)) {
      expect(read(name) === text, name).toBe(true);
      expect(page).toContain(`](${name})`);
    }
  });

  test("results of all runs are numbers, and every cell has as many at every length", () => {
    const { compared } = results;
    const places = compared.map(({ cell, length, seed }) => `${cell} ${length} ${seed}`);
    expect(new Set(places).size).toBe(compared.length);
    expect(compared).toHaveLength(3 * 6 * 5);
    for (const { loss } of compared) expect(loss).toBeGreaterThan(0);
  });
});

describe("what the page says in words", () => {
  const losses = (cell: string, length: number): readonly number[] =>
    results.compared.filter((run) => run.cell === cell && run.length === length).map(({ loss }) => loss);
  const { baseline, variants } = results;
  const lengths = [...new Set(results.compared.map(({ length }) => length))];
  const variant = (cell: string): readonly number[] =>
    variants.filter((run) => run.cell === cell).map(({ loss }) => loss);

  test("Elman learns up to 20 steps, hardly anything at 40, and nothing from 80 on", () => {
    for (const length of [5, 10, 20]) expect(Math.max(...losses("rnn", length))).toBeLessThan(baseline / 5);
    expect(mean(losses("rnn", 40))).toBeGreaterThan(0.8 * baseline);
    for (const length of [80, 160]) expect(mean(losses("rnn", length))).toBeGreaterThan(0.95 * baseline);
  });

  test("GRU and LSTM learn all lengths; the GRU is better in the mean, and the ranges overlap", () => {
    for (const length of lengths) {
      const [gru, lstm] = [losses("gru", length), losses("lstm", length)];
      expect(Math.max(...gru, ...lstm)).toBeLessThan(baseline / 20);
      expect(mean(gru)).toBeLessThan(mean(lstm));
      expect(Math.max(...gru)).toBeGreaterThan(Math.min(...lstm));
    }
  });

  test("the gradient of the gated cells vanishes before the training and arrives after it; that of Elman never does", () => {
    const perStep = (cell: string, state: string, step: number): number =>
      results.flows.find((flow) => flow.cell === cell && flow.state === state && flow.step === step)?.perStep ?? 0;
    for (const [cell, state] of [
      ["gru", "h"],
      ["lstm", "c"],
    ] as const) {
      expect(perStep(cell, state, 0)).toBeLessThan(0.95);
      expect(perStep(cell, state, results.steps)).toBeCloseTo(1, 1);
    }
    expect(perStep("rnn", "h", results.steps)).toBeLessThan(perStep("rnn", "h", 0));
  });

  test("gradients that explode end a plain descent, harm Adam, and are cured by clipping", () => {
    const run = (optimizer: string, isClipped: boolean): StoryResults["exploding"][number] | undefined =>
      results.exploding.find((each) => each.optimizer === optimizer && each.isClipped === isClipped);
    expect(run("sgd", false)?.error).toContain("[run.loss-not-finite]");
    expect(run("sgd", false)?.error).toContain("step 2");
    expect(run("adam", false)?.loss).toBeGreaterThan(baseline);
    expect(run("adam", true)?.loss).toBeLessThan(baseline / 5);
  });

  test("gates that are missing: which harm and which do not", () => {
    expect(Math.min(...variant("withoutInputGate"))).toBeGreaterThan(Math.max(...variant("lstm")));
    expect(Math.max(...variant("withoutForgetGate"))).toBeGreaterThan(baseline / 2);
    for (const cell of ["withoutOutputGate", "coupled"])
      expect(mean(variant(cell))).toBeLessThan(1.5 * mean(variant("lstm")));
  });
});

describe("the four steps by hand", () => {
  const { traced } = results;
  const marks = markedSteps(traced);

  test("come to what the network recorded, at both marked steps and beside them", () => {
    expect(marks).toHaveLength(2);
    for (const time of marks.flatMap((mark) => [mark - 1, mark, mark + 1]).filter((t) => t < traced.example.steps)) {
      const { c, h, recorded } = calculate(traced, time);
      expect(Math.abs(c - recorded.c)).toBeLessThan(5e-4);
      expect(Math.abs(h - recorded.h)).toBeLessThan(5e-4);
    }
  });

  test("are right in the page: every line, computed again from the digits that stand there", () => {
    const blocks = [...page.matchAll(/```text\n(sum = [\s\S]*?)\n([fiogh]) {3}= [^\n]* = (-?[\d.]+)/g)];
    expect(blocks.map(([, , name]) => name)).toEqual(["f", "i", "g", "o"]);
    const values = new Map(
      blocks.map(([, lines, name, result]) => {
        const [terms, sum] = lines.replaceAll(/sum = |\n */g, "").split(" = ");
        const total = terms
          .split(" + ")
          .flatMap((part) => part.split("+ "))
          .filter((part) => part.trim() !== "")
          .map((product) => product.split("·").map((number) => Number(number.replaceAll(/[()]/g, ""))))
          .reduce((all, [value, weight = 1]) => all + value * weight, 0);
        expect(total).toBeCloseTo(Number(sum), 3);
        const activated = name === "g" ? Math.tanh(Number(sum)) : 1 / (1 + Math.exp(-Number(sum)));
        expect(activated).toBeCloseTo(Number(result), 3);
        return [name, Number(result)];
      }),
    );
    const [, f, before, i, g, c] = (
      /c' {2}= ([-\d.]+)·\(?([-\d.]+)\)? \+ ([-\d.]+)·\(?([-\d.]+)\)? = ([-\d.]+)/.exec(page) ?? []
    ).map(Number);
    expect([f, i, g]).toEqual(["f", "i", "g"].map((name) => values.get(name)));
    expect(f * before + i * g).toBeCloseTo(c, 3);
    const [, o, inside, h] = (/h' {2}= ([-\d.]+)·tanh\(([-\d.]+)\) = ([-\d.]+)/.exec(page) ?? []).map(Number);
    expect([o, inside]).toEqual([values.get("o"), c]);
    expect(o * Math.tanh(inside)).toBeCloseTo(h, 3);
  });
});

describe("made anew with small runs", () => {
  let command: TestCommand | undefined;
  afterAll(() => {
    command?.remove();
  });

  test("runs, collects, draws and writes", async () => {
    const { run, folder: work } = (command = await bundleCommand());
    const documents = join(work, "documents");
    mkdirSync(documents);
    interface Document {
      readonly training: Readonly<Record<string, unknown> & { diagnose: Readonly<Record<string, unknown>> }>;
      readonly grid: Readonly<Record<string, readonly unknown[]>>;
      readonly set?: Readonly<Record<string, unknown>>;
    }
    const change = (name: string, of: (document: Document) => object): void => {
      writeFileSync(join(documents, name), JSON.stringify(of(JSON.parse(read(name)) as Document)));
    };
    for (const name of ["model.json", "variants.json", "four-units.json"])
      change(name, ({ training, ...rest }) => ({
        ...rest,
        training: { ...training, steps: 3, batch: 4, diagnose: { ...training.diagnose, every: 3 } },
      }));
    change("distances.json", (sweep) => ({ ...sweep, grid: { ...sweep.grid, "task.length": [5, 6] }, seeds: [1] }));
    change("gates.json", (sweep) => ({
      ...sweep,
      grid: { "layers.memory.cell.type": ["lstm", "coupled"] },
      seeds: [1],
    }));
    change("exploding.json", (sweep) => ({ ...sweep, grid: { ...sweep.grid, "training.optimizer.type": ["adam"] } }));
    const out = join(work, "out");
    const made = await makeStory({
      documents,
      work: join(work, "runs"),
      out,
      jobs: 2,
      run: async (args) => (await run(args)).code,
    });
    expect(made.compared.map(({ cell }) => cell)).toEqual(["rnn", "rnn", "gru", "gru", "lstm", "lstm"]);
    expect(made.exploding).toHaveLength(2);
    expect(JSON.parse(readFileSync(join(out, "results.json"), "utf8"))).toEqual(made);
    expect(readFileSync(join(out, "README.md"), "utf8")).toBe(storyPage(made));
    expect(readdirSync(out).filter((name) => name.endsWith(".svg"))).toHaveLength(8);
  }, 120_000);
});
