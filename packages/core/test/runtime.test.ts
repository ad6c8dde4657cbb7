/** Executables: state in place, symbols bound per run, inputs checked, nothing lost when a run fails. */
import { describe, expect, test } from "vitest";
import { GraphError, RunError, type LatchgradError } from "../src/errors/errors.js";
import { buildGraph } from "../src/graph/builder.js";
import { evaluate } from "../src/graph/evaluate.js";
import type { Graph } from "../src/ir/graph.js";
import { compile } from "../src/runtime/compile.js";
import type { TensorsByName } from "../src/runtime/executable.js";
import type { TensorData } from "../src/shape/tensor-data.js";
import { f32, f64, i32 } from "../src/shape/tensor-type.js";

const scalar = (value: number): TensorData => ({ dtype: "f32", dims: [], data: Float32Array.of(value) });
const vector = (...values: readonly number[]): TensorData => ({
  dtype: "f32",
  dims: [values.length],
  data: Float32Array.from(values),
});

/** sum' = sum + Σ x / divisor; also returns the mean of x. */
function counter(): Graph {
  const g = buildGraph("counter");
  const sum = g.param("sum", f32());
  const x = g.param("x", f32("N"));
  const total = g.reduceSum(x, { axes: [0] });
  return g.build({ mean: g.div(total, g.size({ dtype: "f32", dim: "N" })), "sum.next": g.add(sum, total) }, [
    { param: "sum", next: "sum.next" },
  ]);
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => "accepted",
    (error: unknown) => {
      if (error instanceof RunError || error instanceof GraphError) return error.issues[0].code;
      throw error;
    },
  );
}

describe("an executable", () => {
  test("keeps state between runs, and takes another size in each", async () => {
    const executable = await compile(counter(), { state: { sum: scalar(10) } });
    expect(await executable.run({ x: vector(1, 2, 3) })).toEqual({ mean: scalar(2) });
    expect(await executable.run({ x: vector(5) })).toEqual({ mean: scalar(5) });
    expect(await executable.readState()).toEqual({ sum: scalar(21) });
    await executable.writeState({ sum: scalar(-1) });
    await executable.run({ x: vector(1) });
    expect(await executable.readState()).toEqual({ sum: scalar(0) });
  });

  test.each<readonly [string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a number", 5],
    ["null for a tensor", { x: null }],
    ["a number for a tensor", { x: 5 }],
    ["no dims", { x: { dtype: "f32", data: Float32Array.of(1) } }],
    ["no data", { x: { dtype: "f32", dims: [1] } }],
    ["no type", { x: { dims: [1], data: Float32Array.of(1) } }],
    ["bigints", { x: { dtype: "f32", dims: [1], data: BigInt64Array.of(1n) } }],
    ["a list of bigints", { x: { dtype: "f32", dims: [1], data: [1n] } }],
    ["a list of truths", { x: { dtype: "f32", dims: [1], data: [true] } }],
  ])("refuses %s, as programs without types may give it, in inputs and in state", async (_, given) => {
    const executable = await compile(counter(), { state: { sum: scalar(10) } });
    expect(await codeOf(executable.run(given as TensorsByName))).toBe("run.input");
    if (given !== undefined) {
      const state = Object(given) === given ? { sum: (given as TensorsByName)["x"] } : given;
      expect(await codeOf(executable.writeState(state as TensorsByName))).toBe("run.input");
      expect(await codeOf(compile(counter(), { state: state as TensorsByName }))).toBe("run.input");
    }
    expect(await executable.run({ x: vector(1, 3) })).toEqual({ mean: scalar(2) });
  });

  test("shares no memory with what went in or came out", async () => {
    const initial = scalar(1);
    const executable = await compile(counter(), { state: { sum: initial } });
    initial.data[0] = 99;
    const state = await executable.readState();
    state.sum.data[0] = 77;
    await executable.run({ x: vector(1) });
    expect(await executable.readState()).toEqual({ sum: scalar(2) });
  });

  test.each([
    ["a missing input", {}],
    ["an unknown input", { x: vector(1), y: vector(1) }],
    ["another element type", { x: { dtype: "f64", dims: [1], data: Float64Array.of(1) } }],
    ["another rank", { x: { dtype: "f32", dims: [1, 1], data: Float32Array.of(1) } }],
    ["too few elements", { x: { dtype: "f32", dims: [3], data: Float32Array.of(1) } }],
    ["state as an input", { x: vector(1), sum: scalar(0) }],
  ] as const)("refuses %s and keeps its state", async (_, inputs) => {
    const executable = await compile(counter(), { state: { sum: scalar(4) } });
    expect(await codeOf(executable.run(inputs as Record<string, TensorData>))).toBe("run.input");
    expect(await executable.readState()).toEqual({ sum: scalar(4) });
  });

  test("names the misspelled input and the nearest known one", async () => {
    const executable = await compile(counter(), { state: { sum: scalar(4) } });
    await expect(executable.run({ X: vector(1) })).rejects.toThrow(/did you mean "x"/);
  });

  test("needs every state, of the right type, and knows no others", async () => {
    expect(await codeOf(compile(counter()))).toBe("run.input");
    expect(await codeOf(compile(counter(), { state: { sum: vector(1) } }))).toBe("run.input");
    expect(await codeOf(compile(counter(), { state: { sum: scalar(1), total: scalar(1) } }))).toBe("run.input");
    const executable = await compile(counter(), { state: { sum: scalar(1) } });
    expect(await codeOf(executable.writeState({ sum: vector(1) }))).toBe("run.input");
  });

  test("does not run after dispose", async () => {
    const executable = await compile(counter(), { state: { sum: scalar(1) } });
    executable.dispose();
    expect(await codeOf(executable.run({ x: vector(1) }))).toBe("run.input");
  });

  test("is not made of a graph that breaks an invariant", async () => {
    const graph = counter();
    expect(
      await codeOf(compile({ ...graph, state: [{ param: "sum", next: "nowhere" }] }, { state: { sum: scalar(1) } })),
    ).toMatch(/^graph\./);
  });

  test("is compiled also where the graph has f64", async () => {
    const g = buildGraph("double");
    const graph = g.build({ y: g.exp(g.param("x", f64())) });
    const executable = await compile(graph);
    const { y } = await executable.run({ x: { dtype: "f64", dims: [], data: Float64Array.of(1) } });
    // Of the two executors' values for e, which differ by one in the last place, this is compiled code's.
    expect(Math.abs(y.data[0] - Math.E)).toBeLessThanOrEqual(2 ** -51);
  });

  test("rounds state to its own type, so that what is saved is what it goes on with", async () => {
    const g = buildGraph("thirds");
    const s = g.param("s", f32());
    const graph = g.build({ next: g.div(g.add(s, 1), 3) }, [{ param: "s", next: "next" }]);
    const [whole, half] = await Promise.all([0, 0].map(() => compile(graph, { state: { s: scalar(0) } })));
    for (let i = 0; i < 6; i++) await whole.run({});
    for (let i = 0; i < 3; i++) await half.run({});
    const resumed = await compile(graph, { state: await half.readState() });
    for (let i = 0; i < 3; i++) await resumed.run({});
    expect(await resumed.readState()).toEqual(await whole.readState());
  });
});

describe("evaluate", () => {
  test("names the node and its origin where an index is out of range", () => {
    const g = buildGraph("lookup");
    const table = g.param("table", f64(3, 2));
    const ids = g.param("ids", i32("B"));
    const rows = g.at("/layers/0", () => g.gather(table, ids, { axis: 0, batch: 0 }));
    const graph = g.build({ rows });
    const tableData = { type: f64(3, 2), data: new Float64Array(6) };
    try {
      evaluate(graph, { table: tableData, ids: { type: i32(2), data: Float64Array.of(1, 3) } });
      expect.unreachable();
    } catch (error) {
      const { message } = error as LatchgradError;
      expect(error).toBeInstanceOf(RunError);
      expect(message).toContain("gather(%table, %ids)");
      expect(message).toContain("/layers/0");
      expect(message).toContain("3");
    }
  });

  test("refuses sizes that give one symbol two values", () => {
    const g = buildGraph("pair");
    const graph = g.build({ sum: g.add(g.param("a", f64("B")), g.param("b", f64("B"))) });
    const tensor = (length: number) => ({ type: f64(length), data: new Float64Array(length) });
    expect(() => evaluate(graph, { a: tensor(2), b: tensor(3) })).toThrow(/B = 2/);
    expect(() => evaluate(graph, { a: tensor(2) })).toThrow(RunError);
  });
});
