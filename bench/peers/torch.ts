/** PyTorch as a contender: a Python process that makes steps when asked, and is idle otherwise. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Contender } from "../measure.ts";
import { LEARNING_RATE, type Sizes } from "../workload.ts";

export type TorchCell = "nn" | "custom";

export interface Torch {
  readonly version: string;
  contender(cell: TorchCell, sizes: Sizes): Contender;
  close(): void;
}

interface Answer {
  readonly version?: string;
  readonly first?: number;
  readonly times?: readonly number[];
}

const NAMES: Readonly<Record<TorchCell, string>> = { nn: "PyTorch nn.LSTM", custom: "PyTorch custom cell" };

/** The script lies beside this file's source; the bundle is one folder deeper than the package. */
const SCRIPT = fileURLToPath(new URL("../peers/torch_step.py", import.meta.url));

/** A Python with PyTorch: LATCHGRAD_PYTHON if it is set, else `python3`. Undefined when there is none. */
export async function openTorch(): Promise<Torch | undefined> {
  const child = spawn(process.env.LATCHGRAD_PYTHON ?? "python3", [SCRIPT], {
    stdio: ["pipe", "pipe", "ignore"],
    env: { ...process.env, OMP_NUM_THREADS: "1" },
  });
  child.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const receive = async (): Promise<Answer | undefined> => {
    const { value, done } = (await lines.next()) as IteratorResult<string, undefined>;
    return done === true ? undefined : (JSON.parse(value) as Answer);
  };
  const ask = async (request: object): Promise<Answer> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const answer = await receive();
    if (answer === undefined) throw new Error(`PyTorch's process ended while it was asked ${JSON.stringify(request)}`);
    return answer;
  };

  const version = (await receive())?.version;
  if (version === undefined) return undefined;
  return {
    version,
    contender: (cell, sizes) => ({
      name: NAMES[cell],
      start: async () => (await ask({ start: { cell, ...sizes, learningRate: LEARNING_RATE } })).first ?? NaN,
      run: async (count) => (await ask({ cell, run: count })).times ?? [],
      stop: () => undefined,
    }),
    close: () => child.stdin.end(),
  };
}
