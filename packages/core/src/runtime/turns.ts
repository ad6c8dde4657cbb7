/** Turns of the event loop. Awaiting settled promises alone would starve timers, input, messages to a worker, and what a page draws. */

/** How long work may keep its thread from everybody else. It changes when things happen, never what. */
const LONGEST_MS = 20;

/** Resolves at once, or after a turn of the event loop where the last one that it gave was more than 20 ms ago. */
export type Turns = () => Promise<void>;

/** The first call gives a turn. */
export function makeTurns(): Turns {
  let last = -Infinity;
  return async () => {
    if (performance.now() - last <= LONGEST_MS) return;
    await turn();
    last = performance.now();
  };
}

interface Immediate {
  setImmediate?(action: () => void): unknown;
}

/** Timers would do as well, but browsers make each wait for 4 ms when they follow each other. */
const turn = async (): Promise<void> =>
  new Promise((resolve) => {
    const { setImmediate } = globalThis as Immediate;
    if (setImmediate !== undefined) {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage("turn");
  });
