/**
 * `npm run linearize`: cells that are linear in their state, as recurrences over all steps and as loops (without the pass
 * linearize): time of a forward pass and of one with gradients, and the memory that each takes. Prints a table, of the
 * cells whose names are given or of all.
 */
import {
  buildGraph,
  compile,
  f32,
  gradient,
  matmul,
  scan,
  type Executable,
  type Graph,
  type GraphBuilder,
  type RegionBuilder,
  type TensorsByName,
  type Value,
} from "@latchgrad/core";
import { measure, type Contender, type Effort } from "./measure.ts";

interface Sizes {
  readonly T: number;
  readonly B: number;
  readonly H: number;
}

type Named = Readonly<Record<string, Value>>;

interface Cell {
  readonly states: readonly string[];
  readonly dims: (sizes: Sizes) => readonly number[];
  /** [H, H] each. */
  readonly weights: readonly string[];
  /** [H] each. */
  readonly factors?: readonly string[];
  step(g: RegionBuilder, x: Value, state: Named, weights: Named): { readonly next: Named; readonly y: Value };
}

const mix = (g: GraphBuilder, gate: Value, a: Value, b: Value): Value =>
  g.add(g.mul(gate, a), g.mul(g.sub(1, gate), b));

/** The input has as many features as the state has units. */
const cells: Readonly<Record<string, Cell>> = {
  minGRU: {
    states: ["h"],
    dims: ({ B, H }) => [B, H],
    weights: ["Wz", "Wh"],
    step(g, x, { h }, { Wz, Wh }) {
      const next = mix(g, g.sigmoid(matmul(g, x, Wz)), matmul(g, x, Wh), h);
      return { next: { h: next }, y: next };
    },
  },
  "SRU with output weights": {
    states: ["c"],
    dims: ({ B, H }) => [B, H],
    weights: ["W", "Wf", "Wr", "Wo"],
    step(g, x, { c }, { W, Wf, Wr, Wo }) {
      const next = mix(g, g.sigmoid(matmul(g, x, Wf)), c, matmul(g, x, W));
      return { next: { c: next }, y: matmul(g, mix(g, g.sigmoid(matmul(g, x, Wr)), g.tanh(next), x), Wo) };
    },
  },
  retention: {
    states: ["S"],
    dims: ({ B, H }) => [B, H, H],
    weights: ["Wq", "Wk", "Wv"],
    step(g, x, { S }, { Wq, Wk, Wv }) {
      const outer = { contractX: [], contractY: [], batchX: [0], batchY: [0] };
      const next = g.add(g.mul(S, 0.97), g.dotGeneral(matmul(g, x, Wk), matmul(g, x, Wv), outer));
      const read = { contractX: [1], contractY: [1], batchX: [0], batchY: [0] };
      return { next: { S: next }, y: g.dotGeneral(matmul(g, x, Wq), next, read) };
    },
  },
  LRU: {
    states: ["re", "im"],
    dims: ({ B, H }) => [B, H],
    weights: ["Bre", "Bim", "Cre", "Cim"],
    factors: ["a", "w"],
    step(g, x, { re, im }, { Bre, Bim, Cre, Cim, a, w }) {
      const nextRe = g.add(g.sub(g.mul(a, re), g.mul(w, im)), matmul(g, x, Bre));
      const nextIm = g.add(g.add(g.mul(a, im), g.mul(w, re)), matmul(g, x, Bim));
      return { next: { re: nextRe, im: nextIm }, y: g.sub(matmul(g, nextRe, Cre), matmul(g, nextIm, Cim)) };
    },
  },
};

function layer({ states, dims, weights, factors = [], step }: Cell, sizes: Sizes): Graph {
  const { T, B, H } = sizes;
  const g = buildGraph("layer");
  const x = g.param("x", f32(T, B, H));
  const init = Object.fromEntries(states.map((name) => [name, g.param(name, f32(...dims(sizes)))]));
  const W = Object.fromEntries([
    ...weights.map((name) => [name, g.param(name, f32(H, H))] as const),
    ...factors.map((name) => [name, g.param(name, f32(H))] as const),
  ]);
  const { y } = scan(g, { init, xs: { x } }, (body, { carry, x: row }) => {
    const { next, y: out } = step(body, row.x, carry, W);
    return { carry: next, y: { y: out } };
  });
  return g.build({ loss: g.reduceSum(g.mul(y.y, y.y), { axes: [0, 1, 2] }) });
}

function inputsOf(graph: Graph): TensorsByName {
  let seed = 1;
  const next = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647 - 0.5;
  return Object.fromEntries(
    graph.params.map(({ name, type }) => {
      const dims = type.dims as readonly number[];
      const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => 0.2 * next());
      return [name, { dtype: "f32", dims, data }] as const;
    }),
  );
}

/** Bytes of the memory that was made last: an engine makes one. */
let lastBytes = 0;
WebAssembly.Memory = class extends WebAssembly.Memory {
  constructor(descriptor: WebAssembly.MemoryDescriptor) {
    super(descriptor);
    lastBytes = descriptor.initial * 65_536;
  }
};

interface Measured extends Contender {
  bytes(): number;
}

function contender(name: string, graph: Graph, without: readonly string[]): Measured {
  const inputs = inputsOf(graph);
  let executable: Executable | undefined;
  let bytes = 0;
  return {
    name,
    bytes: () => bytes,
    async start() {
      const begin = performance.now();
      executable = await compile(graph, { without });
      await executable.run(inputs);
      bytes = lastBytes;
      return performance.now() - begin;
    },
    async run(count) {
      const times: number[] = [];
      for (let i = 0; i < count; i++) {
        const begin = performance.now();
        await executable?.run(inputs);
        times.push(performance.now() - begin);
      }
      return times;
    },
    stop() {
      executable?.dispose();
    },
  };
}

const effort: Effort = { rounds: 5, turn: 150, slow: 1500, patience: 5000 };
const allSizes: Readonly<Record<string, readonly Sizes[]>> = {
  minGRU: [
    { T: 64, B: 1, H: 64 },
    { T: 512, B: 1, H: 256 },
    { T: 64, B: 16, H: 32 },
    { T: 64, B: 32, H: 128 },
  ],
  "SRU with output weights": [
    { T: 64, B: 1, H: 64 },
    { T: 512, B: 1, H: 256 },
    { T: 512, B: 2, H: 256 },
    { T: 64, B: 16, H: 32 },
    { T: 64, B: 32, H: 128 },
  ],
  LRU: [
    { T: 512, B: 1, H: 256 },
    { T: 64, B: 16, H: 32 },
    { T: 64, B: 32, H: 128 },
    { T: 1024, B: 8, H: 64 },
  ],
  retention: [
    { T: 512, B: 1, H: 16 },
    { T: 256, B: 4, H: 16 },
    { T: 128, B: 8, H: 64 },
  ],
};

console.log("cell | T, B, H | what | recurrence, ms | loop, ms | loop / recurrence | recurrence, MiB | loop, MiB");
console.log("--- | --- | --- | --: | --: | --: | --: | --:");
const wanted = process.argv.slice(2);
for (const [name, list] of Object.entries(allSizes).filter(([name]) => wanted.length === 0 || wanted.includes(name)))
  for (const sizes of list) {
    const graph = layer(cells[name], sizes);
    const wrt = graph.params.map((param) => param.name);
    for (const [what, each] of [
      ["forward", graph],
      ["gradients", gradient(graph, { of: "loss", wrt })],
    ] as const) {
      const both = [contender("recurrence", each, []), contender("loop", each, ["linearize"])];
      const [on, off] = (await measure(both, effort)).timings;
      const mib = both.map((one) => (one.bytes() / 2 ** 20).toFixed(1));
      const { T, B, H } = sizes;
      const ratio = (off.minimum / on.minimum).toFixed(2);
      console.log(
        `${name} | ${T}, ${B}, ${H} | ${what} | ${on.minimum.toFixed(3)} | ${off.minimum.toFixed(3)} | ${ratio} | ${mib.join(" | ")}`,
      );
    }
  }
