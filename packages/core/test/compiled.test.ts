/** The compiled executor against the reference executor: every op, loops with every option, random graphs and their gradients. */
import { describe, expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { RunError } from "../src/errors/errors.js";
import { bindGraph } from "../src/graph/bind.js";
import { buildGraph } from "../src/graph/builder.js";
import { evaluate } from "../src/graph/evaluate.js";
import type { Graph } from "../src/ir/graph.js";
import { compile } from "../src/runtime/compile.js";
import { bool, f32, i32 } from "../src/shape/tensor-type.js";
import { bindingsOf, every, pointOf } from "./case-inputs.js";
import { expectAgreement, runCompiled } from "./compiled-agreement.js";
import { programOf, stepsOf } from "./compiled-program.js";
import { graphInF32, tensorsInF32 } from "./in-f32.js";
import { randomGraph } from "./random-graphs.js";
import { seeds } from "./seeds.js";
import { graphOf, parseUse } from "./use.js";
import { LSTM_WRT, lstmGraph, lstmPoint, type LstmOptions } from "./recurrent.js";

describe.each(["steps", "final"] as const)("an LSTM and its gradient, reading %s", (reads) => {
  const options: readonly Omit<LstmOptions, "reads">[] = [
    {},
    { reverse: true },
    { checkpoint: 4 },
    { checkpoint: "sqrt", reverse: true },
    { outputs: "zero" },
    { outputs: "hold", reverse: true },
    { outputs: "hold", checkpoint: 3 },
    { truncate: { k1: 2, k2: 2 } },
    { truncate: { k1: 2, k2: 5 }, checkpoint: 4 },
  ];
  test.each(options)("with %o", async (option) => {
    for (const [steps, batch] of [
      [1, 1],
      [7, 5],
    ]) {
      const lengths = option.outputs === undefined ? undefined : Array.from({ length: batch }, (_, b) => (b * 3) % 8);
      const point = tensorsInF32(lstmPoint(steps, batch, lengths));
      const graph = graphInF32(gradient(lstmGraph({ reads, ...option }), { of: "loss", wrt: LSTM_WRT }));
      // The loss adds up numbers of both signs, of about 0.1 each.
      expectAgreement(await runCompiled(graph, point), evaluate(graph, point), 3e-6, 0.1);
    }
  });
});

describe("every op", () => {
  for (const { name, valid } of every)
    for (const each of valid)
      for (const bindings of bindingsOf(each))
        test(`${name}: ${each.use} ${JSON.stringify(bindings)}`, async () => {
          const graph = graphInF32(bindGraph(graphOf(parseUse(each.use)), bindings));
          const inputs = tensorsInF32(pointOf(each, bindings));
          expectAgreement(await runCompiled(graph, inputs), evaluate(graph, inputs), 4e-6);
        });
});

describe("products of many rows, which are made in blocks", () => {
  // Below, at and above the rows of a block, with tails in every direction, both operands in both orders.
  const sizes = [
    [96, 8, 8],
    [97, 5, 9],
    [203, 70, 29],
    [300, 301, 3],
  ];
  const uses = sizes.flatMap(([m, k, n]) => [
    `dotGeneral(f32[${m},${k}], f32[${k},${n}]) {contractX=[1], contractY=[0], batchX=[], batchY=[]}`,
    `dotGeneral(f32[${k},${m}], f32[${n},${k}]) {contractX=[0], contractY=[1], batchX=[], batchY=[]}`,
  ]);
  test.each(uses)("%s", async (use) => {
    const graph = graphOf(parseUse(use));
    const inputs = tensorsInF32(pointOf({ use }, {}));
    for (const precision of ["fast", "reproducible"] as const)
      expectAgreement(await runCompiled(graph, inputs, { precision }), evaluate(graph, inputs), 1e-5, 1e-5);
  });
});

test("what is computed on the way of a sum has the bits of what is stored first", async () => {
  for (const [dims, axes] of [
    [
      [5, 7, 33],
      [0, 1, 2],
    ],
    [[5, 7, 33], [1]],
    [[64, 9], [0]],
    [[3, 130], [1]],
    [
      [1, 1, 4],
      [0, 2],
    ],
  ] as const) {
    const build = (isStored: boolean): Graph => {
      const g = buildGraph("error");
      const [x, y] = [g.param("x", f32(...dims)), g.param("y", f32(...dims.toReversed()))];
      const turned = g.transpose(y, { order: dims.map((__, axis) => dims.length - 1 - axis) });
      const error = g.sub(x, turned);
      const square = g.mul(error, error);
      const weighed = g.mul(g.add(square, 0.5), g.neg(x));
      const most = g.reduceMax(g.mul(g.sub(x, 1), turned), { axes: [...axes] });
      const sum = g.reduceSum(weighed, { axes: [...axes] });
      return g.build({ sum, most, ...(isStored ? { error, square, weighed } : {}) });
    };
    const inputs = pointOf({ use: `add(f32[${dims.join()}], f32[${dims.join()}])` }, {});
    const [x, y] = Object.values(tensorsInF32(inputs));
    const turned = { ...y, type: f32(...dims.toReversed()) };
    for (const precision of ["fast", "reproducible"] as const) {
      const [stored, computed] = [true, false].map(async (isStored) =>
        runCompiled(build(isStored), { x, y: turned }, { precision }),
      );
      expect(await stored).toMatchObject(await computed);
    }
  }
});

describe("what the outside may give", () => {
  test("bool inputs and bool state, one byte each outside", async () => {
    const g = buildGraph("masks");
    const mask = g.param("mask", bool(5));
    const held = g.param("held", bool(5));
    const x = g.param("x", f32(5));
    const graph = g.build({ chosen: g.select(mask, x, g.neg(x)), next: g.and(mask, held), seen: held }, [
      { param: "held", next: "next" },
    ]);
    const bytes = (...data: readonly number[]) => ({ dtype: "bool", dims: [5], data: Uint8Array.from(data) }) as const;
    const executable = await compile(graph, { state: { held: bytes(1, 1, 0, 0, 1) } });
    const x5 = { dtype: "f32", dims: [5], data: Float32Array.of(1, 2, 3, 4, 5) } as const;
    const { chosen, seen } = await executable.run({ mask: bytes(1, 0, 1, 0, 1), x: x5 });
    expect([...chosen.data]).toEqual([1, -2, 3, -4, 5]);
    expect(seen).toEqual(bytes(1, 1, 0, 0, 1));
    expect(await executable.readState()).toEqual({ held: bytes(1, 0, 0, 0, 1) });
  });

  test("long chains of elementwise ops, and large constants", async () => {
    const g = buildGraph("long");
    let value = g.param("x", f32(4));
    for (let i = 0; i < 600; i++) value = g.mul(g.sin(value), 1.001);
    const table = g.constant({ dtype: "f32", dims: [50_000], data: Array.from({ length: 50_000 }, (_, i) => i % 7) });
    const graph = g.build({ value, sum: g.reduceSum(table, { axes: [0] }) });
    const inputs = { x: { type: f32(4), data: Float64Array.of(0.5, -1, 1, 1.5) } };
    expectAgreement(await runCompiled(graph, inputs), evaluate(graph, inputs), 1e-4);
  });

  test("disposing while the first run is being compiled ends that run with an error of ours", async () => {
    const g = buildGraph("disposed");
    const executable = await compile(g.build({ y: g.neg(g.param("x", f32())) }));
    const running = executable.run({ x: { dtype: "f32", dims: [], data: Float32Array.of(1) } });
    executable.dispose();
    await expect(running).rejects.toBeInstanceOf(RunError);
  });
});

describe("random graphs", () => {
  test.each(seeds(40))("%i and its gradient", async (seed) => {
    const random = randomGraph(seed, { smooth: true });
    const inputs = tensorsInF32(Object.entries(random.inputs));
    for (const whole of [random.graph, gradient(random.graph, { of: "loss", wrt: random.wrt })]) {
      const graph = graphInF32(whole);
      expectAgreement(await runCompiled(graph, inputs), evaluate(graph, inputs), 2e-4);
    }
  });
});

describe("state", () => {
  test("two parameters that exchange their values", async () => {
    const g = buildGraph("exchange");
    const a = g.param("a", f32(3));
    const b = g.param("b", f32(3));
    const graph = g.build({ "next a": b, "next b": a }, [
      { param: "a", next: "next a" },
      { param: "b", next: "next b" },
    ]);
    const vector = (...data: readonly number[]) =>
      ({ dtype: "f32", dims: [3], data: Float32Array.from(data) }) as const;
    const executable = await compile(graph, { state: { a: vector(1, 2, 3), b: vector(4, 5, 6) } });
    await executable.run({});
    expect(await executable.readState()).toEqual({ a: vector(4, 5, 6), b: vector(1, 2, 3) });
  });

  test("that is its own next state is neither moved nor lost", async () => {
    const g = buildGraph("frozen");
    const weight = g.param("weight", f32(3));
    g.param("copy", f32(3));
    const sum = g.param("sum", f32(3));
    const graph = g.build({ same: weight, next: g.add(sum, weight), seen: weight }, [
      { param: "weight", next: "same" },
      { param: "copy", next: "same" },
      { param: "sum", next: "next" },
    ]);
    const vector = (...data: readonly number[]) =>
      ({ dtype: "f32", dims: [3], data: Float32Array.from(data) }) as const;
    const state = { weight: vector(1, 2, 3), copy: vector(0, 0, 0), sum: vector(4, 5, 6) };
    const executable = await compile(graph, { state });
    const { seen } = await executable.run({});
    expect(seen).toEqual(vector(1, 2, 3));
    seen.data.fill(7);
    await executable.run({});
    expect(await executable.readState()).toEqual({ ...state, copy: vector(1, 2, 3), sum: vector(6, 9, 12) });
    // The sum, what is seen, and both next states: the weight itself is in no step's way.
    const { main, inputs } = programOf(graph, {}, "reproducible");
    const written = stepsOf(main).flatMap((step) => (step.kind === "call" ? step.args.slice(-1) : []));
    expect(written).toHaveLength(4);
    expect(written.map(({ buffer }) => buffer)).not.toContain(inputs[0].buffer);
  });

  test("stays as it was when an index is out of range, and the error is that of the reference executor", async () => {
    const g = buildGraph("lookup");
    const count = g.param("count", f32());
    const table = g.param("table", f32(3, 2));
    const ids = g.param("ids", i32("B"));
    const rows = g.at("/layers/0", () => g.gather(table, ids, { axis: 0, batch: 0 }));
    const graph = g.build({ rows, next: g.add(count, 1) }, [{ param: "count", next: "next" }]);
    const scalar = { dtype: "f32", dims: [], data: Float32Array.of(4) } as const;
    const inputs = {
      table: { dtype: "f32", dims: [3, 2], data: new Float32Array(6) },
      ids: { dtype: "i32", dims: [2], data: Int32Array.of(1, 7) },
    } as const;
    for (const executor of ["compiled", "reference"] as const) {
      const executable = await compile(graph, { executor, state: { count: scalar } });
      const failure = await executable.run(inputs).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(RunError);
      if (!(failure instanceof RunError)) return;
      expect(failure.issues[0].code).toBe("gather.index");
      expect(failure.message).toContain("/layers/0");
      expect(failure.message).toContain("7");
      expect(await executable.readState()).toEqual({ count: scalar });
    }
  });
});
