// The command from the sources, in the process of the test: faster than one of its own, for what needs no signals.
import { runCommandLine } from "../src/index";

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

export async function latchgrad(...args: readonly string[]): Promise<Said> {
  let out = "";
  let error = "";
  const code = await runCommandLine(args, {
    screen: { write: (text) => void (out += text), columns: undefined },
    writeError: (text) => void (error += text),
    self: [process.execPath],
    debug: false,
  });
  return { code, out, error };
}
