/**
 * Threads that run modules over shared memory. Where the calling thread may wait, it is one of them and the others are
 * workers; on a page's main thread, which may not, all of them are workers and the end of a run is a message.
 */
import { SYNC } from "../codegen/barrier.js";
import { RunError } from "../errors/errors.js";
import { CONTROL, workerSource, type Answer, type Command } from "./worker-source.js";
import type { Worker } from "./worker.js";
import { startWorker } from "./workers.js";

/** A module on all threads. */
export interface SharedModule {
  /** One run. Throws what the module trapped with. */
  run(): void | Promise<void>;
  /** Lets go of the module and its memory. */
  remove(): void;
}

export interface Threads {
  readonly count: number;
  /** Makes the module's instances. Its export `run` takes the number of the thread. */
  add(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<SharedModule>;
  /** Ends the workers. What was waited for ends without result. */
  stop(): void;
}

/** The workers, and who waits for them. */
interface Pool {
  readonly workers: readonly Worker[];
  readonly control: Int32Array<SharedArrayBuffer>;
  /** Messages that are not answered yet. */
  unanswered: number;
  answered: () => void;
  done: () => void;
  /** A worker ended that nobody ended. */
  failed: boolean;
}

/** Looks at the workers' progress before sleeping: some ten microseconds. */
const LOOKS = 5000;

/** Ends the workers of threads that nobody can reach any more. */
const unreachable = /* @__PURE__ */ new FinalizationRegistry<() => void>((stop) => {
  stop();
});

const nothing = (): void => undefined;

/** False on the main thread of a page. */
function mayWait(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
    return true;
  } catch {
    return false;
  }
}

/** False for a page, or a worker of one, that is not cross-origin isolated. */
const sharesMemory = (): boolean =>
  typeof SharedArrayBuffer === "function" &&
  (globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated !== false;

/** `count` threads, or undefined where memory cannot be shared or workers cannot be made. */
export async function startThreads(count: number): Promise<Threads | undefined> {
  if (!sharesMemory()) return undefined;
  const takesPart = mayWait();
  const pool = startPool(takesPart ? count - 1 : count);
  if (pool === undefined) return undefined;
  try {
    await tell(pool, (worker) => ({
      kind: "start",
      control: pool.control,
      thread: takesPart ? worker + 1 : worker,
      workers: pool.workers.length,
      reports: !takesPart,
    }));
  } catch {
    endPool(pool);
    return undefined;
  }
  const threads = threadsOf(pool, count, takesPart);
  unreachable.register(threads, () => {
    endPool(pool);
  });
  return threads;
}

function startPool(size: number): Pool | undefined {
  const workers: Worker[] = [];
  const control = new Int32Array(new SharedArrayBuffer(CONTROL.words * Int32Array.BYTES_PER_ELEMENT));
  const pool: Pool = { workers, control, unanswered: 0, answered: nothing, done: nothing, failed: false };
  const listener = {
    answer(answer: Answer) {
      if (answer === "done") pool.done();
      else if (--pool.unanswered === 0) pool.answered();
    },
    failure() {
      pool.failed = true;
      pool.answered();
      pool.done();
    },
  };
  try {
    for (let worker = 0; worker < size; worker++) workers.push(startWorker(workerSource, listener));
    return pool;
  } catch {
    endPool(pool);
    return undefined;
  }
}

function endPool({ workers, control, answered, done }: Pool): void {
  // Out of their sleep: a browser gives a worker that does not listen two seconds before it ends it.
  Atomics.add(control, CONTROL.posted, 1);
  wake(control);
  for (const worker of workers) worker.end();
  answered();
  done();
}

function wake(control: Pool["control"]): void {
  Atomics.add(control, CONTROL.wake, 1);
  Atomics.notify(control, CONTROL.wake);
}

/** Sends a message to every worker. */
function post(pool: Pool, command: (worker: number) => Command): void {
  pool.unanswered += pool.workers.length;
  pool.workers.forEach((worker, i) => {
    worker.post(command(i));
  });
  Atomics.add(pool.control, CONTROL.posted, 1);
  wake(pool.control);
}

const threadEnded = (): RunError =>
  new RunError([
    {
      code: "run.thread",
      problem: "the threads of an executable run until it is disposed",
      at: { kind: "value", name: "a thread" },
      received: "a thread that ended by itself, perhaps for want of memory",
      hint: "compile the graph again, with fewer threads",
    },
  ]);

/** Sends a message to every worker and waits until all have handled it. Until then the workers keep the process alive. */
async function tell(pool: Pool, command: (worker: number) => Command): Promise<void> {
  for (const worker of pool.workers) worker.hold(true);
  await new Promise<void>((resolve) => {
    pool.answered = resolve;
    post(pool, command);
    if (pool.failed) resolve();
  });
  pool.answered = nothing;
  for (const worker of pool.workers) worker.hold(false);
  if (pool.failed) throw threadEnded();
}

function threadsOf(pool: Pool, count: number, takesPart: boolean): Threads {
  let engines = 0;
  return {
    count,
    async add(module, memory) {
      const engine = engines++;
      await tell(pool, () => ({ kind: "add", engine, module, memory }));
      const sync = new Int32Array(memory.buffer, 0, SYNC.bytes / Int32Array.BYTES_PER_ELEMENT);
      const instance = takesPart ? await WebAssembly.instantiate(module, { env: { memory } }) : undefined;
      const runHere = instance?.exports.run as ((thread: number) => void) | undefined;
      return {
        run() {
          if (pool.failed) throw threadEnded();
          Atomics.store(pool.control, CONTROL.done, 0);
          Atomics.store(pool.control, CONTROL.engine, engine);
          Atomics.add(pool.control, CONTROL.runs, 1);
          return runHere === undefined ? runThere(pool, sync) : runTogether(pool, sync, runHere);
        },
        remove() {
          post(pool, () => ({ kind: "remove", engine }));
        },
      };
    },
    stop() {
      endPool(pool);
    },
  };
}

const word = (address: number): number => address / Int32Array.BYTES_PER_ELEMENT;

/** A run in which the calling thread is number 0. */
function runTogether(pool: Pool, sync: Int32Array, run: (thread: number) => void): void {
  wake(pool.control);
  let trap: unknown;
  try {
    run(0);
  } catch (error) {
    trap = error;
    Atomics.store(sync, word(SYNC.stopped), 1);
    Atomics.add(sync, word(SYNC.turn), 1);
    Atomics.notify(sync, word(SYNC.turn));
  }
  const doneWorkers = (): number => Atomics.load(pool.control, CONTROL.done);
  for (let look = 0; look < LOOKS && doneWorkers() < pool.workers.length; look++);
  for (let done = doneWorkers(); done < pool.workers.length; done = doneWorkers())
    Atomics.wait(pool.control, CONTROL.done, done);
  checkStopped(sync, trap);
}

/** A run of the workers alone. */
async function runThere(pool: Pool, sync: Int32Array): Promise<void> {
  await new Promise<void>((resolve) => {
    pool.done = resolve;
    wake(pool.control);
  });
  pool.done = nothing;
  if (pool.failed) throw threadEnded();
  checkStopped(sync, undefined);
}

/** After a run that was stopped: makes the barrier ready for the next one, and throws. */
function checkStopped(sync: Int32Array, trap: unknown): void {
  if (Atomics.load(sync, word(SYNC.stopped)) === 0) return;
  Atomics.store(sync, word(SYNC.stopped), 0);
  Atomics.store(sync, word(SYNC.arrived), 0);
  throw trap instanceof Error ? trap : new WebAssembly.RuntimeError("stopped in a worker");
}
