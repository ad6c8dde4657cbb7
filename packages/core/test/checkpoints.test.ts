/** What checkpoints promise of compiled code: memory that grows with the root of the length, and the gradients of the whole. */
import { describe, expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { buildGraph, type GraphBuilder } from "../src/graph/builder.js";
import { evaluate } from "../src/graph/evaluate.js";
import { matmul } from "../src/graph/derived.js";
import { scan } from "../src/graph/scan-builder.js";
import type { Graph } from "../src/ir/graph.js";
import type { Value } from "../src/ops/op.js";
import { compile } from "../src/runtime/compile.js";
import { memoryOf } from "../src/runtime/memory.js";
import { f32, f64, i32 } from "../src/shape/tensor-type.js";
import type { Tensor } from "../src/shape/tensor.js";
import { expectAgreement, runCompiled } from "./compiled-agreement.js";
import { graphInF32, tensorsInF32 } from "./in-f32.js";
import { randomFrom } from "./random.js";
import { LSTM_WRT, lstmGraph, lstmPoint, type LstmOptions } from "./recurrent.js";
import { cells, trainingStep } from "./training-steps.js";

const B = 4;
const H = 8;
/** Bytes of one f32[T,B,H]. */
const stack = (T: number): number => 4 * T * B * H;

/** Bytes of the plan beside tensors of all steps, and how many of those there are. */
function planOf(graph: Graph, T: number): { readonly rest: number; readonly whole: number } {
  const { bytes, tensors } = memoryOf(graph, { T, B });
  const whole = tensors.filter((tensor) => tensor.bytes >= stack(T) - 1).length;
  return { rest: bytes - whole * stack(T), whole };
}

describe.each([
  ["LSTM", cells.lstm],
  ["cell of nobody", cells.custom],
])("a training step of the %s", (_, cell) => {
  /** x, y, h of all steps. */
  const OF_ALL_STEPS = 3;

  test("has nothing of all steps but what is given and asked for; the rest grows with the root of their number", () => {
    const step = trainingStep(cell, H, "sqrt");
    const small = planOf(step, 256);
    expect(small.whole).toBe(OF_ALL_STEPS);
    // Sixteen times as many steps are four times as many chunks of four times as many steps. A last chunk may reach beyond the end.
    for (const T of [4096, 4000, 4093]) {
      const large = planOf(step, T);
      expect(large.whole).toBe(OF_ALL_STEPS);
      expect(large.rest).toBeLessThan(4.1 * small.rest + stack(64));
    }
    const { bytes } = memoryOf(step, { T: 4096, B });
    // Without checkpoints, cotangents take the memory of what the way there has left.
    expect(memoryOf(trainingStep(cell, H), { T: 4096, B }).bytes).toBeGreaterThan(1.9 * bytes);
  });

  test("of chunks of 16 steps keeps their states, and what one chunk computes", () => {
    const step = trainingStep(cell, H, 16);
    const [small, large] = [256, 4096].map((T) => planOf(step, T));
    const starts = (T: number): number => (T / 16) * cell.states.length * 4 * B * H;
    expect(large.rest - starts(4096)).toBeLessThan(1.1 * (small.rest - starts(256)) + 4096);
  });
});

describe("memory that does not grow with all steps", () => {
  const loss = (reads: LstmOptions["reads"], checkpoint: "none" | "sqrt"): Graph =>
    graphInF32(lstmGraph({ reads, checkpoint }));
  /** How a plan grows from 256 to 4096 steps, beside x, and h where it is read. */
  const growth = (graph: Graph, stacks: number): number => {
    const [small, large] = [256, 4096].map((T) => memoryOf(graph, { T, B }).bytes - 4 * stacks * T * B);
    return large / small;
  };
  test("of a gradient whose loss reads the final states: beside the input", () => {
    const graph = gradient(loss("final", "sqrt"), { of: "loss", wrt: ["Wf", "Uf", "bf"] });
    expect(growth(graph, 3)).toBeLessThan(4.1);
  });

  test("of a run without a gradient: products of the input are made a chunk at a time", () => {
    expect(growth(loss("final", "sqrt"), 3)).toBeLessThan(4.1);
    expect(growth(loss("final", "none"), 3)).toBeGreaterThan(10);
  });

  test("of a gradient of a gradient", () => {
    const first = gradient(loss("final", "sqrt"), { of: "loss", wrt: ["Uf"] });
    const g = buildGraph("norm");
    const params = first.params.map(({ name, type }) => g.param(name, type));
    const outputs = g.inline(first, params);
    const slope = outputs[first.outputs.findIndex(({ name }) => name === "grad.Uf")];
    const norm = g.build({ norm: g.reduceSum(g.mul(slope, slope), { axes: [0, 1] }) });
    expect(growth(gradient(norm, { of: "norm", wrt: ["Uf", "bf"] }), 3)).toBeLessThan(4.1);
  });

  test("of an embedding: it is looked up a chunk at a time, and an index that is none is the error it was", async () => {
    const build = (checkpoint: "none" | "sqrt"): Graph => {
      const g = buildGraph("embedded");
      const table = g.param("table", f32(10, H));
      const tokens = g.param("tokens", i32("B", "T"));
      const embedded = g.at("/layers/0", () => g.gather(table, tokens, { axis: 0, batch: 0 }));
      const x = g.transpose(embedded, { order: [1, 0, 2] });
      const h = g.constant({ dtype: "f32", dims: ["B", H], data: [0] });
      const { final } = scan(g, { init: { h }, xs: { x }, checkpoint }, (body, { carry, x: { x: row } }) => ({
        carry: { h: body.tanh(body.add(carry.h, row)) },
        y: {},
      }));
      return g.build({ h: final.h });
    };
    for (const T of [4096, 4000]) {
      expect(memoryOf(build("sqrt"), { T, B }).bytes).toBeLessThan(stack(T) / 2);
      expect(memoryOf(build("none"), { T, B }).bytes).toBeGreaterThan(stack(T));
    }
    const tokens = Int32Array.from({ length: 2 * 7 }, (_, i) => (i * 3) % 10);
    const table = {
      dtype: "f32",
      dims: [10, H],
      data: Float32Array.from({ length: 10 * H }, (_, i) => i / 80),
    } as const;
    const run = async (checkpoint: "none" | "sqrt", data: Int32Array<ArrayBuffer>) =>
      (await compile(build(checkpoint))).run({ table, tokens: { dtype: "i32", dims: [2, 7], data } });
    expect(await run("sqrt", tokens)).toEqual(await run("none", tokens));
    await expect(run("sqrt", tokens.with(9, 12))).rejects.toThrow(/\[gather.index\][^]*\/layers\/0[^]*12/);
  });
});

describe("cotangents that each chunk computes for itself", () => {
  const losses: Readonly<Record<string, (g: GraphBuilder, error: Value, weights: Value) => Value>> = {
    "squared error": (g, error) => g.mul(error, error),
    "squared error with a weight for each step": (g, error, weights) =>
      g.mul(
        g.mul(error, error),
        g.broadcast(g.transpose(weights, { order: [1, 0] }), { dims: ["B", "T", H], axes: [0, 1] }),
      ),
    "Huber's error": (g, error) => {
      const size = g.abs(error);
      return g.select(g.lt(size, 0.5), g.mul(g.mul(error, error), 0.5), g.mul(g.sub(size, 0.25), 0.5));
    },
    // Of which exp is read from memory.
    "an error of exponentials": (g, error) => g.sub(g.exp(error), error),
  };

  test.each(Object.entries(losses))("%s: every bit is that of stored ones", async (_, loss) => {
    const g = buildGraph("loss");
    const [x, y] = [g.param("x", f32("T", "B", H)), g.param("y", f32("B", "T", H))];
    const [weights, U] = [g.param("weights", f32("T", "B")), g.param("U", f32(H, H))];
    const h = g.constant({ dtype: "f32", dims: ["B", H], data: [0] });
    const { y: outputs } = scan(g, { init: { h }, xs: { x }, checkpoint: 3 }, (body, { carry, x: { x: row } }) => {
      const next = body.tanh(body.add(matmul(body, carry.h, U), row));
      return { carry: { h: next }, y: { h: next } };
    });
    const error = g.sub(g.transpose(outputs.h, { order: [1, 0, 2] }), y);
    const graph = gradient(g.build({ loss: g.reduceSum(loss(g, error, weights), { axes: [0, 1, 2] }) }), {
      of: "loss",
      wrt: ["U", "x"],
    });
    const random = randomFrom("cotangents");
    const numbers = (...dims: readonly number[]) => ({
      dtype: "f32" as const,
      dims,
      data: Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => 2 * random() - 1),
    });
    // Whole chunks, and a last one that reaches beyond the end.
    for (const T of [6, 7, 8]) {
      const inputs = { x: numbers(T, 2, H), y: numbers(2, T, H), weights: numbers(T, 2), U: numbers(H, H) };
      for (const precision of ["fast", "reproducible"] as const) {
        const run = async (without: readonly string[]) => (await compile(graph, { precision, without })).run(inputs);
        expect(await run([])).toEqual(await run(["postpone"]));
      }
    }
  });
});

describe("stacks that are made at once, and not row by row, stay as they are", () => {
  type Make = (g: GraphBuilder, x: Value, ids: Value) => Value;
  const stacks: Readonly<Record<string, Make>> = {
    "looked up as a whole": (g, x, ids) => g.gather(x, first(g, ids), { axis: 0, batch: 0 }),
    "looked up in what is looked up as a whole": (g, x, ids) =>
      g.gather(g.gather(x, first(g, ids), { axis: 0, batch: 0 }), ids, { axis: 0, batch: 0 }),
    "of one number": (g, x) => {
      const sum = g.reduceSum(x, { axes: [0, 1] });
      return g.reshape(g.mul(sum, g.add(sum, 1)), { dims: [1, 1] });
    },
    "without elements, cut elsewhere than into its rows": (g, x) => {
      const none = g.slice(x, { start: [0, 0], limit: [5, 0], step: [1, 1] });
      return g.reshape(g.add(none, 1), { dims: [2, 3, 0] });
    },
  };
  const first = (g: GraphBuilder, ids: Value): Value =>
    g.reshape(g.slice(ids, { start: [1], limit: [2], step: [1] }), { dims: [] });

  test.each(Object.entries(stacks))("%s", async (_, make) => {
    const inputs = {
      x: { type: f64(5, 4), data: Float64Array.from({ length: 20 }, (__, i) => Math.sin(i)) },
      ids: { type: i32(3), data: Float64Array.of(3, 2, 0) },
    };
    for (const checkpoint of [1, 2]) {
      const g = buildGraph("stack");
      const x = make(g, g.param("x", inputs.x.type), g.param("ids", inputs.ids.type));
      const h = g.constant({ dtype: "f64", dims: x.type.dims.slice(1), data: [0] });
      const { final } = scan(g, { init: { h }, xs: { x }, checkpoint }, (step, { carry, x: row }) => ({
        carry: { h: step.sin(step.add(carry.h, row.x)) },
        y: {},
      }));
      const graph = g.build({ h: final.h });
      // Sums of numbers of both signs, of about 1 each.
      expectAgreement(await runCompiled(graph, inputs), evaluate(graph, inputs), 1e-14, 1);
    }
  });
});

describe("results of compiled code", () => {
  const lengths = [6, 1, 4, 0];
  const options: readonly Omit<LstmOptions, "reads">[] = [
    {},
    { reverse: true },
    { outputs: "zero" },
    { outputs: "hold", reverse: true },
    { truncate: { k1: 2, k2: 2 } },
    { truncate: { k1: 2, k2: 5 } },
  ];
  test.each(options)("with %o and checkpoints agree with those without, in f64 to its rounding", async (option) => {
    for (const checkpoint of [1, 4] as const) {
      const inputs = Object.fromEntries(lstmPoint(6, 4, option.outputs === undefined ? undefined : lengths));
      const graph = (chosen: LstmOptions["checkpoint"]): Graph =>
        gradient(lstmGraph({ reads: "steps", ...option, ...(chosen === undefined ? {} : { checkpoint: chosen }) }), {
          of: "loss",
          wrt: LSTM_WRT,
        });
      expectAgreement(await runCompiled(graph(checkpoint), inputs), evaluate(graph(undefined), inputs), 1e-14, 0.1);
    }
  });

  test("a run without a gradient has the bits that it has without checkpoints", async () => {
    const point = tensorsInF32(lstmPoint(23, 5));
    const run = async (checkpoint: "none" | "sqrt" | number) =>
      runCompiled(graphInF32(lstmGraph({ reads: "steps", checkpoint })), point, { precision: "reproducible" });
    const { h, c } = await run("none");
    for (const checkpoint of [1, 4, "sqrt"] as const) {
      const chunked = await run(checkpoint);
      expect(chunked.h).toEqual(h);
      expect(chunked.c).toEqual(c);
    }
  });

  test("gradients have the same bits on one thread and on three", async () => {
    const point = tensorsInF32(lstmPoint(23, 5));
    const graph = graphInF32(
      gradient(lstmGraph({ reads: "steps", checkpoint: "sqrt" }), { of: "loss", wrt: LSTM_WRT }),
    );
    const run = async (threads: number) => runCompiled(graph, point, { precision: "reproducible", threads });
    expect(await run(3)).toEqual(await run(1));
  });

  // Below, at and above the rows of a block, with tails in every direction.
  test.each([
    [7, 3, 5],
    [96, 8, 8],
    [97, 5, 9],
    [203, 70, 29],
    [64, 600, 33],
  ])("sums of products are made where they are, %i by %i by %i", async (rows, depth, columns) => {
    const g = buildGraph("sums");
    const x = g.param("x", f64(3, depth, rows));
    const y = g.param("y", f64(3, depth, columns));
    const { final } = scan(
      g,
      { init: { sum: g.param("start", f64(rows, columns)) }, xs: { x, y }, checkpoint: 1 },
      (step, { carry, x: row }) => ({
        carry: { sum: step.add(carry.sum, matmul(step, step.transpose(row.x, { order: [1, 0] }), row.y)) },
        y: {},
      }),
    );
    const graph = g.build({ sum: final.sum });
    const random = randomFrom("sums");
    const tensor = (...dims: readonly number[]): Tensor => ({
      type: f64(...dims),
      data: Float64Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random() - 0.5),
    });
    const inputs = { x: tensor(3, depth, rows), y: tensor(3, depth, columns), start: tensor(rows, columns) };
    const alone = await runCompiled(graph, inputs);
    expectAgreement(alone, evaluate(graph, inputs), 1e-13);
    expect(await runCompiled(graph, inputs, { threads: 3 })).toEqual(alone);
    // What is given, the sum, and the output that it is copied to at the end: no next sum beside the sum.
    const { tensors } = memoryOf(graph, {});
    expect(tensors.filter(({ bytes }) => bytes === 8 * rows * columns)).toHaveLength(3);
  });

  test("steps beyond the end of a last chunk look nothing up there", () => {
    const g = buildGraph("table");
    const table = g.param("table", f64(7));
    const { final } = scan(
      g,
      { init: { h: g.constant({ dtype: "f64", dims: [], data: [0] }) }, length: 7, checkpoint: 3 },
      (step, { carry: { h }, t }) => ({
        carry: { h: step.add(step.mul(h, 0.5), step.gather(table, t, { axis: 0, batch: 0 })) },
        y: {},
      }),
    );
    const graph = gradient(g.build({ loss: final.h }), { of: "loss", wrt: ["table"] });
    const random = randomFrom("table");
    const inputs: Readonly<Record<string, Tensor>> = {
      table: { type: f64(7), data: Float64Array.from({ length: 7 }, random) },
    };
    const expected = Array.from({ length: 7 }, (_, t) => 0.5 ** (6 - t));
    expect([...evaluate(graph, inputs)["grad.table"].data]).toEqual(expected);
  });
});
