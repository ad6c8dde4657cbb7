// Folders of runs that are damaged at random, and then used in every way: the numbers are right, or something is said.
// LATCHGRAD_FUZZ=10 looks at ten times as many.
import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { latchgrad, type Said } from "./in-process";

const RUNS = Math.round(10 * Number(process.env["LATCHGRAD_FUZZ"] ?? 1));
/** A single damage, by its number. */
const ONLY = process.env["LATCHGRAD_DAMAGE"];
const SEED = process.env["LATCHGRAD_SEED"] ?? "damage";

let base: string;
const inBase = (...names: readonly string[]): string => join(base, ...names);

const document = {
  format: 1,
  name: "damaged",
  task: {
    type: "sequences",
    files: ["rows.csv"],
    sequence: "id",
    inputs: { x: ["load", { column: "weather", categories: ["sun", "rain"] }] },
    targets: { y: { column: "state", classes: ["low", "high"], per: "step" } },
    validation: 0.25,
    test: 0.25,
  },
  layers: [
    { name: "memory", type: "recurrent", cell: { type: "lstm", units: 3 } },
    { name: "state", type: "dense", units: 2 },
  ],
  loss: { type: "softmaxCrossEntropy" },
  metrics: [{ type: "accuracy" }],
  training: {
    optimizer: { type: "adam", learningRate: 0.05 },
    batch: 2,
    steps: 12,
    seed: 1,
    evaluate: { every: 4 },
    best: { metric: "loss" },
    checkpoints: { every: 4, keep: 2 },
    diagnose: { every: 6, kinds: ["gradientFlow", "gates"], batch: 2, examples: [0, 1] },
  },
};

/** Numbers from 0 to 1 that are the same in every run of the tests. */
function chance(name: string): () => number {
  let count = 0;
  return () => createHash("sha256").update(`${SEED} ${name} ${count++}`).digest().readUInt32LE(0) / 2 ** 32;
}

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

/** What can happen to a file; `other` is the same file of another run, `any` one of the folder. */
const WAYS: Readonly<
  Record<string, (path: string, draw: () => number, files: { other: string; any: string }) => void>
> = {
  "a flipped bit": (path, draw) => {
    const bytes = readFileSync(path);
    if (bytes.length > 0) bytes[Math.floor(draw() * bytes.length)] ^= 1 << Math.floor(draw() * 8);
    writeFileSync(path, bytes);
  },
  "another digit": (path, draw) => {
    const bytes = readFileSync(path);
    const digits = [...bytes.keys()].filter((i) => bytes[i] >= 0x30 && bytes[i] <= 0x39);
    const at = digits[Math.floor(draw() * digits.length)];
    if (digits.length > 0) bytes[at] = 0x30 + ((bytes[at] - 0x30 + 1 + Math.floor(draw() * 9)) % 10);
    writeFileSync(path, bytes);
  },
  "two places exchanged": (path, draw) => {
    const bytes = readFileSync(path);
    const [a, b] = [Math.floor(draw() * bytes.length), Math.floor(draw() * bytes.length)];
    if (bytes.length > 0) [bytes[a], bytes[b]] = [bytes[b], bytes[a]];
    writeFileSync(path, bytes);
  },
  "cut off": (path, draw) => {
    truncateSync(path, Math.floor(draw() * readFileSync(path).length));
  },
  "cut off at the end of a line": (path, draw) => {
    const text = readFileSync(path, "latin1").split("\n");
    writeFileSync(path, text.slice(0, Math.floor(draw() * text.length)).join("\n") + "\n", "latin1");
  },
  "a line twice": (path, draw) => {
    const lines = readFileSync(path, "latin1").split("\n");
    const at = Math.floor(draw() * lines.length);
    writeFileSync(path, lines.toSpliced(at, 0, lines[at] ?? "").join("\n"), "latin1");
  },
  emptied: (path) => {
    truncateSync(path, 0);
  },
  removed: (path) => {
    rmSync(path);
  },
  zeros: (path) => {
    writeFileSync(path, new Uint8Array(readFileSync(path).length));
  },
  "bytes behind it": (path) => {
    appendFileSync(path, "7");
  },
  "in the place of another file": (path, _, { any }) => {
    if (path !== any) cpSync(path, any);
  },
  "exchanged with another file": (path, _, { any }) => {
    const bytes = readFileSync(path);
    cpSync(any, path);
    writeFileSync(any, bytes);
  },
  "under another name": (path) => {
    renameSync(path, `${path}.moved`);
  },
  "a folder": (path) => {
    rmSync(path);
    mkdirSync(path);
  },
  "that of another run": (path, _, { other }) => {
    cpSync(other, path);
  },
  "its folder that of another run": (path, _, { other }) => {
    if (path.includes("checkpoints")) cpSync(dirname(other), dirname(path), { recursive: true });
    else cpSync(other, path);
  },
  "its folder twice": (path) => {
    if (path.includes("checkpoints")) cpSync(dirname(path), dirname(path).replace(/\d$/, "9"), { recursive: true });
  },
};

/** Damages a folder of a run in one to three ways; returns what was done. */
function damage(folder: string, draw: () => number): string {
  const done: string[] = [];
  for (let count = 1 + Math.floor(draw() * 2.5); count > 0; count--) {
    const files = filesIn(folder).filter((path) => !path.endsWith(".moved"));
    const pick = (): string => files[Math.floor(draw() * files.length)];
    const path = pick();
    const name = relative(folder, path);
    const ways = Object.keys(WAYS);
    const way = ways[Math.floor(draw() * ways.length)];
    const other = inBase("other", name);
    const any = pick();
    try {
      WAYS[way](path, draw, { other, any });
      done.push(`${name}: ${way}${way.includes("another file") ? ` (${relative(folder, any)})` : ""}`);
    } catch (error) {
      // The other run has no such file, or it is a folder by now.
      if (!(error instanceof Error && "syscall" in error)) throw error;
    }
  }
  return done.join("; ");
}

const MODEL = ["model.json", "model.safetensors", "data.json", "SHA256SUMS"];
const bytesOf = (folder: string): readonly string[] =>
  MODEL.map((name) => readFileSync(join(folder, name)).toString("latin1"));
/** The page without what tells of the machine and its speed, which no checksum covers. */
const pageOf = (path: string): string =>
  readFileSync(path, "utf8")
    .replace(/<section id="environment">[\s\S]*?<\/section>/, "")
    .replace(/<figure id="speed">[\s\S]*?<\/figure>/, "")
    .replace(/<li>\s*<a href="#(environment|speed)">[\s\S]*?<\/li>/g, "")
    .replace(/\s+/g, " ");

/** A use of a run's folder: what came of it, as text. Throws where there is something to be told that was not said as an error of ours. */
const USES: Readonly<Record<string, (folder: string) => Promise<Found>>> = {
  eval: async (folder) => answerOf(await latchgrad("eval", folder, "--json")),
  predict: async (folder) => answerOf(await latchgrad("predict", folder, inBase("new.csv"))),
  report: async (folder) =>
    answerOf(await latchgrad("report", folder, "--out", inBase("page.html")), () => pageOf(inBase("page.html"))),
  compare: async (folder) => answerOf(await latchgrad("compare", folder, inBase("other"))),
  resume: async (folder) =>
    answerOf(await latchgrad("train", folder, "--resume", "--no-report"), () => bytesOf(folder).join("\n")),
  "resume with its document": async (folder) =>
    answerOf(
      await latchgrad(
        "train",
        inBase("model.json"),
        "--out",
        folder,
        "--resume",
        "--no-report",
        "--precision",
        "reproducible",
      ),
      () => bytesOf(folder).join("\n"),
    ),
};

const ERROR = "an error that says where";

/** What came of a use, and what was said on the way. */
interface Found {
  readonly text: string;
  readonly said: string;
}

function answerOf({ code, out, error }: Said, result = (): string => out): Found {
  if (code === 0) return { text: result(), said: out };
  const isOurs = code === 1 && /^[A-Z][A-Za-z]+Error\b/.test(error) && /\n {2}at {7}/.test(error);
  return { text: isOurs ? ERROR : `code ${code}: ${error}`, said: "" };
}

/** Results may differ where this is said: on the page of a report, else on the way. Without its checksums nobody can tell about a log. */
const SAYS_SO = /not as it was written|are left out/;

const expected = new Map<string, string>();

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "latchgrad-fuzz-"));
  const draw = chance("rows");
  const rows = Array.from({ length: 40 }, (_, sequence) =>
    Array.from({ length: 3 + (sequence % 4) }, () => {
      const load = Math.round(100 * draw());
      return `s${sequence},${load},${draw() < 0.5 ? "sun" : "rain"},${load < 50 ? "low" : "high"}\n`;
    }).join(""),
  );
  writeFileSync(inBase("rows.csv"), `id,load,weather,state\n${rows.join("")}`);
  writeFileSync(inBase("new.csv"), "id,load,weather\na,20,sun\na,80,rain\nb,55,sun\n");
  writeFileSync(inBase("model.json"), JSON.stringify(document));
  for (const [name, seed] of [
    ["whole", 1],
    ["other", 2],
  ] as const)
    expect(
      await latchgrad(
        "train",
        inBase("model.json"),
        "--out",
        inBase(name),
        "--set",
        `training.seed=${seed}`,
        "--precision",
        "reproducible",
      ),
    ).toMatchObject({ code: 0, error: "" });
  for (const [name, use] of Object.entries(USES)) {
    cpSync(inBase("whole"), inBase("copy"), { recursive: true });
    expected.set(name, (await use(inBase("copy"))).text);
    rmSync(inBase("copy"), { recursive: true });
  }
  expect([...expected.values()].filter((text) => text === ERROR)).toEqual([]);
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

test(
  "a damaged folder of a run gives what the whole one gives, or an error, or a remark",
  async () => {
    const wrong: string[] = [];
    const counts = { same: 0, error: 0, said: 0 };
    for (const i of ONLY === undefined ? Array(RUNS).keys() : [Number(ONLY)]) {
      cpSync(inBase("whole"), inBase("damaged"), { recursive: true });
      const what = damage(inBase("damaged"), chance(String(i)));
      for (const [name, use] of Object.entries(USES)) {
        cpSync(inBase("damaged"), inBase("copy"), { recursive: true });
        const { text, said } = await use(inBase("copy"));
        rmSync(inBase("copy"), { recursive: true });
        const isLog = name === "report" || name === "compare";
        if (text === expected.get(name)) counts.same++;
        else if (text === ERROR) counts.error++;
        else if (SAYS_SO.test(isLog ? text : said)) counts.said++;
        else if (isLog && !existsSync(inBase("damaged", "log.SHA256SUMS"))) counts.said++;
        else wrong.push(`${i}, ${name}, after ${what}${text.startsWith("code") ? `\n${text.slice(0, 1500)}` : ""}`);
      }
      rmSync(inBase("damaged"), { recursive: true });
    }
    if (RUNS > 10) console.log(`${RUNS} damaged folders: ${JSON.stringify(counts)}`);
    expect(wrong).toEqual([]);
  },
  120_000 + 10_000 * RUNS,
);
