/** Derived functions: values worked out elsewhere, extreme elements, and derivatives of first and second order. */
import { describe, expect, test } from "vitest";
import { LatchgradError } from "../src/errors/errors.js";
import { buildGraph, type GraphBuilder } from "../src/graph/builder.js";
import * as derived from "../src/graph/derived.js";
import { einsum } from "../src/graph/einsum.js";
import type { Graph } from "../src/ir/graph.js";
import type { Value } from "../src/ops/op.js";
import type { DimBindings } from "../src/shape/dim.js";
import type { Tensor } from "../src/shape/tensor.js";
import { f64, formatType, i32, u32, type TensorType } from "../src/shape/tensor-type.js";
import { compareDirectional, evaluateAt, tensorOf, type Point } from "./directional.js";
import { randomFrom } from "./random.js";
import { randomTensor } from "./use.js";

type Build = (g: GraphBuilder, ...params: readonly Value[]) => Value;

/** A graph of the parameters p0, p1, ... with the output "out". */
function graphOf(types: readonly TensorType[], build: Build): Graph {
  const g = buildGraph("derived");
  const params = types.map((type, i) => g.param(`p${i}`, type));
  return g.build({ out: build(g, ...params) });
}

const pointOf = (types: readonly TensorType[], data: readonly (readonly number[])[]): Point =>
  new Map(types.map((type, i): [string, Tensor] => [`p${i}`, { type, data: Float64Array.from(data[i]) }]));

function run(types: readonly TensorType[], data: readonly (readonly number[])[], build: Build): Tensor {
  return tensorOf(evaluateAt(graphOf(types, build), pointOf(types, data), {}), "out");
}

/** A function of one vector. */
const onVector = (x: readonly number[], build: (g: GraphBuilder, x: Value) => Value): readonly number[] => [
  ...run([f64(x.length)], [x], build).data,
];

/** First and second derivatives at a vector, element by element, for functions that act so. */
function derivatives(
  x: readonly number[],
  build: (g: GraphBuilder, x: Value) => Value,
): readonly (readonly number[])[] {
  const types = [f64(x.length)];
  const ones = new Array<number>(x.length).fill(1);
  const first = compareDirectional(
    graphOf(types, build),
    { of: ["out"], wrt: ["p0"] },
    pointOf(types, [x]),
    {},
    () => 1,
  ).pulled;
  const at = new Map([...pointOf(types, [x]), ["ct.out", { type: types[0], data: Float64Array.from(ones) }] as const]);
  const second = compareDirectional(first, { of: ["grad.p0"], wrt: ["p0"] }, at, {}, () => 1).pulled;
  const full = new Map([...at, ["ct.grad.p0", { type: types[0], data: Float64Array.from(ones) }] as const]);
  return [
    [...tensorOf(evaluateAt(first, at, {}), "grad.p0").data],
    [...tensorOf(evaluateAt(second, full, {}), "grad.grad.p0").data],
  ];
}

function expectAllClose(actual: Iterable<number>, expected: readonly number[], digits = 12): void {
  const values = [...actual];
  expect(values).toHaveLength(expected.length);
  values.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i], digits);
  });
}

function expectRightDerivatives(types: readonly TensorType[], build: Build, bindings: DimBindings = {}): void {
  const random = randomFrom("derived");
  const graph = graphOf(types, build);
  const wrt = types.flatMap((type, i) => (type.dtype === "f64" ? [`p${i}`] : []));
  const point = new Map(types.map((type, i) => [`p${i}`, randomTensor(type, bindings, random)] as const));
  const first = compareDirectional(graph, { of: ["out"], wrt }, point, bindings, random);
  expect(first.derivative).toBeCloseTo(first.difference, 6);
  const again = { of: wrt.map((name) => `grad.${name}`), wrt: [...wrt, "ct.out"] };
  const second = compareDirectional(first.pulled, again, first.point, bindings, random);
  expect(second.derivative).toBeCloseTo(second.difference, 6);
}

const issueOf = (build: () => unknown): string => {
  try {
    build();
  } catch (error) {
    if (error instanceof LatchgradError) return error.issues[0].code;
  }
  return "nothing thrown";
};

describe("derivatives", () => {
  const { softmax, logSoftmax, logsumexp, layerNorm, mean, variance } = derived;
  test.each<readonly [string, Build]>([
    ["softmax", (g, x) => softmax(g, x, { axis: -1 })],
    ["logSoftmax", (g, x) => logSoftmax(g, x, { axis: 1 })],
    ["logsumexp", (g, x) => logsumexp(g, x, { axis: [0, 2] })],
    ["mean", (g, x) => mean(g, x, { axis: [0, 1] })],
    ["variance", (g, x) => variance(g, x, { axis: 1 })],
    ["layerNorm", (g, x) => layerNorm(g, x, { axis: [1, 2], epsilon: 1e-5 })],
    ["softplus", derived.softplus],
    ["logSigmoid", derived.logSigmoid],
    ["silu", derived.silu],
    ["gelu", derived.gelu],
    ["relu", derived.relu],
    ["square", derived.square],
  ])("%s", (_, build) => {
    expectRightDerivatives([f64(2, 3, 4)], build);
    expectRightDerivatives([f64("B", "T", 4)], build, { B: 3, T: 2 });
  });

  test("softplus has the right ones at 0 and far from it", () => {
    const [first, second] = derivatives([0, -0, 1000, -1000], derived.softplus);
    expect(first).toEqual([0.5, 0.5, 1, 0]);
    expect(second).toEqual([0.25, 0.25, 0, 0]);
  });

  test("relu has 0 at 0", () => {
    expect(derivatives([0, -1, 1], derived.relu)[0]).toEqual([0, 0, 1]);
  });

  test("logsumexp has them beside elements of -inf", () => {
    const x = [0, -Infinity, 0];
    const types = [f64(3)];
    const graph = graphOf(types, (g, v) => derived.logsumexp(g, v, { axis: 0 }));
    const pulled = compareDirectional(graph, { of: ["out"], wrt: ["p0"] }, pointOf(types, [x]), {}, () => 1).pulled;
    const at = new Map([...pointOf(types, [x]), ["ct.out", { type: f64(), data: Float64Array.of(1) }] as const]);
    expect([...tensorOf(evaluateAt(pulled, at, {}), "grad.p0").data]).toEqual([0.5, 0, 0.5]);
  });
});

describe("extreme elements", () => {
  test("logsumexp", () => {
    const sum = (x: readonly number[]): number => onVector(x, (g, v) => derived.logsumexp(g, v, { axis: 0 }))[0];
    expect(sum([1000, 1000])).toBeCloseTo(1000 + Math.LN2, 12);
    expect(sum([-1000, -1000])).toBeCloseTo(-1000 + Math.LN2, 12);
    expect(sum([-Infinity, -Infinity])).toBe(-Infinity);
    expect(sum([-Infinity, 3])).toBe(3);
    expect(sum([Infinity, 0])).toBe(Infinity);
    expect(sum([NaN, 0])).toBeNaN();
  });

  test("softmax and its logarithm", () => {
    expect(onVector([1000, 0, -Infinity], (g, v) => derived.softmax(g, v, { axis: 0 }))).toEqual([1, 0, 0]);
    expect(onVector([1000, 0, -1000], (g, v) => derived.logSoftmax(g, v, { axis: 0 }))).toEqual([0, -1000, -2000]);
  });

  test("softplus, logSigmoid, silu, gelu, relu", () => {
    const x = [1000, -1000, Infinity, 0];
    expect(onVector(x, derived.softplus)).toEqual([1000, 0, Infinity, Math.LN2]);
    expect(onVector([-Infinity], derived.softplus)).toEqual([0]);
    expect(onVector([-40], derived.softplus)[0]).toBeCloseTo(Math.exp(-40), 30);
    expect(onVector([1000, -1000, 0], derived.logSigmoid)).toEqual([-0, -1000, -Math.LN2]);
    expect(onVector([1000, -1000], derived.silu)).toEqual([1000, -0]);
    expect(onVector([1000, -1000], derived.gelu)).toEqual([1000, -0]);
    expect(onVector([-1, 0, 2, NaN, Infinity], derived.relu)).toEqual([0, 0, 2, NaN, Infinity]);
  });

  test("variance does not cancel far from 0", () => {
    expect(onVector([1e8, 1e8 + 1, 1e8 + 2], (g, v) => derived.variance(g, v, { axis: 0 }))[0]).toBeCloseTo(2 / 3, 12);
  });
});

describe("values", () => {
  test("of elementwise functions, from tables", () => {
    expectAllClose(onVector([1, -0.5], derived.softplus), [1.3132616875182228, 0.4740769841801067]);
    expectAllClose(onVector([1, -0.5], derived.logSigmoid), [-0.31326168751822286, -0.9740769841801067]);
    expectAllClose(onVector([1, -0.5], derived.silu), [0.7310585786300049, -0.1887703343990727]);
    expectAllClose(onVector([1, -0.5], derived.gelu), [0.8413447460685429, -0.15426876936299344]);
    expectAllClose(onVector([3, -0.5], derived.square), [9, 0.25]);
  });

  test("of reductions, over one or several axes counted from either end", () => {
    const x = [1, 2, 3, 4, 5, 9];
    const over = (axis: number | readonly number[], f: typeof derived.mean): readonly number[] => [
      ...run([f64(2, 3)], [x], (g, v) => f(g, v, { axis })).data,
    ];
    expect(over(0, derived.mean)).toEqual([2.5, 3.5, 6]);
    expect(over(-1, derived.mean)).toEqual([2, 6]);
    expect(over([1, 0], derived.mean)).toEqual([4]);
    expectAllClose(over(-1, derived.variance), [2 / 3, 14 / 3]);
    expectAllClose(over([-1, -2], derived.variance), [40 / 6]);
  });

  test("mean divides by a symbolic number of elements", () => {
    const types = [f64("B", "T", 2)];
    const graph = graphOf(types, (g, x) => derived.mean(g, x, { axis: [0, 1] }));
    const bound = { B: 2, T: 3 };
    const x = { type: f64(2, 3, 2), data: Float64Array.from({ length: 12 }, (_, i) => i) };
    expect([...tensorOf(evaluateAt(graph, new Map([["p0", x]]), bound), "out").data]).toEqual([5, 6]);
  });

  test("layerNorm has mean 0 and variance 1 but for epsilon", () => {
    const x = [1, 2, 4, 9];
    const scale = 1 / Math.sqrt(9.5 + 0.5);
    expectAllClose(
      onVector(x, (g, v) => derived.layerNorm(g, v, { axis: 0, epsilon: 0.5 })),
      x.map((value) => (value - 4) * scale),
    );
  });

  test("softmax along an inner axis", () => {
    const out = run([f64(2, 2)], [[0, 1, Math.log(3), 1]], (g, x) => derived.softmax(g, x, { axis: 0 }));
    expectAllClose(out.data, [0.25, 0.5, 0.75, 0.5]);
  });

  test("oneHot, with an index outside", () => {
    const out = run([i32(2, 2)], [[0, 2, -1, 3]], (g, x) => derived.oneHot(g, x, { depth: 3, dtype: "f32" }));
    expect(formatType(out.type)).toBe("f32[2,2,3]");
    expect([...out.data]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  });

  test("matmul takes any rank on either side", () => {
    const [x, W] = [
      [1, 2, 3, 4],
      [1, 10, 100, 1000],
    ];
    expect([...run([f64(2, 2), f64(2, 2)], [x, W], derived.matmul).data]).toEqual([201, 2010, 403, 4030]);
    expect([...run([f64(2), f64(2, 2)], [[1, 2], W], derived.matmul).data]).toEqual([201, 2010]);
    expect(formatType(run([f64(1, 2, 2), f64(2, 1, 2)], [x, W], derived.matmul).type)).toBe("f64[1,2,1,2]");
  });

  test("uniform is what JAX computes from the same bits", () => {
    const out = run([u32(2), i32()], [[0, 42], [7]], (g, key, step) =>
      derived.uniform(g, key, step, { stream: "dropout", dims: [1000] }),
    );
    const bits = run([u32(2), i32()], [[0, 42], [7]], (g, key, step) =>
      g.randomBits(key, step, { stream: "dropout", dims: [1000] }),
    );
    const word = new Uint32Array(1);
    const asFloat = new Float32Array(word.buffer);
    const expected = [...bits.data].map((value) => {
      word[0] = (value >>> 9) | 0x3f800000;
      return asFloat[0] - 1;
    });
    expect(formatType(out.type)).toBe("f32[1000]");
    expect([...out.data]).toEqual(expected);
    expect(expected.reduce((sum, value) => sum + value, 0) / 1000).toBeCloseTo(0.5, 1);
  });
});

describe("einsum", () => {
  const counted = (...dims: readonly number[]): readonly number[] =>
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i + 1);

  /** The definition: every letter is a loop. */
  function loops(
    spec: string,
    sizes: Readonly<Record<string, number>>,
    data: readonly (readonly number[])[],
  ): readonly number[] {
    const [left, output] = spec.split("->");
    const operands = left.split(",");
    const letters = [...new Set([...output, ...left.replaceAll(",", "")])];
    const count = (names: string): number => [...names].reduce((product, letter) => product * sizes[letter], 1);
    const at = (names: string, index: Readonly<Record<string, number>>): number =>
      [...names].reduce((flat, letter) => flat * sizes[letter] + index[letter], 0);
    const out = new Array<number>(count(output)).fill(0);
    for (let flat = 0; flat < count(letters.join("")); flat++) {
      let rest = flat;
      const index: Record<string, number> = {};
      for (const letter of [...letters].reverse()) {
        index[letter] = rest % sizes[letter];
        rest = Math.floor(rest / sizes[letter]);
      }
      out[at(output, index)] += operands.reduce((product, names, i) => product * data[i][at(names, index)], 1);
    }
    return out;
  }

  test.each([
    "bti,ij->btj",
    "ij,jk->ki",
    "bi,bj->bij",
    "bi,bi->b",
    "bij,bjk->bik",
    "bij,kjb->kbi",
    "i,j->ij",
    "i,i->",
    "ijk,j->i",
    "ik,jb->ij",
    "ijk->kj",
    "ij->",
    "ij->ji",
    "i->i",
    "btk,kbi->tib",
  ])("%s", (spec) => {
    const sizes = { b: 2, t: 3, i: 4, j: 5, k: 2 };
    const types = spec
      .split("->")[0]
      .split(",")
      .map((names) => f64(...[...names].map((letter) => sizes[letter as keyof typeof sizes])));
    const data = types.map((type) => counted(...(type.dims as readonly number[])));
    const build: Build = (g, ...operands) => einsum(g, spec, operands);
    const out = run(types, data, build);
    expect(out.type.dims).toEqual([...spec.split("->")[1]].map((letter) => sizes[letter as keyof typeof sizes]));
    expect([...out.data]).toEqual(loops(spec, sizes, data));
    expectRightDerivatives(types, build);
  });

  test("ignores spaces and keeps symbolic dims", () => {
    const graph = graphOf([f64("B", "T", 3), f64(3, "H")], (g, ...operands) => einsum(g, " bti, ij -> jbt", operands));
    expect(formatType(graph.nodes[graph.nodes.length - 1].types[0])).toBe("f64[H,B,T]");
  });

  test.each<readonly [string, string, readonly TensorType[], string]>([
    ["no arrow", "ij,jk", [f64(2, 3), f64(3, 2)], "einsum.spec"],
    ["a sign", "i1,jk->ik", [f64(2, 3), f64(3, 2)], "einsum.spec"],
    ["three operands", "i,i,i->i", [f64(2), f64(2), f64(2)], "einsum.spec"],
    ["another number of operands", "i,i->i", [f64(2)], "einsum.spec"],
    ["a letter twice", "ii->i", [f64(2, 2)], "einsum.spec"],
    ["a letter twice in the result", "i->ii", [f64(2)], "einsum.spec"],
    ["an unknown letter in the result", "i->ij", [f64(2)], "einsum.spec"],
    ["another rank", "ij->i", [f64(2)], "einsum.rank"],
    ["uneven sizes", "ij,jk->ik", [f64(2, 3), f64(2, 3)], "einsum.sizes"],
  ])("refuses %s", (_, spec, types, code) => {
    expect(issueOf(() => graphOf(types, (g, ...operands) => einsum(g, spec, operands)))).toBe(code);
  });
});

describe("mistakes", () => {
  test.each<readonly [string, Build]>([
    ["mean.axis", (g, x) => derived.mean(g, x, { axis: 2 })],
    ["mean.axis", (g, x) => derived.mean(g, x, { axis: [0, -2] })],
    ["softmax.axis", (g, x) => derived.softmax(g, x, { axis: -3 })],
    ["layerNorm.axis", (g, x) => derived.layerNorm(g, x, { axis: 0.5, epsilon: 1e-5 })],
    ["mean.float", (g, x) => derived.mean(g, g.cast(x, { dtype: "i32" }), { axis: 0 })],
    ["dotGeneral.C2", (g, x) => derived.matmul(g, x, x)],
  ])("%s", (code, build) => {
    expect(issueOf(() => graphOf([f64(2, 3)], build))).toBe(code);
  });
});
