/**
 * `npm run trust`: whether runs can be relied on, with the built command, in processes of its own. A run is killed at
 * random moments until 50 processes have died of it, and then a finished run's folder is damaged at random, 100
 * times; whatever happens, the model in the end has to be that of a run that nothing happened to, or there is an
 * error. Prints what happened, and ends with code 1 when a byte differs.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const COMMAND = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
/** Longest time from a start to its kill: with the start of Node and compiling in it, about half of them make steps. */
const LONGEST_LIFE_MS = 1500;

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
  },
};

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly error: string;
}

/** Runs `latchgrad train`; with `life`, kills it after so many milliseconds. */
const trainOnce = (args: readonly string[], life?: number): Promise<Ending> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, "train", ...args], { stdio: "pipe" });
    const timer = life === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), life);
    let out = "";
    let error = "";
    child.stdout.on("data", (part: Buffer) => (out += part.toString()));
    child.stderr.on("data", (part: Buffer) => (error += part.toString()));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, out, error });
    });
  });

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

/** One hash over all files whose bytes the run decides; environment.json tells how often it was started. */
function hashOf(folder: string, files = filesIn(folder).filter((name) => name !== "environment.json")): string {
  const hash = createHash("sha256");
  for (const name of files)
    hash
      .update(name)
      .update("\0")
      .update(readFileSync(join(folder, name)));
  return hash.digest("hex");
}

const pick = <T>(choices: readonly T[]): T => choices[Math.floor(Math.random() * choices.length)];
const MODEL = ["model.json", "model.safetensors", "SHA256SUMS"];

/** Returns whether the run that was killed so often ended with the bytes of the one that was not. */
async function killMany(kills: number, base: string, document: string, whole: string): Promise<boolean> {
  const folder = join(base, "killed");
  let starts = 0;
  for (let killed = 0; killed < kills;) {
    starts++;
    const { code, signal, error } = await trainOnce(
      [document, "--out", folder, "--resume"],
      Math.random() * LONGEST_LIFE_MS,
    );
    if (signal === "SIGKILL") killed++;
    else if (code !== 0) throw new Error(`a run that goes on failed:\n${error}`);
    else throw new Error(`the run ended after ${killed} kills; it needs more steps to be killed ${kills} times`);
  }
  const reached = /step-(\d+)$/.exec(readdirSync(join(folder, "checkpoints")).sort().at(-1) ?? "")?.[1];
  const { code, error } = await trainOnce([document, "--out", folder, "--resume"]);
  const same = code === 0 && hashOf(folder) === hashOf(whole);
  console.log(
    `${kills} kills in ${starts} starts, the last checkpoint before the end at step ${Number(reached)}: ` +
      `${same ? "every byte of every file is the same" : `THE RESULT DIFFERS (code ${code})\n${error}`}`,
  );
  return same;
}

/** One damage to a file; returns what it was. */
function damage(folder: string): string {
  const names = filesIn(folder);
  const name = pick(names);
  const path = join(folder, name);
  const size = readFileSync(path).length;
  const ways: Readonly<Record<string, () => void>> = {
    "a flipped bit": () => {
      const bytes = readFileSync(path);
      if (size > 0) bytes[Math.floor(Math.random() * size)] ^= 1 << Math.floor(Math.random() * 8);
      writeFileSync(path, bytes);
    },
    "cut off": () => truncateSync(path, Math.floor(Math.random() * size)),
    removed: () => rmSync(path),
    "bytes behind it": () => writeFileSync(path, "more", { flag: "a" }),
    zeros: () => writeFileSync(path, new Uint8Array(size)),
    "in the place of another file": () => cpSync(path, join(folder, pick(names))),
    "moved to another name": () => renameSync(path, `${path}.moved`),
  };
  const way = pick(Object.keys(ways));
  ways[way]();
  return `${name}: ${way}`;
}

/** Returns whether every damage ended with the model as it should be, or an error that is meant for people. */
async function damageMany(times: number, base: string, whole: string): Promise<boolean> {
  const counts = { same: 0, error: 0 };
  for (let i = 0; i < times; i++) {
    const folder = join(base, "damaged");
    cpSync(whole, folder, { recursive: true });
    const what = Array.from({ length: 1 + Math.floor(Math.random() * 3) }, () => damage(folder));
    const { code, error } = await trainOnce([folder, "--resume"]);
    if (code === 1 && /^(File|Checkpoint)Error/.test(error)) counts.error++;
    else if (code === 0 && hashOf(folder, MODEL) === hashOf(whole, MODEL)) counts.same++;
    else {
      console.log(`WRONG, with code ${code}, after ${what.join("; ")}\n${error}`);
      return false;
    }
    rmSync(folder, { recursive: true });
  }
  console.log(`${times} damaged folders: ${counts.same} times the same model, ${counts.error} times an error`);
  return true;
}

const { values } = parseArgs({
  options: { kills: { type: "string", default: "50" }, damages: { type: "string", default: "100" } },
});
const base = mkdtempSync(join(tmpdir(), "latchgrad-trust-"));
try {
  const document = join(base, "trust.json");
  const whole = join(base, "whole");
  writeFileSync(document, JSON.stringify(experiment));
  const { code, error } = await trainOnce([document, "--out", whole]);
  if (code !== 0) throw new Error(error);
  const survived = await killMany(Number(values.kills), base, document, whole);
  const noticed = await damageMany(Number(values.damages), base, whole);
  process.exitCode = survived && noticed ? 0 : 1;
} finally {
  rmSync(base, { recursive: true, force: true });
}
