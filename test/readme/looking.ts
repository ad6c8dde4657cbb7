import { buildGraph, compile, f32, LatchgradError, scan } from "@latchgrad/core";

// A state that is doubled in each step, and told as its logarithm.
const g = buildGraph("growth");
const xs = g.param("x", f32("T", 2));
const { final } = scan(g, { init: { h: g.param("h", f32(2)) }, xs: { x: xs } }, (step, { carry: { h }, x: { x } }) => ({
  carry: { h: step.named("state", step.add(step.mul(h, 2), x)) },
  y: {},
}));
const graph = g.build({ y: g.at("/answer", () => g.log(final.h)) });

const f32Data = (dims: readonly number[], ...data: readonly number[]) => ({
  dtype: "f32" as const,
  dims,
  data: Float32Array.from(data),
});
const inputs = { h: f32Data([2], 1, -1), x: f32Data([3, 2], 0, 0, 0, 0, 0, 0) };

// The inner value `state`, stacked over the steps of its loop: [T, 2].
const traced = await compile(graph, { trace: ["state"] });
const { y, ...traces } = await traced.run(inputs);
for (const [name, { dims, data }] of Object.entries(traces)) console.log(name, dims.join(" x "), ":", data.join(" "));
console.log("y", y.data.join(" "));

// The logarithm of a negative number is NaN: which node, where, and what of.
const checked = await compile(graph, { checkFinite: true });
await checked.run(inputs).catch((error: unknown) => {
  if (error instanceof LatchgradError) console.log(error.message);
});
