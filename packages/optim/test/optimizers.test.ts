import { f32, f64, i32, type Tensors } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { optimizerGraph, optimizerState } from "../src/optimizers/apply.js";
import { optimizers, optimizerSchema, type OptimizerConfig } from "../src/optimizers/registry.js";
import fixtures from "./fixtures/optimizers.json";
import { fromFixture, largestError, runStep, tensorOf, type FixtureTensor } from "./support.js";

/** Options with torch's names, of any of its optimizers. */
interface TorchOptions {
  readonly lr: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly weight_decay?: number;
  readonly alpha?: number;
  readonly eps?: number;
  readonly centered?: boolean;
  readonly betas?: readonly number[];
}

/** How each fixture's optimizer is written in a config; typed by name, so that none can be forgotten. */
const configs: Readonly<Record<OptimizerConfig["type"], { torch: string; config: (options: TorchOptions) => object }>> =
  {
    sgd: {
      torch: "SGD",
      config: ({ momentum, nesterov, weight_decay }) => ({ momentum, nesterov, weightDecay: weight_decay }),
    },
    rmsProp: {
      torch: "RMSprop",
      config: ({ alpha, eps, momentum, centered }) => ({ decay: alpha, epsilon: eps, momentum, centered }),
    },
    adagrad: { torch: "Adagrad", config: ({ eps }) => ({ epsilon: eps }) },
    adam: { torch: "Adam", config: ({ betas: [beta1, beta2] = [], eps }) => ({ beta1, beta2, epsilon: eps }) },
    adamW: {
      torch: "AdamW",
      config: ({ betas: [beta1, beta2] = [], eps, weight_decay }) => ({
        beta1,
        beta2,
        epsilon: eps,
        weightDecay: weight_decay,
      }),
    },
  };

const readConfig = (type: string, options: object): OptimizerConfig => optimizerSchema.parse({ type, ...options });

const params = [
  { name: "memory.W", type: f64(3) },
  { name: "any name", type: f64(2, 2) },
];
const named = (tensors: readonly FixtureTensor[], prefix = ""): Tensors =>
  Object.fromEntries(tensors.map((tensor, i) => [prefix + params[i].name, fromFixture(tensor)]));

const zeroState = (config: OptimizerConfig): Tensors => ({
  step: tensorOf(i32(), [0]),
  ...Object.fromEntries(
    optimizerState(config, params).map(({ name, type }) => [
      name,
      tensorOf(type, new Array<number>(type.dims.reduce<number>((n, dim) => n * Number(dim), 1)).fill(0)),
    ]),
  ),
});

describe.each(Object.entries(configs))("%s", (type, { torch, config }) => {
  const cases = fixtures.cases.filter(({ optimizer }) => optimizer === torch);

  test("has fixtures", () => {
    expect(cases.length).toBeGreaterThan(0);
  });

  test.each(cases)("$name follows PyTorch", ({ options, initial, gradients, trajectory }) => {
    const read = readConfig(type, { learningRate: options.lr, ...config(options) });
    const graph = optimizerGraph(read, params);
    let state: Tensors = { ...zeroState(read), ...named(initial) };
    gradients.forEach((gradient, step) => {
      const run = runStep(graph, state, named(gradient, "grad."));
      state = run.state;
      params.forEach(({ name }, i) => {
        expect(largestError(state[name].data, trajectory[step][i].data)).toBeLessThan(1e-12);
      });
    });
    expect(Array.from(state.step.data)).toEqual([gradients.length]);
  });

  test("keeps one tensor per slot and parameter, and updates all of them", () => {
    const read = readConfig(type, { learningRate: 0.1 });
    const expected = [
      ...params.map(({ name }) => name),
      ...optimizerState(read, params).map(({ name }) => name),
      "step",
    ];
    const graph = optimizerGraph(read, params);
    expect(graph.state.map(({ param }) => param).sort()).toEqual(expected.sort());
    for (const slot of optimizers[read.type].slots(read as never))
      expect(expected).toContain(`${type}.${slot}/memory.W`);
  });

  test("leaves parameters without gradient where they are, but for weight decay", () => {
    const read = readConfig(type, { learningRate: 0.1, ...(type === "adamW" ? { weightDecay: 0 } : {}) });
    const start = named(fixtures.cases[0].initial);
    const zeros = [
      { dims: [3], data: [0, 0, 0] },
      { dims: [2, 2], data: [0, 0, 0, 0] },
    ];
    const { state } = runStep(optimizerGraph(read, params), { ...zeroState(read), ...start }, named(zeros, "grad."));
    for (const { name } of params) expect(Array.from(state[name].data)).toEqual(Array.from(start[name].data));
  });

  test("has a summary, a source and a formula", () => {
    const { summary, source, formula } = optimizers[type as OptimizerConfig["type"]];
    expect(summary).toMatch(/^[A-Z].*\.$/);
    expect(source.length).toBeGreaterThan(10);
    expect(formula.at(-1)).toContain("W' =");
  });
});

test("the registry knows each optimizer under its own name", () => {
  for (const [name, { type }] of Object.entries(optimizers)) expect(type).toBe(name);
  expect(Object.keys(configs).sort()).toEqual(Object.keys(optimizers).sort());
});

test("Adam without memory is the sign of the gradient", () => {
  const config = readConfig("adam", { learningRate: 0.5, beta1: 0, beta2: 0, epsilon: 0 });
  const graph = optimizerGraph(config, [{ name: "W", type: f64(2) }]);
  const zeros = tensorOf(f64(2), [0, 0]);
  const { outputs } = runStep(
    graph,
    { W: zeros, "adam.mean/W": zeros, "adam.square/W": zeros, step: tensorOf(i32(), [0]) },
    { "grad.W": tensorOf(f64(2), [3, -0.01]) },
  );
  expect(Array.from(outputs["next.W"].data)).toEqual([-0.5, 0.5]);
});

test("the rate has the widest type of the parameters", () => {
  const config = readConfig("sgd", { learningRate: 0.1 });
  const rateType = (...types: (typeof f32)[]): string => {
    const graph = optimizerGraph(
      config,
      types.map((type, i) => ({ name: `W${i}`, type: type(2) })),
    );
    const values = graph.nodes.flatMap((node) => node.types);
    const [rate] = graph.outputs.filter(({ name }) => name === "learningRate");
    return values[rate.value - graph.params.length].dtype;
  };
  expect([rateType(f32), rateType(f64), rateType(f32, f64)]).toEqual(["f32", "f64", "f64"]);
});
