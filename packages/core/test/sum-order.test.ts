/** Sums have one order: the same bits for every layout, width, thread count and precision, and in the reference executor. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { buildGraph, type GraphBuilder } from "../src/graph/builder.js";
import { evaluate } from "../src/graph/evaluate.js";
import { joinParts, PARTS } from "../src/kernel/parts.js";
import type { Graph } from "../src/ir/graph.js";
import type { Value } from "../src/ops/op.js";
import { compile } from "../src/runtime/compile.js";
import type { TensorsByName } from "../src/runtime/executable.js";
import { elementCount } from "../src/shape/strides.js";
import type { TensorData } from "../src/shape/tensor-data.js";
import { f32, f64, type DType } from "../src/shape/tensor-type.js";
import { randomFrom } from "./random.js";

type Float = DType & ("f32" | "f64");

/** How the elements of a sum lie in memory. */
type Layout = "row-major" | "transposed" | "reversed" | "every other";
const LAYOUTS: readonly Layout[] = ["row-major", "transposed", "reversed", "every other"];

/** Sums of elements of all sizes, so that each order of them gives other bits. */
function numbers(dtype: Float, dims: readonly number[], seed: string): TensorData {
  const random = randomFrom(seed);
  const data = Array.from({ length: elementCount(dims) }, () => (random() - 0.5) * 2 ** Math.floor(random() * 12));
  return dtype === "f32"
    ? { dtype, dims, data: Float32Array.from(data) }
    : { dtype, dims, data: Float64Array.from(data) };
}

/** A value whose dims are `dims`, and whose elements lie as the layout says. */
function laidOutValue(g: GraphBuilder, name: string, dtype: Float, dims: readonly number[], layout: Layout): Value {
  const type = dtype === "f32" ? f32 : f64;
  const all = dims.map((_, axis) => axis);
  const forms: Readonly<Record<Layout, () => Value>> = {
    "row-major": () => g.param(name, type(...dims)),
    transposed: () => g.transpose(g.param(name, type(...dims.toReversed())), { order: all.toReversed() }),
    reversed: () => g.reverse(g.param(name, type(...dims)), { axes: all }),
    "every other": () =>
      g.slice(g.param(name, type(...dims.map((size) => 2 * size))), {
        start: all.map(() => 0),
        limit: dims.map((size) => 2 * size),
        step: all.map(() => 2),
      }),
  };
  return forms[layout]();
}

function sumOf(dtype: Float, dims: readonly number[], axes: readonly number[], layout: Layout): Graph {
  const g = buildGraph("sum");
  return g.build({ sum: g.reduceSum(laidOutValue(g, "x", dtype, dims, layout), { axes: [...axes] }) });
}

/** The parameter that makes `x`, a row-major tensor, what the sum is taken of. */
function laidOut(x: TensorData, layout: Layout): TensorData {
  const { dims } = x;
  const moved = {
    "row-major": (index: readonly number[]) => index,
    transposed: (index: readonly number[]) => index.toReversed(),
    reversed: (index: readonly number[]) => index.map((at, axis) => dims[axis] - 1 - at),
    "every other": (index: readonly number[]) => index.map((at) => 2 * at),
  }[layout];
  const outer =
    layout === "transposed" ? dims.toReversed() : layout === "every other" ? dims.map((size) => 2 * size) : dims;
  const flat = (index: readonly number[]): number => index.reduce((sum, at, axis) => sum * outer[axis] + at, 0);
  const size = elementCount(outer);
  const data = x.dtype === "f32" ? new Float32Array(size) : new Float64Array(size);
  x.data.forEach((value, i) => {
    let rest = i;
    const index = dims.map(() => 0);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      index[axis] = rest % dims[axis];
      rest = Math.floor(rest / dims[axis]);
    }
    data[flat(moved(index))] = value;
  });
  return data instanceof Float32Array ? { dtype: "f32", dims: outer, data } : { dtype: "f64", dims: outer, data };
}

/** The definition, for a sum of everything: element i of rows of `last` elements goes to part i mod 8. */
function literally(elements: readonly number[], last: number, round: (x: number) => number): number {
  const p = new Array<number>(8).fill(0);
  elements.forEach((x, i) => (p[(i % last) % 8] = round(p[(i % last) % 8] + x)));
  const add = (a: number, b: number): number => round(a + b);
  return add(add(add(p[0], p[4]), add(p[2], p[6])), add(add(p[1], p[5]), add(p[3], p[7])));
}

async function run(graph: Graph, x: TensorData, precision: "fast" | "reproducible", threads = 1): Promise<TensorData> {
  const executable = await compile(graph, { precision, threads });
  const { sum } = await executable.run({ x });
  executable.dispose();
  return sum;
}

const shapes = fc
  .tuple(
    fc.array(fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 19, 32), { minLength: 1, maxLength: 3 }),
    fc.integer({ min: 1, max: 7 }),
  )
  .map(([dims, bits]) => ({ dims, axes: dims.map((_, axis) => axis).filter((axis) => (bits >> axis) % 2 === 1) }));

describe.each(["f32", "f64"] as const)("%s", (dtype) => {
  test.prop([shapes, fc.constantFrom(...LAYOUTS)], { numRuns: 60 })(
    "a sum has the same bits in every layout and precision",
    async ({ dims, axes }, layout) => {
      const x = numbers(dtype, dims, JSON.stringify([dims, axes]));
      const expected = await run(sumOf(dtype, dims, axes, "row-major"), x, "reproducible");
      const given = laidOut(x, layout);
      for (const precision of ["fast", "reproducible"] as const)
        expect(await run(sumOf(dtype, dims, axes, layout), given, precision)).toEqual(expected);
      if (dtype === "f64") {
        const type = f64(...dims);
        const reference = evaluate(sumOf(dtype, dims, axes, "row-major"), {
          x: { type, data: Float64Array.from(x.data) },
        });
        expect([...reference.sum.data]).toEqual([...expected.data]);
      }
    },
  );

  test.each([[3], [8], [13], [64], [5, 3], [6, 16], [4, 1]])(
    "the order is the one that is defined: %i, %i",
    async (...dims) => {
      const axes = dims.map((_, axis) => axis);
      const x = numbers(dtype, dims, `literal ${dims.join()}`);
      const sum = await run(sumOf(dtype, dims, axes, "row-major"), x, "reproducible");
      const last = dims.findLast((size) => size > 1) ?? 1;
      expect(sum.data[0]).toBe(literally([...x.data], last, dtype === "f32" ? Math.fround : (value) => value));
    },
  );
});

test.prop([shapes, fc.constantFrom(...LAYOUTS), fc.constantFrom(1, 2)], { numRuns: 60 })(
  "what is computed on the way to sums, of some tensors together, has the bits that it has when it is stored",
  async ({ dims, axes }, layout, threads) => {
    const g = buildGraph("together");
    const x = laidOutValue(g, "x", "f32", dims, layout);
    const y = g.param("y", f32(...dims));
    const row = g.param("row", f32(...dims.slice(0, -1)));
    const spread = g.broadcast(row, { dims, axes: dims.slice(0, -1).map((_, axis) => axis) });
    const products = {
      xy: g.mul(x, y),
      xrow: g.sub(x, spread),
      thirds: g.mul(y, 1 / 3),
      y,
    };
    const named = Object.entries(products);
    const sums = named.map(([name, value]) => [`sum ${name}`, g.reduceSum(value, { axes: [...axes] })] as const);
    const largest = named.map(([name, value]) => [`max ${name}`, g.reduceMax(value, { axes: [...axes] })] as const);
    const data = {
      x: laidOut(numbers("f32", dims, "x"), layout),
      y: numbers("f32", dims, "y"),
      row: numbers("f32", dims.slice(0, -1), "row"),
    };
    const all = async (graph: Graph, count: number): Promise<TensorsByName> => {
      const executable = await compile(graph, { precision: "reproducible", threads: count });
      const results = await executable.run(data);
      executable.dispose();
      return results;
    };
    const together = await all(g.build(Object.fromEntries([...sums, ...largest])), threads);
    // As outputs, the products are stored, and nothing is computed on the way.
    const apart = await all(g.build(Object.fromEntries([...named, ...sums, ...largest])), 1);
    for (const [name, value] of Object.entries(together)) expect(value, name).toEqual(apart[name]);
  },
);

test("a sum of many rows has the same bits on several threads", async () => {
  const dims = [700, 37];
  const x = numbers("f32", dims, "threads");
  for (const axes of [[0], [1], [0, 1]]) {
    const graph = sumOf("f32", dims, axes, "row-major");
    const expected = await run(graph, x, "reproducible");
    for (const threads of [2, 3]) expect(await run(graph, x, "reproducible", threads)).toEqual(expected);
  }
});

test("parts that no element went to change nothing, and may be left out", () => {
  for (let count = 1; count <= PARTS; count++) {
    const parts = Array.from({ length: count }, (_, i) => 1 / (i + 3));
    const all = [...parts, ...new Array<number>(PARTS - count).fill(0)];
    expect(joinParts(parts, (a, b) => a + b)).toBe(joinParts(all, (a, b) => a + b));
  }
});
