/** Recurrent graphs whose state is linear element by element, and some whose state only looks so. */
import { buildGraph, type GraphBuilder, type RegionBuilder } from "../src/graph/builder.js";
import { convGeneral } from "../src/graph/convolution.js";
import { matmul } from "../src/graph/derived.js";
import { scan } from "../src/graph/scan-builder.js";
import type { Graph } from "../src/ir/graph.js";
import type { Value } from "../src/ops/op.js";
import { f64, i32 } from "../src/shape/tensor-type.js";

export const FEATURES = 3;
export const UNITS = 4;

export interface CellOptions {
  readonly reverse?: boolean;
  readonly outputs?: "zero" | "hold";
  readonly checkpoint?: "none" | number;
  readonly truncate?: { readonly k1: number; readonly k2: number };
}

interface Step {
  /** By the name of a state. */
  readonly next: Readonly<Record<string, Value>>;
  readonly y: Value;
}

interface Cell {
  /** Dims of each state behind the batch. */
  readonly states: Readonly<Record<string, readonly number[]>>;
  /** Weights by name. */
  readonly weights: Readonly<Record<string, readonly number[]>>;
  step(g: RegionBuilder, x: Value, state: Readonly<Record<string, Value>>, W: Readonly<Record<string, Value>>): Step;
}

const units: readonly number[] = [UNITS];
const input: readonly number[] = [FEATURES, UNITS];
const complement = (g: GraphBuilder, x: Value): Value => g.sub(1, x);
const mix = (g: GraphBuilder, gate: Value, a: Value, b: Value): Value =>
  g.add(g.mul(gate, a), g.mul(complement(g, gate), b));

export const linearCells: Readonly<Record<string, Cell>> = {
  /** Feng et al., "Were RNNs all we needed?" (2024). */
  minGRU: {
    states: { h: units },
    weights: { Wz: input, Wh: input },
    step(g, x, { h }, { Wz, Wh }) {
      const z = g.sigmoid(matmul(g, x, Wz));
      const next = g.add(g.mul(complement(g, z), h), g.mul(z, matmul(g, x, Wh)));
      return { next: { h: next }, y: next };
    },
  },
  /** As h + z·(candidate - h), in which the state stands twice. */
  "minGRU, factored": {
    states: { h: units },
    weights: { Wz: input, Wh: input },
    step(g, x, { h }, { Wz, Wh }) {
      const next = g.add(h, g.mul(g.sigmoid(matmul(g, x, Wz)), g.sub(matmul(g, x, Wh), h)));
      return { next: { h: next }, y: next };
    },
  },
  minLSTM: {
    states: { h: units },
    weights: { Wf: input, Wi: input, Wh: input },
    step(g, x, { h }, { Wf, Wi, Wh }) {
      const f = g.sigmoid(matmul(g, x, Wf));
      const i = g.sigmoid(matmul(g, x, Wi));
      const sum = g.add(f, i);
      const next = g.add(g.mul(g.div(f, sum), h), g.mul(g.div(i, sum), matmul(g, x, Wh)));
      return { next: { h: next }, y: next };
    },
  },
  /** Lei et al., "Simple recurrent units for highly parallelizable recurrence" (2018), without the state in its gates. */
  SRU: {
    states: { c: units },
    weights: { W: input, Wf: input, Wr: input, Wo: [UNITS, UNITS], skip: input },
    step(g, x, { c }, { W, Wf, Wr, Wo, skip }) {
      const next = mix(g, g.sigmoid(matmul(g, x, Wf)), c, matmul(g, x, W));
      const r = g.sigmoid(matmul(g, x, Wr));
      return { next: { c: next }, y: matmul(g, mix(g, r, g.tanh(next), matmul(g, x, skip)), Wo) };
    },
  },
  /** Bradbury et al., "Quasi-recurrent neural networks" (2016): windows of two inputs, so the input before is a state. */
  QRNN: {
    states: { c: units, before: [FEATURES] },
    weights: { Wz: input, Vz: input, Wf: input, Vf: input, Wo: input },
    step(g, x, { c, before }, { Wz, Vz, Wf, Vf, Wo }) {
      const both = (W: Value, V: Value): Value => g.add(matmul(g, x, W), matmul(g, before, V));
      const next = mix(g, g.sigmoid(both(Wf, Vf)), c, g.tanh(both(Wz, Vz)));
      return { next: { c: next, before: x }, y: g.mul(g.sigmoid(matmul(g, x, Wo)), next) };
    },
  },
  /** Sun et al., "Retentive network" (2023): a matrix as state, one decay. */
  retention: {
    states: { S: [UNITS, UNITS] },
    weights: { Wq: input, Wk: input, Wv: input, decay: [] },
    step(g, x, { S }, { Wq, Wk, Wv, decay }) {
      const outer = g.dotGeneral(matmul(g, x, Wk), matmul(g, x, Wv), {
        contractX: [],
        contractY: [],
        batchX: [0],
        batchY: [0],
      });
      const next = g.add(g.mul(g.sigmoid(decay), S), outer);
      const q = matmul(g, x, Wq);
      const y = g.dotGeneral(q, next, { contractX: [1], contractY: [1], batchX: [0], batchY: [0] });
      return { next: { S: next }, y };
    },
  },
  /** Two averages with different horizons, the second of the first. */
  cascade: {
    states: { slow: units, fast: units },
    weights: { W: input, a: units, b: units },
    step(g, x, { slow, fast }, { W, a, b }) {
      const next = g.add(g.mul(g.sigmoid(a), fast), matmul(g, x, W));
      const smooth = mix(g, g.sigmoid(b), slow, next);
      return { next: { slow: smooth, fast: next }, y: g.mul(smooth, g.sub(fast, slow)) };
    },
  },
  /** Orvieto et al., "Resurrecting recurrent neural networks" (2023): a complex state as two, each of which reads both. */
  LRU: {
    states: { re: units, im: units },
    weights: { W: input, V: input, a: units, b: units },
    step(g, x, { re, im }, { W, V, a, b }) {
      const nextRe = g.add(g.sub(g.mul(a, re), g.mul(b, im)), matmul(g, x, W));
      const nextIm = g.add(g.add(g.mul(b, re), g.mul(a, im)), matmul(g, x, V));
      return { next: { re: nextRe, im: nextIm }, y: g.add(nextRe, nextIm) };
    },
  },
  /** Rusch and Rus, "Oscillatory state-space models" (2024), semi-implicit: the place moves by the new speed. */
  LinOSS: {
    states: { speed: units, place: units },
    weights: { W: input, stiffness: units, dt: units },
    step(g, x, { speed, place }, { W, stiffness, dt }) {
      const step = g.sigmoid(dt);
      const force = g.sub(matmul(g, x, W), g.mul(stiffness, place));
      const nextSpeed = g.add(speed, g.mul(step, force));
      const nextPlace = g.add(place, g.mul(step, nextSpeed));
      return { next: { speed: nextSpeed, place: nextPlace }, y: nextPlace };
    },
  },
  /** Two that turn by an angle that the input gives, a copy of one that comes a step late, and an average of it. */
  "rotation by the input": {
    states: { mean: units, im: units, late: units, re: units },
    weights: { W: input, V: input, decay: units },
    step(g, x, { mean, im, late, re }, { W, V, decay }) {
      const angle = matmul(g, x, W);
      const [c, s] = [g.cos(angle), g.sin(angle)];
      const drive = matmul(g, x, V);
      const turned = g.sub(g.mul(c, re), g.mul(s, im));
      const next = {
        re: g.mul(g.sigmoid(decay), g.add(turned, drive)),
        im: g.add(g.mul(s, re), g.mul(c, im)),
        late: re,
        mean: mix(g, g.sigmoid(decay), mean, late),
      };
      return { next, y: g.mul(next.mean, next.re) };
    },
  },
  /** States that change places: the next of each is the other as it is. */
  swap: {
    states: { left: units, right: units },
    weights: { W: input },
    step: (g, x, { left, right }, { W }) => ({
      next: { left: right, right: left },
      y: g.mul(left, g.sub(right, matmul(g, x, W))),
    }),
  },
  /** A moving picture: the input goes through a convolution. */
  "decayed convolution": {
    states: { h: units },
    weights: { K: [2, 1, 1], W: input, decay: units },
    step(g, x, { h }, { K, W, decay }) {
      const filtered = convGeneral(g, g.reshape(x, { dims: ["B", FEATURES, 1] }), K, { padding: "same" });
      const drive = matmul(g, g.reshape(filtered, { dims: ["B", FEATURES] }), W);
      const next = g.add(g.mul(g.sigmoid(decay), h), drive);
      return { next: { h: next }, y: g.cumlogsumexp(next, { axis: 1, reverse: false }) };
    },
  },
};

export const otherCells: Readonly<Record<string, Cell>> = {
  /** The gate reads the state. */
  "gate of the state": {
    states: { h: units },
    weights: { W: input, v: units },
    step(g, x, { h }, { W, v }) {
      const drive = matmul(g, x, W);
      const next = mix(g, g.sigmoid(g.add(drive, g.mul(v, h))), h, drive);
      return { next: { h: next }, y: next };
    },
  },
  /** Cho et al. (2014), in the variant of cuDNN: the reset gate multiplies the product. */
  GRU: {
    states: { h: units },
    weights: { Wz: input, Uz: [UNITS, UNITS], Wr: input, Ur: [UNITS, UNITS], Wn: input, Un: [UNITS, UNITS] },
    step(g, x, { h }, { Wz, Uz, Wr, Ur, Wn, Un }) {
      const z = g.sigmoid(g.add(matmul(g, x, Wz), matmul(g, h, Uz)));
      const r = g.sigmoid(g.add(matmul(g, x, Wr), matmul(g, h, Ur)));
      const n = g.tanh(g.add(matmul(g, x, Wn), g.mul(r, matmul(g, h, Un))));
      const next = mix(g, z, h, n);
      return { next: { h: next }, y: next };
    },
  },
  /** Each of five states passes on to the next: more than are worth it. */
  "ring of five": {
    states: { h0: units, h1: units, h2: units, h3: units, h4: units },
    weights: { W: input, decay: units },
    step(g, x, state, { W, decay }) {
      const drive = matmul(g, x, W);
      const ring = Object.keys(state);
      const after = (i: number): Value => g.add(g.mul(g.sigmoid(decay), state[ring[(i + 1) % ring.length]]), drive);
      const next: Readonly<Record<string, Value>> = Object.fromEntries(
        ring.map((name, i) => [name, after(i)] as const),
      );
      return { next, y: next["h0"] };
    },
  },
  /** One of two states that turn into each other goes through a gate of the other. */
  "gated rotation": {
    states: { re: units, im: units },
    weights: { W: input, a: units, b: units },
    step(g, x, { re, im }, { W, a, b }) {
      const nextRe = g.add(g.sub(g.mul(a, re), g.mul(b, im)), matmul(g, x, W));
      const nextIm = g.add(g.mul(g.sigmoid(re), im), g.mul(b, re));
      return { next: { re: nextRe, im: nextIm }, y: g.add(nextRe, nextIm) };
    },
  },
  /** Linear, but not element by element. */
  "matrix recurrence": {
    states: { h: units },
    weights: { W: input, U: [UNITS, UNITS] },
    step(g, x, { h }, { W, U }) {
      const next = g.add(matmul(g, h, U), matmul(g, x, W));
      return { next: { h: next }, y: next };
    },
  },
  "state in other places": {
    states: { h: units },
    weights: { W: input },
    step(g, x, { h }, { W }) {
      const next = g.add(g.mul(g.reverse(h, { axes: [1] }), 0.5), matmul(g, x, W));
      return { next: { h: next }, y: next };
    },
  },
  "division by the state": {
    states: { h: units },
    weights: { W: input },
    step(g, x, { h }, { W }) {
      const next = g.div(g.sigmoid(matmul(g, x, W)), g.add(1, g.mul(h, h)));
      return { next: { h: next }, y: next };
    },
  },
};

/** A layer of the cell, and the loss of what it gives in every step. */
export function cellGraph({ states, weights, step }: Cell, options: CellOptions = {}): Graph {
  const g = buildGraph("cell");
  const x = g.param("x", f64("T", "B", FEATURES));
  const init = Object.fromEntries(
    Object.entries(states).map(([name, dims]) => [name, g.param(`${name}0`, f64("B", ...dims))]),
  );
  const W = Object.fromEntries(Object.entries(weights).map(([name, dims]) => [name, g.param(name, f64(...dims))]));
  const lengths = options.outputs === undefined ? undefined : g.param("lengths", i32("B"));
  const { final, y } = scan<string, "x", "y">(
    g,
    { init, xs: { x }, ...options, ...(lengths === undefined ? {} : { lengths }) },
    (body, { carry, x: { x: row } }) => {
      const result = step(body, row, carry, W);
      return { carry: result.next, y: { y: result.y } };
    },
  );
  const squared = g.reduceSum(g.mul(y.y, y.y), { axes: y.y.type.dims.map((_, axis) => axis) });
  return g.build({ loss: squared, y: y.y, ...final });
}

/** Loops of a graph, without those inside others. */
export const loopsIn = (graph: Graph): Graph["nodes"] => graph.nodes.filter((node) => node.regions.length > 0);
