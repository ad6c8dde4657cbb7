// Groups of weights: patterns, options, what is refused, and the same steps as parameter groups of PyTorch.
import { fc, test as property } from "@fast-check/vitest";
import { f64, i32, LatchgradError, toTensor, type Tensors } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { readExperiment } from "../src/experiment.js";
import { optimizerGraph, optimizerState } from "../src/optimizers/apply.js";
import { optimizerSchema } from "../src/optimizers/registry.js";
import { trainingStep } from "../src/training-step.js";
import { matchesPattern, type WeightGroup } from "../src/weight-groups.js";
import { doneOf, eventsOf, read, tinyAdding } from "./documents.js";
import fixtures from "./fixtures/groups.json";
import { fromFixture, largestError, runStep, tensorOf, type FixtureTensor } from "./support.js";

describe("patterns", () => {
  test.each([
    ["memory.Wf", "memory.Wf", true],
    ["memory.Wf", "memory.W*", true],
    ["memory.Wf", "memory.*", true],
    ["memory.Wf", "*.Wf", true],
    ["memory.Wf", "*", false],
    ["memory.Wf", "**", true],
    ["memory.layer2.Wf", "memory.*", false],
    ["memory.layer2.Wf", "memory.**", true],
    ["memory.layer2.Wf", "**.W*", true],
    ["sum.b", "**.b*", true],
    ["block1.norm.shift", "block*.norm.*", true],
    ["block1.norm.shift", "**.block1.**.shift.**", true],
    ["memory", "memory.**", true],
    ["memory.Wf", "memory.f*W", false],
    ["memory.abcabd", "memory.*ab*d", true],
    ["memory.abcabe", "memory.*ab*d", false],
  ])("%s and %s: %s", (weight, pattern, expected) => {
    expect(matchesPattern(weight, pattern)).toBe(expected);
  });

  const name = fc.stringMatching(/^[ab]{1,4}(\.[ab]{1,4}){0,3}$/);
  const pattern = fc.stringMatching(/^([ab*]{1,4}|\*\*)(\.([ab*]{1,4}|\*\*)){0,3}$/);
  property.prop([name, pattern], { numRuns: 2000 })(
    "mean what the expression means that they stand for",
    (weight, text) => {
      // Names with a dot behind each, so that ** is any number of them.
      const parts = text
        .split(".")
        .map((part) => (part === "**" ? "(?:[^.]*\\.)*" : `${part.replaceAll("*", "[^.]*")}\\.`));
      expect(matchesPattern(weight, text)).toBe(new RegExp(`^${parts.join("")}$`).test(`${weight}.`));
    },
  );

  test("cost no more than their lengths, whatever they are", () => {
    const stars = Array.from({ length: 75 }, () => "**").join(".");
    expect(matchesPattern(Array.from({ length: 100 }, () => "a").join("."), `${stars}.b`)).toBe(false);
    expect(matchesPattern("a".repeat(300), `${"*a".repeat(149)}b`)).toBe(false);
  });
});

const params = [
  { name: "memory.W", type: f64(3) },
  { name: "sum.b", type: f64(2, 2) },
];
const named = (tensors: readonly FixtureTensor[], prefix = ""): Tensors =>
  Object.fromEntries(tensors.map((tensor, i) => [prefix + params[i].name, fromFixture(tensor)]));

interface TorchGroup {
  readonly lr?: number;
  readonly weight_decay?: number;
}
const types: Readonly<Record<string, string>> = { SGD: "sgd", Adam: "adam", AdamW: "adamW" };

test.each(fixtures.cases)("$name follows PyTorch", ({ optimizer, options, groups, initial, gradients, trajectory }) => {
  const { lr, weight_decay, momentum } = options as TorchGroup & { readonly momentum?: number };
  const config = optimizerSchema.parse({
    type: types[optimizer],
    learningRate: lr,
    ...(optimizer === "Adam" ? {} : { weightDecay: weight_decay }),
    ...(momentum === undefined ? {} : { momentum }),
  });
  const ours = (groups as readonly TorchGroup[]).map((group, i): WeightGroup => ({
    weights: params[i].name.replace(/\..*/, ".*"),
    ...(group.lr === undefined ? {} : { learningRate: group.lr }),
    ...(group.weight_decay === undefined ? {} : { weightDecay: group.weight_decay }),
  }));
  const graph = optimizerGraph(config, params, ours);
  const zeros = optimizerState(config, params).map(({ name, type }) => {
    const count = type.dims.reduce<number>((n, dim) => n * Number(dim), 1);
    return [name, tensorOf(type, new Array<number>(count).fill(0))] as const;
  });
  let state: Tensors = { step: tensorOf(i32(), [0]), ...Object.fromEntries(zeros), ...named(initial) };
  gradients.forEach((gradient, step) => {
    ({ state } = runStep(graph, state, named(gradient, "grad.")));
    params.forEach(({ name }, i) => {
      expect(largestError(state[name].data, trajectory[step][i].data)).toBeLessThan(1e-12);
    });
  });
});

test("a weight in several groups has what the last of them says", () => {
  const optimizer = { type: "sgd", learningRate: 1, weightDecay: 0.5 };
  const groups = [
    { weights: ["memory.*", "**.b"], learningRate: 0.25 },
    { weights: "memory.W*", weightDecay: 0 },
    { weights: "memory.Wr", learningRate: 0.5 },
  ];
  const { model, config } = read({ optimizer, groups, clip: undefined }, { dtype: "f64" });
  const { graph, initialState } = trainingStep(model, config.training);
  const state = Object.fromEntries(Object.entries(initialState("a")).map(([name, data]) => [name, toTensor(data)]));
  // Inputs of zero and targets of what comes out leave only the decay: W' = W (1 - rate · decay).
  const x = tensorOf(f64(1, 4, 2), new Array<number>(8).fill(0));
  const factorOf = (name: string, after: Tensors): number => after[name].data[0] / state[name].data[0];
  const after = runStep(graph, state, { x, y: tensorOf(f64(1, 1), [0]) }).state;
  expect(factorOf("memory.Wr", after)).toBe(1);
  expect(factorOf("memory.Ur", after)).toBeCloseTo(1 - 0.25 * 0.5, 12);
});

test("an optimizer written as equations has rates by groups, as its built-in form does", () => {
  const groups = [{ weights: "memory.*", learningRate: { type: "step", rate: 0.25, every: 2, factor: 0.5 } as const }];
  const written = optimizerSchema.parse({
    type: "equations",
    learningRate: 0.5,
    hyper: { momentum: 0.9 },
    state: ["v"],
    equations: ["v' = momentum * v + g", "W' = W - learningRate * v'"],
  });
  const builtIn = optimizerSchema.parse({ type: "sgd", learningRate: 0.5, momentum: 0.9 });
  const after = [written, builtIn].map((config) => {
    const graph = optimizerGraph(config, params, groups);
    let state: Tensors = Object.fromEntries(
      [{ name: "step", type: i32() }, ...params, ...optimizerState(config, params)].map(({ name, type }) => {
        const count = type.dims.reduce<number>((n, dim) => n * Number(dim), 1);
        return [name, tensorOf(type, new Array<number>(count).fill(0))];
      }),
    );
    for (const gradient of [1, -0.5, 2])
      ({ state } = runStep(graph, state, {
        "grad.memory.W": tensorOf(f64(3), [gradient, 2, 3]),
        "grad.sum.b": tensorOf(f64(2, 2), [gradient, 2, 3, 4]),
      }));
    return params.map(({ name }) => [...state[name].data]);
  });
  expect(after[0]).toEqual(after[1]);
  expect(after[0][0].slice(0, 3)).not.toEqual(after[0][1].slice(0, 3));
});

test.each<[string, object, readonly string[]]>([
  ["plainly", {}, []],
  [
    "with options that have state of their own",
    { accumulate: 2, skipNonFinite: { atMost: 1 }, average: { decay: 0.5 } },
    ["sum/sum.W", "sum/sum.b", "average/sum.W", "average/sum.b"],
  ],
])("weights of frozen layers stay bit for bit, and get neither gradient nor state, %s", async (_, options, state) => {
  const layers = [
    { name: "memory", type: "recurrent", cell: { type: "gru", units: 4 }, output: "last", trainable: false },
    { name: "sum", type: "dense", units: 1 },
  ];
  const experiment = read(options, { layers });
  const { graph, weights, initialState } = trainingStep(experiment.model, experiment.config.training);
  const ofWeights = graph.state.map(({ param }) => param).filter((name) => /^(adam\.\w+|sum|average)\//.test(name));
  expect(ofWeights).toEqual(["adam.mean/sum.W", "adam.square/sum.W", "adam.mean/sum.b", "adam.square/sum.b", ...state]);
  expect(weights).toContain("memory.Wr");
  const trained = doneOf(await eventsOf(experiment)).weights;
  const initial = initialState("tests");
  for (const name of weights) {
    const isSame = Buffer.from(trained[name].data.buffer).equals(Buffer.from(initial[name].data.buffer));
    expect(isSame, name).toBe(name.startsWith("memory."));
  }
});

describe("problems", () => {
  const problemsOf = (training: object, other: object = {}): readonly string[] => {
    try {
      readExperiment(tinyAdding(training, other));
    } catch (error) {
      if (!(error instanceof LatchgradError)) throw error;
      return error.issues.map(
        ({ code, at, hint = "" }) => `${code} ${at.kind === "config" ? at.pointer : at.kind} ${hint}`,
      );
    }
    return [];
  };
  test.each<[string, readonly object[], readonly string[]]>([
    [
      "a pattern without weights",
      [{ weights: ["memory.*", "summ.b"], learningRate: 1 }],
      ['config.unmatched-pattern /training/groups/0/weights/1 did you mean "sum.b"?'],
    ],
    [
      "weight decay where there is none",
      [{ weights: "**", weightDecay: 0 }],
      ["config.no-weight-decay /training/groups/0/weightDecay adamW and sgd have it"],
    ],
    ["a group that changes nothing", [{ weights: "**" }], ["config.invalid /training/groups/0 "]],
    ["no pattern", [{ weights: "a b", learningRate: 1 }], ["config.format /training/groups/0/weights "]],
  ])("%s", (_, groups, expected) => {
    expect(problemsOf({ groups })).toEqual(expected);
  });

  test("a pattern for frozen weights only, and nothing to train", () => {
    const layers = [
      { name: "memory", type: "recurrent", cell: { type: "gru", units: 4 }, output: "last", trainable: false },
      { name: "sum", type: "dense", units: 1 },
    ];
    const groups = [{ weights: "memory.**", learningRate: 1 }];
    expect(problemsOf({ groups }, { layers })).toEqual([expect.stringContaining("config.unmatched-pattern") as string]);
    const frozen = layers.map((layer) => ({ ...layer, trainable: false }));
    expect(problemsOf({}, { layers: frozen })).toEqual([
      expect.stringContaining("config.nothing-trained /layers") as string,
    ]);
  });

  test("a metric that is called as something else", () => {
    const metrics = [{ type: "meanAbsoluteError", name: "gradientNorm" }];
    expect(problemsOf({}, { metrics })).toEqual([
      expect.stringContaining("config.duplicate-name /metrics/0/name") as string,
    ]);
  });
});
