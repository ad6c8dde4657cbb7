/** Signals that ask the process to end: the first asks for an orderly end, the second ends it at once. */

/** Ctrl-C, what schedulers and shutdowns send, and a terminal that was closed. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export type StopSignal = (typeof SIGNALS)[number];

export interface Interrupt {
  /** Aborted by the first signal; the reason is its name. */
  readonly signal: AbortSignal;
  /** The signal that came, if one did. */
  received(): StopSignal | undefined;
  /** Stops listening. */
  release(): void;
}

/** Listens for signals; `notify` tells the person that one was heard. */
export function catchInterrupt(notify: (signal: StopSignal) => void): Interrupt {
  const controller = new AbortController();
  let received: StopSignal | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    // Heard once only: at the second the system ends the process by itself, even in the middle of a long step.
    release();
    received = SIGNALS.find((known) => known === signal);
    if (received !== undefined) notify(received);
    controller.abort();
  };
  const release = (): void => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return { signal: controller.signal, received: () => received, release };
}
