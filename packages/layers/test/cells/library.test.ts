// What every document of the library promises, without a line for any of them.
import {
  bindGraph,
  buildGraph,
  checkGradients,
  compile,
  evaluate,
  gradient,
  gradientName,
  graphFromJson,
  graphToJson,
  hashGraph,
  loopPasses,
  loopStates,
  parseGraph,
  printGraph,
  runPasses,
  toTensorData,
  type Graph,
  type Tensor,
  type TensorsByName,
} from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { expectClose, numbers, tensor } from "../support";
import { BATCH, library, smallModel, TIME } from "./library";

const PASSES = ["dce", "fold", "simplify", "cse", "narrow", "sink", "hoist", "linearize", "accumulate"];

type Values = Readonly<Record<string, Tensor>>;

/** Of the values those that a graph reads. */
const read = (graph: Graph, values: Values): Values =>
  Object.fromEntries(graph.params.map(({ name }) => [name, values[name]]));

/** Steps from `from` to before `to` of a sequence [B, T, ...]. */
function stepsOf({ type, data }: Tensor, from: number, to: number): Tensor {
  const [batch, time, ...rest] = type.dims as readonly number[];
  const size = rest.reduce((product, dim) => product * dim, 1);
  const parts = Array.from({ length: batch }, (_, b) => [
    ...data.slice((b * time + from) * size, (b * time + to) * size),
  ]);
  return tensor(type.dtype, [batch, to - from, ...rest], parts.flat());
}

/** One example of what has a batch in front. */
function exampleOf({ type, data }: Tensor, index: number): Tensor {
  const [batch, ...rest] = type.dims as readonly number[];
  const size = data.length / batch;
  return tensor(type.dtype, [1, ...rest], data.slice(index * size, (index + 1) * size));
}

/** The sum of all gradients, each with numbers that look random: a function whose gradient is second derivatives. */
function sumOfGradients(graph: Graph, wrt: readonly string[], values: Values): Graph {
  const first = gradient(graph, { of: "loss", wrt });
  const g = buildGraph("second");
  const results = g.inline(
    first,
    first.params.map(({ name, type }) => g.param(name, type)),
  );
  const parts = wrt.map((name, i) => {
    const at = first.outputs.findIndex((output) => output.name === gradientName(name, graph));
    const { dtype, dims } = results[at].type;
    const factors = g.constant({ dtype, dims, data: numbers(values[name].data.length, i) });
    return g.reduceSum(g.mul(results[at], factors), { axes: dims.map((_, axis) => axis) });
  });
  return g.build({ sum: parts.reduce((sum, part) => g.add(sum, part)) });
}

describe.each([...library.keys()])("%s", (name) => {
  const small = smallModel(name);
  const wrt = small.model.params.filter(({ trainable }) => trainable).map((param) => param.name);
  const train = small.model.graph("train");
  const derived = gradient(train, { of: "loss", wrt });

  test("says what it is", () => {
    const { title, source, about } = library.get(name) ?? {};
    expect(title?.length).toBeGreaterThan(2);
    expect(source).toMatch(/\b(19|20)\d\d\b/);
    expect(about).toMatch(/\.$/);
  });

  test("its gradient is that of central differences, and so is the gradient of that", () => {
    const reports = checkGradients(train, read(train, small.values), { of: "loss", wrt, samples: 6 });
    expect(reports.filter(({ passed }) => !passed)).toEqual([]);
    const sums = sumOfGradients(train, wrt, small.values);
    const second = checkGradients(sums, read(sums, small.values), { of: "sum", wrt, samples: 2 });
    expect(second.filter(({ passed }) => !passed)).toEqual([]);
  });

  test("compiled code gives what the reference gives, with every pass and without each", async () => {
    const { model } = smallModel(name, { dtype: "f32" });
    const graph = gradient(model.graph("train"), { of: "loss", wrt });
    const inputs: TensorsByName = Object.fromEntries(
      graph.params.map(({ name: key, type }) => [
        key,
        toTensorData({ type: { ...small.values[key].type, dtype: type.dtype }, data: small.values[key].data }),
      ]),
    );
    const expected = evaluate(derived, read(derived, small.values));
    for (const without of [[], ...PASSES.map((pass) => [pass])]) {
      const executable = await compile(graph, { without });
      const outputs = await executable.run(inputs);
      executable.dispose();
      for (const [key, { data }] of Object.entries(expected))
        expectClose(outputs[key].data, data, 2e-4, `${key} without ${without.join()}`);
    }
  });

  test("a padded batch gives what each sequence gives alone", () => {
    const padded = smallModel(name, { reads: { lengths: true } });
    const graph = padded.model.graph("predict");
    const together = evaluate(graph, read(graph, padded.values));
    const lengths = padded.values["lengths"].data;
    const alone = small.model.graph("predict");
    for (let b = 0; b < BATCH; b++) {
      const values = Object.fromEntries(
        alone.params.map(({ name: key }) => {
          const value = small.values[key];
          if (small.sequences.includes(key)) return [key, stepsOf(exampleOf(value, b), 0, lengths[b])];
          return [key, isWeight(key) || key === "key" || key === "step" ? value : exampleOf(value, b)];
        }),
      );
      const one = evaluate(alone, values);
      for (const [key, found] of Object.entries(one)) {
        const row = exampleOf(together[key], b);
        const part = key === "prediction" ? stepsOf(row, 0, lengths[b]) : row;
        expectClose(found.data, part.data, 1e-12, `${key} of sequence ${b}`);
      }
    }
  });
  const isWeight = (key: string): boolean => small.model.params.some((param) => param.name === key);

  test("chunks that hand over their states give what the whole sequence gives", () => {
    const whole = small.model.graph("predict");
    const all = evaluate(whole, read(whole, small.values));
    const chunk = (from: number, to: number, states: Values): ReturnType<typeof evaluate> => {
      const { model, sequences } =
        Object.keys(states).length === 0 ? small : smallModel(name, { reads: { states: true } });
      const graph = model.graph("predict");
      const values = Object.fromEntries(
        graph.params.map(({ name: key }) => {
          if (sequences.includes(key)) return [key, stepsOf(small.values[key], from, to)];
          return [key, states[key] ?? small.values[key]];
        }),
      );
      return evaluate(graph, values);
    };
    const first = chunk(0, 2, {});
    const handed = Object.fromEntries(small.states.map((state) => [`start_${state}`, first[state]]));
    const second = chunk(2, TIME, handed);
    expectClose(first["prediction"].data, stepsOf(all["prediction"], 0, 2).data, 1e-12, "first chunk");
    expectClose(second["prediction"].data, stepsOf(all["prediction"], 2, TIME).data, 1e-12, "second chunk");
    for (const state of small.states) expectClose(second[state].data, all[state].data, 1e-12, state);
  });

  test("checkpoints change no bit of the gradient", () => {
    const { model } = smallModel(name, { layer: { checkpoint: 2 } });
    const graph = gradient(model.graph("train"), { of: "loss", wrt });
    expect(hashGraph(graph)).not.toBe(hashGraph(derived));
    expect(evaluate(graph, read(graph, small.values))).toEqual(evaluate(derived, read(derived, small.values)));
  });

  test("its graph survives text and JSON", () => {
    expect(hashGraph(parseGraph(printGraph(derived)))).toBe(hashGraph(derived));
    expect(hashGraph(graphFromJson(JSON.parse(JSON.stringify(graphToJson(derived)))))).toBe(hashGraph(derived));
  });
});

/**
 * What follows from the equations: next = factor * state + rest, element by element, where both depend on the input alone; in the LRU two states
 * enter each other so. Not so: the mLSTM, whose factors read its running maximum; the LMU, whose memory a matrix mixes.
 */
const LINEAR: Readonly<Record<string, readonly string[]>> = {
  clockwork: ["clock"],
  gatedLinearAttention: ["S"],
  lru: ["im", "re"],
  minGru: ["h"],
  minLstm: ["h"],
  qrnn: ["before", "c"],
  retention: ["S"],
  scrn: ["s"],
  selectiveSsm: ["S"],
  sru: ["c"],
};

test.each([...library.keys()])("%s: the states that are linear by its equations run as linearRecurrence", (name) => {
  const graph = smallModel(name, { dtype: "f32" }).model.graph("predict");
  const sizes = { B: BATCH, T: TIME };
  const states = loopStates(graph, sizes);
  expect(states.flatMap(({ linear }) => linear).sort()).toEqual(LINEAR[name] ?? []);
  // A loop without other states is none.
  const ops = runPasses(bindGraph(graph, sizes), loopPasses).nodes.map(({ op }) => op);
  expect(ops.includes("scan")).toBe(states.some(({ looped }) => looped.length > 0));
});
