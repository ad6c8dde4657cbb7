/** The built command in a process of its own, and ways to end it. */
import { spawn } from "node:child_process";
import { watch } from "node:fs";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error: string;
}

/** Sends a signal to the process. */
export type Send = (signal: NodeJS.Signals) => void;

/** Runs `latchgrad`; `onStart` may end it. Resolves when the process is gone. */
export const latchgrad = (args: readonly string[], onStart?: (send: Send) => void): Promise<Ending> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let error = "";
    child.stderr.on("data", (part: Buffer) => (error += part.toString()));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code, signal, error });
    });
    onStart?.((signal) => void child.kill(signal));
  });

/** Runs it to its end. Throws where that is no success. */
export async function succeed(args: readonly string[]): Promise<void> {
  const { code, signal, error } = await latchgrad(args);
  if (code !== 0) throw new Error(`latchgrad ${args.join(" ")} ended with ${code ?? signal}:\n${error}`);
}

export const upTo = (most: number): number => Math.random() * most;
export const pick = <T>(choices: readonly T[]): T => choices[Math.floor(upTo(choices.length))];

/** Calls `then` after so many milliseconds. */
export const after =
  (milliseconds: number) =>
  (then: () => void): void =>
    void setTimeout(then, milliseconds).unref();

/** Calls `then` after so many changes in a folder that exists, and some milliseconds: while something is written into it. */
export const afterChanges =
  (folder: string, changes: number, milliseconds: number) =>
  (then: () => void): void => {
    let left = changes;
    const watcher = watch(folder, () => {
      if (--left > 0) return;
      watcher.close();
      after(milliseconds)(then);
    });
    watcher.unref();
  };
