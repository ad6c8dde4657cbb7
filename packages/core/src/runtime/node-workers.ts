/**
 * Worker threads of Node, and of what offers its modules (Bun, Deno). The only file of this package that uses a module
 * of Node: it asks the running process for it, so that bundlers for browsers meet no import.
 */
import type { Command } from "./worker-source.js";
import type { Listener, Worker } from "./worker.js";

interface NodeWorker {
  postMessage(message: Command): void;
  on(event: "message" | "error" | "exit", listener: (value: unknown) => void): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}

interface WorkerThreads {
  readonly Worker: new (
    source: string,
    options: {
      readonly eval: true;
      readonly execArgv: readonly string[];
      readonly env: Readonly<Record<string, string>>;
    },
  ) => NodeWorker;
}

interface NodeProcess {
  getBuiltinModule?(name: "node:worker_threads"): WorkerThreads | undefined;
}

/** A worker thread, or undefined where there is no Node. */
export function nodeWorker(source: string, listener: Listener): Worker | undefined {
  const { process } = globalThis as { readonly process?: NodeProcess };
  const threads = process?.getBuiltinModule?.("node:worker_threads");
  if (threads === undefined) return undefined;
  // Without the flags and hooks of the process, which are not meant for it.
  const worker = new threads.Worker(source, { eval: true, execArgv: [], env: {} });
  worker.on("message", (answer) => {
    listener.answer(answer as Parameters<Listener["answer"]>[0]);
  });
  worker.on("error", listener.failure);
  worker.on("exit", listener.failure);
  return {
    post: (command) => {
      worker.postMessage(command);
    },
    hold: (isHeld) => {
      if (isHeld) worker.ref();
      else worker.unref();
    },
    end: () => {
      void worker.terminate();
    },
  };
}
