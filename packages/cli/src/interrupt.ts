/** Ctrl-C: the first asks for an orderly end, the second ends the process at once. */

export interface Interrupt {
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Stops listening. */
  release(): void;
}

/** Listens for Ctrl-C; `notify` tells the person that it was heard. */
export function catchInterrupt(notify: () => void): Interrupt {
  const controller = new AbortController();
  const onInterrupt = (): void => {
    notify();
    controller.abort();
  };
  // Heard once only: for the second the system ends the process by itself, even in the middle of a long step.
  process.once("SIGINT", onInterrupt);
  return {
    signal: controller.signal,
    release: () => void process.off("SIGINT", onInterrupt),
  };
}
