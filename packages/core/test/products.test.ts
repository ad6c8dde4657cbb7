/** Matrix products have one order of sums: that of the contracted index, whatever tile, panel or block an element falls into. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { buildGraph } from "../src/graph/builder.js";
import type { Graph } from "../src/ir/graph.js";
import type { Value } from "../src/ops/op.js";
import { compile } from "../src/runtime/compile.js";
import type { TensorsByName } from "../src/runtime/executable.js";
import { elementCount } from "../src/shape/strides.js";
import type { TensorData } from "../src/shape/tensor-data.js";
import { f32, f64 } from "../src/shape/tensor-type.js";
import { randomFrom } from "./random.js";

interface Product {
  readonly dtype: "f32" | "f64";
  readonly batch: number;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** The operand's contracted axis comes first (left), or last (right). */
  readonly turnsLeft: boolean;
  readonly turnsRight: boolean;
  /** What is added to the product: nothing, a value for each column, or for each element. */
  readonly addend: "none" | "columns" | "elements";
  /** Axes along which operands are read from the end, as views of what is given. */
  readonly reversed: Readonly<Record<"x" | "y" | "c", readonly number[]>>;
}

const dimsOf = ({ batch, rows, inner, columns, turnsLeft, turnsRight }: Product) => ({
  x: [batch, ...(turnsLeft ? [inner, rows] : [rows, inner])],
  y: [batch, ...(turnsRight ? [columns, inner] : [inner, columns])],
});

function graphOfProduct(product: Product): Graph {
  const { dtype, batch, rows, columns, turnsLeft, turnsRight, addend } = product;
  const type = dtype === "f32" ? f32 : f64;
  const g = buildGraph("product");
  const { x, y } = dimsOf(product);
  const view = (name: "x" | "y" | "c", value: Value): Value => {
    const axes = product.reversed[name];
    return axes.length === 0 ? value : g.reverse(value, { axes });
  };
  const result = g.dotGeneral(view("x", g.param("x", type(...x))), view("y", g.param("y", type(...y))), {
    batchX: [0],
    batchY: [0],
    contractX: [turnsLeft ? 1 : 2],
    contractY: [turnsRight ? 2 : 1],
  });
  if (addend === "none") return g.build({ result });
  const dims = [batch, rows, columns];
  const c =
    addend === "columns" ? g.broadcast(g.param("c", type(columns)), { dims, axes: [2] }) : g.param("c", type(...dims));
  return g.build({ result: g.add(result, view("c", c)) });
}

function noise(dtype: "f32" | "f64", dims: readonly number[], seed: string): TensorData {
  const random = randomFrom(seed);
  const data = Array.from({ length: elementCount(dims) }, () => random() - 0.5);
  return dtype === "f32"
    ? { dtype, dims, data: Float32Array.from(data) }
    : { dtype, dims, data: Float64Array.from(data) };
}

function inputsOf(product: Product): TensorsByName {
  const { dtype, batch, rows, columns, addend } = product;
  const { x, y } = dimsOf(product);
  return {
    x: noise(dtype, x, "x"),
    y: noise(dtype, y, "y"),
    ...(addend === "none" ? {} : { c: noise(dtype, addend === "columns" ? [columns] : [batch, rows, columns], "c") }),
  };
}

/** The definition: a sum begins with what is added, and takes one product after the other. */
function literally(
  { dtype, batch, rows, inner, columns, turnsLeft, turnsRight, addend, reversed }: Product,
  inputs: TensorsByName,
) {
  const round = dtype === "f32" ? Math.fround : (value: number): number => value;
  /** The index along an axis of what lies in memory. */
  const at = (name: "x" | "y" | "c", axis: number, index: number, size: number): number =>
    reversed[name].includes(axis) ? size - 1 - index : index;
  const [x, y] = [inputs["x"].data, inputs["y"].data];
  const result: number[] = [];
  for (let b = 0; b < batch; b++)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        const [cRow, cColumn] = [at("c", 1, r, rows), at("c", 2, c, columns)];
        let sum =
          addend === "none"
            ? 0
            : inputs["c"].data[addend === "columns" ? cColumn : (b * rows + cRow) * columns + cColumn];
        for (let k = 0; k < inner; k++) {
          const [xRow, xInner] = [at("x", turnsLeft ? 2 : 1, r, rows), at("x", turnsLeft ? 1 : 2, k, inner)];
          const [yInner, yColumn] = [at("y", turnsRight ? 2 : 1, k, inner), at("y", turnsRight ? 1 : 2, c, columns)];
          const left = x[b * rows * inner + (turnsLeft ? xInner * rows + xRow : xRow * inner + xInner)];
          const right = y[b * inner * columns + (turnsRight ? yColumn * inner + yInner : yInner * columns + yColumn)];
          sum = round(sum + round(left * right));
        }
        result.push(sum);
      }
  return result;
}

async function run(product: Product, options: Parameters<typeof compile>[1]): Promise<TensorData> {
  const executable = await compile(graphOfProduct(product), options);
  const { result } = await executable.run(inputsOf(product));
  executable.dispose();
  return result;
}

/** Below, at and above what tiles, turns of their loops, blocks and thresholds of panels are. */
const size = (...most: readonly number[]): fc.Arbitrary<number> =>
  fc.oneof(...most.map((max) => fc.integer({ min: 1, max })));

/** Axes behind that of the batch; none as often as all others. */
const someAxes = fc.oneof(fc.constant<readonly number[]>([]), fc.subarray([1, 2], { minLength: 1 }));

const products: fc.Arbitrary<Product> = fc.record({
  dtype: fc.constantFrom("f32", "f64"),
  batch: fc.constantFrom(1, 1, 1, 2),
  rows: size(7, 40, 120),
  inner: size(9, 64, 600),
  columns: size(13, 40, 70),
  turnsLeft: fc.boolean(),
  turnsRight: fc.boolean(),
  addend: fc.constantFrom("none", "columns", "elements"),
  reversed: fc.record({ x: someAxes, y: someAxes, c: someAxes }),
});

/** A matrix and a vector for each of a batch. */
const matrixVectors: fc.Arbitrary<Product> = fc
  .record({
    batch: fc.integer({ min: 2, max: 5 }),
    inner: size(9, 70, 600),
    free: size(13, 40, 140),
    isLeft: fc.boolean(),
  })
  .chain(({ batch, inner, free, isLeft }) =>
    products.map((product) => ({
      ...product,
      batch,
      inner,
      rows: isLeft ? free : 1,
      columns: isLeft ? 1 : free,
    })),
  );

/** Nothing along one of the axes. */
const empty: fc.Arbitrary<Product> = fc
  .tuple(products, fc.constantFrom("batch", "rows", "inner", "columns"))
  .map(([product, axis]) => ({ ...product, [axis]: 0 }));

describe("in reproducible precision", () => {
  test.prop([empty], { numRuns: 40 })(
    "products without elements, or with nothing to sum, are what the definition says",
    async (product) => {
      const { data } = await run(product, { precision: "reproducible" });
      expect(Array.from(data)).toEqual(literally(product, inputsOf(product)));
    },
  );

  test.prop([matrixVectors], { numRuns: 60 })("so is every element of a vector by a matrix", async (product) => {
    const { data } = await run(product, { precision: "reproducible" });
    expect(Array.from(data)).toEqual(literally(product, inputsOf(product)));
  });

  test.prop([products], { numRuns: 60 })("every element is the sum that the definition says", async (product) => {
    const { data } = await run(product, { precision: "reproducible" });
    expect(Array.from(data)).toEqual(literally(product, inputsOf(product)));
  });
});

describe.each(["fast", "reproducible"] as const)("with precision %s", (precision) => {
  test.prop([fc.oneof(products, matrixVectors)], { numRuns: 8 })(
    "the bits do not depend on the number of threads",
    async (product) => {
      const alone = await run(product, { precision });
      expect(await run(product, { precision, threads: 3 })).toEqual(alone);
    },
  );
});
