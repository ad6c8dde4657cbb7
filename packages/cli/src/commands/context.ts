/** What commands are given by the process that they run in. */
import type { Screen } from "../screen.js";

export interface Surroundings {
  readonly screen: Screen;
  writeError(text: string): void;
  /** Show where internal errors happen. */
  readonly debug: boolean;
  /** Program and first arguments that run this command in another process, as a sweep does for its trials. */
  readonly self: readonly [string, ...string[]];
}

export interface CommandContext extends Surroundings {
  /** Runs what a command does; its errors are reported, with the file that it was about, which `onFile` may change. */
  perform(file: string, action: (onFile: (path: string) => void) => Promise<number>): Promise<void>;
}
