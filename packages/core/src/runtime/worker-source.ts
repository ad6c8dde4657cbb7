/** What a worker runs, as text, so that bundlers have no file to find: it makes instances of modules and runs them when told. */
import { SYNC } from "../codegen/barrier.js";

/** Numbers of the 32-bit words that the calling thread and its workers share. */
export const CONTROL = {
  /** Changes whenever there is something to do; workers sleep on it. */
  wake: 0,
  /** Messages sent to each worker. */
  posted: 1,
  /** Runs asked for. */
  runs: 2,
  /** Which engine to run. */
  engine: 3,
  /** Workers that are done with the run. */
  done: 4,
  words: 8,
} as const;

/** To a worker. It answers each message, when it is done with it, by a message "handled". */
export type Command =
  | {
      readonly kind: "start";
      readonly control: Int32Array<SharedArrayBuffer>;
      /** The number that `run` is called with. */
      readonly thread: number;
      readonly workers: number;
      /** Whether the last worker that is done with a run says so by a message "done". */
      readonly reports: boolean;
    }
  | {
      readonly kind: "add";
      readonly engine: number;
      readonly module: WebAssembly.Module;
      readonly memory: WebAssembly.Memory;
    }
  | { readonly kind: "remove"; readonly engine: number };

export type Answer = "handled" | "done";

/** How long a worker of a page sleeps without listening, in ms: runs that follow each other find it awake sooner. */
const SLEEP_MS = 100;

/**
 * Between runs a worker sleeps in `serve`, where no message reaches it; it comes out when the count of messages sent is not
 * that of messages handled. On pages it goes on sleeping in its event loop after a while: a browser that asks all workers of a page for
 * something, such as how much memory they hold, waits for those that do not listen.
 */
export const workerSource = `"use strict";
const port = globalThis.process?.getBuiltinModule?.("node:worker_threads")?.parentPort ?? globalThis;
const engines = new Map();
const listens = port === globalThis && Atomics.waitAsync !== undefined;
let handled = 0, runs = 0, control, thread, workers, reports, isListening = false;
function run({ instance, sync }) {
  try {
    instance.exports.run(thread);
  } catch {
    Atomics.store(sync, ${SYNC.stopped / 4}, 1);
    Atomics.add(sync, ${SYNC.turn / 4}, 1);
    Atomics.notify(sync, ${SYNC.turn / 4});
  }
  const isLast = Atomics.add(control, ${CONTROL.done}, 1) === workers - 1;
  Atomics.notify(control, ${CONTROL.done});
  if (reports && isLast) port.postMessage("done");
}
function serve() {
  for (;;) {
    const wake = Atomics.load(control, ${CONTROL.wake});
    if (Atomics.load(control, ${CONTROL.posted}) !== handled) return;
    const asked = Atomics.load(control, ${CONTROL.runs});
    if (asked !== runs) {
      runs = asked;
      run(engines.get(Atomics.load(control, ${CONTROL.engine})));
    } else if (!listens) Atomics.wait(control, ${CONTROL.wake}, wake);
    else if (Atomics.wait(control, ${CONTROL.wake}, wake, ${SLEEP_MS}) === "timed-out" && listen(wake)) return;
  }
}
function listen(wake) {
  if (isListening) return true;
  const woken = Atomics.waitAsync(control, ${CONTROL.wake}, wake);
  if (!woken.async) return false;
  isListening = true;
  woken.value.then(() => {
    isListening = false;
    serve();
  });
  return true;
}
port.onmessage = ({ data: command }) => {
  if (command.kind === "start") ({ control, thread, workers, reports } = command);
  else if (command.kind === "remove") engines.delete(command.engine);
  else {
    const { engine, module, memory } = command;
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    engines.set(engine, { instance, sync: new Int32Array(memory.buffer, 0, ${SYNC.bytes / 4}) });
  }
  handled++;
  port.postMessage("handled");
  serve();
};
`;
