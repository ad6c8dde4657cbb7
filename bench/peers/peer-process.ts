/** Contenders in a process of their own, which makes steps when asked and is idle otherwise. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Contender } from "../measure.ts";
import { LEARNING_RATE, type Sizes } from "../workload.ts";

export interface PeerProcess {
  readonly version: string;
  /** What the process knows as `cell`, under a name of the report; with what else it has to know about it. */
  contender(name: string, cell: string, sizes: Sizes, shapes?: Shapes): Contender;
  /** Loss and gradients, by name, each with its elements in a row. */
  gradients(of: GradientRequest): Promise<Required<Pick<Answer, "loss" | "gradients">>>;
  close(): void;
}

/** Of a cell that a peer has the equations of, but no sizes. */
export interface Shapes {
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly states: Readonly<Record<string, readonly number[]>>;
}

/** Arrays of arrays, as many as there are axes. */
export type Nested = number | readonly Nested[];

export interface GradientRequest {
  readonly cell: string;
  readonly weights: Readonly<Record<string, Nested>>;
  readonly states: Shapes["states"];
  readonly x: Nested;
  readonly y: Nested;
}

/** The protocol is described in serve.py, and node-step.ts speaks it as well. */
export type Request =
  | { readonly start: Sizes & { readonly cell: string; readonly learningRate: number } & Partial<Shapes> }
  | { readonly gradients: GradientRequest }
  | { readonly cell: string; readonly run: number }
  | { readonly stop: string };

export interface Answer {
  readonly version?: string;
  readonly first?: number;
  /** Of the first step, what drawing the initial weights took, where it is known. */
  readonly weights?: number | undefined;
  readonly times?: readonly number[];
  readonly loss?: number;
  readonly gradients?: Readonly<Record<string, readonly number[]>>;
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
    contender: (name, cell, sizes, shapes = undefined) => ({
      name,
      start: async () =>
        (await ask({ start: { cell, ...sizes, ...shapes, learningRate: LEARNING_RATE } })).first ?? NaN,
      run: async (count) => (await ask({ cell, run: count })).times ?? [],
      stop: async () => void (await ask({ stop: cell })),
    }),
    async gradients(of) {
      const { loss = NaN, gradients = {} } = await ask({ gradients: of });
      return { loss, gradients };
    },
    close: () => child.stdin.end(),
  };
}
