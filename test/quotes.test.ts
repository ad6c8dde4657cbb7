// What the READMEs and ARCHITECTURE.md quote (files, code, output, numbers) is what is there and what comes out.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { compile, ConfigError, gradient } from "../packages/core/src/index";
import { openTask, readExperiment, trainingStep } from "../packages/optim/src/index";
import { root } from "../scripts/lib/packages.mjs";

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const block = (language: string, text: string): string => `\`\`\`${language}\n${text.trimEnd()}\n\`\`\`\n`;

const MODEL = "packages/examples/models/adding-lstm.json";

describe("README.md", () => {
  const readme = read("README.md");

  test("shows the model that npm start trains", () => {
    expect(readme).toContain(block("json", read(MODEL)));
  });

  test("shows what is said of mistakes in it", () => {
    const text = read(MODEL)
      .replace('"length"', '"lenght"')
      .replace('"lstm"', '"ltsm"')
      .replace('units": 1 }', 'units": 0 }');
    let message = "";
    try {
      readExperiment(JSON.parse(text));
    } catch (error) {
      if (error instanceof ConfigError) ({ message } = error);
    }
    expect(readme).toContain(block("text", `ConfigError in adding-lstm.json\n${message}`));
  });

  test("repeats the comparison of cells from the examples", () => {
    const rows = read("packages/examples/README.md").match(/^\| \d+ .*\|$/gm) ?? [];
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(readme).toContain(row);
  });

  test("shows the four steps of the LSTM", () => {
    const [steps = ""] = /^ *\/\/ 1\. [\s\S]*?(?=^ *return )/m.exec(read("packages/layers/src/cells/lstm.ts")) ?? [];
    const indent = /^ */.exec(steps)?.[0] ?? "";
    expect(readme).toContain(block("ts", steps.replaceAll(new RegExp(`^${indent}`, "gm"), "")));
  });
});

describe("programs", () => {
  test.each([
    ["graph", "README.md", () => import("./readme/graph")],
    ["training", "README.md", () => import("./readme/training")],
    ["looking", "docs/looking-inside.md", () => import("./readme/looking")],
    ["core", "packages/core/README.md", () => import("./readme/core")],
    ["layers", "packages/layers/README.md", () => import("./readme/layers")],
  ])("readme/%s.ts is shown in %s, with what it prints", async (name, document, run) => {
    const lines: string[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((...words) => void lines.push(words.join(" ")));
    await run();
    log.mockRestore();
    const output = lines.join("\n");
    expect(read(document)).toContain(`${block("ts", read(`test/readme/${name}.ts`))}\n${block("text", output)}`);
  });
});

describe("decisions", () => {
  test("0028 has the errors of the elementary functions that their test holds", () => {
    const record = read("docs/decisions/0028-elementary-functions.md");
    const quoted = [...record.matchAll(/^\| `(\w+)` +\| ([\d.]+) +\| ([\d.]+) +\|$/gm)].map((row) => row.slice(1));
    const held = [
      ...read("packages/core/test/elementary.test.ts").matchAll(/^ {2}(\w+): \{[^}]*?ulps: \[([\d.]+), ([\d.]+)\]/gm),
    ].map((entry) => entry.slice(1));
    expect(held.length).toBeGreaterThan(0);
    expect(quoted).toEqual(held);
  });
});

describe("ARCHITECTURE.md", () => {
  test("shows an op as it stands", () => {
    const [, shown = ""] = /^```ts\n([\s\S]*?)^```$/m.exec(read("ARCHITECTURE.md")) ?? [];
    expect(shown).not.toBe("");
    expect(read("packages/core/src/ops/unary.ts")).toContain(shown);
  });

  test("has the numbers of a weight in the first training step", async () => {
    const { config, model } = readExperiment(JSON.parse(read(MODEL)));
    const { training, dtype } = config;
    const step = trainingStep(model, training);
    const state = step.initialState(training.seed);
    const task = await openTask(config.task, { seed: training.seed, dtype });
    const batch = await task.batch("train", 0, training.batch);
    const weights = Object.fromEntries(step.weights.map((name) => [name, state[name]]));

    const both = await compile(gradient(model.graph("train"), { of: "loss", wrt: step.weights }));
    const { "grad.memory.Wf": slopes } = await both.run({ ...weights, ...batch });
    const executable = await compile(step.graph, { state });
    const { gradientNorm } = await executable.run(batch);
    const { "memory.Wf": updated } = await executable.readState();

    const [slope] = slopes.data;
    const [norm] = gradientNorm.data;
    const numbers = [weights["memory.Wf"].data[0], slope, norm, slope / norm, updated.data[0]];
    const quoted = [...read("ARCHITECTURE.md").matchAll(/\*\*(-?\d[\d.]*)\*\*/g)].map(([, number]) => number);
    expect(quoted).toEqual(numbers.map((number) => number.toPrecision(4)));
  });
});
