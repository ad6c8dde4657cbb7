// Runs the real command in a process of its own, from the sources as they are: no build is needed.
import { spawn } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { build } from "tsup";

const repository = fileURLToPath(new URL("../../..", import.meta.url));

export interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly error: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What runs the command, in place of Node alone: a program and its first arguments. */
  readonly through?: readonly [string, ...string[]];
  /** Called once the process is there. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void;
  /** What the process reads. */
  readonly input?: string;
  /** Called at the start and whenever something was written, with all output so far, to answer by writing to the process or ending its input. */
  readonly talk?: (out: string, input: Writable) => void;
  /** Called whenever something was written, with all output so far. */
  readonly onOutput?: (out: string, kill: (signal: NodeJS.Signals) => void) => void;
}

export interface TestCommand {
  /** A folder for the test's files, in which the command runs. */
  readonly folder: string;
  /** Writes a file into it; returns its path. */
  file(name: string, content: string | Uint8Array): string;
  run(args: readonly string[], options?: RunOptions): Promise<Result>;
  remove(): void;
}

/** Bundles the command, with all that it needs, into a new folder. */
export async function bundleCommand(): Promise<TestCommand> {
  const base = mkdtempSync(join(tmpdir(), "latchgrad-cli-"));
  const folder = join(base, "work");
  const dist = join(base, "dist");
  mkdirSync(folder);
  copyFileSync(join(repository, "packages/cli/package.json"), join(base, "package.json"));
  symlinkSync(join(repository, "packages/cli/node_modules"), join(base, "node_modules"), "junction");
  cpSync(join(repository, "packages/cli/fonts"), join(base, "fonts"), { recursive: true });
  await build({
    config: false,
    entry: { main: join(repository, "packages/cli/src/main.ts") },
    outDir: dist,
    format: "esm",
    target: "es2022",
    platform: "node",
    silent: true,
    // The library that makes pixels is machine code, which cannot be bundled.
    noExternal: [/^(?!@resvg\/)/],
    external: [/^@resvg\//],
    // commander is CommonJS and asks for modules of Node by `require`.
    banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);` },
    tsconfig: join(repository, "tsconfig.json"),
    outExtension: () => ({ js: ".js" }),
  });
  const main = join(dist, "main.js");
  return {
    folder,
    file(name, content) {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    },
    run: (args, options) => runProcess([main, ...args], folder, options),
    remove() {
      rmSync(base, { recursive: true, force: true });
    },
  };
}

function runProcess(
  args: readonly string[],
  cwd: string,
  { env = {}, through, input, talk, onStart, onOutput }: RunOptions = {},
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const [program, ...first] = [...(through ?? []), process.execPath];
    const child = spawn(program, [...first, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: "pipe",
    });
    let out = "";
    let error = "";
    onStart?.((signal) => void child.kill(signal));
    if (input !== undefined) child.stdin.end(input);
    talk?.("", child.stdin);
    child.stdout.on("data", (part: Buffer) => {
      out += part.toString();
      talk?.(out, child.stdin);
      onOutput?.(out, (signal) => void child.kill(signal));
    });
    child.stderr.on("data", (part: Buffer) => (error += part.toString()));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code, signal, out, error });
    });
  });
}

/** A small experiment, whose run takes a fraction of a second. */
export const tinyDocument = {
  format: 1,
  name: "tiny adding",
  task: { type: "adding", length: 5 },
  layers: [
    { name: "memory", type: "recurrent", cell: { type: "lstm", units: 3 }, output: "last" },
    { name: "sum", type: "dense", units: 1 },
  ],
  loss: { type: "meanSquaredError" },
  training: {
    optimizer: { type: "adam", learningRate: 0.01 },
    batch: 4,
    steps: 6,
    seed: 1,
    evaluate: { every: 3, batches: 1 },
  },
};

export const withTraining = (training: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ ...tinyDocument, training: { ...tinyDocument.training, ...training } });
