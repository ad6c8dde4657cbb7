/** What a trial tells the sweep that started it, over the channel between processes. Without a sweep nothing happens. */

/** Steps made so far. */
export interface StepMessage {
  readonly step: number;
}

const LEAST_MS = 200;

/** A function that tells the step, now and then. */
export function stepTeller(): (step: number) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (step) => {
    if (process.send === undefined || !process.connected || performance.now() - last < LEAST_MS) return;
    last = performance.now();
    const message: StepMessage = { step };
    // A sweep that has just ended does not hear it, which is no error.
    process.send(message, undefined, undefined, () => undefined);
  };
}

/** Ends this process as SIGTERM does, saved, when the sweep is gone: nothing should run that nobody sees. */
export function stopWithParent(): void {
  if (process.send === undefined) return;
  const stop = (): void => void process.kill(process.pid, "SIGTERM");
  // It may have gone while this process was starting; then nothing tells of it any more.
  if (process.connected) process.once("disconnect", stop);
  else stop();
  // Listening alone must not keep the process.
  process.channel?.unref();
}

/** The step in a message of a trial. */
export const stepOf = (message: unknown): number | undefined =>
  typeof message === "object" && message !== null && "step" in message && typeof message.step === "number"
    ? message.step
    : undefined;
