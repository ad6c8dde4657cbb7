/** Compiled f64 against the reference executor: ops, loops, random graphs and their gradients, on one thread and on two. */
import { describe, expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { bindGraph } from "../src/graph/bind.js";
import { graphFromJson } from "../src/graph/deserialize.js";
import { evaluate, type Tensors } from "../src/graph/evaluate.js";
import { graphToJson } from "../src/graph/serialize.js";
import type { Graph } from "../src/ir/graph.js";
import type { Tensor } from "../src/shape/tensor.js";
import { bindingsOf, every, pointOf } from "./case-inputs.js";
import { expectAgreement, runCompiled } from "./compiled-agreement.js";
import { randomGraph } from "./random-graphs.js";
import { LSTM_WRT, lstmGraph, lstmPoint, type LstmOptions } from "./recurrent.js";
import { graphOf, parseUse } from "./use.js";

/** Relative to the largest element of a tensor. */
const TOLERANCE = 1e-13;

const graphInF64 = (graph: Graph): Graph =>
  graphFromJson(JSON.parse(JSON.stringify(graphToJson(graph)).replaceAll('"f32', '"f64')));

const tensorInF64 = ({ type, data }: Tensor): Tensor =>
  type.dtype === "f32" ? { type: { dtype: "f64", dims: type.dims }, data } : { type, data };

/** The results of compiled code, which agree with those of the reference executor. */
async function expectReference(graph: Graph, inputs: Tensors, terms?: number): Promise<Tensors> {
  const results = await runCompiled(graph, inputs);
  expectAgreement(results, evaluate(graph, inputs), TOLERANCE, terms);
  return results;
}

test.each<Omit<LstmOptions, "reads">>([
  {},
  { checkpoint: "sqrt", reverse: true },
  { outputs: "hold", checkpoint: 3 },
  { truncate: { k1: 2, k2: 5 } },
])("an LSTM and its gradient with %o", async (options) => {
  const lengths = options.outputs === undefined ? undefined : [3, 0, 7, 4, 1];
  const graph = gradient(lstmGraph({ reads: "steps", ...options }), { of: "loss", wrt: LSTM_WRT });
  const inputs = Object.fromEntries(lstmPoint(7, 5, lengths));
  // The loss adds up numbers of both signs, of about 0.1 each.
  const results = await expectReference(graph, inputs, 0.1);
  expect(await runCompiled(graph, inputs, { threads: 2 }), "two threads").toEqual(results);
});

describe("every op", () => {
  for (const { name, valid } of every)
    test(name, async () => {
      for (const each of valid) {
        const [bindings] = bindingsOf(each);
        const graph = graphInF64(bindGraph(graphOf(parseUse(each.use)), bindings));
        const inputs = [...pointOf(each, bindings)].map(([param, tensor]) => [param, tensorInF64(tensor)] as const);
        await expectReference(graph, Object.fromEntries(inputs));
      }
    });
});

describe("random graphs", () => {
  test.each(Array.from({ length: 8 }, (_, seed) => 100 + seed))("%i and its gradient", async (seed) => {
    const { graph, inputs, wrt } = randomGraph(seed, { smooth: true });
    for (const each of [graph, gradient(graph, { of: "loss", wrt })]) await expectReference(each, inputs);
  });
});
