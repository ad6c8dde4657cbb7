/** Runs that return inner values beside their outputs. */
import type { Executable } from "./executable.js";

/**
 * `main` with what `traces` returns for the same inputs and the state before the run. The two are modules of their own:
 * an inner value that is asked for can keep a pass from taking it apart, so one module of both would round other outputs otherwise.
 */
export function withTraces(main: Executable, traces: Executable): Executable {
  /** Runs are one after the other, in the order of the calls, so that no other one comes between state and run. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = async <T>(action: () => Promise<T>): Promise<T> => {
    const turn = last.then(action);
    last = turn.catch(() => undefined);
    return turn;
  };
  return {
    threads: main.threads,
    run: async (inputs) =>
      inTurn(async () => {
        const state = await main.readState();
        const outputs = await main.run(inputs);
        return { ...outputs, ...(await traces.run({ ...inputs, ...state })) };
      }),
    readState: async () => inTurn(async () => main.readState()),
    writeState: async (state) => inTurn(async () => main.writeState(state)),
    dispose() {
      main.dispose();
      traces.dispose();
    },
  };
}
