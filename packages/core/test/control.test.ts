/** cond and while: what they compute, what flows back through them, what stops them, in both executors. */
import { describe, expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { pullback } from "../src/autodiff/pullback.js";
import type { LatchgradError } from "../src/errors/errors.js";
import { DifferentiationError, GraphError, RunError, ShapeError } from "../src/errors/errors.js";
import { buildGraph, type GraphBuilder } from "../src/graph/builder.js";
import { cond, whileLoop } from "../src/graph/control-builder.js";
import { matmul } from "../src/graph/derived.js";
import { evaluate } from "../src/graph/evaluate.js";
import { parseGraph } from "../src/graph/parse.js";
import { printGraph } from "../src/graph/print.js";
import { scan } from "../src/graph/scan-builder.js";
import { verifyGraph } from "../src/graph/verify.js";
import type { Graph } from "../src/ir/graph.js";
import { ops } from "../src/ops/index.js";
import type { Value } from "../src/ops/op.js";
import { compile } from "../src/runtime/compile.js";
import { toTensorData } from "../src/shape/tensor-data.js";
import { bool, f32, f64, i32 } from "../src/shape/tensor-type.js";
import type { Tensor } from "../src/shape/tensor.js";
import { compareDirectional } from "./directional.js";
import { graphInF32, tensorsInF32 } from "./in-f32.js";
import { randomFrom } from "./random.js";
import { randomTensor } from "./use.js";

const sumOf = (g: GraphBuilder, x: Value): Value => g.reduceSum(x, { axes: x.type.dims.map((_, axis) => axis) });
const truth = (value: boolean): Tensor => ({ type: bool(), data: Float64Array.of(Number(value)) });
const whole = (value: number): Tensor => ({ type: i32(), data: Float64Array.of(value) });

/** The branches keep other values for the way back: one exponentials of two types, the other one of them and a product. */
function branching(): Graph {
  const g = buildGraph("branching");
  const p = g.param("p", bool());
  const x = g.param("x", f64(2, 3));
  const W = g.param("W", f64(3, 3));
  const { y, s } = cond(g, p, {
    then: (b) => ({ y: b.mul(b.exp(x), b.sin(x)), s: sumOf(b, b.tanh(b.add(x, 1))) }),
    otherwise: (b) => {
      const product = b.dotGeneral(b.tanh(x), W, { contractX: [1], contractY: [0], batchX: [], batchY: [] });
      return { s: sumOf(b, b.exp(W)), y: b.mul(product, product) };
    },
  });
  return g.build({ y, s, loss: g.add(g.mul(s, s), sumOf(g, g.mul(y, y))) });
}

const branchPoint = (chosen: boolean): ReadonlyMap<string, Tensor> => {
  const random = randomFrom("branch point");
  return new Map([
    ["p", truth(chosen)],
    ["x", randomTensor(f64(2, 3), {}, random)],
    ["W", randomTensor(f64(3, 3), {}, random)],
  ]);
};

/** Outputs of compiled code and of the reference executor, of the graph in f32. */
async function bothOf(graph: Graph, inputs: ReadonlyMap<string, Tensor>) {
  const single = graphInF32(graph);
  const tensors = tensorsInF32(inputs);
  const executable = await compile(single, { executor: "compiled" });
  const data = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, toTensorData(tensor)]));
  const compiled = await executable.run(data);
  executable.dispose();
  return { compiled, reference: evaluate(single, tensors) };
}

async function expectAgreement(graph: Graph, inputs: ReadonlyMap<string, Tensor>): Promise<void> {
  const { compiled, reference } = await bothOf(graph, inputs);
  for (const [name, { data }] of Object.entries(reference))
    compiled[name].data.forEach((value, i) => {
      expect(Math.abs(value - data[i]), name).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(data[i])));
    });
}

describe("cond", () => {
  test.each([true, false])("gives what the branch for %s gives", (chosen) => {
    const inputs = Object.fromEntries(branchPoint(chosen));
    const { y, s } = evaluate(branching(), inputs);
    const { x, W } = inputs;
    if (chosen) {
      expect([...y.data]).toEqual([...x.data].map((value) => Math.exp(value) * Math.sin(value)));
    } else
      expect(s.data[0]).toBeCloseTo(
        W.data.reduce((sum, value) => sum + Math.exp(value), 0),
        12,
      );
  });

  test.each([true, false])("has the derivative of the branch taken, and that has its own: %s", (chosen) => {
    const random = randomFrom("cond");
    const graph = branching();
    const request = { of: ["y", "s"], wrt: ["x", "W"] };
    const first = compareDirectional(graph, request, branchPoint(chosen), {}, random);
    expect(first.derivative).toBeCloseTo(first.difference, 5);
    expect(verifyGraph(first.pulled)).toEqual([]);
    expect(parseGraph(printGraph(first.pulled))).toEqual(first.pulled);
    const again = { of: ["grad.x", "grad.W"], wrt: ["x", "W", "ct.y"] };
    const second = compareDirectional(first.pulled, again, first.point, {}, random);
    expect(second.derivative).toBeCloseTo(second.difference, 4);
  });

  test.each([true, false])("runs compiled as by the reference executor, with its gradient: %s", async (chosen) => {
    await expectAgreement(gradient(branching(), { of: "loss", wrt: ["x", "W"] }), branchPoint(chosen));
  });

  test("keeps what both branches save in the same places", () => {
    const graph = gradient(branching(), { of: "loss", wrt: ["x", "W"] });
    const [forward] = graph.nodes.filter((node) => node.op === "cond");
    const saved = forward.types.slice(2).map(({ dims }) => dims.join("x"));
    // One keeps exp, sin, cos and tanh of 2x3; the other a tanh and a product of 2x3, and one of 3x3.
    expect(saved.sort()).toEqual(["2x3", "2x3", "2x3", "2x3", "3x3"]);
  });

  /** A choice in every step, by the sign of a sum over the state. */
  function inLoop(): Graph {
    const g = buildGraph("in loop");
    const x = g.param("x", f64("T", 3));
    const h0 = g.param("h0", f64(3));
    const { final, y } = scan(g, { init: { h: h0 }, xs: { x } }, (step, { carry: { h }, x: { x: row } }) => {
      const { next } = cond(step, step.lt(sumOf(step, h), 0), {
        then: (b) => ({ next: b.tanh(b.add(h, row)) }),
        otherwise: (b) => ({ next: b.sub(b.sin(h), b.exp(row)) }),
      });
      return { carry: { h: next }, y: { h: next } };
    });
    return g.build({ h: y.h, loss: g.add(sumOf(g, final.h), sumOf(g, g.mul(y.h, y.h))) });
  }

  test("inside scan, with its gradient", async () => {
    const random = randomFrom("loop");
    const point = new Map([
      ["x", randomTensor(f64(6, 3), {}, random)],
      ["h0", randomTensor(f64(3), {}, random)],
    ]);
    const graph = inLoop();
    const found = compareDirectional(graph, { of: ["loss", "h"], wrt: ["x", "h0"] }, point, { T: 6 }, random);
    expect(found.derivative).toBeCloseTo(found.difference, 5);
    await expectAgreement(gradient(graph, { of: "loss", wrt: ["x", "h0"] }), point);
  });

  // Products and others read copies of some operands, which are made as far outside as the operands are.
  const readers: Readonly<Record<string, (b: GraphBuilder, x: Value) => Value>> = {
    "the left of a product": (b, x) => matmul(b, x, b.sin(x)),
    "the right of a product": (b, x) => matmul(b, b.sin(x), x),
    "both sides of a product": (b, x) => matmul(b, x, x),
    "a transposed factor": (b, x) => matmul(b, b.transpose(x, { order: [1, 0] }), x),
    "a reversed factor": (b, x) => matmul(b, x, b.reverse(x, { axes: [1] })),
    "reversed, in another shape": (b, x) => b.reshape(b.reverse(x, { axes: [0] }), { dims: [16] }),
    prefixes: (b, x) => b.cumsum(x, { axis: 1, reverse: false }),
    rows: (b, x) => b.gather(x, b.constant({ dtype: "i32", dims: [2], data: [3, 1] }), { axis: 0, batch: 0 }),
  };
  test.each(Object.keys(readers))(
    "results that their own branch reads again, as %s, are read when they are there",
    async (name) => {
      const read = readers[name];
      const build = (inLoop: boolean): Graph => {
        const g = buildGraph("read again");
        const p = g.param("p", bool());
        const x = g.param("x", f64(4, 4));
        const branches = (at: GraphBuilder, given: Value) =>
          cond(at, p, {
            then: (b) => ({ kept: b.tanh(given), read: sumOf(b, b.cos(read(b, b.tanh(given)))) }),
            otherwise: (b) => {
              const kept = b.exp(given);
              return { kept, read: sumOf(b, b.sin(read(b, kept))) };
            },
          });
        if (!inLoop) return g.build(branches(g, x));
        const { final, y } = scan(g, { init: { h: x }, xs: {}, length: 3 }, (step, { carry: { h } }) => {
          const { kept, read: seen } = branches(step, h);
          return { carry: { h: step.sin(kept) }, y: { seen } };
        });
        return g.build({ kept: final.h, read: y.seen });
      };
      const x = randomTensor(f64(4, 4), {}, randomFrom("read again"));
      for (const inLoop of [false, true])
        for (const chosen of [true, false])
          await expectAgreement(
            build(inLoop),
            new Map([
              ["p", truth(chosen)],
              ["x", x],
            ]),
          );
    },
  );

  test("runs only the branch that is chosen: an index out of range in the other stops nothing", async () => {
    const g = buildGraph("guarded");
    const p = g.param("p", bool());
    const at = g.param("at", i32());
    const table = g.param("table", f32(3));
    const { y } = cond(g, p, {
      then: (b) => ({ y: b.gather(table, at, { axis: 0, batch: 0 }) }),
      otherwise: (b) => ({ y: b.constant({ dtype: "f32", dims: [], data: [-1] }) }),
    });
    const graph = g.build({ y });
    const inputs = (chosen: boolean) => ({
      p: { dtype: "bool", dims: [], data: Uint8Array.of(Number(chosen)) } as const,
      at: { dtype: "i32", dims: [], data: Int32Array.of(7) } as const,
      table: { dtype: "f32", dims: [3], data: Float32Array.of(1, 2, 3) } as const,
    });
    for (const executor of ["compiled", "reference"] as const) {
      const executable = await compile(graph, { executor });
      expect([...(await executable.run(inputs(false))).y.data]).toEqual([-1]);
      await expect(executable.run(inputs(true))).rejects.toBeInstanceOf(RunError);
    }
  });

  test("that depends on what is asked for by its choice alone has the derivative zero, also inside scan", () => {
    const g = buildGraph("chosen");
    const x = g.param("x", f64());
    const y = g.param("y", f64());
    const { final } = scan(g, { init: { sum: g.mul(x, x) }, length: 3 }, (body, { carry }) => {
      const { z } = cond(body, body.lt(x, 1), { then: (b) => ({ z: b.sin(y) }), otherwise: (b) => ({ z: b.cos(y) }) });
      return { carry: { sum: body.add(carry.sum, z) }, y: {} };
    });
    const { z } = cond(g, g.lt(x, 1), { then: (b) => ({ z: b.sin(y) }), otherwise: () => ({ z: y }) });
    const loss = g.add(final.sum, z);
    const results = evaluate(gradient(g.build({ loss }), { of: "loss", wrt: ["x"] }), {
      x: { type: f64(), data: Float64Array.of(0.5) },
      y: { type: f64(), data: Float64Array.of(0.25) },
    });
    expect(results["grad.x"].data).toEqual(Float64Array.of(1));
    expect(results["loss"].data[0]).toBeCloseTo(0.25 + 4 * Math.sin(0.25), 14);
  });

  test("branches give the same names", () => {
    const g = buildGraph("names");
    const x = g.param("x", f32());
    const build = (): unknown => cond<string>(g, g.lt(x, 0), { then: () => ({ a: x }), otherwise: () => ({ b: x }) });
    expect(build).toThrow(GraphError);
  });
});

/** The integer square root of n by counting, and a vector that is squashed as often. */
function counting(limit = 1000): Graph {
  const g = buildGraph("counting");
  const n = g.param("n", i32());
  const x = g.param("x", f64(3));
  const scale = g.param("scale", f64());
  const { i, y } = whileLoop(
    g,
    { init: { i: g.constant({ dtype: "i32", dims: [], data: [0] }), y: x }, limit },
    {
      test: (b, { i }) => b.le(b.mul(b.add(i, 1), b.add(i, 1)), n),
      step: (b, carry) => ({ y: b.sin(b.mul(b.reverse(carry.y, { axes: [0] }), scale)), i: b.add(carry.i, 1) }),
    },
  );
  return g.build({ i, y });
}

describe("while", () => {
  const point = (n: number): ReadonlyMap<string, Tensor> =>
    new Map([
      ["n", whole(n)],
      ["x", { type: f64(3), data: Float64Array.of(0.5, 1, -2) }],
      ["scale", { type: f64(), data: Float64Array.of(1.5) }],
    ]);

  test.each([0, 1, 3, 4, 99, 100])("stops when the condition is false: %d", async (n) => {
    const { compiled, reference } = await bothOf(counting(), point(n));
    expect(reference.i.data[0]).toBe(Math.floor(Math.sqrt(n)));
    expect(compiled.i.data[0]).toBe(Math.floor(Math.sqrt(n)));
    await expectAgreement(counting(), point(n));
  });

  test.each([1, 5])("stops the run after its limit of %d steps, and not before", async (limit) => {
    const graph = graphInF32(counting(limit));
    for (const executor of ["compiled", "reference"] as const) {
      const executable = await compile(graph, { executor });
      const run = async (n: number): Promise<number> => {
        const tensors = Object.entries(tensorsInF32(point(n)));
        const data = Object.fromEntries(tensors.map(([name, tensor]) => [name, toTensorData(tensor)]));
        return (await executable.run(data)).i.data[0];
      };
      expect(await run(limit * limit)).toBe(limit);
      const failure = await run((limit + 1) ** 2).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(RunError);
      const [issue] = (failure as RunError).issues;
      expect([issue.code, issue.expected]).toEqual(["while.limit", `at most ${limit}`]);
      expect((failure as RunError).message).toContain("in graph counting");
      expect(await run(0)).toBe(0);
    }
  });

  test("inside scan and cond, with carries that change places", async () => {
    const g = buildGraph("nested");
    const x = g.param("x", f64(4, 2));
    const start = g.param("start", f64(2));
    const { final } = scan(
      g,
      { init: { a: start, b: g.neg(start) }, xs: { x } },
      (step, { carry, x: { x: row }, t }) => {
        const swapped = whileLoop(
          step,
          { init: { ...carry, i: t }, limit: 10 },
          {
            test: (b, { i }) => b.lt(i, 3),
            step: (b, { a, b: other, i }) => ({ a: other, b: b.add(a, row), i: b.add(i, 1) }),
          },
        );
        const { a, b } = cond(step, step.lt(t, 2), {
          then: () => ({ a: swapped.a, b: swapped.b }),
          otherwise: (other) => ({ a: swapped.b, b: other.mul(swapped.a, 0.5) }),
        });
        return { carry: { a, b }, y: {} };
      },
    );
    const random = randomFrom("nested");
    await expectAgreement(
      g.build(final),
      new Map([
        ["x", randomTensor(f64(4, 2), {}, random)],
        ["start", randomTensor(f64(2), {}, random)],
      ]),
    );
  });

  test("has no reverse derivative, and says what has one", () => {
    for (const wrt of ["x", "scale"]) {
      const differentiate = (): Graph => pullback(counting(), { of: ["y"], wrt: [wrt] });
      expect(differentiate).toThrow(DifferentiationError);
      try {
        differentiate();
      } catch (error) {
        const [issue] = (error as LatchgradError).issues;
        expect(issue.code).toBe("gradient.no-derivative");
        expect(issue.hint).toContain("scan");
      }
    }
  });

  test("a gradient around it, and one that only decides how often it runs, are fine", () => {
    const g = buildGraph("beside");
    const x = g.param("x", f64());
    const { y } = whileLoop(
      g,
      { init: { y: g.constant({ dtype: "f64", dims: [], data: [1] }) }, limit: 100 },
      { test: (b, carry) => b.lt(carry.y, x), step: (b, carry) => ({ y: b.mul(carry.y, 2) }) },
    );
    const stopped = whileLoop(
      g,
      { init: { z: x }, limit: 100 },
      {
        test: (b, { z }) => b.lt(z, 10),
        step: (b, { z }) => ({ z: b.add(z, 1) }),
      },
    );
    const loss = g.add(g.mul(y, g.mul(x, x)), g.stopGradient(stopped.z));
    const found = evaluate(gradient(g.build({ loss }), { of: "loss", wrt: ["x"] }), {
      x: { type: f64(), data: Float64Array.of(3) },
    });
    // The smallest power of two that is at least 3 is 4: d(4·x²) = 8·x.
    expect(found["grad.x"].data[0]).toBe(24);
  });
});

describe("what they need", () => {
  const region = (
    name: string,
    inputs: Readonly<Record<string, ReturnType<typeof f32>>>,
    build: (g: GraphBuilder, params: readonly Value[]) => readonly Value[],
  ): Graph => {
    const g = buildGraph(name);
    const params = Object.entries(inputs).map(([key, type]) => g.param(key, type));
    return g.build(Object.fromEntries(build(g, params).map((value, i) => [`r${i}`, value])));
  };
  const same = region("same", { x: f32(2) }, (_, [x]) => [x]);
  const twice = region("twice", { x: f32(2) }, (_, [x]) => [x, x]);
  const none = region("none", { x: f32(2) }, () => []);
  const scalarOne = region("scalar", { x: f32() }, (_, [x]) => [x]);
  const sum = region("sum", { x: f32(2) }, (g, [x]) => [sumOf(g, x)]);
  const below = region("below", { x: f32(2) }, (g, [x]) => [g.lt(sumOf(g, x), 1)]);
  const mask = region("mask", { x: f32(2) }, (g, [x]) => [g.lt(x, 1)]);

  const condUses: readonly (readonly [string, readonly Graph[], "p" | "m"])[] = [
    ["C1", [same], "p"],
    ["C2", [same, same], "m"],
    ["C3", [same, scalarOne], "p"],
    ["C4", [same, sum], "p"],
    ["C4", [same, twice], "p"],
    ["C4", [none, none], "p"],
  ];
  test.each(condUses)("cond, %s", (label, regions, predicate) => {
    const g = buildGraph("bad");
    const inputs = { p: g.param("p", bool()), m: g.param("m", bool(2)) };
    const x = g.param("x", f32(2));
    const use = (): unknown => g.node({ op: ops.cond, inputs: [inputs[predicate], x], regions });
    expect(use).toThrow(ShapeError);
    expect(use).toThrow(`cond.${label}`);
  });

  const whileUses: readonly (readonly [
    string,
    readonly Graph[],
    { readonly consts: number; readonly limit: number },
  ])[] = [
    ["C1", [below], { consts: 0, limit: 1 }],
    ["C2", [below, same], { consts: 1, limit: 1 }],
    ["C2", [below, same], { consts: -1, limit: 1 }],
    ["C3", [below, scalarOne], { consts: 0, limit: 1 }],
    ["C4", [mask, same], { consts: 0, limit: 1 }],
    ["C5", [below, sum], { consts: 0, limit: 1 }],
    ["C6", [below, same], { consts: 0, limit: 0 }],
    ["C6", [below, same], { consts: 0, limit: 2 ** 31 }],
  ];
  test.each(whileUses)("while, %s", (label, regions, attrs) => {
    const g = buildGraph("bad");
    const x = g.param("x", f32(2));
    const use = (): unknown => g.node({ op: ops.while, inputs: [x], attrs, regions });
    expect(use).toThrow(ShapeError);
    expect(use).toThrow(`while.${label}`);
  });
});

test("structures say how they run", () => {
  expect(ops.cond.structure(2, {})).toEqual({ kind: "branch" });
  expect(ops.while.structure(3, { consts: 1, limit: 9 })).toEqual({ kind: "while", consts: 1, limit: 9 });
});
