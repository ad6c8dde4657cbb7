// A signal is heard once; the second one is left to the system, which ends the process.
import { expect, test } from "vitest";
import { catchInterrupt } from "../src/interrupt";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const listeners = (): readonly number[] => SIGNALS.map((signal) => process.listenerCount(signal));

test.each(SIGNALS)("the first %s aborts, and after it nothing listens to any signal", (name) => {
  const before = listeners();
  const told: string[] = [];
  const { signal, received } = catchInterrupt((which) => told.push(which));
  expect(listeners()).toEqual(before.map((count) => count + 1));
  expect(received()).toBeUndefined();
  const [listener] = process.listeners(name).slice(-1);
  Reflect.apply(listener, process, [name]);
  expect([signal.aborted, told, received(), listeners()]).toEqual([true, [name], name, before]);
});

test("a run that ended by itself leaves no listener behind", () => {
  const before = listeners();
  const { signal, release } = catchInterrupt(() => undefined);
  release();
  expect([listeners(), signal.aborted]).toEqual([before, false]);
});
