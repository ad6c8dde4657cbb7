/** convGeneral against plain loops over its definition, its derivatives, and its errors. */
import { describe, expect, test } from "vitest";
import { ShapeError } from "../src/errors/errors.js";
import { buildGraph } from "../src/graph/builder.js";
import { convGeneral, type ConvOptions } from "../src/graph/convolution.js";
import { evaluate } from "../src/graph/evaluate.js";
import type { Graph } from "../src/ir/graph.js";
import { optimize } from "../src/passes/index.js";
import { compile } from "../src/runtime/compile.js";
import { toTensor, toTensorData } from "../src/shape/tensor-data.js";
import { f32, f64, type Dims } from "../src/shape/tensor-type.js";
import { sizesOf, type Tensor } from "../src/shape/tensor.js";
import { compareDirectional } from "./directional.js";
import { graphInF32, tensorsInF32 } from "./in-f32.js";
import { randomFrom } from "./random.js";
import { randomTensor } from "./use.js";

interface Example {
  readonly x: Dims;
  readonly W: Dims;
  readonly options: ConvOptions;
}

function graphOf({ x, W, options }: Example): Graph {
  const g = buildGraph("conv");
  return g.build({ out: convGeneral(g, g.param("x", f64(...x)), g.param("W", f64(...W)), options) });
}

/** All indices of the sizes, in row-major order. */
const indices = (sizes: readonly number[]): readonly (readonly number[])[] =>
  sizes.reduce<readonly (readonly number[])[]>(
    (all, size) => all.flatMap((index) => Array.from({ length: size }, (_, i) => [...index, i])),
    [[]],
  );

const flat = (index: readonly number[], sizes: readonly number[]): number =>
  index.reduce((sum, i, axis) => sum * sizes[axis] + i, 0);

/** The definition: for every element of the result the sum over kernel and channels, with the padding read as 0. */
function direct(x: Tensor, W: Tensor, options: ConvOptions): readonly number[] {
  const [batch, ...rest] = sizesOf(x.type);
  const spatial = rest.slice(0, -1);
  const wSizes = sizesOf(W.type);
  const kernel = wSizes.slice(0, spatial.length);
  const [inGroup, features] = wSizes.slice(spatial.length);
  const { groups = 1 } = options;
  const at = (list: readonly number[] | undefined, i: number): number => list?.[i] ?? 1;
  const reach = kernel.map((size, i) => (size - 1) * at(options.kernelDilation, i) + 1);
  const around = kernel.map((_, i): readonly [number, number] =>
    options.padding === "same"
      ? [Math.floor((reach[i] - 1) / 2), Math.ceil((reach[i] - 1) / 2)]
      : (options.padding?.[i] ?? [0, 0]),
  );
  const dilated = spatial.map((size, i) => (size - 1) * at(options.inputDilation, i) + 1);
  const positions = spatial.map((_, i) =>
    Math.floor((dilated[i] + around[i][0] + around[i][1] - reach[i]) / at(options.strides, i) + 1),
  );
  return indices([batch, ...positions, features]).map((index) => {
    const f = index[index.length - 1];
    const group = Math.floor(f / (features / groups));
    let sum = 0;
    for (const k of indices(kernel)) {
      const place = k.map(
        (by, i) => index[i + 1] * at(options.strides, i) + by * at(options.kernelDilation, i) - around[i][0],
      );
      const inX = place.map((p, i) => p / at(options.inputDilation, i));
      if (inX.some((p, i) => !Number.isInteger(p) || p < 0 || p >= spatial[i])) continue;
      for (let c = 0; c < inGroup; c++)
        sum +=
          x.data[flat([index[0], ...inX, group * inGroup + c], sizesOf(x.type))] * W.data[flat([...k, c, f], wSizes)];
    }
    return sum;
  });
}

const examples: readonly Example[] = [
  { x: [2, 5, 3], W: [3, 3, 4], options: {} },
  { x: [2, 6, 1], W: [2, 1, 1], options: { strides: [2], padding: [[1, 0]] } },
  { x: [1, 7, 2], W: [3, 2, 2], options: { padding: [[4, 0]], kernelDilation: [2] } },
  { x: [2, 4, 2], W: [3, 2, 3], options: { inputDilation: [3], padding: [[2, 1]] } },
  { x: [2, 5, 4], W: [3, 2, 6], options: { groups: 2, padding: "same" } },
  { x: [2, 6, 3], W: [4, 1, 3], options: { groups: 3, padding: [[3, 0]] } },
  { x: [2, 4, 5, 2], W: [3, 3, 2, 3], options: { padding: "same" } },
  { x: [1, 5, 6, 2], W: [2, 4, 2, 1], options: { padding: "same", strides: [2, 3] } },
  {
    x: [2, 4, 3, 2],
    W: [2, 3, 2, 2],
    options: {
      strides: [3, 1],
      inputDilation: [2, 1],
      kernelDilation: [1, 2],
      padding: [
        [1, 2],
        [2, 2],
      ],
    },
  },
  { x: [1, 3, 4, 4], W: [2, 2, 2, 4], options: { groups: 2, strides: [1, 2] } },
  { x: [2, 3, 4, 2, 2], W: [2, 2, 2, 2, 3], options: { padding: "same" } },
  { x: [1, 4, 4, 4, 2], W: [3, 1, 2, 1, 2], options: { groups: 2, strides: [1, 3, 2], kernelDilation: [1, 1, 3] } },
];

describe.each(examples)("$x by $W with $options", (example) => {
  const random = randomFrom(JSON.stringify(example));
  const inputs = { x: randomTensor(f64(...example.x), {}, random), W: randomTensor(f64(...example.W), {}, random) };

  test("is the sum over kernel and channels", () => {
    const { out } = evaluate(graphOf(example), inputs);
    const expected = direct(inputs.x, inputs.W, example.options);
    expect(out.data).toHaveLength(expected.length);
    out.data.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 10);
    });
  });

  test("has the derivative that differences show, and that has its own", () => {
    const graph = graphOf(example);
    const first = compareDirectional(
      graph,
      { of: ["out"], wrt: ["x", "W"] },
      new Map(Object.entries(inputs)),
      {},
      random,
    );
    expect(first.derivative).toBeCloseTo(first.difference, 5);
    const again = { of: ["grad.x", "grad.W"], wrt: ["x", "W", "ct.out"] };
    const second = compareDirectional(first.pulled, again, first.point, {}, random);
    expect(second.derivative).toBeCloseTo(second.difference, 5);
  });

  test("is the same in compiled code, with its derivative", async () => {
    const { pulled, point } = compareDirectional(
      graphOf(example),
      { of: ["out"], wrt: ["x", "W"] },
      new Map(Object.entries(inputs)),
      {},
      random,
    );
    const graph = graphInF32(pulled);
    const single = tensorsInF32(point);
    const data = Object.fromEntries(Object.entries(single).map(([name, tensor]) => [name, toTensorData(tensor)]));
    const executable = await compile(graph, { executor: "compiled" });
    const results = await executable.run(data);
    executable.dispose();
    for (const [name, { data: expected }] of Object.entries(evaluate(optimize(graph), single)))
      toTensor(results[name]).data.forEach((value, i) => {
        expect(Math.abs(value - expected[i])).toBeLessThan(1e-4);
      });
  });
});

test("lengths may be symbols, and a causal convolution keeps them", () => {
  const g = buildGraph("causal");
  const x = g.param("x", f32("B", "T", 4));
  const out = convGeneral(g, x, g.param("W", f32(3, 4, 8)), { padding: [[2, 0]] });
  expect(out.type.dims).toEqual(["B", "T", 8]);
  const strided = convGeneral(g, x, g.param("V", f32(3, 4, 8)), { padding: "same", strides: [2] });
  expect(strided.type.dims).toEqual(["B", "ceil(T/2)", 8]);
});

describe("refuses", () => {
  const refused: readonly (readonly [code: string, Example])[] = [
    ["convGeneral.rank", { x: [2, 5], W: [3, 5, 4], options: {} }],
    ["convGeneral.rank", { x: [2, 5, 3], W: [3, 3, 3, 4], options: {} }],
    ["convGeneral.options", { x: [2, 5, 3], W: [3, 3, 4], options: { strides: [0] } }],
    ["convGeneral.options", { x: [2, 5, 3], W: [3, 3, 4], options: { kernelDilation: [1, 1] } }],
    ["convGeneral.options", { x: [2, 5, 3], W: [3, 3, 4], options: { padding: [[-1, 0]] } }],
    ["convGeneral.options", { x: [2, 5, 3], W: [3, 3, 4], options: { groups: 0.5 } }],
    ["convGeneral.kernel", { x: [2, 5, 3], W: ["T", 3, 4], options: {} }],
    ["convGeneral.channels", { x: [2, 5, 3], W: [3, 2, 4], options: {} }],
    ["convGeneral.channels", { x: [2, 5, 4], W: [3, 2, 3], options: { groups: 2 } }],
    ["convGeneral.room", { x: [2, "T", 3], W: [2, 3, 4], options: {} }],
  ];
  test.each(refused)("with %s: %o", (code, example) => {
    expect(() => graphOf(example)).toThrow(ShapeError);
    try {
      graphOf(example);
    } catch (error) {
      expect((error as ShapeError).issues.map((issue) => issue.code)).toEqual([code]);
    }
  });
});
