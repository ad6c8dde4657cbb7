// Runs that are ended in every way that processes can be ended, and go on: in the end every byte is as if nothing had been.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, watch } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleCommand, tinyDocument, type Result, type TestCommand } from "./command";

let command: TestCommand;
beforeAll(async () => {
  command = await bundleCommand();
});
afterAll(() => {
  command.remove();
});

/** Everything that has to survive at once: an optimizer with state, dropout, averages, the best model, skipped batches, several batches a step. */
const full = {
  ...tinyDocument,
  layers: [
    { name: "memory", type: "recurrent", cell: { type: "lstm", units: 3 }, output: "last" },
    { type: "dropout", rate: 0.2 },
    { name: "sum", type: "dense", units: 1 },
  ],
  metrics: [{ type: "meanAbsoluteError" }],
  training: {
    optimizer: { type: "adam", learningRate: { type: "cosine", rate: 0.02, steps: 300 } },
    clip: { globalNorm: 1 },
    batch: 4,
    accumulate: 2,
    skipNonFinite: { atMost: 5 },
    average: { decay: 0.9 },
    steps: 240,
    seed: "trust",
    evaluate: { every: 20, batches: 2 },
    best: { metric: "meanAbsoluteError" },
    checkpoints: { every: 7, keep: 2 },
    diagnose: { every: 30, batch: 3, lengths: [6] },
  },
};

/** All files of a run whose bytes must not depend on how often it was stopped. */
function bytesOf(folder: string): ReadonlyMap<string, string> {
  const files = [
    ...["model.json", "model.safetensors", "SHA256SUMS", "metrics.jsonl", "metrics.csv", "evaluations.csv"],
    ...["diagnostics.jsonl"].filter((file) => existsSync(join(folder, file))),
  ];
  const checkpoints = readdirSync(join(folder, "checkpoints"));
  const last = checkpoints.sort().at(-1) ?? "";
  const ofLast = readdirSync(join(folder, "checkpoints", last)).map((file) => join("checkpoints", last, file));
  return new Map([...files, ...ofLast].map((file) => [file, readFileSync(join(folder, file)).toString("latin1")]));
}

const inFolder = (name: string): string => join(command.folder, name);
const write = (name: string, document: object): string => command.file(name, JSON.stringify(document));
const checkpointsIn = (folder: string): readonly string[] => {
  const path = join(inFolder(folder), "checkpoints");
  return existsSync(path)
    ? readdirSync(path)
        .filter((name) => name.startsWith("step-"))
        .sort()
    : [];
};
/** Runs the command and kills it after so many changes in the folder of its checkpoints, and then some milliseconds. */
async function runAndKill(
  args: readonly string[],
  folder: string,
  { changes, delay }: { readonly changes: number; readonly delay: number },
): Promise<Result> {
  const path = join(inFolder(folder), "checkpoints");
  mkdirSync(path, { recursive: true });
  let kill = (): void => undefined;
  let left = changes;
  const watcher = watch(path, () => {
    if (--left === 0)
      setTimeout(() => {
        kill();
      }, delay);
  });
  try {
    return await command.run(args, {
      onStart: (send) =>
        (kill = () => {
          send("SIGKILL");
        }),
    });
  } finally {
    watcher.close();
  }
}

/** Models of data files of each kind, with rows that a seed shuffles, or in streams. */
const fileTasks = {
  sequences: {
    task: {
      type: "sequences",
      files: ["rows.csv"],
      sequence: "id",
      inputs: { x: ["a"] },
      targets: { y: { columns: ["b"], per: "sequence" } },
      buckets: 2,
      validation: 0.2,
      test: 0.2,
    },
    output: "last",
    units: 1,
    loss: "meanSquaredError",
  },
  series: {
    task: {
      type: "series",
      files: ["rows.csv"],
      series: "id",
      inputs: { x: ["a"] },
      targets: { y: { columns: ["a"] } },
      length: 2,
      order: "stream",
      validation: 0.3,
      test: 0.3,
    },
    output: "sequence",
    units: 1,
    loss: "meanSquaredError",
  },
  text: {
    task: {
      type: "text",
      files: ["rows.csv"],
      unit: "words",
      vocabulary: 12,
      encoding: "oneHot",
      length: 6,
      validation: 0.2,
      test: 0.2,
    },
    output: "sequence",
    units: 12,
    loss: "softmaxCrossEntropy",
  },
} as const;

const stepsIn = (folder: string): readonly number[] =>
  readFileSync(join(folder, "metrics.csv"), "utf8")
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => Number(line.split(",")[0]));

describe("a run that is killed", () => {
  test("at any moment, many times, ends with the same bytes as one that is not", async () => {
    const file = write("full.json", full);
    expect(await command.run(["train", "--no-report", file, "--out", "whole"])).toMatchObject({ code: 0, error: "" });
    const moments: string[] = [];
    for (let kills = 0; kills < 8; kills++) {
      const changes = Math.ceil(14 * Math.random());
      const delay = 3 * Math.random();
      const result = await runAndKill(["train", "--no-report", file, "--out", "killed", "--resume"], "killed", {
        changes,
        delay,
      });
      if (result.signal !== "SIGKILL") expect(result).toMatchObject({ code: 0, error: "" });
      moments.push(`${changes} changes and ${delay.toFixed(1)} ms: ${checkpointsIn("killed").at(-1) ?? "nothing"}`);
    }
    expect(await command.run(["train", "--no-report", file, "--out", "killed", "--resume"])).toMatchObject({
      code: 0,
      error: "",
    });
    expect(bytesOf(inFolder("killed")), moments.join("\n")).toEqual(bytesOf(inFolder("whole")));
    expect(stepsIn(inFolder("killed"))).toEqual(Array.from({ length: 240 }, (_, i) => i + 1));
    expect(readdirSync(inFolder("killed")).filter((name) => name.endsWith(".lock") || name.endsWith(".tmp"))).toEqual(
      [],
    );
    expect(readdirSync(join(inFolder("killed"), "checkpoints"))).toHaveLength(2);
  });

  test.each(Object.entries(fileTasks))("and reads %s from files ends with the same bytes, too", async (name, kind) => {
    const rows = Array.from({ length: 40 }, (_, s) =>
      Array.from({ length: 12 + (s % 4) }, (_unused, t) => `s${s},${(Math.sin(s + t) * 9).toFixed(2)},${s % 7}\n`),
    );
    command.file("rows.csv", `id,a,b\n${rows.flat().join("")}`);
    const file = write(`${name}.json`, {
      ...full,
      task: kind.task,
      layers: [
        { name: "memory", type: "recurrent", cell: { type: "lstm", units: 3 }, output: kind.output },
        { name: "answer", type: "dense", units: kind.units },
      ],
      loss: { type: kind.loss },
      metrics: [],
      training: {
        ...full.training,
        skipNonFinite: undefined,
        diagnose: undefined,
        best: {},
        steps: 80,
      },
    });
    const whole = `${name}-whole`;
    expect(await command.run(["train", "--no-report", file, "--out", whole])).toMatchObject({ code: 0, error: "" });
    for (let kills = 0; kills < 2; kills++) {
      const moment = { changes: 3 + Math.ceil(8 * Math.random()), delay: 3 * Math.random() };
      await runAndKill(["train", "--no-report", file, "--out", name, "--resume"], name, moment);
    }
    const last = await command.run(["train", "--no-report", file, "--out", name, "--resume"]);
    expect(last).toMatchObject({ code: 0, error: "" });
    const data = (folder: string): string => readFileSync(join(inFolder(folder), "data.json"), "utf8");
    expect(data(name)).toBe(data(whole));
    expect(bytesOf(inFolder(name))).toEqual(bytesOf(inFolder(whole)));
    expect(stepsIn(inFolder(name))).toEqual(Array.from({ length: 80 }, (_, i) => i + 1));
  });

  test("before a checkpoint was due goes on from its beginning, and leaves no line of the first attempt", async () => {
    const document = { ...tinyDocument, training: { ...tinyDocument.training, steps: 50_000 } };
    const file = write("early.json", document);
    await command.run(["train", "--no-report", file, "--out", "early", "--precision", "reproducible"], {
      onOutput: (out, kill) => {
        if (out.includes("step 30")) kill("SIGKILL");
      },
    });
    expect(checkpointsIn("early")).toEqual(["step-000000000"]);
    const settings = ["--set", "training.steps=4", "--set", "training.checkpoints.every=2"];
    const { code, out } = await command.run(["train", "--no-report", "early", "--resume", ...settings]);
    expect({ code, from: /going on after step (\d+)/.exec(out)?.[1] }).toEqual({ code: 0, from: "0" });
    expect(stepsIn(inFolder("early"))).toEqual([1, 2, 3, 4]);
    await command.run([
      "train",
      "--no-report",
      file,
      "--out",
      "early-whole",
      "--precision",
      "reproducible",
      ...settings,
    ]);
    expect(bytesOf(inFolder("early"))).toEqual(bytesOf(inFolder("early-whole")));
  });

  test("before it had written anything begins when its document is given, because nothing else tells what it was", async () => {
    const file = write("empty.json", tinyDocument);
    mkdirSync(inFolder("empty"));
    const refused = await command.run(["train", "--no-report", "empty", "--resume"]);
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused.error).toContain("[file.no-checkpoint] a run goes on from a checkpoint");
    expect(await command.run(["train", "--no-report", file, "--out", "empty", "--resume"])).toMatchObject({
      code: 0,
      error: "",
    });
  });

  test("or not, and lost its checkpoints, does not go on: its model is not replaced by another one", async () => {
    const file = write("lost.json", tinyDocument);
    await command.run(["train", "--no-report", file, "--out", "lost"]);
    rmSync(join(inFolder("lost"), "checkpoints"), { recursive: true });
    const before = readFileSync(join(inFolder("lost"), "model.safetensors"));
    for (const args of [
      ["lost", "--resume"],
      [file, "--out", "lost", "--resume", "--set", "training.seed=2"],
    ]) {
      const { code, error } = await command.run(["train", "--no-report", ...args]);
      expect({ code, error }).toEqual({
        code: 1,
        error: expect.stringContaining("received none, but a model") as string,
      });
    }
    expect(readFileSync(join(inFolder("lost"), "model.safetensors"))).toEqual(before);
  });
});

/** A run long enough to be met while it goes on, with a checkpoint at every fifth step. */
const long = (more: object = {}): object => ({
  ...tinyDocument,
  training: {
    ...tinyDocument.training,
    steps: 1_000_000,
    evaluate: { every: 5, batches: 1 },
    checkpoints: { every: 5 },
    ...more,
  },
});

/** Sends a signal once the run has made its first evaluation. */
const onceRunning = (signal: NodeJS.Signals): ((out: string, kill: (signal: NodeJS.Signals) => void) => void) => {
  let sent = false;
  return (out, kill) => {
    if (sent || !out.includes("validation loss")) return;
    sent = true;
    kill(signal);
  };
};

describe("a signal", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("%s ends a run after the step and saves it; it goes on as if nothing had been", async (signal, code) => {
    const file = write(`${signal}.json`, long());
    const stopped = await command.run(["train", "--no-report", file, "--out", signal], {
      onOutput: onceRunning(signal),
    });
    expect(stopped).toMatchObject({ code, signal: null, error: "" });
    expect(stopped.out).toContain(`to go on: latchgrad train ${signal} --resume\n`);
    const made = stepsIn(inFolder(signal)).length;
    expect(checkpointsIn(signal).at(-1)).toBe(`step-${String(made).padStart(9, "0")}`);

    const steps = `training.steps=${made + 7}`;
    const rest = await command.run(["train", "--no-report", signal, "--resume", "--set", steps]);
    expect(rest).toMatchObject({ code: 0, error: "" });
    expect(rest.out).toContain(`going on after step ${made.toLocaleString("en-US")}\n`);
    const { sessions } = JSON.parse(readFileSync(join(inFolder(signal), "environment.json"), "utf8")) as {
      readonly sessions: readonly object[];
    };
    const here = { node: process.version, v8: process.versions.v8, precision: "fast", seed: 1, threads: 1 };
    expect(sessions).toEqual([0, made].map((fromStep) => expect.objectContaining({ ...here, fromStep }) as object));
    await command.run(["train", "--no-report", file, "--out", `${signal}-whole`, "--set", steps]);
    expect(bytesOf(inFolder(signal))).toEqual(bytesOf(inFolder(`${signal}-whole`)));
  });

  test("a second one ends it at once, and what was saved before is still good", async () => {
    const file = write("twice.json", long());
    const { code, signal } = await command.run(["train", "--no-report", file, "--out", "twice"], {
      onOutput(out, kill) {
        if (out.includes("validation loss")) for (let i = 0; i < 3; i++) kill(i === 1 ? "SIGTERM" : "SIGINT");
      },
    });
    expect(code === null ? signal : code).toSatisfy((end: unknown) =>
      [130, "SIGINT", "SIGTERM"].includes(end as string),
    );
    const steps = String(stepsIn(inFolder("twice")).length + 20);
    expect(
      await command.run(["train", "--no-report", "twice", "--resume", "--set", `training.steps=${steps}`]),
    ).toMatchObject({
      code: 0,
    });
  });
});

describe("two runs on one folder", () => {
  test("the second is refused; when the first was killed, the next one has the folder at once", async () => {
    const file = write("shared.json", long());
    let second: Promise<Result> | undefined;
    const first = await command.run(["train", "--no-report", file, "--out", "shared"], {
      onOutput(out, kill) {
        if (second !== undefined || !out.includes("validation loss")) return;
        second = command.run(["train", "--no-report", file, "--out", "shared", "--resume"]).finally(() => {
          kill("SIGKILL");
        });
      },
    });
    expect(first.signal).toBe("SIGKILL");
    const refused = await second;
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused?.error).toContain("[file.locked] a folder has one run at a time");
    expect(refused?.error).toMatch(/received a run in process \d+/);
    expect(readdirSync(inFolder("shared")).some((name) => name.endsWith(".lock"))).toBe(true);

    const steps = `training.steps=${stepsIn(inFolder("shared")).length + 5}`;
    expect(await command.run(["train", "--no-report", "shared", "--resume", "--set", steps])).toMatchObject({
      code: 0,
      error: "",
    });
    expect(readdirSync(inFolder("shared")).some((name) => name.endsWith(".lock"))).toBe(false);
  });

  test("a new run does not take the folder of an old one", async () => {
    const file = write("old.json", tinyDocument);
    await command.run(["train", "--no-report", file, "--out", "old"]);
    const before = bytesOf(inFolder("old"));
    const { code, error } = await command.run(["train", "--no-report", file, "--out", "old"]);
    expect(code).toBe(1);
    expect(error).toContain("[file.run-exists]");
    expect(error).toContain("received a folder with checkpoints, model.json, model.safetensors");
    expect(bytesOf(inFolder("old"))).toEqual(before);
  });
});
