// The command as a user runs it: in a process, with files, pipes and signals.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleCommand, tinyDocument, withTraining, type TestCommand } from "./command";

let command: TestCommand;
beforeAll(async () => {
  command = await bundleCommand();
});
afterAll(() => {
  command.remove();
});

interface TensorEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** The header of a safetensors file, after a check that the file ends where it says. */
function weightsIn(folder: string): Readonly<Record<string, TensorEntry>> {
  const bytes = readFileSync(join(folder, "model.safetensors"));
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const { __metadata__: _, ...entries } = JSON.parse(bytes.toString("utf8", 8, 8 + headerLength)) as Record<
    string,
    TensorEntry
  > & { __metadata__: unknown };
  const end = Math.max(...Object.values(entries).map(({ data_offsets }) => data_offsets[1]));
  expect(bytes.length).toBe(8 + headerLength + end);
  return entries;
}

const configIn = (folder: string): unknown => JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));

describe("train", () => {
  test("with two threads gives every byte that it gives with one, and refuses what is no number of threads", async () => {
    const file = command.file("shared.json", JSON.stringify(tinyDocument));
    const weights: string[] = [];
    for (const threads of ["1", "2"]) {
      const { code, error } = await command.run(["train", file, "--out", `shared-${threads}`, "--threads", threads]);
      expect({ code, error }).toEqual({ code: 0, error: "" });
      weights.push(readFileSync(join(command.folder, `shared-${threads}`, "model.safetensors"), "hex"));
    }
    expect(weights[0]).toBe(weights[1]);
    const refused = await command.run(["train", file, "--threads", "0"]);
    expect(refused.code).toBe(2);
    expect(refused.error).toContain("A whole number from 1 to 64 is expected.");
  });

  test("--resume tells a run that is missing from a document that needs the folder beside it", async () => {
    const missing = await command.run(["train", "no-run", "--resume"]);
    expect(missing.code).toBe(1);
    expect(missing.error).toMatch(/at\s+no-run\s+received there is no such file or folder/);
    const file = command.file("alone.json", JSON.stringify(tinyDocument));
    const alone = await command.run(["train", file, "--resume"]);
    expect(alone.code).toBe(2);
    expect(alone.error).toContain("--resume needs the folder of the run");
    for (const name of ["no-run", "runs"]) expect(existsSync(join(command.folder, name))).toBe(false);
  });

  test("shows evaluations and the result in plain lines, and leaves the model in a folder", async () => {
    const file = command.file("tiny.json", JSON.stringify(tinyDocument));
    const { code, out, error } = await command.run(["train", file, "--out", "model"]);
    expect({ code, error }).toEqual({ code: 0, error: "" });
    for (const sign of ["\r", "\u001b"]) expect(out).not.toContain(sign);
    expect(out.trimEnd().split("\n")).toEqual([
      "tiny adding: Add the two marked values of a random sequence. (adding, length 5, variant modern)",
      "76 parameters, adam, up to 6 steps of 4 examples, seed 1",
      "",
      expect.stringMatching(/^step 3 {2}validation loss \S+$/),
      expect.stringMatching(/^step 6 {2}validation loss \S+$/),
      "",
      expect.stringMatching(/^trained for all 6 steps, in \S+ s$/),
      expect.stringMatching(/^test loss \S+$/),
      expect.stringMatching(/^always answering 1, the mean of all sums: test loss 0\.167, so the model is .+$/),
      "the model is in model/: model.json, model.safetensors",
      "the report is in model/report.html",
    ]);
    const folder = join(command.folder, "model");
    // By itself Node 20 could not.
    const { sessions } = JSON.parse(readFileSync(join(folder, "environment.json"), "utf8")) as { sessions: unknown };
    expect(sessions).toMatchObject([{ precision: "fast", roundsOnce: true }]);
    expect(readdirSync(folder).sort()).toEqual([
      "SHA256SUMS",
      "checkpoints",
      "environment.json",
      "evaluations.csv",
      "log.SHA256SUMS",
      "metrics.csv",
      "metrics.jsonl",
      "model.json",
      "model.safetensors",
      "report.html",
      "timing.jsonl",
    ]);
    const weights = weightsIn(folder);
    expect(weights["memory.Wf"]).toMatchObject({ dtype: "F32", shape: [2, 3] });
    expect(Object.keys(weights)).toHaveLength(14);
  });

  test("writes a config that has all defaults and trains to the same bits again", async () => {
    const file = command.file("again.json", JSON.stringify(tinyDocument));
    await command.run(["train", file, "--out", "first"]);
    const folder = join(command.folder, "first");
    expect(configIn(folder)).toMatchObject({ dtype: "f32", task: { variant: "modern" } });
    const { code } = await command.run(["train", join(folder, "model.json"), "--out", "second"]);
    expect(code).toBe(0);
    for (const name of ["model.json", "model.safetensors"])
      expect(readFileSync(join(command.folder, "second", name))).toEqual(readFileSync(join(folder, name)));
  });

  test("without --out makes a new folder for each run, named after the model", async () => {
    const file = command.file("named.json", JSON.stringify({ ...tinyDocument, name: "../../Größe 1" }));
    for (const folder of ["runs/Größe-1", "runs/Größe-1-2"]) {
      const { out } = await command.run(["train", file]);
      expect(out).toContain(`the model is in ${folder}/`);
      expect(existsSync(join(command.folder, folder, "model.safetensors"))).toBe(true);
    }
  });

  test("reads text files from beside the config, and names them from where the model is", async () => {
    mkdirSync(join(command.folder, "deep/er"), { recursive: true });
    writeFileSync(join(command.folder, "deep/poem.txt"), "a rose is a rose is a rose. ".repeat(40));
    const document = {
      ...tinyDocument,
      $schema: "../schema.json",
      task: { type: "textCharacters", files: ["../poem.txt"], length: 8, symbols: 12, encoding: "oneHot" },
      layers: [
        { name: "memory", type: "recurrent", cell: { type: "rnn", units: 4 } },
        { name: "next", type: "dense", units: 12 },
      ],
      loss: { type: "softmaxCrossEntropy" },
      metrics: [{ type: "bitsPerSymbol" }],
    };
    command.file("deep/er/text.json", JSON.stringify(document));
    const { code, out, error } = await command.run(["train", "deep/er/text.json", "--out", "text-model"]);
    expect({ code, error }).toEqual({ code: 0, error: "" });
    expect(out).toMatch(/^guessing each character by its frequency.*: test bitsPerSymbol \S+, so the model is /m);
    expect(configIn(join(command.folder, "text-model"))).toMatchObject({
      $schema: "../deep/schema.json",
      task: { files: ["../deep/poem.txt"] },
    });
  });
});

describe("Ctrl-C", () => {
  const endless = { steps: 1_000_000, evaluate: { every: 5, batches: 1 } };

  test("ends the run after the step, keeps the model, and says so", async () => {
    const file = command.file("endless.json", withTraining(endless));
    let sent = false;
    const { code, signal, out } = await command.run(["train", file, "--out", "interrupted"], {
      onOutput(text, kill) {
        if (sent || !text.includes("validation loss")) return;
        sent = true;
        kill("SIGINT");
      },
    });
    expect({ code, signal }).toEqual({ code: 130, signal: null });
    expect(out).toContain("Stopping after this step. Press Ctrl-C again to stop at once, without saving.\n");
    expect(out).toMatch(/interrupted after \d+ of 1,000,000 steps, in .*\nthe model is in interrupted\//);
    const folder = join(command.folder, "interrupted");
    expect(Object.keys(weightsIn(folder))).toHaveLength(14);
    const described = await command.run(["describe", join(folder, "model.json")]);
    expect(described.code).toBe(0);
  });
});

describe("describe", () => {
  test("prints facts, and layers with their parameters", async () => {
    const file = command.file("described.json", JSON.stringify(tinyDocument));
    const { code, out } = await command.run(["describe", file]);
    expect(code).toBe(0);
    expect(out).toBe(
      [
        "tiny adding",
        "",
        "task       adding, length 5, variant modern",
        "           Add the two marked values of a random sequence.",
        "inputs     x f32[B,T,2]",
        "targets    y f32[B,1]",
        "loss       meanSquaredError",
        "optimizer  adam, learningRate 0.01, beta1 0.9, beta2 0.999, epsilon 1e-8",
        "training   6 steps of 4 examples, seed 1",
        "",
        "layer   type       reads   output    parameters",
        "memory  recurrent  x       f32[B,3]          72",
        "sum     dense      memory  f32[B,1]           4",
        "all                                          76",
        "",
      ].join("\n"),
    );
  });
});

describe("errors", () => {
  test("in a config are all told at once, with their places and without a stack", async () => {
    const { training, ...model } = tinyDocument;
    const document = { ...model, training: { ...training, batchh: 4, steps: 0 } };
    const file = command.file("wrong.json", JSON.stringify(document));
    const { code, out, error } = await command.run(["train", file]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(error).toContain(`ConfigError in ${file}\n[config.`);
    expect(error).toContain("at       /training/batchh");
    expect(error).toContain('did you mean "batch"?');
    expect(error).toContain("at       /training/steps");
    expect(error).not.toMatch(/^\s+at .*\.js:/m);
  });

  test("in JSON come with line and column", async () => {
    const file = command.file("syntax.json", '{\n  "format": 1,\n}\n');
    const { code, error } = await command.run(["describe", file]);
    expect(code).toBe(1);
    expect(error).toContain("line 3, column 1");
  });

  const fileErrors: readonly (readonly [string, () => string, string])[] = [
    ["is missing", () => "missing.json", "[file.read] the file can be read\n  at       missing.json\n"],
    ["is a folder", () => ".", "received it is a folder"],
    ["is no text", () => command.file("bytes.json", Uint8Array.of(0xff, 0xfe, 0x00)), "[file.encoding]"],
    ["is far too large", () => command.file("large.json", " ".repeat(5_000_000)), "[file.size]"],
  ];
  test.each(fileErrors)("tell when a config %s", async (_, fileOf, text) => {
    const { code, error } = await command.run(["train", fileOf()]);
    expect(code).toBe(1);
    expect(error).toContain("FileError\n[file.");
    expect(error).toContain(text);
  });

  test("name the place of a text file that is missing, and leave no empty folder", async () => {
    const document = { ...tinyDocument, task: { type: "textCharacters", files: ["no.txt"], length: 8 } };
    const text = {
      ...document,
      layers: [
        { type: "embedding", count: 96, units: 2 },
        { type: "dense", units: 96 },
      ],
      loss: { type: "softmaxCrossEntropy" },
    };
    const { code, error } = await command.run([
      "train",
      command.file("text.json", JSON.stringify(text)),
      "-o",
      "empty",
    ]);
    expect(code).toBe(1);
    expect(error).toContain("at       /task/files/0");
    expect(error).toContain("no.txt: there is no such file or folder");
    expect(existsSync(join(command.folder, "empty"))).toBe(false);
  });

  test("come before the training when the folder cannot be made", async () => {
    const file = command.file("blocked.json", JSON.stringify(tinyDocument));
    const { code, out, error } = await command.run(["train", file, "--out", join(file, "model")]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(error).toContain("[file.folder]");
  });

  test("in what was typed end with code 2 and a suggestion", async () => {
    expect(await command.run(["trian", "x.json"])).toMatchObject({ code: 2, out: "" });
    expect((await command.run(["trian", "x.json"])).error).toContain("Did you mean train?");
    expect((await command.run(["train"])).error).toContain("missing required argument 'model'");
    expect(await command.run([])).toMatchObject({ code: 2 });
  });
});

test("--help and --version answer on standard output", async () => {
  const help = await command.run(["--help"]);
  expect(help).toMatchObject({ code: 0, error: "" });
  expect(help.out).toContain("latchgrad train model.json");
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  expect(await command.run(["--version"])).toMatchObject({ code: 0, out: `${version}\n` });
});
