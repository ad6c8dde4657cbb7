/** What the command says when something goes wrong, and the code that it ends with. */
import { LatchgradError } from "@latchgrad/core";
import type { StopSignal } from "./interrupt.js";

/** A file or folder cannot be read or written; `at` is its path. */
export class FileError extends LatchgradError {
  override readonly name = "FileError";
}

export const EXIT = {
  success: 0,
  /** What was asked for could not be done: a config is wrong, a file is missing. */
  failure: 1,
  /** The command itself was written wrongly. */
  usage: 2,
  /** A trial was run and failed, which is written down; or some trials of a sweep did. */
  trialFailed: 3,
  /** Another process is at that trial. */
  taken: 4,
} as const;

/** The code of a run that a signal ended after its state was saved, as shells expect it: 128 and the signal's number. */
export const EXIT_BY_SIGNAL: Readonly<Record<StopSignal, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

const REPORT = "This is a bug in Latchgrad. Please report it, with the command and the model that led to it.";

export interface FailureOptions {
  /** The model file that the command was about. */
  readonly file: string;
  /** Show where in the code an internal error happened. */
  readonly debug: boolean;
}

/**
 * The text for an error, ending with a line break. Errors that Latchgrad throws on purpose explain themselves, so no
 * stack is shown; anything else is a bug in it and says so.
 */
export function formatFailure(error: unknown, { file, debug }: FailureOptions): string {
  const stack = debug && error instanceof Error && error.stack !== undefined ? `${error.stack}\n` : "";
  if (error instanceof LatchgradError) {
    // A file error names its file itself.
    const place = error instanceof FileError ? "" : ` in ${file}`;
    return `${error.name}${place}\n${error.message}\n${stack}`;
  }
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const more = debug ? stack : "LATCHGRAD_DEBUG=1 shows where it happened.\n";
  return `internal error: ${what}\n${REPORT}\n${more}`;
}
