/** A sweep that is ended at random moments, itself or one of its trials, again and again. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, latchgrad, pick, succeed, upTo } from "./command.ts";
import { differences } from "./folders.ts";

const experiment = {
  format: 1,
  name: "trial",
  task: { type: "adding", length: 20 },
  layers: [
    { name: "memory", type: "recurrent", cell: { type: "lstm", units: 16 }, output: "last" },
    { name: "sum", type: "dense", units: 1 },
  ],
  loss: { type: "meanSquaredError" },
  training: {
    optimizer: { type: "adam", learningRate: 0.01 },
    batch: 16,
    steps: 6000,
    seed: 1,
    evaluate: { every: 200, batches: 2 },
    best: { metric: "loss" },
    checkpoints: { every: 29 },
  },
};
const sweep = {
  format: 1,
  name: "trust",
  model: "trial.json",
  grid: { "training.optimizer.learningRate": [0.003, 0.01, 0.03] },
  seeds: [1, 2, 3, 4],
};

/** Processes that are at a trial, by the claims in its folder. */
function trialProcesses(out: string): readonly number[] {
  try {
    return readdirSync(join(out, "trials"), { recursive: true, encoding: "utf8" }).flatMap((name) =>
      (/run-(\d+)-[^/]*\.lock$/.exec(name)?.slice(1) ?? []).map(Number),
    );
  } catch {
    return [];
  }
}

const WAYS = ["SIGKILL", "SIGINT", "SIGTERM", "SIGKILL of a trial"] as const;

/** Returns whether the sweep that was ended so often has the bytes of the one that was not, and nothing else. */
export async function interruptSweep(times: number, base: string): Promise<boolean> {
  const document = join(base, "sweep.json");
  writeFileSync(join(base, "trial.json"), JSON.stringify(experiment));
  writeFileSync(document, JSON.stringify(sweep));
  const [whole, out] = [join(base, "whole-sweep"), join(base, "sweep")];
  const argsOf = (folder: string): readonly string[] => ["sweep", document, "--out", folder, "--jobs", "2"];
  const begin = performance.now();
  await succeed([...argsOf(whole), "--list"]);
  const start = performance.now() - begin;
  await succeed(argsOf(whole));

  const counts: Record<string, number> = {};
  for (let count = 0; count < times;) {
    const way = pick(WAYS);
    const { code, signal, error } = await latchgrad(argsOf(out), (send) => {
      // A sweep and then its trials have to start; what comes later is steps.
      after(upTo(5 * start))(() => {
        if (way !== "SIGKILL of a trial") {
          send(way);
          return;
        }
        for (const pid of trialProcesses(out).slice(0, 1))
          try {
            process.kill(pid, "SIGKILL");
          } catch {
            // It has ended by itself.
          }
        after(upTo(start))(() => {
          send("SIGKILL");
        });
      });
    });
    if (signal === null && code !== 130 && code !== 143)
      throw new Error(
        code === 0
          ? `the sweep ended after ${count} interruptions; it needs more steps to be interrupted ${times} times`
          : `a sweep that goes on failed with code ${code}:\n${error}`,
      );
    counts[way] = (counts[way] ?? 0) + 1;
    count++;
  }
  await succeed(argsOf(out));
  const found = differences(whole, out);
  console.log(
    `a sweep of 12 trials was ended ${times} times: ${found.length === 0 ? "every byte of every file is that of one that was not, and nothing was left behind" : found.join("; ")}`,
  );
  for (const [way, count] of Object.entries(counts)) console.log(`  ${count} times ${way}`);
  return found.length === 0;
}
