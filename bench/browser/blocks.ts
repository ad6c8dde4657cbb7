/** How long a thread has no turn of its own. */
export interface Blocks {
  /** Ends the watching; the longest time between two turns, ms. */
  longest(): Promise<number>;
}

/** Asks for turn after turn by messages, which browsers do not slow down as they do timers. */
export function watchBlocks(): Blocks {
  const { port1, port2 } = new MessageChannel();
  let last = performance.now();
  let longest = 0;
  let ending: (() => void) | undefined;
  port1.onmessage = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (ending === undefined) port2.postMessage("again");
    else {
      port1.close();
      ending();
    }
  };
  port2.postMessage("begin");
  return {
    longest: async () =>
      new Promise((resolve) => {
        ending = () => {
          resolve(longest);
        };
      }),
  };
}
