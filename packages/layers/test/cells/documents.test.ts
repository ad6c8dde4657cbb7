// Cells written as equations: the same graphs as the built-in ones, and everything that a document can hold.
import { checkGradients, evaluate, f32, f64, gradient, hashGraph, i32, type Tensor } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import type { CellDocumentInput, Model, ModelDocument } from "../../src/index";
import { documentOf, modelOf, numbers, problemsOf, tensor, weightsOf } from "../support";
import * as equations from "./equations";
import { attention, features, type Feature } from "./features";

type CellInput = Extract<ModelDocument["layers"][number], { readonly type: "recurrent" }>["cell"];

const modelWith = (cell: CellInput, cells: Record<string, CellDocumentInput> = {}, rest: object = {}): Model =>
  modelOf(documentOf([{ type: "recurrent", name: "memory", cell, ...rest }], { cells, dtype: "f32" }), {
    inputs: { x: f32("B", "T", 5) },
    targets: { y: f32("B", "T", 4) },
  });

describe("built-in cells and their equations give the same graph", () => {
  const pairs: readonly (readonly [string, CellInput, CellDocumentInput])[] = [
    ["lstm", { type: "lstm", units: 4 }, equations.lstm],
    ["gru before", { type: "gru", units: 4, reset: "before" }, equations.gruBefore],
    ["gru after", { type: "gru", units: 4, reset: "after" }, equations.gruAfter],
    ["rnn", { type: "rnn", units: 4 }, equations.rnn],
  ];
  test.each(pairs)("%s", (_, cell, document) => {
    for (const rest of [{}, { direction: "reverse" }]) {
      const builtIn = modelWith(cell, {}, rest);
      const written = modelWith({ type: "own", units: 4 }, { own: document }, rest);
      const plain = ({ name, type, initializer }: Model["params"][number]) => ({ name, type, initializer });
      expect(written.params.map(plain)).toEqual(builtIn.params.map(plain));
      const wrt = builtIn.params.map(({ name }) => name);
      expect(hashGraph(written.graph("train"))).toBe(hashGraph(builtIn.graph("train")));
      expect(hashGraph(gradient(written.graph("train"), { of: "loss", wrt }))).toBe(
        hashGraph(gradient(builtIn.graph("train"), { of: "loss", wrt })),
      );
    }
  });
});

const BATCH = 2;
const TIME = 4;

/** A model with one layer of the cell, in f64, and values for everything that its training graph reads. */
function smallModel({ document, cells = {} }: Feature, rest: object = {}) {
  const model = modelOf(
    documentOf([{ type: "recurrent", name: "memory", cell: { type: "own", units: 4 }, ...rest }], {
      cells: { ...cells, own: document },
    }),
    { inputs: { x: f64("B", "T", 3), lengths: i32("B") }, targets: { y: f64("B", "T", 4) } },
  );
  const inputs: Record<string, Tensor> = {
    ...weightsOf(model),
    x: tensor("f64", [BATCH, TIME, 3], numbers(BATCH * TIME * 3)),
    y: tensor("f64", [BATCH, TIME, 4], numbers(BATCH * TIME * 4, 100)),
    lengths: tensor("i32", [BATCH], [4, 3]),
  };
  const randomness = { key: tensor("u32", [2], [1, 2]), step: tensor("i32", [], [3]) };
  const forTraining = model.graph("train").params.some(({ name }) => name === "key")
    ? { ...inputs, ...randomness }
    : inputs;
  return { model, inputs, forTraining };
}

describe.each(Object.entries(features))("%s", (_, feature) => {
  test("the gradient is that of central differences", () => {
    for (const rest of [{}, { direction: "bidirectional", merge: "sum", layers: 1 }]) {
      const { model, forTraining } = smallModel(feature, rest);
      const wrt = model.params.map(({ name }) => name);
      const reports = checkGradients(model.graph("train"), forTraining, { of: "loss", wrt, tolerance: 1e-6 });
      expect(reports.filter((report) => !report.passed)).toEqual([]);
    }
  });

  test("every node of the cell knows its equation and columns", () => {
    const { model } = smallModel(feature);
    const graph = gradient(model.graph("train"), { of: "loss", wrt: model.params.map(({ name }) => name) });
    const bodies = graph.nodes.flatMap((node) => node.regions);
    const origins = bodies.flatMap((body) => body.nodes.map((node) => node.origin ?? ""));
    const spoken = origins.filter((origin) =>
      /^\/cells\/\w+\/(equations|functions|output)[\w/]*:\d+-\d+$/.test(origin),
    );
    // Built-in cells inside, and what scan adds for lengths, have the place of the layer or of the call.
    expect(spoken.length).toBeGreaterThan(origins.length / 3);
  });
});

describe("several inputs and context", () => {
  const timed: CellDocumentInput = {
    inputs: { x: ["input"], gap: [] },
    state: { h: ["units"] },
    params: { W: { shape: ["input", "units"], init: "glorotUniform" } },
    equations: ["h' = exp(-gap) * h + tanh(x @ W)"],
    output: "h'",
  };

  test("an attention decoder reads an encoder of any length", () => {
    const model = modelOf(
      documentOf(
        [
          { type: "recurrent", name: "encoder", inputs: ["source"], cell: { type: "gru", units: 3 } },
          {
            type: "recurrent",
            name: "decoder",
            inputs: ["x"],
            cell: { type: "attention", units: 2 },
            context: { memory: "encoder" },
          },
        ],
        { cells: { attention } },
      ),
      { inputs: { x: f64("B", "T", 2), source: f64("B", "S", 2) }, targets: { y: f64("B", "T", 2) } },
    );
    const inputs = {
      ...weightsOf(model),
      x: tensor("f64", [2, 3, 2], numbers(12)),
      source: tensor("f64", [2, 4, 2], numbers(16, 50)),
      y: tensor("f64", [2, 3, 2], numbers(12, 90)),
    };
    const wrt = model.params.map(({ name }) => name);
    const reports = checkGradients(model.graph("train"), inputs, { of: "loss", wrt, tolerance: 1e-6 });
    expect(reports.filter((report) => !report.passed)).toEqual([]);
  });

  test("a cell reads two sequences, in stacks and both directions", () => {
    const model = modelOf(
      documentOf(
        [
          {
            type: "recurrent",
            name: "memory",
            inputs: ["x", "gap"],
            cell: { type: "timed", units: 2 },
            layers: 2,
            direction: "bidirectional",
          },
        ],
        { cells: { timed } },
      ),
      { inputs: { x: f64("B", "T", 2), gap: f64("B", "T") }, targets: { y: f64("B", "T", 4) } },
    );
    const inputs = {
      ...weightsOf(model),
      x: tensor("f64", [2, 3, 2], numbers(12)),
      gap: tensor("f64", [2, 3], numbers(6)),
    };
    const { prediction } = evaluate(model.graph("predict"), inputs);
    expect(prediction.type.dims).toEqual([2, 3, 4]);
  });

  test("what does not fit is refused at its place", () => {
    const signature = { inputs: { x: f64("B", "T", 2), gap: f64("B", "T") }, targets: { y: f64("B", "T", 2) } };
    const build = (layer: object, cells: Record<string, CellDocumentInput>) => () =>
      modelOf(documentOf([{ type: "recurrent", ...layer } as ModelDocument["layers"][number]], { cells }), signature);
    const cases: readonly (readonly [() => unknown, string])[] = [
      [build({ inputs: ["x"], cell: { type: "timed", units: 2 } }, { timed }), "config.input-count /layers/0/inputs"],
      [build({ inputs: ["x", "x"], cell: { type: "timed", units: 2 } }, { timed }), "config.input-type /layers/0"],
      [
        build({ inputs: ["x"], cell: { type: "attention", units: 2 } }, { attention }),
        "config.missing /layers/0/context",
      ],
      [
        build({ inputs: ["x"], cell: { type: "attention", units: 2 }, context: { memory: "gap" } }, { attention }),
        "config.input-type /layers/0/context/memory",
      ],
      [
        build({ inputs: ["x"], cell: { type: "gru", units: 2 }, context: { memory: "gap" } }, {}),
        "config.unknown-name /layers/0/context/memory",
      ],
      [build({ inputs: ["x"], cell: { type: "gruu", units: 2 } }, {}), "config.choice /layers/0/cell/type"],
      [
        build({ inputs: ["x", "gap"], cell: { type: "timed", units: 2, rate: 1 } }, { timed }),
        "config.unknown-key /layers/0/cell/rate",
      ],
    ];
    for (const [action, expected] of cases) expect(problemsOf(action)).toEqual([expected]);
  });
});

describe("random numbers of cells", () => {
  const noisy: CellDocumentInput = {
    hyper: { rate: { default: 0.5, min: 0, max: 0.99 } },
    state: { h: ["units"] },
    params: { W: { shape: ["input", "units"], init: "ones" } },
    once: ["mask = dropoutMask(rate, [units])"],
    equations: ["h' = 0 * h + mask", "every = dropout(x @ W, rate)"],
    output: "concat(h', every)",
  };
  const model = modelOf(
    documentOf([{ type: "recurrent", name: "memory", cell: { type: "noisy", units: 8 } }], {
      cells: { noisy },
      outputs: { seen: "memory" },
    }),
    { inputs: { x: f64("B", "T", 1) }, targets: { y: f64("B", "T", 16) } },
  );
  const run = (step: number) => {
    const inputs = {
      ...weightsOf(model),
      x: tensor("f64", [3, 5, 1], new Array<number>(15).fill(1)),
      y: tensor("f64", [3, 5, 16], numbers(240)),
      key: tensor("u32", [2], [1, 2]),
      step: tensor("i32", [], [step]),
    };
    const { data } = evaluate(model.graph("train"), inputs).seen;
    /** Elements of one example at one step: those of the mask, or those of the dropout. */
    const at = (b: number, t: number, part: 0 | 1): readonly number[] =>
      Array.from(data.slice((b * 5 + t) * 16 + part * 8, (b * 5 + t) * 16 + part * 8 + 8));
    return { data, at };
  };

  test("a mask made once holds for the sequence, and differs between examples and training steps", () => {
    const { at } = run(0);
    for (const b of [0, 1, 2]) for (const t of [1, 2, 3, 4]) expect(at(b, t, 0)).toEqual(at(b, 0, 0));
    expect(at(0, 0, 0)).not.toEqual(at(1, 0, 0));
    expect(run(1).at(0, 0, 0)).not.toEqual(at(0, 0, 0));
    expect(new Set(run(0).data)).toEqual(new Set([0, 2]));
  });

  test("dropout is drawn anew at every step, and the same again for the same training step", () => {
    const { at, data } = run(0);
    expect(at(0, 0, 1)).not.toEqual(at(0, 1, 1));
    expect(at(0, 0, 1)).not.toEqual(at(0, 0, 0));
    expect(run(0).data).toEqual(data);
  });

  test("outside training nothing is dropped", () => {
    const x = tensor("f64", [1, 2, 1], [1, 1]);
    const graph = model.graph("predict");
    expect(graph.params.map(({ name }) => name)).toEqual(["memory.W", "x"]);
    expect(new Set(evaluate(graph, { ...weightsOf(model), x }).seen.data)).toEqual(new Set([1]));
  });

  test("a rate beyond its limits is refused where the layer gives it", () => {
    const cell = { type: "noisy", units: 2, rate: 1 };
    const document = documentOf([{ type: "recurrent", name: "memory", cell }], { cells: { noisy } });
    expect(problemsOf(() => modelOf(document, model.signature))).toEqual(["config.range /layers/0/cell/rate"]);
  });
});
