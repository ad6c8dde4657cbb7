/** Recurrent graphs that many tests use: an LSTM over scan, in f64, with a loss that reads every step or only the last. */
import type { Graph } from "../src/ir/graph.js";
import type { Value } from "../src/ops/op.js";
import { buildGraph } from "../src/graph/builder.js";
import { matmul } from "../src/graph/derived.js";
import { scan, type ScanOptions } from "../src/graph/scan-builder.js";
import { f64, i32 } from "../src/shape/tensor-type.js";
import type { Tensor } from "../src/shape/tensor.js";
import type { Point } from "./directional.js";
import { randomFrom } from "./random.js";

export const FEATURES = 3;
export const UNITS = 4;
const GATES = ["f", "i", "g", "o"] as const;
type Gate = (typeof GATES)[number];

export interface LstmOptions extends Pick<
  ScanOptions<"h" | "c", "x">,
  "reverse" | "outputs" | "checkpoint" | "truncate"
> {
  /** What the loss reads: h of all steps, or only the final h and c. */
  readonly reads: "steps" | "final";
}

/** Everything that the gradient of `lstmGraph` can be taken with respect to. */
export const LSTM_WRT: readonly string[] = ["x", "h0", "c0", ...GATES.flatMap((k) => [`W${k}`, `U${k}`, `b${k}`])];

/**
 * Parameters: x f64[T,B,3], h0 and c0 f64[B,4], weights, with `outputs` also lengths i32[B].
 * Output "loss"; "h" f64[T,B,4] (or its final value); "c" the final cell state.
 */
export function lstmGraph({ reads, ...options }: LstmOptions): Graph {
  const g = buildGraph("lstm");
  const x = g.param("x", f64("T", "B", FEATURES));
  const h0 = g.param("h0", f64("B", UNITS));
  const c0 = g.param("c0", f64("B", UNITS));
  const gateOf = (gate: Gate) => ({
    W: g.param(`W${gate}`, f64(FEATURES, UNITS)),
    U: g.param(`U${gate}`, f64(UNITS, UNITS)),
    b: g.param(`b${gate}`, f64(UNITS)),
  });
  const weights = { f: gateOf("f"), i: gateOf("i"), g: gateOf("g"), o: gateOf("o") };
  const lengths = options.outputs === undefined ? undefined : g.param("lengths", i32("B"));
  const { final, y } = scan(
    g,
    { init: { h: h0, c: c0 }, xs: { x }, ...options, ...(lengths === undefined ? {} : { lengths }) },
    (step, { carry: { h, c }, x: { x: row } }) => {
      const preactivation = (gate: Gate) => {
        const { W, U, b } = weights[gate];
        return step.add(step.add(matmul(step, row, W), matmul(step, h, U)), b);
      };
      const forget = step.named("forget", step.sigmoid(preactivation("f")));
      const input = step.named("input", step.sigmoid(preactivation("i")));
      const candidate = step.named("candidate", step.tanh(preactivation("g")));
      const output = step.named("output", step.sigmoid(preactivation("o")));
      const nextC = step.add(step.mul(forget, c), step.mul(input, candidate));
      const nextH = step.mul(output, step.tanh(nextC));
      const ys: Readonly<Record<string, Value>> = reads === "steps" ? { steps: nextH } : {};
      return { carry: { h: nextH, c: nextC }, y: ys };
    },
  );
  const read = reads === "steps" ? y.steps : final.h;
  const axes = read.type.dims.map((_, axis) => axis);
  const sum = g.reduceSum(g.mul(read, g.sin(read)), { axes });
  const loss = g.add(sum, g.mul(0.3, g.reduceSum(final.c, { axes: [0, 1] })));
  return g.build({ loss, h: read, c: final.c });
}

/** A point for `lstmGraph`. */
export function lstmPoint(steps: number, batch: number, lengths?: readonly number[]): Point {
  const random = randomFrom("lstm point");
  const tensor = (...dims: readonly number[]): Tensor => ({
    type: f64(...dims),
    data: Float64Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, () => random() - 0.5),
  });
  return new Map([
    ["x", tensor(steps, batch, FEATURES)],
    ["h0", tensor(batch, UNITS)],
    ["c0", tensor(batch, UNITS)],
    ...GATES.flatMap((gate): readonly (readonly [string, Tensor])[] => [
      [`W${gate}`, tensor(FEATURES, UNITS)],
      [`U${gate}`, tensor(UNITS, UNITS)],
      [`b${gate}`, tensor(UNITS)],
    ]),
    ...(lengths === undefined ? [] : [["lengths", { type: i32(batch), data: Float64Array.from(lengths) }] as const]),
  ]);
}
