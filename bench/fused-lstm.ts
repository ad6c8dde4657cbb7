/** The LSTM as one writes it by hand for speed: [x, h] times a single weight for all gates, cut into gates afterwards. */
import {
  buildGraph,
  f32,
  matmul,
  mean,
  scan,
  square,
  type Graph,
  type GraphBuilder,
  type Value,
} from "@latchgrad/core";
import type { Model } from "@latchgrad/layers";
import { modelOf, type Sizes } from "./workload.ts";

const GATES = 4;

/** The same training as the LSTM of the layers gets, from another form of the same equations. */
export function fusedLstm(sizes: Sizes): Model {
  const { H } = sizes;
  const separate = modelOf("lstm", sizes);
  const initializer = { type: "glorotUniform", gain: 1 } as const;
  return {
    ...separate,
    params: [
      { name: "W", type: { dtype: "f32", dims: [2 * H, GATES * H] }, initializer, trainable: true, origin: "/W" },
      { name: "b", type: { dtype: "f32", dims: [GATES * H] }, initializer: "zeros", trainable: true, origin: "/b" },
    ],
    graph: () => forward(H),
  };
}

function forward(H: number): Graph {
  const g = buildGraph("fused");
  const W = g.param("W", f32(2 * H, GATES * H));
  const b = g.param("b", f32(GATES * H));
  const x = g.param("x", f32("B", "T", H));
  const y = g.param("y", f32("B", "T", H));
  const zeros = g.constant({ dtype: "f32", dims: ["B", H], data: [0] });
  const timeMajor = (value: Value): Value => g.transpose(value, { order: [1, 0, 2] });
  const run = scan(g, { init: { h: zeros, c: zeros }, xs: { x: timeMajor(x) } }, (step, { carry, x: { x: row } }) => {
    const joined = step.concat([row, carry.h], { axis: 1 });
    const [f, i, candidate, o] = gatesOf(step, step.add(matmul(step, joined, W), b), H);
    const c = step.add(step.mul(step.sigmoid(f), carry.c), step.mul(step.sigmoid(i), step.tanh(candidate)));
    const h = step.mul(step.sigmoid(o), step.tanh(c));
    return { carry: { h, c }, y: { h } };
  });
  const prediction = timeMajor(run.y.h);
  return g.build({ prediction, loss: mean(g, square(g, g.sub(prediction, y)), { axis: [0, 1, 2] }) });
}

/** Four blocks of H columns. */
const gatesOf = (g: GraphBuilder, all: Value, H: number): readonly Value[] =>
  Array.from({ length: GATES }, (_, gate) =>
    g.slice(all, { start: [0, gate * H], limit: ["B", (gate + 1) * H], step: [1, 1] }),
  );
