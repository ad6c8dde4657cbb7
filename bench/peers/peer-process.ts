/** Contenders in a process of their own, which makes steps when asked and is idle otherwise. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Contender } from "../measure.ts";
import { LEARNING_RATE, type Sizes } from "../workload.ts";

export interface PeerProcess {
  readonly version: string;
  /** What the process knows as `cell`, under a name of the report. */
  contender(name: string, cell: string, sizes: Sizes): Contender;
  close(): void;
}

/** The protocol is described in serve.py, and node-step.ts speaks it as well. */
export type Request =
  | { readonly start: Sizes & { readonly cell: string; readonly learningRate: number } }
  | { readonly cell: string; readonly run: number }
  | { readonly stop: string };

export interface Answer {
  readonly version?: string;
  readonly first?: number;
  readonly times?: readonly number[];
  readonly error?: string;
}

/** Longer than any request takes; a process that needs more hangs. */
const PATIENCE = 120_000;
/** Until the first line: frameworks are slow to load. */
const PATIENCE_AT_FIRST = 60_000;

/** What in the environment would choose threads or code for the peer. */
const CHOOSES = /^(OPENBLAS|OMP|MKL|KMP|GOTO|BLIS|NVPL|VECLIB|NUMEXPR|XLA|JAX|TORCH|NPROC|NODE_OPTIONS)/;

const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !CHOOSES.test(name)));

/** A process that speaks the protocol; undefined when it cannot be started, or ends or says nothing before its version. */
export async function openPeer(command: string, args: readonly string[]): Promise<PeerProcess | undefined> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "ignore"], env: environment() });
  child.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const receive = async (patience: number): Promise<Answer | undefined> => {
    const timer = setTimeout(() => child.kill("SIGKILL"), patience);
    const { value, done } = (await lines.next()) as IteratorResult<string, undefined>;
    clearTimeout(timer);
    return done === true ? undefined : (JSON.parse(value) as Answer);
  };
  const ask = async (request: Request): Promise<Answer> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const answer = await receive(PATIENCE);
    if (answer === undefined) throw new Error("its process ended");
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  };

  const version = (await receive(PATIENCE_AT_FIRST))?.version;
  if (version === undefined) {
    child.kill();
    return undefined;
  }
  return {
    version,
    contender: (name, cell, sizes) => ({
      name,
      start: async () => (await ask({ start: { cell, ...sizes, learningRate: LEARNING_RATE } })).first ?? NaN,
      run: async (count) => (await ask({ cell, run: count })).times ?? [],
      stop: async () => void (await ask({ stop: cell })),
    }),
    close: () => child.stdin.end(),
  };
}
