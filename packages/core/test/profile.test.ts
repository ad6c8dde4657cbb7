/** profile: parts that add up to the whole, counts that are those of the graph, and no bit of difference. No times are asserted. */
import { describe, expect, test, vi } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { CompileError } from "../src/errors/errors.js";
import { buildGraph } from "../src/graph/builder.js";
import { matmul } from "../src/graph/derived.js";
import { scan } from "../src/graph/scan-builder.js";
import type { Graph } from "../src/ir/graph.js";
import { compile, type CompileOptions } from "../src/runtime/compile.js";
import type { TensorsByName } from "../src/runtime/executable.js";
import { formatProfile, formatProfileRows, makeProfiler, type Profile } from "../src/runtime/profile.js";
import { toTensorData } from "../src/shape/tensor-data.js";
import { f32, f64 } from "../src/shape/tensor-type.js";
import { graphInF32, tensorsInF32 } from "./in-f32.js";
import { LSTM_WRT, lstmGraph, lstmPoint } from "./recurrent.js";

const lstm = graphInF32(gradient(lstmGraph({ reads: "steps" }), { of: "loss", wrt: LSTM_WRT }));
const point = (steps: number, batch: number): TensorsByName =>
  Object.fromEntries(
    Object.entries(tensorsInF32(lstmPoint(steps, batch))).map(([name, value]) => [name, toTensorData(value)]),
  );

async function profiled(graph: Graph, runs: readonly TensorsByName[], options: CompileOptions = {}): Promise<Profile> {
  const profiler = makeProfiler();
  const executable = await compile(graph, { ...options, profile: profiler });
  for (const inputs of runs) await executable.run(inputs);
  return profiler.read();
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

test("rows and origins add up to the whole but for what passes between the last probe and the end", async () => {
  // A clock that goes on by one with every reading: one at the beginning, one for each probe, one at the end.
  let readings = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => readings++);
  const profile = await profiled(lstm, [point(5, 2), point(5, 2), point(5, 2)]);
  clock.mockRestore();
  const calls = sum(profile.rows.map((row) => row.calls));
  expect(profile).toMatchObject({ runs: 3, milliseconds: calls + 3 });
  expect(sum(profile.rows.map(({ milliseconds }) => milliseconds))).toBe(calls);
  for (const row of profile.rows) expect(row.milliseconds).toBe(row.calls);
  expect(sum(profile.origins.map(({ milliseconds }) => milliseconds))).toBeCloseTo(calls, 9);
  for (const parts of [profile.rows, profile.origins]) {
    expect(sum(parts.map(({ share }) => share))).toBeCloseTo(calls / (calls + 3), 9);
    const times = parts.map(({ milliseconds }) => milliseconds);
    expect(times).toEqual([...times].sort((x, y) => y - x));
  }
});

describe("counts", () => {
  const products = (): Graph => {
    const g = buildGraph("products");
    const x = g.param("x", f32("T", 4, 8));
    const W = g.param("W", f32(8, 8));
    const { final } = scan(
      g,
      { init: { h: g.param("h", f32(4, 8)) }, xs: { x } },
      (step, { carry: { h }, x: { x: row } }) => ({
        carry: {
          h: step.at("/cell", () =>
            step.tanh(
              step.add(
                row,
                step.at("/weight", () => step.named("product", matmul(step, h, W))),
              ),
            ),
          ),
        },
        y: {},
      }),
    );
    return g.build({ h: final.h });
  };
  const tensor = (...dims: readonly number[]) =>
    ({ dtype: "f32", dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(0.1) }) as const;
  const inputs = (steps: number): TensorsByName => ({ x: tensor(steps, 4, 8), W: tensor(8, 8), h: tensor(4, 8) });
  /** So that the product keeps its name and its place. */
  const APART: CompileOptions = { without: ["accumulate", "linearize"] };
  const rowOf = (profile: Profile, name: string) =>
    profile.rows.find(({ nodes }) => nodes.some((node) => node.name === name));

  test("a product in a loop is executed once per step, and is where it is", async () => {
    const profile = await profiled(products(), [inputs(7), inputs(7)], APART);
    const row = rowOf(profile, "product");
    expect(row).toMatchObject({ within: ["h_final"], nodes: [{ op: "dotGeneral", origin: "/weight" }] });
    // Beside the product itself there may be copies of its operands, in front of the loop.
    expect(row?.calls).toBeGreaterThanOrEqual(14);
    const flops = 14 * 2 * 4 * 8 * 8;
    expect(row?.gigaflops).toBeCloseTo(flops / (row?.milliseconds ?? 0) / 1e6, 9);
    expect(profile.origins.map(({ origin }) => origin)).toEqual(expect.arrayContaining(["/cell", "/weight"]));
  });

  test("of several sizes are those of one row", async () => {
    const profile = await profiled(products(), [inputs(3), inputs(5)], APART);
    const rows = profile.rows.filter(({ nodes }) => nodes.some(({ name }) => name === "product"));
    expect(rows).toHaveLength(1);
    expect(profile.runs).toBe(2);
  });

  test("begin anew after a reset, and collect from several executables", async () => {
    const profiler = makeProfiler();
    const one = await compile(products(), { ...APART, profile: profiler });
    const two = await compile(products(), { ...APART, profile: profiler });
    await one.run(inputs(3));
    await two.run(inputs(3));
    expect(profiler.read().runs).toBe(2);
    const calls = rowOf(profiler.read(), "product")?.calls ?? 0;
    profiler.reset();
    expect(profiler.read()).toEqual({ runs: 0, milliseconds: 0, rows: [], origins: [] });
    await one.run(inputs(3));
    expect(rowOf(profiler.read(), "product")?.calls).toBe(calls / 2);
  });
});

test.each(["fast", "reproducible"] as const)("no bit changes in %s", async (precision) => {
  const plain = await (await compile(lstm, { precision })).run(point(7, 5));
  const executable = await compile(lstm, { precision, profile: makeProfiler() });
  expect(await executable.run(point(7, 5))).toEqual(plain);
});

test("a run that fails does not spoil the measure", async () => {
  const profiler = makeProfiler();
  const executable = await compile(lstm, { profile: profiler, checkFinite: true });
  const bad = point(3, 2);
  bad["x"].data[0] = NaN;
  await expect(executable.run(bad)).rejects.toMatchObject({ found: { name: "x" } });
  await executable.run(point(3, 2));
  const { rows, runs } = profiler.read();
  expect(runs).toBe(2);
  expect(sum(rows.map(({ share }) => share))).toBeLessThanOrEqual(1 + 1e-9);
});

test("the reference executor is not profiled", async () => {
  const g = buildGraph("exact");
  const graph = g.build({ y: g.neg(g.param("x", f64())) });
  await expect(compile(graph, { executor: "reference", profile: makeProfiler() })).rejects.toBeInstanceOf(CompileError);
});

test("the table has the columns under one another, the longest first, and says what is left out", () => {
  const row = (name: string, milliseconds: number, gigaflops?: number) => ({
    nodes: [{ name, op: "tanh", origin: "/layers/0/cell" }],
    within: ["memory"],
    milliseconds,
    share: milliseconds / 10,
    calls: 20,
    gigaflops,
  });
  const fused = { ...row("forget", 2), nodes: ["a", "b", "c", "d", "e"].map((name) => ({ name, op: "add" })) };
  const profile: Profile = {
    runs: 2,
    milliseconds: 10,
    rows: [row("hidden", 5.5, 12.34), fused, row("rest", 1.5), { ...row("moves", 0.5), nodes: [], within: [] }],
    origins: [
      { origin: "/layers/0/cell", milliseconds: 7, share: 0.7 },
      { origin: undefined, milliseconds: 3, share: 0.3 },
    ],
  };
  expect(formatProfile(profile)).toBe(
    [
      "2 runs, 5.0000 ms each",
      "",
      " share  ms/run  calls/run  GFLOP/s  node                                      origin",
      "55.0 %  2.7500         10     12.3  memory/hidden (tanh)                      /layers/0/cell",
      "20.0 %  1.0000         10           memory/a (add), b (add), c (add), 2 more",
      "15.0 %  0.7500         10           memory/rest (tanh)                        /layers/0/cell",
      " 5.0 %  0.2500         10           results and state to their places",
      "",
      " share  ms/run  origin",
      "70.0 %  3.5000  /layers/0/cell",
      "30.0 %  1.5000  none",
    ].join("\n"),
  );
  expect(formatProfile(profile, { most: 1 })).toContain("3 more");
});

test("a row names the equation of its nodes once, and the part of it where it is only one", () => {
  const node = (name: string, origin: string) => ({ name, op: "add", origin });
  const row = { within: [], milliseconds: 1, share: 0.5, calls: 1 };
  const profile: Profile = {
    runs: 1,
    milliseconds: 2,
    rows: [
      {
        ...row,
        nodes: [node("a", "/cells/c/equations/0:1-5"), node("b", "/cells/c/equations/0:3-5"), node("c", "/loss")],
      },
      { ...row, nodes: [node("d", "/cells/c/equations/0:1-5")] },
    ],
    origins: [],
  };
  const [, first, second] = formatProfileRows(profile).split("\n");
  expect(first).toMatch(/a \(add\), b \(add\), c \(add\) {2}\/cells\/c\/equations\/0 \/loss$/);
  expect(second).toMatch(/\/cells\/c\/equations\/0:1-5$/);
});
