// Sweeps in real processes, that are ended in every way: in the end the results are as if nothing had been.
import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleCommand, withTraining, type RunOptions, type TestCommand } from "./command";

let command: TestCommand;
let ids: readonly string[];
const RATE = "training.optimizer.learningRate";
const PLOT = "plots/sweep-training-optimizer-learningRate.svg";
const sweepOf = (content: object): string =>
  JSON.stringify({ format: 1, name: "rates", model: "model.json", ...content });

beforeAll(async () => {
  command = await bundleCommand();
  command.file(
    "model.json",
    withTraining({ steps: 120, evaluate: { every: 60, batches: 2 }, checkpoints: { every: 9, keep: 2 } }),
  );
  command.file("sweep.json", sweepOf({ grid: { [RATE]: [0.01, 0.03] }, seeds: [1, 2] }));
  ids =
    (await command.run(["sweep", "sweep.json", "--list"])).out.match(/^ *[0-9a-f]{16}/gm)?.map((id) => id.trim()) ?? [];
  const whole = await command.run(["sweep", "sweep.json", "--out", "whole", "--jobs", "2"]);
  expect([whole.code, whole.error]).toEqual([0, ""]);
  expect(whole.out).toMatch(/best validation loss: .*, the mean of 2 seeds, with learningRate 0\.0[13]/);
}, 60_000);
afterAll(() => {
  command.remove();
});

/** The bytes of everything that must not depend on how often a sweep was stopped. */
function bytesOf(out: string): ReadonlyMap<string, string> {
  const ofTrials = ids.flatMap((id) =>
    ["result.json", "model.safetensors", "metrics.jsonl"].map((file) => join("trials", id, file)),
  );
  return new Map(
    ["results.csv", "results.jsonl", "results.html", PLOT, ...ofTrials].map((file) => [
      file,
      readFileSync(join(command.folder, out, file)).toString("latin1"),
    ]),
  );
}
const checkpointsOf = (out: string, id: string): number => {
  const path = join(command.folder, out, "trials", id, "checkpoints");
  return existsSync(path) ? readdirSync(path).filter((name) => name.startsWith("step-")).length : 0;
};
/** Sends a signal once a trial has saved something. */
const whenSaved = (out: string, id: () => string, signal: NodeJS.Signals): RunOptions => ({
  onStart(kill) {
    const timer = setInterval(() => {
      if (checkpointsOf(out, id()) < 2) return;
      clearInterval(timer);
      kill(signal);
    }, 5);
    timer.unref();
  },
});

test("the tables have a row per trial, in the order of the sweep", () => {
  expect(ids).toHaveLength(4);
  const lines = readFileSync(join(command.folder, "whole/results.csv"), "utf8").trimEnd().split("\n");
  expect(lines[0]).toMatch(/^id,training\.optimizer\.learningRate,seed,state,step,modelStep,train\.loss/);
  expect(lines.slice(1).map((line) => line.split(",").slice(0, 5))).toEqual([
    [ids[0], "0.01", "1", "done", "120"],
    [ids[1], "0.01", "2", "done", "120"],
    [ids[2], "0.03", "1", "done", "120"],
    [ids[3], "0.03", "2", "done", "120"],
  ]);
});

test("the page has the table and the plots, and each plot is a file", () => {
  const page = readFileSync(join(command.folder, "whole/results.html"), "utf8");
  expect(page).toContain("Validation loss by learningRate");
  expect(page).toMatch(/best validation loss: .* with learningRate 0\.0[13]/);
  const plot = readFileSync(join(command.folder, "whole", PLOT), "utf8");
  // Four trials and the means of two settings.
  expect(plot.match(/<circle /g)).toHaveLength(6);
});

describe("a sweep that was ended goes on to the same bytes", () => {
  test("kill -9 of a trial that a scheduler started, and then of the sweep", async () => {
    const trial = await command.run(
      ["run-trial", "sweep.json", ids[0], "--out", "killed"],
      whenSaved("killed", () => ids[0], "SIGKILL"),
    );
    expect(trial.signal).toBe("SIGKILL");
    const sweep = await command.run(
      ["sweep", "sweep.json", "--out", "killed", "--jobs", "2"],
      whenSaved("killed", () => ids[1], "SIGKILL"),
    );
    expect(sweep.signal).toBe("SIGKILL");
    const end = await command.run(["sweep", "sweep.json", "--out", "killed", "--jobs", "2"]);
    expect([end.code, end.error]).toEqual([0, ""]);
    expect(bytesOf("killed")).toEqual(bytesOf("whole"));
  }, 60_000);

  test.each([["SIGINT", 130]] as const)(
    "%s saves the trials under way and exits with %i",
    async (signal, code) => {
      const args = ["sweep", "sweep.json", "--out", signal, "--jobs", "2"];
      const stopped = await command.run(
        args,
        whenSaved(signal, () => ids[1], signal),
      );
      expect([stopped.code, stopped.out]).toEqual([code, expect.stringContaining("to go on: the same command again")]);
      expect((await command.run(args)).code).toBe(0);
      expect(bytesOf(signal)).toEqual(bytesOf("whole"));
    },
    60_000,
  );
});

test("a trial that is done is not run again", async () => {
  const before = bytesOf("whole");
  const { code, out } = await command.run(["run-trial", "sweep.json", ids[0], "--out", "whole"]);
  expect([code, out]).toEqual([0, expect.stringContaining("is done")]);
  expect(bytesOf("whole")).toEqual(before);
});

test("a result that is not as it was written is made again, and what a killed trial left behind goes", async () => {
  cpSync(join(command.folder, "whole"), join(command.folder, "damaged"), { recursive: true });
  const path = join(command.folder, "damaged/trials", ids[0], "result.json");
  writeFileSync(path, readFileSync(path, "utf8").replace(/"loss": \d\.(\d)/, '"loss": 0.0'));
  // Of a process that ended with the machine.
  const machine = createHash("sha256").update(hostname()).digest("hex").slice(0, 12);
  const left = (id: string): string =>
    join(command.folder, "damaged/trials", id, `run-1-5-aaaaaaaaaaaa-${machine}-cccccccccccc.lock`);
  for (const id of ids) writeFileSync(left(id), "");
  const { code, error } = await command.run(["sweep", "sweep.json", "--out", "damaged", "--jobs", "2"]);
  expect([code, error]).toEqual([0, ""]);
  expect(bytesOf("damaged")).toEqual(bytesOf("whole"));
  expect(ids.map((id) => existsSync(left(id)))).toEqual(ids.map(() => false));
}, 60_000);

test("two processes at one trial: the second leaves it to the first, with exit code 4", async () => {
  command.file("long.json", sweepOf({ set: { "training.steps": 1_000_000 } }));
  const [id] = (await command.run(["sweep", "long.json", "--list"])).out.match(/\b[0-9a-f]{16}\b/) ?? [""];
  let stop = (): void => undefined;
  const first = command.run(["run-trial", "long.json", id, "--out", "long"], {
    onStart: (kill) => {
      stop = () => {
        kill("SIGTERM");
      };
    },
  });
  while (checkpointsOf("long", id) === 0) await sleep(5);
  const second = await command.run(["run-trial", "long.json", id, "--out", "long"]);
  stop();
  expect([second.code, (await first).code]).toEqual([4, 143]);
}, 30_000);

test("a trial whose numbers become meaningless has failed: told, written down, not run again unasked", async () => {
  command.file(
    "bad.json",
    sweepOf({
      set: { "training.optimizer": { type: "sgd", learningRate: 0.01 }, "training.steps": 20 },
      grid: { [RATE]: [0.01, 1e30] },
    }),
  );
  const args = ["sweep", "bad.json", "--out", "bad"];
  for (const more of [[], [], ["--retry-failed"]]) {
    const { code, out, error } = await command.run([...args, ...more]);
    expect([code, out], error).toEqual([
      3,
      expect.stringMatching(/1 failed[\s\S]*1 trial failed: [0-9a-f]{16}; --retry-failed/),
    ]);
  }
  const rows = readFileSync(join(command.folder, "bad/results.jsonl"), "utf8").trimEnd().split("\n");
  expect(rows.map((row) => JSON.parse(row) as unknown)).toMatchObject([
    { state: "done" },
    { state: "failed", error: expect.stringContaining("finite") as unknown },
  ]);
}, 30_000);

test("a sweep with one wrong value runs nothing, and says where it stands", async () => {
  command.file("wrong.json", sweepOf({ grid: { [RATE]: [0.01, -1] } }));
  const { code, error } = await command.run(["sweep", "wrong.json", "--out", "wrong"]);
  expect([code, error]).toEqual([
    1,
    expect.stringMatching(/wrong\.json[\s\S]*\/grid\/training\.optimizer\.learningRate\/1/),
  ]);
  expect(existsSync(join(command.folder, "wrong"))).toBe(false);
});
