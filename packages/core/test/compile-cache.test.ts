/** Executables that are given one cache compile once, and are otherwise as without it. */
import { beforeEach, describe, expect, test, vi, type MockInstance } from "vitest";
import { gradient } from "../src/autodiff/gradient.js";
import { RunError } from "../src/errors/errors.js";
import { buildGraph } from "../src/graph/builder.js";
import type { Graph } from "../src/ir/graph.js";
import { compile, type CompileOptions } from "../src/runtime/compile.js";
import { makeCompileCache } from "../src/runtime/compile-cache.js";
import { hasRelaxedSimd } from "../src/runtime/wasm-support.js";
import type { TensorData } from "../src/shape/tensor-data.js";
import { f32, i32 } from "../src/shape/tensor-type.js";

let compilations: MockInstance;
beforeEach(() => {
  compilations = vi.spyOn(WebAssembly, "compile");
});

/** w' = w + factor · Σ x; also Σ x · w. */
function accumulator(factor = 2, origin = "/a"): Graph {
  const g = buildGraph("accumulator");
  const w = g.param("w", f32());
  const x = g.param("x", f32("N"));
  const sum = g.at(origin, () => g.reduceSum(x, { axes: [0] }));
  return g.build({ y: g.mul(sum, w), "w.next": g.add(w, g.mul(factor, sum)) }, [{ param: "w", next: "w.next" }]);
}

const numbers = (...values: readonly number[]): TensorData => ({
  dtype: "f32",
  dims: [values.length],
  data: Float32Array.from(values),
});
const w = (value: number): CompileOptions["state"] => ({
  w: { dtype: "f32", dims: [], data: Float32Array.of(value) },
});

describe("a compile cache", () => {
  test("gives executables of equal graphs one module, and each a state of its own", async () => {
    const cache = makeCompileCache();
    const [a, b] = [
      await compile(accumulator(), { cache, state: w(1) }),
      await compile(accumulator(), { cache, state: w(10) }),
    ];
    const first = await a.run({ x: numbers(1, 2) });
    const second = await b.run({ x: numbers(1, 2) });
    expect([first.y.data[0], second.y.data[0]]).toEqual([3, 30]);
    expect([(await a.readState()).w.data[0], (await b.readState()).w.data[0]]).toEqual([7, 16]);
    expect(compilations).toHaveBeenCalledTimes(1);
    await b.run({ x: numbers(1, 2, 3) });
    await a.run({ x: numbers(1, 2, 3) });
    expect(compilations).toHaveBeenCalledTimes(2);
    expect(cache.modules).toBe(2);
  });

  test("serves two that compile at the same moment, and outlives both", async () => {
    const cache = makeCompileCache();
    const run = async (): Promise<number> => {
      const executable = await compile(accumulator(), { cache, state: w(1) });
      const { y } = await executable.run({ x: numbers(4) });
      executable.dispose();
      return y.data[0];
    };
    expect(await Promise.all([run(), run()])).toEqual([4, 4]);
    expect(await run()).toBe(4);
    expect(compilations).toHaveBeenCalledTimes(1);
  });

  test.each<readonly [string, Graph, CompileOptions]>([
    ["a constant", accumulator(3), {}],
    ["an origin, which errors tell", accumulator(2, "/b"), {}],
    ["passes", accumulator(), { without: ["dce"] }],
    ["outputs that are checked", accumulator(), { checkFinite: true }],
    ["a limit of memory", accumulator(), { memoryLimit: 1_000_000 }],
    ["threads", accumulator(), { threads: 2 }],
  ])("keeps apart what differs in %s", async (_, graph, options) => {
    const cache = makeCompileCache();
    for (const [made, more] of [
      [accumulator(), {}],
      [graph, options],
    ] as const) {
      const executable = await compile(made, { cache, state: w(1), ...more });
      await executable.run({ x: numbers(1) });
      executable.dispose();
    }
    expect(cache.modules).toBe(2);
  });

  test("keeps apart precisions where the engine has both", async () => {
    const cache = makeCompileCache();
    for (const precision of ["fast", "reproducible"] as const)
      await (await compile(accumulator(), { cache, state: w(1), precision })).run({ x: numbers(1) });
    expect(cache.modules).toBe(hasRelaxedSimd() ? 2 : 1);
  });

  test("holds as many as it is told, those of the last use", async () => {
    const cache = makeCompileCache({ most: 2 });
    const run = async (count: number): Promise<void> => {
      const executable = await compile(accumulator(), { cache, state: w(1) });
      await executable.run({ x: numbers(...Array.from({ length: count }, () => 1)) });
    };
    for (const count of [1, 2, 1, 3, 1]) await run(count);
    expect(compilations).toHaveBeenCalledTimes(3);
    await run(2);
    expect(compilations).toHaveBeenCalledTimes(4);
    expect(cache.modules).toBe(2);
  });

  test("changes no result, and no error of a run", async () => {
    const cache = makeCompileCache();
    const g = buildGraph("rows");
    const table = g.param("table", f32(3, 2));
    const index = g.param("index", i32("N"));
    const rows = g.at("/rows", () => g.gather(table, index, { axis: 0, batch: 0 }));
    const graph = gradient(g.build({ loss: g.reduceSum(g.mul(rows, rows), { axes: [0, 1] }) }), {
      of: "loss",
      wrt: ["table"],
    });
    const given = (at: number) => ({
      table: { dtype: "f32" as const, dims: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      index: { dtype: "i32" as const, dims: [1], data: Int32Array.of(at) },
    });
    const plain = await compile(graph);
    const expected = await plain.run(given(1));
    const failure = async (executable: typeof plain): Promise<unknown> =>
      executable.run(given(7)).catch((error: unknown) => (error instanceof RunError ? error.issues : error));
    for (let i = 0; i < 2; i++) {
      const cached = await compile(graph, { cache });
      expect(await cached.run(given(1))).toEqual(expected);
      expect(await failure(cached)).toEqual(await failure(plain));
    }
  });
});
