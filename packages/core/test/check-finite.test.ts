/** checkFinite: it names the node, step, row and direction of planted faults, stops before state advances, and costs nothing when it is off. */
import { describe, expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { lower } from "../src/codegen/lower.js";
import { writeModule } from "../src/codegen/module.js";
import { planMemory } from "../src/codegen/plan-memory.js";
import { CompileError, NonFiniteError } from "../src/errors/errors.js";
import type { NonFinite } from "../src/errors/non-finite.js";
import { bindGraph } from "../src/graph/bind.js";
import { buildGraph } from "../src/graph/builder.js";
import { cond, whileLoop } from "../src/graph/control-builder.js";
import { matmul } from "../src/graph/derived.js";
import { expandRegions } from "../src/graph/expand.js";
import { scan } from "../src/graph/scan-builder.js";
import type { Graph } from "../src/ir/graph.js";
import { loopPasses } from "../src/passes/index.js";
import { runPasses } from "../src/passes/pass.js";
import { compile, type CompileOptions } from "../src/runtime/compile.js";
import type { TensorsByName } from "../src/runtime/executable.js";
import { toTensorData, type TensorData } from "../src/shape/tensor-data.js";
import { f32, i32 } from "../src/shape/tensor-type.js";
import { graphInF32, tensorsInF32 } from "./in-f32.js";
import { randomFrom } from "./random.js";
import { LSTM_WRT, lstmGraph, lstmPoint } from "./recurrent.js";

const EXECUTORS = ["compiled", "reference"] as const;

const tensor = (dims: readonly number[], ...data: readonly number[]): TensorData => ({
  dtype: "f32",
  dims,
  data: Float32Array.from(data),
});

/** The error of a run that has to fail. */
async function failure(graph: Graph, inputs: TensorsByName, options: CompileOptions = {}): Promise<NonFiniteError> {
  const executable = await compile(graph, { checkFinite: true, ...options });
  const error = await executable.run(inputs).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(NonFiniteError);
  return error as NonFiniteError;
}

const found = async (...run: Parameters<typeof failure>): Promise<NonFinite> => (await failure(...run)).found;

/** h' = tanh(h + a), a = exp(x_t) * w, over steps and rows; its gradient with respect to w. Overflows where x_t is large. */
function cell(options: { readonly checkpoint?: number; readonly reverse?: boolean } = {}): Graph {
  const g = buildGraph("cell");
  const x = g.param("x", f32("T", "B", 2));
  const w = g.param("w", f32(2));
  const h0 = g.param("h0", f32("B", 2));
  const { y } = scan(g, { init: { h: h0 }, xs: { x }, ...options }, (step, { carry: { h }, x: { x: row } }) => {
    const grown = step.at("/cells/0/equations/3:5-20", () => step.named("grown", step.exp(row)));
    const next = step.named(
      "next",
      step.tanh(step.add(h, step.mul(grown, step.broadcast(w, { dims: ["B", 2], axes: [1] })))),
    );
    return { carry: { h: next }, y: { h: next, grown } };
  });
  const loss = g.reduceSum(g.mul(y.h, y.grown), { axes: [0, 1, 2] });
  return g.build({ loss });
}

const cellInputs = (): Record<string, TensorData> => {
  const random = randomFrom("cell");
  const data = (dims: readonly number[]): TensorData =>
    tensor(dims, ...Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random() - 0.5));
  return { x: data([6, 4, 2]), w: data([2]), h0: data([4, 2]) };
};

describe.each(EXECUTORS)("by the %s executor", (executor) => {
  test("an overflow in a loop is named with step, row, origin and operands, and is forward", async () => {
    const inputs = cellInputs();
    // The reference executor computes in f64, which overflows later.
    inputs["x"].data[(4 * 4 + 3) * 2 + 1] = 1000;
    inputs["x"].data[(5 * 4 + 0) * 2 + 0] = 2000;
    const error = await failure(gradient(cell(), { of: "loss", wrt: ["w"] }), inputs, { executor });
    expect(error.found).toMatchObject({
      value: Infinity,
      output: "loss",
      name: "grown",
      op: "exp",
      origin: "/cells/0/equations/3:5-20",
      type: "f32[B,2]",
      index: [3, 1],
      steps: [{ loop: "h_final", step: 4 }],
      pass: "forward",
    });
    expect(error.found.operands).toHaveLength(1);
    expect(error.found.operands[0]).toMatchObject({ name: "x", type: "f32[4,2]", notFinite: 0, value: 1000 });
    expect(error.found.operands[0].range?.[1]).toBe(1000);
    for (const fact of [
      "%grown = exp(%x)",
      "/cells/0/equations/3:5-20",
      "[3,1]",
      "step 4 of %h_final",
      "loss",
      "forward",
    ])
      expect(error.message).toContain(fact);
  });

  test("a derivative that is not finite while the values are is backward", async () => {
    const g = buildGraph("root");
    const x = g.param("x", f32("B"));
    const loss = g.reduceSum(
      g.at("/layers/7", () => g.sqrt(x)),
      { axes: [0] },
    );
    const graph = gradient(g.build({ loss }), { of: "loss", wrt: ["x"] });
    const where = await found(graph, { x: tensor([3], 4, 0, 1) }, { executor });
    expect(where).toMatchObject({ output: "grad.x", index: [1], origin: "/layers/7", pass: "backward", steps: [] });
  });

  test.each([undefined, 3, 2])(
    "in the way back of a loop the step is that of the loop, which goes backward, with checkpoint %s",
    async (checkpoint) => {
      const g = buildGraph("roots");
      const x = g.param("x", f32("T", "B"));
      const s0 = g.param("s0", f32("B"));
      const loop = { init: { s: s0 }, xs: { x }, ...(checkpoint === undefined ? {} : { checkpoint }) };
      const { final } = scan(g, loop, (step, { carry: { s }, x: { x: row } }) => ({
        carry: {
          s: step.add(
            s,
            step.at("/root", () => step.sqrt(row)),
          ),
        },
        y: {},
      }));
      const graph = gradient(g.build({ loss: g.reduceSum(final.s, { axes: [0] }) }), { of: "loss", wrt: ["x"] });
      const inputs = { x: tensor([4, 2], 1, 2, 3, 0, 5, 6, 0, 8), s0: tensor([2], 0, 0) };
      expect(await found(graph, inputs, { executor })).toMatchObject({
        output: "grad.x",
        pass: "backward",
        origin: "/root",
        index: [0],
        steps: [{ step: 3 }],
      });
    },
  );

  // Chunks of two steps, of three, of two of which the last reaches beyond the end, and of one.
  test.each([1, 2, 3, 5, 6].flatMap((checkpoint) => [false, true].map((reverse) => ({ checkpoint, reverse }))))(
    "with checkpoints the step is that of the loop as it was written: %o",
    async (options) => {
      const length = options.checkpoint === 2 ? 5 : 6;
      const graph = gradient(cell(options), { of: "loss", wrt: ["w"] });
      for (const step of [0, 3, length - 1]) {
        const { x, ...inputs } = cellInputs();
        x.data[(step * 4 + 3) * 2 + 1] = 1000;
        const cut = { dtype: "f32", dims: [length, 4, 2], data: x.data.slice(0, length * 8) } as const;
        const error = await failure(graph, { ...inputs, x: cut }, { executor });
        expect(error.found).toMatchObject({
          name: "grown",
          index: [3, 1],
          steps: [{ loop: "h_final", step }],
          pass: "forward",
        });
        expect(error.message).toContain(`, in step ${step} of %h_final, in the forward pass`);
      }
    },
  );

  test("NaN that was given is named as the input that it is", async () => {
    const inputs = cellInputs();
    inputs["x"].data[13] = NaN;
    const error = await failure(cell(), inputs, { executor });
    expect(error.found).toMatchObject({ name: "x", value: NaN, index: [1, 2, 1], type: "f32[T,B,2]", steps: [] });
    expect(error.found.op).toBeUndefined();
    expect(error.issues[0].at).toEqual({ kind: "value", name: "input x" });
  });

  test("infinite numbers that are meant, as in a mask, are not the fault", async () => {
    const g = buildGraph("masked");
    const scores = g.param("scores", f32("B", 3));
    const mask = g.param("mask", f32("B", 3));
    const masked = g.add(scores, mask);
    const top = g.broadcast(g.reduceMax(masked, { axes: [1] }), { dims: ["B", 3], axes: [0] });
    const shifted = g.named("shifted", g.sub(masked, top));
    const graph = g.build({ weights: g.exp(shifted) });
    const none = -Infinity;
    const given = { scores: tensor([2, 3], 1, 2, 3, 4, 5, 6), mask: tensor([2, 3], 0, none, 0, none, none, none) };
    const error = await failure(graph, given, { executor });
    expect(error.found).toMatchObject({ value: NaN, name: "shifted", op: "sub", index: [1, 0] });
    expect(error.found.operands.map(({ value }) => value)).toEqual([none, none]);
    expect(error.issues[0].hint).toContain("mask at [0,1]");
    given.mask.data.set([0, 0, 0]);
    given.mask.data.set([0, none, 0], 3);
    const executable = await compile(graph, { executor, checkFinite: true });
    expect((await executable.run(given)).weights.data[4]).toBe(0);
  });

  test("an infinite constant is named when nothing else can be", async () => {
    const g = buildGraph("written");
    const x = g.param("x", f32("B"));
    const huge = g.at("/rate", () => g.named("huge", g.constant({ dtype: "f32", dims: [], data: [Infinity] })));
    const graph = g.build({ y: g.mul(x, g.broadcast(huge, { dims: ["B"], axes: [] })) });
    const where = await found(graph, { x: tensor([2], 1, 2) }, { executor, without: ["fold", "simplify"] });
    expect(where).toMatchObject({ name: "huge", op: "constant", origin: "/rate", value: Infinity, index: [] });
    // Zero times infinity is NaN by the product itself.
    expect(await found(graph, { x: tensor([2], 0, 2) }, { executor })).toMatchObject({
      op: "mul",
      value: NaN,
      index: [0],
    });
  });

  test("a birth that a select throws away is not the fault, even when it comes first", async () => {
    const g = buildGraph("selected");
    const x = g.param("x", f32("B"));
    const zero = g.broadcast(g.constant({ dtype: "f32", dims: [], data: [0] }), { dims: ["B"], axes: [] });
    const harmless = g.select(g.lt(zero, x), g.log(x), zero);
    const graph = g.build({ y: g.add(harmless, g.named("culprit", g.exp(g.mul(x, x)))) });
    expect(await found(graph, { x: tensor([3], 0, 2, 40) }, { executor })).toMatchObject({
      name: "culprit",
      index: [2],
    });
  });

  test("nested loops, branches and while loops give their steps and lead back", async () => {
    const g = buildGraph("nest");
    const x = g.param("x", f32());
    const { final } = scan(g, { length: 5, init: { a: x } }, (outer, { carry: { a } }) => {
      const inner = scan(outer, { length: 4, init: { b: a } }, (step, { carry: { b }, t }) => {
        const big = step.eq(t, 2);
        const { value } = cond(step, big, {
          then: (then) => ({ value: then.named("burst", then.mul(b, b)) }),
          otherwise: () => ({ value: b }),
        });
        return { carry: { b: value }, y: {} };
      });
      const { c } = whileLoop(
        outer,
        { init: { c: inner.final.b, n: outer.constant({ dtype: "i32", dims: [], data: [0] }) }, limit: 9 },
        {
          test: (body, { n }) => body.lt(n, 2),
          step: (body, { c: held, n }) => ({ c: body.neg(held), n: body.add(n, 1) }),
        },
      );
      return { carry: { a: c }, y: {} };
    });
    const graph = g.build({ y: final.a });
    // Squared once per step of the outer loop: beyond f32 in its second, beyond f64 in its fifth.
    const step = executor === "compiled" ? 1 : 4;
    expect(await found(graph, { x: tensor([], 1e15) }, { executor })).toMatchObject({
      name: "burst",
      steps: [
        { loop: "a_final", step },
        { loop: "b_final", step: 2 },
      ],
    });
  });

  test("what is born in a while loop has the number of steps before it", async () => {
    const g = buildGraph("growing");
    const { c } = whileLoop(
      g,
      { init: { c: g.param("x", f32("B")), n: g.constant({ dtype: "i32", dims: [], data: [0] }) }, limit: 9 },
      {
        test: (body, { n }) => body.lt(n, 8),
        step: (body, { c: held, n }) => ({ c: body.mul(held, held), n: body.add(n, 1) }),
      },
    );
    // 10, 100, 1e4, ...: 2 to the n-th power of tens after n steps.
    const [base, step] = executor === "compiled" ? [10, 5] : [100, 7];
    expect(await found(g.build({ c }), { x: tensor([2], 1, base) }, { executor })).toMatchObject({
      op: "mul",
      index: [1],
      steps: [{ loop: "c_final", step }],
    });
  });

  test("state stays as it was, the next good run is as if the bad one had not been, and inputs are not changed", async () => {
    const g = buildGraph("counter");
    const s = g.param("s", f32(2));
    const x = g.param("x", f32(2));
    const graph = g.build({ next: g.add(s, g.exp(x)), y: g.mul(s, 2) }, [{ param: "s", next: "next" }]);
    const state = { s: tensor([2], 1, 2) };
    const executable = await compile(graph, { executor, state, checkFinite: true });
    const bad = { x: tensor([2], 0, 1000) };
    await expect(executable.run(bad)).rejects.toMatchObject({ found: { output: "next", op: "exp", index: [1] } });
    expect(await executable.readState()).toEqual(state);
    expect(bad.x).toEqual(tensor([2], 0, 1000));
    await executable.run({ x: tensor([2], 0, 0) });
    expect((await executable.readState()).s).toEqual(tensor([2], 2, 3));
    // Without the check the state is lost.
    const unchecked = await compile(graph, { executor, state });
    await unchecked.run(bad);
    expect((await unchecked.readState()).s.data[1]).toBe(Infinity);
  });

  test("only the outputs that are named are asked", async () => {
    const g = buildGraph("two");
    const x = g.param("x", f32(1));
    const graph = g.build({ a: g.log(x), b: g.neg(x) });
    const zero = { x: tensor([1], 0) };
    expect((await (await compile(graph, { executor, checkFinite: ["b"] })).run(zero)).a.data[0]).toBe(-Infinity);
    expect(await found(graph, zero, { executor, checkFinite: ["a"] })).toMatchObject({ name: "log", value: -Infinity });
    await expect(compile(graph, { executor, checkFinite: ["c"] })).rejects.toBeInstanceOf(CompileError);
  });
});

/** Sizes around what one turn of the check's loop covers. */
test.each([1, 3, 4, 15, 16, 17, 31, 32, 64, 67])("every element of %i is looked at", async (count) => {
  const g = buildGraph("all");
  const graph = g.build({ y: g.neg(g.param("x", f32("N"))) });
  const executable = await compile(graph, { checkFinite: true });
  const good: readonly number[] = Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 3.4e38 : -3.4e38));
  expect((await executable.run({ x: tensor([count], ...good) })).y.data).toHaveLength(count);
  for (let i = 0; i < count; i++)
    for (const value of [NaN, Infinity, -Infinity])
      await expect(
        executable.run({ x: tensor([count], ...good.map((each, at) => (at === i ? value : each))) }),
      ).rejects.toMatchObject({
        found: { name: "x", index: [i], value },
      });
});

test("what ints and masks hold is not asked", async () => {
  const g = buildGraph("ints");
  const n = g.param("n", i32(4));
  const graph = g.build({ n: g.add(n, 1), small: g.lt(n, 3) });
  const executable = await compile(graph, { checkFinite: true });
  // As f32 bits, these would be NaN.
  const n4 = { dtype: "i32", dims: [4], data: Int32Array.of(0x7fc00000, -1, 2, 3) } as const;
  expect([...(await executable.run({ n: n4 })).n.data]).toEqual([0x7fc00001, 0, 3, 4]);
});

describe("planted faults in an LSTM and its gradient", () => {
  const graph = graphInF32(gradient(lstmGraph({ reads: "steps" }), { of: "loss", wrt: LSTM_WRT }));
  const [steps, batch] = [7, 5];
  const inputs = (): Record<string, TensorData> =>
    Object.fromEntries(
      Object.entries(tensorsInF32(lstmPoint(steps, batch))).map(([name, value]) => [name, toTensorData(value)]),
    );
  /** Fused or not, with or without loop passes, the same place is found. */
  const variants: readonly CompileOptions[] = [
    {},
    { precision: "reproducible" },
    { without: ["hoist", "sink", "linearize", "cse", "fold", "simplify"] },
  ];
  test.each(Array.from({ length: 12 }, (_, seed) => seed))("%i", async (seed) => {
    const random = randomFrom(`planted ${seed}`);
    const [step, row] = [Math.floor(random() * steps), Math.floor(random() * batch)];
    const given = inputs();
    // A product of 1e30 by 1e30 is beyond f32 in every unit, but in no other row and not before this step.
    given["x"].data[(step * batch + row) * 3 + 1] = 1e30;
    for (let unit = 0; unit < 4; unit++) given["Wg"].data[4 + unit] = 1e30;
    for (let t = 0; t < steps; t++)
      for (let b = 0; b < batch; b++) if (t !== step || b !== row) given["x"].data[(t * batch + b) * 3 + 1] = 0;
    for (let unit = 0; unit < 4; unit++) given["bg"].data[unit] = -3e38;
    given["bg"].data[2] = -Infinity;
    for (const options of variants) {
      const where = await found(graph, given, options);
      expect(where).toMatchObject({
        op: "dotGeneral",
        index: [row, 0],
        steps: [{ loop: "h_final", step }],
        pass: "forward",
      });
      expect(where.operands.map(({ name }) => name)).toEqual(["x", "Wg"]);
    }
  });
});

describe("switched off", () => {
  test("it is not in the module: without outputs to check, and with integer ones, the bytes are the same", () => {
    const graph = runPasses(
      expandRegions(
        bindGraph(graphInF32(gradient(lstmGraph({ reads: "steps" }), { of: "loss", wrt: LSTM_WRT })), { B: 3, T: 4 }),
      ),
      loopPasses,
    );
    const bytesOf = (options?: Parameters<typeof lower>[2]): Uint8Array => {
      const program = lower(graph, "fast", options);
      return writeModule(program, planMemory(program)).bytes;
    };
    const plain = bytesOf();
    expect(bytesOf({})).toEqual(plain);
    expect(bytesOf({ finite: [] })).toEqual(plain);
    expect(bytesOf({ finite: ["loss"] })).not.toEqual(plain);
  });

  test("and switched on it changes no bit of the results", async () => {
    const graph = graphInF32(gradient(lstmGraph({ reads: "steps" }), { of: "loss", wrt: LSTM_WRT }));
    const given = Object.fromEntries(
      Object.entries(tensorsInF32(lstmPoint(7, 5))).map(([name, value]) => [name, toTensorData(value)]),
    );
    const plain = await (await compile(graph)).run(given);
    expect(await (await compile(graph, { checkFinite: true })).run(given)).toEqual(plain);
  });
});

describe("on several threads", () => {
  test.each([2, 3])("%i find the same place, keep the state, and change no bit", async (threads) => {
    const g = buildGraph("shared");
    const W = g.param("W", f32(64, 64));
    const x = g.param("x", f32("B", 64));
    const y = g.named("y", g.tanh(matmul(g, x, W)));
    const grown = g.named("grown", g.exp(g.mul(x, x)));
    const graph = g.build({ y, next: g.add(W, matmul(g, g.transpose(x, { order: [1, 0] }), grown)) }, [
      { param: "W", next: "next" },
    ]);
    const random = randomFrom("threads");
    const data = (...dims: readonly number[]): TensorData =>
      tensor(dims, ...Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random() - 0.5));
    const state = { W: data(64, 64) };
    const good = { x: data(32, 64) };
    const bad = { x: { ...good.x, data: good.x.data.slice() } };
    bad.x.data[7 * 64 + 3] = 1e6;
    const [alone, shared] = await Promise.all(
      [1, threads].map(async (count) => compile(graph, { threads: count, state, checkFinite: true })),
    );
    for (const executable of [alone, shared]) {
      await executable.run(good);
      const before = await executable.readState();
      await expect(executable.run(bad)).rejects.toMatchObject({
        found: { output: "next", name: "grown", index: [7, 3], value: Infinity },
      });
      expect(await executable.readState()).toEqual(before);
    }
    expect(await shared.run(good)).toEqual(await alone.run(good));
    expect(await shared.readState()).toEqual(await alone.readState());
    alone.dispose();
    shared.dispose();
  });
});
