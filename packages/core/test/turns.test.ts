/** Others have their turns while graphs are compiled and run: timers, input, messages. */
import { expect, test, vi } from "vitest";
import { buildGraph } from "../src/graph/builder.js";
import type { Graph } from "../src/ir/graph.js";
import { compile } from "../src/runtime/compile.js";
import { makeTurns } from "../src/runtime/turns.js";
import { f32 } from "../src/shape/tensor-type.js";

function tanhGraph(): Graph {
  const g = buildGraph("tanh");
  return g.build({ y: g.tanh(g.param("x", f32(4))) });
}
const inputs = { x: { dtype: "f32" as const, dims: [4], data: Float32Array.of(1, 2, 3, 4) } };

test.each(["compiled", "reference"] as const)("a loop over runs does not starve timers (%s)", async (executor) => {
  const executable = await compile(tanhGraph(), { executor });
  let isOver = false;
  setTimeout(() => {
    isOver = true;
  }, 0);
  // Far more than fit into the time between two turns.
  for (let runs = 0; !isOver && runs < 100_000; runs++) await executable.run(inputs);
  expect(isOver).toBe(true);
  executable.dispose();
});

test("compiling gives a turn before it begins", async () => {
  const told: string[] = [];
  setImmediate(() => told.push("turn"));
  await compile(tanhGraph());
  expect(told).toEqual(["turn"]);
});

test("where there are no immediates, as in browsers, a turn is a message", async () => {
  vi.stubGlobal("setImmediate", undefined);
  let isOver = false;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    isOver = true;
    port1.close();
  };
  port2.postMessage("");
  await makeTurns()();
  await makeTurns()();
  expect(isOver).toBe(true);
});

test("turns are given from time to time, not always", async () => {
  const turns = makeTurns();
  await turns();
  let others = 0;
  const count = setImmediate(() => others++);
  await turns();
  clearImmediate(count);
  expect(others).toBe(0);
});
