import { readFileSync } from "node:fs";
import {
  evaluate,
  f32,
  f64,
  graphFromJson,
  graphToJson,
  hashGraph,
  i32,
  LatchgradError,
  type Graph,
  type Tensors,
} from "@latchgrad/core";
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

/** Algorithm 1 of Kingma & Ba 2015, with the corrections of both averages taken into the scalars as the built-in one does. */
const adamEquations = {
  state: ["mean", "square"],
  equations: [
    "mean'   = mean * beta1 + g * (1 - beta1)",
    "square' = square * beta2 + g^2 * (1 - beta2)",
    "rate    = learningRate / -expm1(t * log(beta1))",
    "scale   = rsqrt(-expm1(t * log(beta2)))",
    "W'      = W - mean' / (sqrt(square') * scale + epsilon) * rate",
  ],
};

/** Optimizers that need more than a rate. */
const needed: Readonly<Partial<Record<string, object>>> = {
  equations: { hyper: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, ...adamEquations },
};

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
    // Adam once more.
    equations: {
      torch: "Adam",
      config: ({ betas: [beta1, beta2] = [0.9, 0.999], eps = 1e-8 }) => ({
        hyper: { beta1, beta2, epsilon: eps },
        ...adamEquations,
      }),
    },
  };

const readConfig = (type: string, options: object): OptimizerConfig =>
  optimizerSchema.parse({ type, ...needed[type], ...options });

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

test.each(["adam", "adamW"] as const)("%s computes once what all weights share", (type) => {
  const config = optimizerSchema.parse({ type, learningRate: 0.1 });
  const nodesWith = (count: number): number =>
    optimizerGraph(
      config,
      Array.from({ length: count }, (_, i) => ({ name: `w${i}`, type: f32(2, 3) })),
    ).nodes.length;
  // The averages, the step and its subtraction; the decay of adamW.
  expect(nodesWith(3) - nodesWith(2)).toBe(type === "adam" ? 13 : 14);
});

describe("optimizers written as equations", () => {
  const graphOf = (type: string, options: object): Graph => optimizerGraph(readConfig(type, options), params);
  /** The graph with the names of its state as the built-in optimizer has them. */
  const asNamed = (graph: Graph, type: string): Graph =>
    graphFromJson(JSON.parse(JSON.stringify(graphToJson(graph)).replaceAll("equations.", `${type}.`)));

  test("Adam, and gradient descent with momentum, give the same graph as the built-in ones", () => {
    expect(hashGraph(asNamed(graphOf("equations", { learningRate: 0.01 }), "adam"))).toBe(
      hashGraph(graphOf("adam", { learningRate: 0.01 })),
    );
    const sgd = {
      learningRate: { type: "exponential", rate: 0.1, factor: 0.5, every: 10 },
      hyper: { momentum: 0.9 },
      state: ["velocity"],
      equations: ["velocity' = velocity * momentum + g", "W' = W - velocity' * learningRate"],
    };
    expect(hashGraph(asNamed(graphOf("equations", sgd), "sgd"))).toBe(
      hashGraph(graphOf("sgd", { learningRate: sgd.learningRate, momentum: 0.9 })),
    );
  });

  test("the one that docs/notation.md shows is gradient descent with momentum", () => {
    const page = readFileSync(new URL("../../../docs/notation.md", import.meta.url), "utf8");
    const [, shown] = /^```text\n"optimizer": (\{\n[\s\S]*?)^```$/m.exec(page) ?? expect.fail("no optimizer is shown");
    expect(hashGraph(asNamed(graphOf("equations", JSON.parse(shown) as object), "sgd"))).toBe(
      hashGraph(graphOf("sgd", { learningRate: 0.01, momentum: 0.9 })),
    );
  });

  test("LARS, which looks at whole parameters, is three lines", () => {
    // You, Gitman, Ginsburg 2017, without weight decay.
    const graph = graphOf("equations", {
      learningRate: 1,
      hyper: { trust: 0.5 },
      state: [],
      equations: ["local = trust * norm(W) / norm(g)", "W' = W - learningRate * local * g"],
    });
    const W = [3, 4, 0];
    const g = [0, 0, 2];
    const inputs = {
      ...zeroState(readConfig("sgd", { learningRate: 1 })),
      "memory.W": tensorOf(f64(3), W),
      "grad.memory.W": tensorOf(f64(3), g),
      "any name": tensorOf(f64(2, 2), [1, 0, 0, 0]),
      "grad.any name": tensorOf(f64(2, 2), [1, 0, 0, 0]),
    };
    expect(Array.from(evaluate(graph, inputs)["next.memory.W"].data)).toEqual([3, 4, -2.5]);
  });

  test.each([
    [{ equations: ["w' = g"] }, "notation.not-a-state /training/optimizer/equations/0:1-2"],
    [{ equations: ["W' = W - rate * g"] }, "notation.unknown-name /training/optimizer/equations/0:10-13"],
    [{ equations: ["d = g"] }, "notation.never-updated /training/optimizer"],
    [{ hyper: { W: 1 }, equations: ["W' = W - g"] }, "notation.duplicate-name /training/optimizer"],
    [{ hyper: { pi: 3 }, equations: ["W' = W - g"] }, "notation.duplicate-name /training/optimizer/hyper/pi"],
    [{ equations: ["W' = W -"] }, "notation.syntax /training/optimizer/equations/0:9-9"],
    [
      { state: ["m"], equations: ["W' = W - g", "m' = 2 * m + sum(g, 1)"] },
      "notation.axis /training/optimizer/equations/1:21-21",
    ],
  ])("%j is refused at its place", (change, expected) => {
    const config = readConfig("equations", { learningRate: 1, hyper: {}, state: [], ...change });
    const places: string[] = [];
    try {
      optimizerGraph(config, params.slice(0, 1));
    } catch (error) {
      if (!(error instanceof LatchgradError)) throw error;
      for (const { code, at } of error.issues)
        places.push(
          at.kind === "equation"
            ? `${code} ${at.pointer}:${at.from}-${at.to}`
            : `${code} ${at.kind === "config" ? at.pointer : at.kind}`,
        );
    }
    expect(places).toContain(expected);
  });
});
