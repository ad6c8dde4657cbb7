/** A run that is ended at random moments, again and again. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterChanges, latchgrad, pick, succeed, upTo, type Ending, type Send } from "./command.ts";
import { differences } from "./folders.ts";

/** Everything that has to survive: state of the optimizer, dropout, averages, the best model, several batches a step. */
const experiment = {
  format: 1,
  name: "trust",
  task: { type: "adding", length: 20 },
  layers: [
    { name: "memory", type: "recurrent", cell: { type: "lstm", units: 16 }, output: "last" },
    { type: "dropout", rate: 0.1 },
    { name: "sum", type: "dense", units: 1 },
  ],
  metrics: [{ type: "meanAbsoluteError" }],
  loss: { type: "meanSquaredError" },
  training: {
    optimizer: { type: "adam", learningRate: { type: "cosine", rate: 0.01, steps: 20_000 } },
    clip: { globalNorm: 1 },
    batch: 16,
    accumulate: 2,
    skipNonFinite: { atMost: 10 },
    average: { decay: 0.99 },
    steps: 20_000,
    seed: "trust",
    evaluate: { every: 100, batches: 2 },
    best: { metric: "loss" },
    checkpoints: { every: 23 },
    diagnose: { every: 1000, kinds: ["gradientFlow", "gates"] },
  },
};

/** A way to end a run: when, and with what. */
type Way = (
  checkpoints: string,
  start: number,
) => { readonly when: (then: () => void) => void; readonly send: (send: Send) => void };

const kill = (send: Send): void => {
  send("SIGKILL");
};
const ask = (send: Send): void => {
  send("SIGTERM");
};

/** `start` is the time from a start to its first steps, ms. */
const WAYS: Readonly<Record<string, Way>> = {
  "SIGKILL at any time": (_, start) => ({ when: after(upTo(2 * start)), send: kill }),
  "SIGKILL while a checkpoint is written": (checkpoints) => ({
    when: afterChanges(checkpoints, Math.ceil(upTo(60)), upTo(4)),
    send: kill,
  }),
  "SIGTERM at any time": (_, start) => ({ when: after(upTo(2 * start)), send: ask }),
  "SIGTERM while a checkpoint is written": (checkpoints) => ({
    when: afterChanges(checkpoints, Math.ceil(upTo(60)), upTo(4)),
    send: ask,
  }),
  "SIGTERM, and SIGKILL while the run saves": (_, start) => ({
    when: after(start + upTo(start)),
    send(send) {
      ask(send);
      after(upTo(20))(() => {
        kill(send);
      });
    },
  }),
};

/** Ended by a signal, or saved first and then ended as the signal asks. */
const wasKilled = ({ code, signal }: Ending): boolean => signal !== null || code === 143;

/** Returns whether the run that was ended so often has the bytes of the one that was not. */
export async function killMany(kills: number, base: string): Promise<boolean> {
  const document = join(base, "trust.json");
  writeFileSync(document, JSON.stringify(experiment));
  const [whole, folder] = [join(base, "whole"), join(base, "killed")];
  const argsOf = (out: string): readonly string[] => ["train", document, "--out", out, "--resume", "--no-report"];
  const begin = performance.now();
  await succeed([...argsOf(join(base, "start")), "--set", "training.steps=1"]);
  const start = performance.now() - begin;
  await succeed(argsOf(whole));

  const checkpoints = join(folder, "checkpoints");
  mkdirSync(checkpoints, { recursive: true });
  const counts: Record<string, number> = {};
  for (let killed = 0; killed < kills;) {
    const name = pick(Object.keys(WAYS));
    const { when, send } = WAYS[name](checkpoints, start);
    const ending = await latchgrad(argsOf(folder), (toProcess) => {
      when(() => {
        send(toProcess);
      });
    });
    if (!wasKilled(ending))
      throw new Error(
        ending.code === 0
          ? `the run ended after ${killed} kills; it needs more steps to be killed ${kills} times`
          : `a run that goes on failed:\n${ending.error}`,
      );
    counts[name] = (counts[name] ?? 0) + 1;
    killed++;
  }
  const reached = Number(/\d+$/.exec(readdirSync(checkpoints).sort().at(-1) ?? "")?.[0] ?? 0);
  await succeed(argsOf(folder));
  const found = differences(whole, folder);
  console.log(
    `a run was ended ${kills} times, the last time at step ${reached} of ${experiment.training.steps} or later: ${found.length === 0 ? "every byte of every file is that of a run that was not" : found.join("; ")}`,
  );
  for (const [name, count] of Object.entries(counts)) console.log(`  ${count} times ${name}`);
  return found.length === 0;
}
