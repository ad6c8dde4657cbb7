/** A trial in a process of its own. */
import { spawn } from "node:child_process";
import { stepOf } from "./trial-messages.js";

export interface TrialProcess {
  /** Asks it to save and to end. */
  stop(): void;
  readonly ended: Promise<TrialEnd>;
}

export interface TrialEnd {
  /** Exit code; undefined where a signal ended it, or where it could not be started. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** The last of what it said about errors. */
  readonly errors: string;
}

const MOST_ERRORS = 4000;

/** Starts a program with arguments. `onStep` is told how far it is. */
export function startTrial(
  command: readonly [string, ...string[]],
  args: readonly string[],
  onStep: (step: number) => void,
): TrialProcess {
  const [program, ...first] = command;
  // In a group of its own, so that Ctrl-C in a terminal reaches the sweep alone, which then asks each trial once.
  const child = spawn(program, [...first, ...args], { stdio: ["ignore", "ignore", "pipe", "ipc"], detached: true });
  let errors = "";
  child.stderr?.on("data", (part: Buffer) => (errors = (errors + part.toString()).slice(-MOST_ERRORS)));
  child.on("message", (message) => {
    const step = stepOf(message);
    if (step !== undefined) onStep(step);
  });
  const ended = new Promise<TrialEnd>((resolve) => {
    child.on("error", (error) => {
      resolve({ code: undefined, signal: undefined, errors: error.message });
    });
    child.on("close", (code, signal) => {
      resolve({ code: code ?? undefined, signal: signal ?? undefined, errors });
    });
  });
  return { stop: () => void child.kill("SIGTERM"), ended };
}
