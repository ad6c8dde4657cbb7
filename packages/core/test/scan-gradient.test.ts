/** The derivative of scan: against central differences, against an independent definition of truncation, to second order. */
import { describe, expect, test } from "vitest";
import { checkGradients } from "../src/autodiff/check-gradients.js";
import { gradient } from "../src/autodiff/gradient.js";
import { evaluate, type Tensors } from "../src/graph/evaluate.js";
import type { Graph } from "../src/ir/graph.js";
import { outputTypes } from "../src/ir/graph.js";
import { buildGraph } from "../src/graph/builder.js";
import { scan } from "../src/graph/scan-builder.js";
import { verifyGraph } from "../src/graph/verify.js";
import { f64, formatType, i32 } from "../src/shape/tensor-type.js";
import { sizesOf, type Tensor } from "../src/shape/tensor.js";
import { compareDirectional } from "./directional.js";
import { randomFrom } from "./random.js";
import { LSTM_WRT, lstmGraph, lstmPoint, type LstmOptions } from "./recurrent.js";

const STEPS = 6;
const inputsOf = (steps: number, batch: number, lengths?: readonly number[]): Tensors =>
  Object.fromEntries(lstmPoint(steps, batch, lengths));

function expectGradients(graph: Graph, inputs: Tensors, wrt: readonly string[] = LSTM_WRT): void {
  const failed = checkGradients(graph, inputs, { of: "loss", wrt, tolerance: 1e-8 }).filter((check) => !check.passed);
  expect(failed).toEqual([]);
}

const gradientsOf = (graph: Graph, inputs: Tensors): Tensors =>
  evaluate(gradient(graph, { of: "loss", wrt: LSTM_WRT }), inputs);

function expectSameBits(actual: Tensors, expected: Tensors): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, { data }] of Object.entries(expected)) expect(actual[name].data, name).toEqual(data);
}

/** Central differences of functions of order one are good to about 1e-9, of larger ones in proportion. */
function expectClose(derivative: number, difference: number): void {
  expect(Math.abs(derivative - difference) / Math.max(1, Math.abs(difference))).toBeLessThan(2e-8);
}

describe.each(["steps", "final"] as const)("an LSTM whose loss reads %s", (reads) => {
  describe.each([false, true])("reverse %s", (reverse) => {
    test("gradient agrees with central differences", () => {
      expectGradients(lstmGraph({ reads, reverse }), inputsOf(STEPS, 2));
    });

    test.each([1, 2, 3, 4, 5, 6, 7, 100, "sqrt"] as const)(
      "checkpoint %s changes no bit of the gradient",
      (checkpoint) => {
        for (const steps of [1, 5, STEPS])
          expectSameBits(
            gradientsOf(lstmGraph({ reads, reverse, checkpoint }), inputsOf(steps, 2)),
            gradientsOf(lstmGraph({ reads, reverse }), inputsOf(steps, 2)),
          );
      },
    );

    test.each(["zero", "hold"] as const)("with lengths and outputs %s", (outputs) => {
      const inputs = inputsOf(STEPS, 4, [6, 1, 4, 0]);
      expectGradients(lstmGraph({ reads, reverse, outputs }), inputs);
      expectSameBits(
        gradientsOf(lstmGraph({ reads, reverse, outputs, checkpoint: 4 }), inputs),
        gradientsOf(lstmGraph({ reads, reverse, outputs }), inputs),
      );
    });
  });

  test.each([{}, { checkpoint: 4 }, { outputs: "zero" }, { truncate: { k1: 2, k2: 3 } }] as const)(
    "gradient of the gradient agrees with central differences, with %o",
    (options) => {
      const random = randomFrom("second order");
      const point = lstmPoint(4, 2, "outputs" in options ? [4, 2] : undefined);
      const graph = lstmGraph({ reads, ...options });
      const first = gradient(graph, { of: "loss", wrt: ["x", "Uf", "bo", "c0"] });
      const { difference, derivative } = compareDirectional(
        first,
        { of: ["grad.x", "grad.Uf", "grad.bo", "grad.c0"], wrt: LSTM_WRT },
        point,
        { T: 4, B: 2 },
        random,
      );
      expect(Math.abs(difference)).toBeGreaterThan(1e-3);
      expectClose(derivative, difference);
    },
  );
});

describe("truncate", () => {
  /** Rows from..to of the time axis. */
  const rows = ({ type, data }: Tensor, from: number, to: number): Tensor => {
    const row = data.length / sizesOf(type)[0];
    return {
      type: { dtype: type.dtype, dims: [to - from, ...type.dims.slice(1)] },
      data: data.slice(from * row, to * row),
    };
  };

  /** The carries before every step, by running the first steps only. */
  function carriesBefore(step: number, inputs: Tensors): Pick<Tensors, "h0" | "c0"> {
    if (step === 0) return { h0: inputs.h0, c0: inputs.c0 };
    const { h, c } = evaluate(lstmGraph({ reads: "final" }), { ...inputs, x: rows(inputs.x, 0, step) });
    return { h0: h, c0: c };
  }

  /**
   * Truncation by its definition: each window's losses are differentiated on their own, over the steps
   * within reach, from carries that are mere numbers unless they are the initial ones; the gradients are added.
   */
  function truncatedByDefinition(inputs: Tensors, k1: number, k2: number): ReadonlyMap<string, Float64Array> {
    const steps = sizesOf(inputs.x.type)[0];
    const sums = new Map(LSTM_WRT.map((name) => [name, new Float64Array(inputs[name].data.length)]));
    for (let end = steps; end > 0; end -= k1) {
      const start = Math.max(0, end - k2);
      const firstOfWindow = Math.max(start, end - k1, 0);
      const window = lossOfSteps(firstOfWindow - start, end === steps);
      const given = { ...inputs, ...carriesBefore(start, inputs), x: rows(inputs.x, start, end) };
      const results = evaluate(gradient(window, { of: "loss", wrt: LSTM_WRT }), given);
      for (const name of LSTM_WRT) {
        const isCarry = name === "h0" || name === "c0";
        if (isCarry && start > 0) continue;
        const sum = sums.get(name) ?? new Float64Array();
        const offset = name === "x" ? (start * sum.length) / steps : 0;
        results[`grad.${name}`].data.forEach((value, i) => (sum[offset + i] += value));
      }
    }
    return sums;
  }

  /** The LSTM's loss, counting steps only from `first` on, and the final cell state only if asked. */
  function lossOfSteps(first: number, final: boolean): Graph {
    const lstm = lstmGraph({ reads: "steps" });
    const g = buildGraph("window");
    const params = lstm.params.map((param) => g.param(param.name, param.type));
    const outputs = g.inline(lstm, params);
    const h = outputs[1];
    const t = g.iota({ dtype: "i32", dims: h.type.dims, axis: 0 });
    const counted = g.select(g.lt(t, first), g.stopGradient(h), h);
    const sum = g.reduceSum(g.mul(counted, g.sin(counted)), { axes: [0, 1, 2] });
    const last = g.reduceSum(outputs[2], { axes: [0, 1] });
    return g.build({ loss: final ? g.add(sum, g.mul(0.3, last)) : sum });
  }

  test.each([
    [1, 1],
    [1, 3],
    [2, 2],
    [3, 3],
    [2, 5],
    [3, 4],
    [4, 2],
    [5, 3],
    [7, 7],
    [20, 20],
    [2, 20],
    [20, 2],
  ])("k1 = %i, k2 = %i is the sum over windows of gradients that reach back k2 steps", (k1, k2) => {
    const inputs = inputsOf(7, 2);
    const expected = truncatedByDefinition(inputs, k1, k2);
    for (const checkpoint of ["none", 3] as const) {
      const actual = gradientsOf(lstmGraph({ reads: "steps", truncate: { k1, k2 }, checkpoint }), inputs);
      for (const [name, sum] of expected)
        actual[`grad.${name}`].data.forEach((value, i) => {
          expect(value, `${name}[${i}]`).toBeCloseTo(sum[i], 12);
        });
    }
  });

  test("results do not change, and a reach over all steps is the full gradient", () => {
    const inputs = inputsOf(STEPS, 2);
    const full = gradientsOf(lstmGraph({ reads: "steps" }), inputs);
    expectSameBits(gradientsOf(lstmGraph({ reads: "steps", truncate: { k1: 6, k2: 6 } }), inputs), full);
    const short = gradientsOf(lstmGraph({ reads: "steps", truncate: { k1: 1, k2: 1 } }), inputs);
    expect(short.loss.data).toEqual(full.loss.data);
    expect(short["grad.Uf"].data).not.toEqual(full["grad.Uf"].data);
  });

  test("in a reversed loop, windows count from the step that is visited last", () => {
    const inputs = inputsOf(STEPS, 2);
    const { type, data } = inputs.x;
    const row = data.length / STEPS;
    const flipped = Array.from({ length: STEPS }, (_, t) => [
      ...data.subarray((STEPS - 1 - t) * row, (STEPS - t) * row),
    ]);
    const options: LstmOptions = { reads: "final", truncate: { k1: 2, k2: 3 } };
    const forward = gradientsOf(lstmGraph(options), inputs);
    const backward = gradientsOf(lstmGraph({ ...options, reverse: true }), {
      ...inputs,
      x: { type, data: Float64Array.from(flipped.flat()) },
    });
    for (const name of LSTM_WRT.filter((param) => param !== "x"))
      expect(backward[`grad.${name}`].data, name).toEqual(forward[`grad.${name}`].data);
  });
});

describe("what the backward pass keeps", () => {
  const residuals = (options: LstmOptions): readonly string[] => {
    const [forward] = gradient(lstmGraph(options), { of: "loss", wrt: LSTM_WRT }).nodes.filter(
      (node) => node.op === "scan",
    );
    const own = options.reads === "steps" ? 3 : 2;
    return forward.types.slice(own).map(formatType);
  };
  const stack = "f64[T,B,4]";

  test("of an LSTM: four gates, tanh of the cell state, and the cell state", () => {
    expect(residuals({ reads: "steps" })).toEqual([stack, stack, stack, stack, stack, stack]);
  });

  test("and the hidden state where it is not an output anyway", () => {
    expect(residuals({ reads: "final" })).toHaveLength(7);
  });

  test("of an Elman network: tanh alone, which one step later is the carry", () => {
    const g = buildGraph("elman");
    const x = g.param("x", f64("T", 4));
    const { final } = scan(
      g,
      { init: { h: g.param("h0", f64(4)) }, xs: { x } },
      (step, { carry: { h }, x: { x: row } }) => ({
        carry: { h: step.tanh(step.add(step.mul(h, g.param("u", f64(4))), row)) },
        y: {},
      }),
    );
    const graph = g.build({ loss: g.reduceSum(final.h, { axes: [0] }) });
    const differentiated = gradient(graph, { of: "loss", wrt: ["x", "h0", "u"] });
    const [forward] = differentiated.nodes.filter((node) => node.op === "scan");
    expect(forward.types.map(formatType)).toEqual(["f64[4]", "f64[T,4]"]);
    const vector = (dims: readonly number[], at: number): Tensor => ({
      type: f64(...dims),
      data: Float64Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(at + i)),
    });
    expectGradients(graph, { x: vector([3, 4], 1), h0: vector([4], 2), u: vector([4], 3) }, ["x", "h0", "u"]);
  });

  test("of a matrix state that both sides of a step read: where it is large, the state behind each step beside the one before it", () => {
    const forwardTypes = (size: number): readonly string[] => {
      const g = buildGraph("matrix");
      const { final } = scan(
        g,
        {
          init: { A: g.param("A0", f64(size, size)), h: g.param("h0", f64(size)) },
          xs: { k: g.param("k", f64("T", size)) },
        },
        (step, { carry: { A, h }, x: { k } }) => {
          const read = { contractX: [1], contractY: [0], batchX: [], batchY: [] };
          const kept = step.mul(A, step.broadcast(step.dotGeneral(A, k, read), { dims: [size, size], axes: [0] }));
          const next = step.add(kept, step.broadcast(k, { dims: [size, size], axes: [1] }));
          return { carry: { A: next, h: step.add(h, step.dotGeneral(next, k, read)) }, y: {} };
        },
      );
      const graph = g.build({ loss: g.reduceSum(final.h, { axes: [0] }) });
      const [forward] = gradient(graph, { of: "loss", wrt: ["A0", "k"] }).nodes.filter((node) => node.op === "scan");
      return forward.types.map(formatType);
    };
    const isOfMatrices = (type: string): boolean => /^f64\[T,(\d+),\1\]$/.test(type);
    expect(forwardTypes(4).filter(isOfMatrices)).toHaveLength(1);
    expect(forwardTypes(32).filter(isOfMatrices)).toHaveLength(2);
  });

  test("with checkpoints: only the carries, once per chunk", () => {
    expect(residuals({ reads: "steps", checkpoint: 8 })).toEqual(["f64[ceil(T/8),B,4]", "f64[ceil(T/8),B,4]"]);
    const root = "f64[ceil(T/ceilSqrt(T)),B,4]";
    expect(residuals({ reads: "steps", checkpoint: "sqrt" })).toEqual([root, root]);
  });

  test("cheap values are computed again, not kept", () => {
    const g = buildGraph("cheap");
    const x = g.param("x", f64("T", 4));
    const { y } = scan(
      g,
      { init: { h: g.param("h0", f64(4)) }, xs: { x } },
      (step, { carry: { h }, x: { x: row } }) => {
        const gate = step.sigmoid(step.add(h, row));
        const mixed = step.sub(step.mul(gate, h), step.mul(step.sub(1, gate), row));
        return { carry: { h: mixed }, y: { h: mixed } };
      },
    );
    const graph = g.build({ loss: g.reduceSum(g.mul(y.h, y.h), { axes: [0, 1] }) });
    const scans = gradient(graph, { of: "loss", wrt: ["x", "h0"] }).nodes.filter((node) => node.op === "scan");
    // The final carry, the stacked h, and the gate alone.
    expect(scans[0].types.map(formatType)).toEqual(["f64[4]", "f64[T,4]", "f64[T,4]"]);
  });
});

describe("loops within loops", () => {
  /** Every step runs an inner loop over the columns of its row, which carries the outer state along. */
  function nested(checkpoint: "none" | number): Graph {
    const g = buildGraph("nested");
    const x = g.param("x", f64("T", "K", "B"));
    const w = g.param("w", f64());
    const { final, y } = scan(
      g,
      {
        init: { h: g.param("h0", f64("B")), n: g.constant({ dtype: "i32", dims: [], data: [0] }) },
        xs: { x },
        checkpoint,
      },
      (outer, { carry: { h, n }, x: { x: row } }) => {
        const inner = scan(
          outer,
          { init: { s: h }, xs: { row }, checkpoint },
          (body, { carry: { s }, x: { row: column }, t }) => {
            const weight = body.mul(body.cast(body.add(t, 1), { dtype: "f64" }), w);
            const next = body.tanh(body.add(body.mul(weight, s), column));
            return { carry: { s: next }, y: { s: next } };
          },
        );
        return {
          carry: { h: inner.final.s, n: outer.add(n, 1) },
          y: { all: outer.reduceSum(inner.y.s, { axes: [0] }) },
        };
      },
    );
    const loss = g.add(g.reduceSum(g.mul(y.all, y.all), { axes: [0, 1] }), g.reduceSum(final.h, { axes: [0] }));
    return g.build({ loss, n: final.n });
  }
  const random = randomFrom("nested");
  const tensor = (...dims: readonly number[]): Tensor => ({
    type: f64(...dims),
    data: Float64Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, () => random() - 0.5),
  });
  const inputs = { x: tensor(5, 3, 2), w: tensor(), h0: tensor(2) };
  const wrt = ["x", "w", "h0"];

  test.each(["none", 2] as const)("gradient with checkpoint %s", (checkpoint) => {
    expectGradients(nested(checkpoint), inputs, wrt);
  });

  test("an integer carry passes by; its final value is an output", () => {
    expect(evaluate(gradient(nested("none"), { of: "loss", wrt }), inputs).n.data).toEqual(Float64Array.of(5));
  });

  test("second order", () => {
    const first = gradient(nested(2), { of: "loss", wrt });
    expect(outputTypes(first).map(formatType)).toContain("f64[T,K,B]");
    const { difference, derivative } = compareDirectional(
      first,
      { of: ["grad.w", "grad.x"], wrt },
      new Map(Object.entries(inputs)),
      { T: 5, K: 3, B: 2 },
      randomFrom("nested direction"),
    );
    expectClose(derivative, difference);
  });
});

describe("a carry that no gradient is asked of", () => {
  test("an accumulated sum that the loss does not read costs nothing backward", () => {
    const g = buildGraph("metric");
    const x = g.param("x", f64("T"));
    const { final } = scan(
      g,
      { init: { h: g.param("h0", f64()), sum: g.constant({ dtype: "f64", dims: [], data: [0] }) }, xs: { x } },
      (step, { carry: { h, sum }, x: { x: row } }) => {
        const next = step.sin(step.add(h, row));
        return { carry: { h: next, sum: step.add(sum, step.exp(next)) }, y: {} };
      },
    );
    const graph = gradient(g.build({ loss: final.h, metric: final.sum }), { of: "loss", wrt: ["x", "h0"] });
    const backward = graph.nodes.filter((node) => node.op === "scan")[1];
    expect(backward.attrs.carries).toBe(1);
    expect(backward.regions[0].nodes.map((node) => node.op)).not.toContain("exp");
  });

  test("steps beyond the end of a last chunk do not bring in numbers of their own", () => {
    const g = buildGraph("logarithm");
    const x = g.param("x", f64("T"));
    const { final } = scan(
      g,
      { init: { h: g.param("h0", f64()) }, xs: { x }, checkpoint: 4 },
      // At 0, with which padding might be filled, neither log nor its derivative is finite.
      (step, { carry: { h }, x: { x: row } }) => ({ carry: { h: step.add(step.mul(h, 0.5), step.log(row)) }, y: {} }),
    );
    const graph = g.build({ loss: final.h });
    expectGradients(
      graph,
      { x: { type: f64(5), data: Float64Array.of(1, 2, 3, 4, 5) }, h0: { type: f64(), data: Float64Array.of(2) } },
      ["x", "h0"],
    );
  });

  test("lengths of which all are zero give the gradient of the initial state alone", () => {
    const graph = lstmGraph({ reads: "final", outputs: "zero" });
    const results = gradientsOf(graph, { ...inputsOf(3, 2), lengths: { type: i32(2), data: new Float64Array(2) } });
    expect([...results["grad.c0"].data]).toEqual(new Array(8).fill(0.3));
    expect(results["grad.Uf"].data.every((value) => value === 0)).toBe(true);
  });
});

test("a body may read the lengths that also end its loop", () => {
  const g = buildGraph("both");
  const x = g.param("x", f64("T", "B"));
  const lengths = g.param("lengths", i32("B"));
  const { final } = scan(
    g,
    { init: { h: g.param("h0", f64("B")) }, xs: { x }, lengths, outputs: "zero" },
    (step, io) => ({
      carry: { h: step.add(step.mul(io.carry.h, step.cast(lengths, { dtype: "f64" })), io.x.x) },
      y: {},
    }),
  );
  expectGradients(
    g.build({ loss: g.reduceSum(final.h, { axes: [0] }) }),
    {
      x: { type: f64(3, 2), data: Float64Array.of(1, 2, 3, 4, 5, 6) },
      lengths: { type: i32(2), data: Float64Array.of(2, 3) },
      h0: { type: f64(2), data: Float64Array.of(1, -1) },
    },
    ["x", "h0"],
  );
});

test.each(["none", 1, 2] as const)(
  "of what only decides how long examples take part, the gradient is zero, with checkpoint %s",
  (checkpoint) => {
    const g = buildGraph("stops");
    const x = g.param("x", f64("B"));
    const { y } = scan(
      g,
      {
        init: { h: g.constant({ dtype: "f64", dims: ["B"], data: [1] }) },
        length: 5,
        lengths: g.cast(x, { dtype: "i32" }),
        outputs: "zero",
        checkpoint,
      },
      (step, { carry: { h } }) => ({ carry: { h: step.mul(h, 0.5) }, y: { h: step.sin(h) } }),
    );
    const graph = g.build({ loss: g.reduceSum(y.h, { axes: [0, 1] }) });
    const both = gradient(graph, { of: "loss", wrt: ["x"] });
    expect(verifyGraph(both)).toEqual([]);
    const results = evaluate(both, { x: { type: f64(3), data: Float64Array.of(1.5, 3, 6) } });
    expect([...results["grad.x"].data]).toEqual([0, 0, 0]);
    expect(results["loss"].data[0]).toBeGreaterThan(1);
  },
);
