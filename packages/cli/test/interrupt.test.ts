// Ctrl-C is heard once; the second one is left to the system, which ends the process.
import { expect, test } from "vitest";
import { catchInterrupt } from "../src/interrupt";

const listeners = (): number => process.listenerCount("SIGINT");

test("the first Ctrl-C aborts, and after it nothing listens any more", () => {
  const before = listeners();
  let told = 0;
  const { signal } = catchInterrupt(() => told++);
  expect(listeners()).toBe(before + 1);
  // Only the raw listener removes itself, as it does when the signal comes.
  const [listener] = process.rawListeners("SIGINT").slice(-1);
  Reflect.apply(listener, process, ["SIGINT"]);
  expect([signal.aborted, told, listeners()]).toEqual([true, 1, before]);
});

test("a run that ended by itself leaves no listener behind", () => {
  const before = listeners();
  const { signal, release } = catchInterrupt(() => undefined);
  release();
  expect([listeners(), signal.aborted]).toEqual([before, false]);
});
