/** trace: inner values as outputs, against graphs that return them on purpose, and without a bit of difference elsewhere. */
import { describe, expect, test } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { CompileError } from "../src/errors/errors.js";
import { buildGraph } from "../src/graph/builder.js";
import { cond, whileLoop } from "../src/graph/control-builder.js";
import { evaluate, type Tensors } from "../src/graph/evaluate.js";
import { call, scan } from "../src/graph/scan-builder.js";
import { traceGraph } from "../src/graph/trace.js";
import { verifyGraph } from "../src/graph/verify.js";
import { valueNames, type Graph } from "../src/ir/graph.js";
import { compile } from "../src/runtime/compile.js";
import { toTensorData, type TensorData } from "../src/shape/tensor-data.js";
import { f64 } from "../src/shape/tensor-type.js";
import type { Tensor } from "../src/shape/tensor.js";
import { graphInF32, tensorsInF32 } from "./in-f32.js";
import { randomGraph } from "./random-graphs.js";
import { seeds } from "./seeds.js";
import { LSTM_WRT, lstmGraph, lstmPoint } from "./recurrent.js";

const tensor = (dims: readonly number[], ...data: readonly number[]): Tensor => ({
  type: f64(...dims),
  data: Float64Array.from(data),
});

const listOf = ({ data }: Tensor): readonly number[] => [...data];

describe("rows of a loop", () => {
  /** a' = a + x_t, with twice = 2a' and, inside, a loop over three steps that adds its index. */
  function sums(reverse: boolean): Graph {
    const g = buildGraph("sums");
    const x = g.param("x", f64("T", 2));
    const { final } = scan(
      g,
      { init: { a: g.param("a0", f64(2)) }, xs: { x }, reverse },
      (step, { carry: { a }, x: { x: row } }) => {
        const next = step.add(a, row);
        const twice = step.named("twice", step.mul(next, 2));
        const inner = scan(step, { name: "inner", length: 3, init: { b: twice } }, (deep, { carry: { b }, t }) => ({
          carry: {
            b: deep.named(
              "deeper",
              deep.add(b, deep.broadcast(deep.cast(t, { dtype: "f64" }), { dims: [2], axes: [] })),
            ),
          },
          y: {},
        }));
        return { carry: { a: step.add(next, step.mul(inner.final.b, 0)) }, y: {} };
      },
    );
    return g.build({ a: final.a });
  }
  const inputs = { x: tensor([3, 2], 1, 10, 2, 20, 3, 30), a0: tensor([2], 0.5, 0) };

  test.each([
    [false, [3, 20, 7, 60, 13, 120], [1.5, 10, 3.5, 30, 6.5, 60]],
    [true, [13, 120, 11, 100, 7, 60], [6.5, 60, 5.5, 50, 3.5, 30]],
  ])("stand at their index; reverse: %s", (reverse, twice, carried) => {
    const traced = traceGraph(sums(reverse), ["twice"]);
    expect(verifyGraph(traced)).toEqual([]);
    expect(traced.outputs.map(({ name }) => name)).toEqual(["a", "trace.a_final/twice"]);
    const result = evaluate(traced, inputs);
    expect(result["trace.a_final/twice"].type).toEqual(f64(3, 2));
    expect(listOf(result["trace.a_final/twice"])).toEqual(twice);
    expect(carried).toEqual(twice.map((value) => value / 2));
  });

  test("a carry is what a step began with, an input what it was given, and t the index", () => {
    const result = evaluate(traceGraph(sums(false), ["a_final/a", "a_final/x", "a_final/t", "x"]), inputs);
    expect(listOf(result["trace.a_final/a"])).toEqual([0.5, 0, 1.5, 10, 3.5, 30]);
    expect(listOf(result["trace.a_final/x"])).toEqual(listOf(inputs.x));
    expect(listOf(result["trace.a_final/t"])).toEqual([0, 1, 2]);
    // A bare name means the inner and the outer one.
    expect(listOf(result["trace.x"])).toEqual(listOf(inputs.x));
  });

  test("loops in loops have an axis for each, the outermost first", () => {
    const { "trace.a_final/b_final/deeper": deeper } = evaluate(traceGraph(sums(false), ["deeper"]), inputs);
    expect(deeper.type).toEqual(f64(3, 3, 2));
    expect(listOf(deeper).slice(0, 6)).toEqual([3, 20, 4, 21, 6, 23]);
    expect(listOf(deeper).slice(12)).toEqual([13, 120, 14, 121, 16, 123]);
  });
});

test("a branch that is not taken gives zeros, and names say which it is", () => {
  const g = buildGraph("choice");
  const x = g.param("x", f64());
  const { value } = cond(g, g.lt(x, 0), {
    then: (then) => ({ value: then.named("same", then.neg(x)) }),
    otherwise: (other) => ({ value: other.named("same", other.mul(x, 3)) }),
  });
  const traced = traceGraph(g.build({ value }), ["same"]);
  const names = traced.outputs.slice(1).map(({ name }) => name);
  expect(names).toEqual(["trace.value.then/same", "trace.value.otherwise/same"]);
  expect(names.map((name) => evaluate(traced, { x: tensor([], -2) })[name].data[0])).toEqual([2, 0]);
  expect(names.map((name) => evaluate(traced, { x: tensor([], 2) })[name].data[0])).toEqual([0, 6]);
});

test("a called graph is looked into", () => {
  const inner = buildGraph("inner");
  const halved = inner.named("halved", inner.mul(inner.param("v", f64(2)), 0.5));
  const graph = inner.build({ out: inner.neg(halved) });
  const g = buildGraph("outer");
  const { out } = call(g, graph, { v: g.param("x", f64(2)) });
  const result = evaluate(traceGraph(g.build({ out }), ["out/halved"]), { x: tensor([2], 2, 4) });
  expect(listOf(result["trace.out/halved"])).toEqual([1, 2]);
});

describe("names", () => {
  const graph = lstmGraph({ reads: "steps" });

  test("that mean nothing are refused with the nearest that there is", () => {
    expect(() => traceGraph(graph, ["forgett", "h"])).toThrow(CompileError);
    expect(() => traceGraph(graph, ["forgett"])).toThrow(/did you mean "forget"/);
  });

  test("of values in while loops are refused, as nobody knows how many rows there would be", () => {
    const g = buildGraph("w");
    const { c } = whileLoop(
      g,
      { init: { c: g.param("c", f64()) }, limit: 5 },
      {
        test: (body, { c: held }) => body.lt(held, 1),
        step: (body, { c: held }) => ({ c: body.named("grown", body.mul(held, 2)) }),
      },
    );
    expect(() => traceGraph(g.build({ c }), ["grown"])).toThrow(/compile.trace-while/);
  });

  test("of values without the batch are refused in loops with lengths, in which rows belong to examples", () => {
    expect(() => traceGraph(lstmGraph({ reads: "steps", outputs: "zero" }), ["h_final/Wf"])).toThrow(
      /compile.trace-lengths/,
    );
  });

  test("that an output has already get a number behind", () => {
    const twice = traceGraph(traceGraph(graph, ["forget"]), ["forget"]);
    // The first made forget a result of the loop too.
    const names = twice.outputs.map(({ name }) => name).slice(-3);
    expect(names).toEqual(["trace.h_final/forget", "trace.forget", "trace.h_final/forget_2"]);
  });
});

describe("an LSTM", () => {
  test.each(["zero", "hold"] as const)("with lengths: gates are %s beyond an example's length", (outputs) => {
    const lengths = [2, 0, 4];
    const point: Tensors = Object.fromEntries(lstmPoint(4, 3, lengths));
    const gates = evaluate(traceGraph(lstmGraph({ reads: "steps", outputs }), ["forget"]), point)[
      "trace.h_final/forget"
    ];
    const plain: Tensors = Object.fromEntries(lstmPoint(4, 3));
    const whole = evaluate(traceGraph(lstmGraph({ reads: "steps" }), ["forget"]), plain)["trace.h_final/forget"];
    for (let t = 0; t < 4; t++)
      for (let b = 0; b < 3; b++)
        for (let i = 0; i < 4; i++) {
          const at = (step: number): number => (step * 3 + b) * 4 + i;
          const held = outputs === "zero" || lengths[b] === 0 ? 0 : whole.data[at(lengths[b] - 1)];
          expect(gates.data[at(t)]).toBe(t < lengths[b] ? whole.data[at(t)] : held);
        }
  });

  test("the gradient through time is that of a nudge to h of each step", () => {
    // The same LSTM with e_t added to h_t for whoever reads h: dL/de_t is the cotangent that the way back carries.
    const graph = gradient(lstmGraph({ reads: "final" }), { of: "loss", wrt: ["Wf", "h0", "c0"] });
    const point: Tensors = Object.fromEntries(lstmPoint(5, 2));
    const back = evaluate(traceGraph(graph, ["cotangent_0", "cotangent_1"]), point);
    const carried = Object.entries(back).filter(([name]) => name.startsWith("trace."));
    expect(carried).toHaveLength(2);
    // The row of step t is what arrives at h_t: of the last step the derivative of the loss, of the others that through all later steps.
    const shorter = (steps: number): Tensors => {
      const begun = evaluate(lstmGraph({ reads: "final" }), { ...point, x: cut(point["x"], 0, steps) });
      return evaluate(graph, { ...point, x: cut(point["x"], steps, 5), h0: begun["h"], c0: begun["c"] });
    };
    for (let steps = 1; steps < 5; steps++) {
      const rest = shorter(steps);
      carried.forEach(([name, { data }], k) => {
        const arrived = data.slice((steps - 1) * 8, steps * 8);
        const wanted = rest[k === 0 ? "grad.h0" : "grad.c0"].data;
        arrived.forEach((value, i) => {
          expect(value, `${name} of step ${steps}`).toBeCloseTo(wanted[i], 12);
        });
      });
    }
  });
});

/** Steps `from` to `to` of a stack. */
function cut({ type, data }: Tensor, from: number, to: number): Tensor {
  const row = data.length / (type.dims[0] as number);
  return { type: f64(to - from, ...type.dims.slice(1)), data: data.slice(from * row, to * row) };
}

/** The names of all values that may be traced, without their paths: each means all that can be. */
const namesOf = (graph: Graph): readonly string[] => [
  ...valueNames(graph),
  ...graph.nodes.flatMap(({ op, regions }) => (op === "while" ? [] : regions.flatMap(namesOf))),
];

/** The names that mean something that can be traced. */
const traceable = (graph: Graph): readonly string[] =>
  [...new Set(namesOf(graph))].filter((name) => {
    try {
      return traceGraph(graph, [name]).outputs.length > 0;
    } catch (error) {
      if (error instanceof CompileError && /compile.trace-/.test(error.message)) return false;
      throw error;
    }
  });

interface Run {
  readonly outputs: Readonly<Record<string, TensorData>>;
  readonly state: Readonly<Record<string, TensorData>>;
}

/** Two runs, one behind the other. */
async function runTwice(graph: Graph, inputs: Tensors, trace: readonly string[]): Promise<readonly Run[]> {
  const isState = new Set(graph.state.map(({ param }) => param));
  const data = Object.entries(inputs).map(([name, value]) => [name, toTensorData(value)] as const);
  const state = Object.fromEntries(data.filter(([name]) => isState.has(name)));
  const given = Object.fromEntries(data.filter(([name]) => !isState.has(name)));
  const executable = await compile(graph, { executor: "compiled", state, trace });
  const runs: Run[] = [];
  for (let i = 0; i < 2; i++) {
    const outputs = await executable.run(given);
    runs.push({ outputs, state: await executable.readState() });
  }
  executable.dispose();
  return runs;
}

const isTrace = (name: string): boolean => name.startsWith("trace.");

describe("no bit of outputs and state changes, and traced values are those of the reference", () => {
  test.each(seeds(10))("in random graph %i and its gradient", async (seed) => {
    const random = randomGraph(seed, { smooth: true, draws: 8 });
    const both = [random.graph, gradient(random.graph, { of: "loss", wrt: random.wrt })];
    const inF32 = tensorsInF32(Object.entries(random.inputs));
    for (const [graph, inputs, tolerance] of [
      ...both.map((whole) => [whole, random.inputs, 1e-9] as const),
      ...both.map((whole) => [graphInF32(whole), inF32, 1e-3] as const),
    ]) {
      const names = traceable(graph);
      const [plain, traced] = [await runTwice(graph, inputs, []), await runTwice(graph, inputs, names)];
      const wanted = evaluate(traceGraph(graph, names), inputs);
      traced.forEach(({ outputs, state }, i) => {
        expect(state).toEqual(plain[i].state);
        const own = Object.entries(outputs).filter(([name]) => !isTrace(name));
        expect(Object.fromEntries(own)).toEqual(plain[i].outputs);
      });
      const values = Object.entries(traced[0].outputs).filter(([name]) => isTrace(name));
      expect(values.length).toBeGreaterThanOrEqual(names.length);
      for (const [name, { data }] of values) expectClose(data, wanted[name].data, name, tolerance);
    }
  });
});

function expectClose(actual: TensorData["data"], wanted: Float64Array, name: string, tolerance: number): void {
  const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  actual.forEach((value, i) => {
    if (Math.abs(value - wanted[i]) > tolerance * scale) expect(value, `${name}[${i}]`).toBe(wanted[i]);
  });
}

test("state is that from before the run, also of runs that are asked for at once", async () => {
  const g = buildGraph("counter");
  const s = g.param("s", f64());
  const graph = g.build({ next: g.add(s, 1), out: g.neg(g.named("doubled", g.mul(s, 2))) }, [
    { param: "s", next: "next" },
  ]);
  const executable = await compile(graph, { trace: ["doubled"], state: { s: toTensorData(tensor([], 5)) } });
  const runs = await Promise.all([1, 2, 3].map(async () => executable.run({})));
  expect(runs.map((outputs) => outputs["trace.doubled"].data[0])).toEqual([10, 12, 14]);
  expect(runs.map(({ out }) => out.data[0])).toEqual([-10, -12, -14]);
  expect((await executable.readState())["s"].data[0]).toBe(8);
  executable.dispose();
  await expect(executable.run({})).rejects.toMatchObject({ name: "RunError" });
});

test("a traced LSTM gradient in f32 has the bits of one that is not, running sums among the traced", async () => {
  const graph = graphInF32(gradient(lstmGraph({ reads: "steps" }), { of: "loss", wrt: LSTM_WRT }));
  const inputs = tensorsInF32(lstmPoint(7, 5));
  const names = traceable(graph);
  expect(names.some((name) => name.includes("sum_"))).toBe(true);
  const [[plain], [traced]] = [await runTwice(graph, inputs, []), await runTwice(graph, inputs, names)];
  for (const [name, value] of Object.entries(plain.outputs)) expect(traced.outputs[name], name).toEqual(value);
});

test("threads share traced runs too, with the same bits, and end with the executable", async () => {
  const graph = graphInF32(gradient(lstmGraph({ reads: "steps" }), { of: "loss", wrt: LSTM_WRT }));
  const inputs = Object.fromEntries(
    Object.entries(tensorsInF32(lstmPoint(7, 5))).map(([name, value]) => [name, toTensorData(value)]),
  );
  const [alone, shared] = await Promise.all(
    [1, 2].map(async (threads) => compile(graph, { threads, trace: ["forget", "cotangent_0"] })),
  );
  expect(shared.threads).toBe(2);
  for (let i = 0; i < 2; i++) expect(await shared.run(inputs)).toEqual(await alone.run(inputs));
  shared.dispose();
  alone.dispose();
});
