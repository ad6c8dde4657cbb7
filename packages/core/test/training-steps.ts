/** Training steps of cells as graphs, whose memory is known. */
import { gradient } from "../src/autodiff/gradient.js";
import { buildGraph } from "../src/graph/builder.js";
import { matmul, mean, square } from "../src/graph/derived.js";
import { scan } from "../src/graph/scan-builder.js";
import type { Graph } from "../src/ir/graph.js";
import type { Value } from "../src/ops/op.js";
import { f32 } from "../src/shape/tensor-type.js";

type Named = Readonly<Record<string, Value>>;
type Step = (
  g: ReturnType<typeof buildGraph>,
  x: Value,
  state: Named,
  gate: (name: string, h: Value) => Value,
) => Named;

export interface Cell {
  readonly gates: readonly string[];
  readonly states: readonly string[];
  readonly step: Step;
}

const lstm: Cell = {
  gates: ["f", "i", "g", "o"],
  states: ["h", "c"],
  step(g, _, { h, c }, gate) {
    const next = g.add(g.mul(g.sigmoid(gate("f", h)), c), g.mul(g.sigmoid(gate("i", h)), g.tanh(gate("g", h))));
    return { h: g.mul(g.sigmoid(gate("o", h)), g.tanh(next)), c: next };
  },
};
const gru: Cell = {
  gates: ["r", "z", "n"],
  states: ["h"],
  step(g, _, { h }, gate) {
    const z = g.sigmoid(gate("z", h));
    const n = g.tanh(gate("n", g.mul(g.sigmoid(gate("r", h)), h)));
    return { h: g.add(n, g.mul(z, g.sub(h, n))) };
  },
};
/** A cell that nobody has published, with a state that is multiplied by another. */
const custom: Cell = {
  gates: ["a", "b"],
  states: ["h", "s"],
  step(g, x, { h, s }, gate) {
    const a = g.sigmoid(gate("a", g.mul(h, g.tanh(s))));
    const next = g.add(g.mul(a, s), g.mul(g.sub(1, a), x));
    return { h: g.tanh(g.mul(gate("b", h), next)), s: next };
  },
};

export const cells = { lstm, gru, custom };

/** A training step with momentum: x f32[T,B,H] and y f32[T,B,H], weights and their averages as state. */
export function trainingStep(
  { gates, states, step }: Cell,
  H: number,
  checkpoint: "none" | "sqrt" | number = "none",
): Graph {
  const g = buildGraph("step");
  const weights = gates.flatMap((gate) => [
    { name: `W${gate}`, type: f32(H, H) },
    { name: `U${gate}`, type: f32(H, H) },
    { name: `b${gate}`, type: f32(H) },
  ]);
  const W: Named = Object.fromEntries(weights.map(({ name, type }) => [name, g.param(name, type)]));
  const x = g.param("x", f32("T", "B", H));
  const y = g.param("y", f32("T", "B", H));
  const zeros = g.constant({ dtype: "f32", dims: ["B", H], data: [0] });
  const init: Named = Object.fromEntries(states.map((name) => [name, zeros]));
  const run = scan(g, { init, xs: { x }, checkpoint }, (body, { carry, x: { x: row } }) => {
    const next = step(body, row, carry, (gate, h) =>
      body.add(body.add(matmul(body, row, W[`W${gate}`]), matmul(body, h, W[`U${gate}`])), W[`b${gate}`]),
    );
    return { carry: next, y: { h: next.h } };
  });
  const forward = g.build({ loss: mean(g, square(g, g.sub(run.y.h, y)), { axis: [0, 1, 2] }) });
  const derived = gradient(forward, { of: "loss", wrt: weights.map(({ name }) => name) });

  const s = buildGraph("training");
  const params = derived.params.map(({ name, type }) => s.param(name, type));
  const given = Object.fromEntries(derived.params.map(({ name }, i) => [name, params[i]]));
  const averages = weights.map(({ name, type }) => s.param(`mean.${name}`, type));
  const values = s.inline(derived, params);
  const results = Object.fromEntries(derived.outputs.map(({ name }, i) => [name, values[i]]));
  const next: Record<string, Value> = { loss: results.loss };
  weights.forEach(({ name }, i) => {
    const average = s.add(s.mul(0.9, averages[i]), s.mul(0.1, results[`grad.${name}`]));
    next[`next.mean.${name}`] = average;
    next[`next.${name}`] = s.sub(given[name], s.mul(0.01, average));
  });
  const names = weights.flatMap(({ name }) => [name, `mean.${name}`]);
  return s.build(
    next,
    names.map((param) => ({ param, next: `next.${param}` })),
  );
}
