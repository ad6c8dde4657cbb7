/** The same bits in every engine: a training run in `reproducible` precision, whose last weights are known by their hash. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { buildGraph } from "../src/graph/builder.js";
import type { Graph } from "../src/ir/graph.js";
import type { Value } from "../src/ops/op.js";
import { compile } from "../src/runtime/compile.js";
import type { TensorData } from "../src/shape/tensor-data.js";
import { graphInF32 } from "./in-f32.js";
import { LSTM_WRT, lstmGraph } from "./recurrent.js";

const WEIGHTS = LSTM_WRT.filter((name) => name.length === 2 && /^[WUb]/.test(name));
const STEPS = 200;

/** Gradient descent on the LSTM's loss, with its weights as state. */
function descent(): Graph {
  const both = graphInF32(gradient(lstmGraph({ reads: "steps" }), { of: "loss", wrt: WEIGHTS }));
  const g = buildGraph("descent");
  const params = both.params.map(({ name, type }) => g.param(name, type));
  const results = g.inline(both, params);
  const named = new Map(both.outputs.map(({ name }, i) => [name, results[i]]));
  const next = WEIGHTS.map((name): readonly [string, Value] => {
    const slope = named.get(`grad.${name}`) ?? params[0];
    return [`next.${name}`, g.sub(params[both.params.findIndex((param) => param.name === name)], g.mul(slope, 0.05))];
  });
  return g.build(
    { loss: results[0], ...Object.fromEntries(next) },
    WEIGHTS.map((name) => ({ param: name, next: `next.${name}` })),
  );
}

/** Numbers made of whole ones and one division, which no engine rounds differently. */
function tensorFor({ name, type }: Graph["params"][number]): TensorData {
  const dims = type.dims.map((dim) => (dim === "T" ? 11 : dim === "B" ? 6 : Number(dim)));
  const seed = [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 1009;
  const size = dims.reduce((product, dim) => product * dim, 1);
  return {
    dtype: "f32",
    dims,
    data: Float32Array.from({ length: size }, (_, i) => (((seed + i * 37) % 101) - 50) / 64),
  };
}

test.each([1, 2, 4])(
  "200 steps of gradient descent on %i threads end with the bits that they have always ended with",
  async (threads) => {
    const graph = descent();
    const tensors = new Map(graph.params.map((param) => [param.name, tensorFor(param)]));
    const part = (isState: boolean) =>
      Object.fromEntries([...tensors].filter(([name]) => WEIGHTS.includes(name) === isState));
    const executable = await compile(graph, { threads, precision: "reproducible", state: part(true) });
    for (let step = 0; step < STEPS; step++) await executable.run(part(false));
    const state = await executable.readState();
    executable.dispose();
    expect(WEIGHTS.flatMap((name) => [...state[name].data]).every(Number.isFinite)).toBe(true);
    const bytes = WEIGHTS.flatMap((name) => Array.from(new Uint8Array(state[name].data.buffer)));
    expect(bytesToHex(sha256(Uint8Array.from(bytes)))).toBe(
      "d3bb0c8d70b2195409b572d2bb6f548deb5e835c418359fbbc557fd88040db2a",
    );
  },
);
