// What equations mean: every function and operator against plain JavaScript on one example, in a batch of three.
import { describe, expect, test } from "vitest";
import {
  evaluate,
  gradient,
  graphFromJson,
  graphToJson,
  optimize,
  parseGraph,
  printGraph,
  type Tensor,
} from "../../src/index";
import { notationFunctions } from "../../src/notation/functions/index";
import { graphOf, type Repeat } from "./harness";

const BATCH = 3;
const STEPS = 5;
const wave = (count: number, start: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + start)) * 0.9);

/** One example of the world. */
interface Example {
  readonly x: readonly number[];
  readonly h: readonly number[];
  readonly s: number;
  readonly v: readonly number[];
  readonly m: readonly boolean[];
  readonly i: number;
  readonly M: readonly (readonly number[])[];
}
const rows = (data: readonly number[], width: number): readonly (readonly number[])[] =>
  Array.from({ length: data.length / width }, (_, r) => data.slice(r * width, (r + 1) * width));

const W = rows(wave(12, 1), 4);
const U = rows(wave(16, 20), 4);
const b = wave(4, 40);
const A = [rows(wave(16, 50), 4), rows(wave(16, 70), 4)];
const K = rows(wave(8, 90), 4);
const examples: readonly Example[] = Array.from({ length: BATCH }, (_, e) => ({
  x: wave(3, 100 + e * 7),
  h: wave(4, 200 + e * 7),
  s: wave(1, 300 + e)[0],
  v: wave(STEPS, 400 + e * 7),
  m: wave(4, 500 + e * 7).map((value) => value > 0),
  i: e % 2,
  M: rows(wave(16, 600 + e * 20), 4),
}));

const tensor = (dtype: Tensor["type"]["dtype"], dims: readonly number[], data: readonly number[]): Tensor => ({
  type: { dtype, dims },
  data: Float64Array.from(data),
});
const stacked = (of: (example: Example) => readonly number[]): readonly number[] => examples.flatMap(of);
const inputs: Readonly<Record<string, Tensor>> = {
  x: tensor(
    "f64",
    [BATCH, 3],
    stacked((e) => e.x),
  ),
  h: tensor(
    "f64",
    [BATCH, 4],
    stacked((e) => e.h),
  ),
  W: tensor("f64", [3, 4], W.flat()),
  U: tensor("f64", [4, 4], U.flat()),
  b: tensor("f64", [4], b),
  A: tensor("f64", [2, 4, 4], A.flat(2)),
  M: tensor(
    "f64",
    [BATCH, 4, 4],
    stacked((e) => e.M.flat()),
  ),
  K: tensor("f64", [2, 4], K.flat()),
  s: tensor(
    "f64",
    [BATCH],
    stacked((e) => [e.s]),
  ),
  m: tensor(
    "bool",
    [BATCH, 4],
    stacked((e) => e.m.map(Number)),
  ),
  i: tensor(
    "i32",
    [BATCH],
    stacked((e) => [e.i]),
  ),
  v: tensor(
    "f64",
    [BATCH, STEPS],
    stacked((e) => e.v),
  ),
  t: tensor("i32", [], [7]),
  key: tensor("u32", [2], [1, 2]),
};

/** The value of y for every example, flat; what all share is repeated. */
function valuesOf(lines: readonly (string | Repeat)[], options?: Parameters<typeof graphOf>[1]): readonly number[][] {
  const { graph, defined } = graphOf(lines, options);
  const y = defined.get("y");
  if (y?.kind === "number") return examples.map(() => [y.value]);
  if (y?.kind !== "tensor") return expect.fail(`y is a ${y?.kind ?? "missing"}`);
  const given = Object.fromEntries(
    graph.params.map(({ name }) => [name, inputs[name] ?? tensor("i32", [], [0])] as const),
  );
  const data = Array.from(evaluate(graph, given).y.data);
  if (!y.batched) return examples.map(() => data);
  return rows(data, data.length / BATCH).map((row) => [...row]);
}

const sum = (values: readonly number[]): number => values.reduce((a, c) => a + c, 0);
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const mean = (values: readonly number[]): number => sum(values) / values.length;
const variance = (values: readonly number[]): number => mean(values.map((z) => (z - mean(values)) ** 2));
const vectorMatrix = (z: readonly number[], m: readonly (readonly number[])[]): number[] =>
  m[0].map((_, k) => sum(z.map((zi, i) => zi * m[i][k])));
const matrixVector = (m: readonly (readonly number[])[], z: readonly number[]): number[] =>
  m.map((row) => sum(row.map((r, i) => r * z[i])));
const matrixMatrix = (p: readonly (readonly number[])[], q: readonly (readonly number[])[]): number[] =>
  p.flatMap((row) => vectorMatrix(row, q));
const transposed = (m: readonly (readonly number[])[]): number[][] => m[0].map((_, k) => m.map((row) => row[k]));
const softmax = (z: readonly number[]): number[] => {
  const all = z.map(Math.exp);
  return all.map((e) => e / sum(all));
};
const normalized = (z: readonly number[], epsilon: number): number[] =>
  z.map((each) => (each - mean(z)) / Math.sqrt(variance(z) + epsilon));
/** z / √(Σ z² / count + epsilon). */
const scaled = (z: readonly number[], count: number, epsilon: number): number[] =>
  z.map((each) => each / Math.sqrt(z.reduce((sum, other) => sum + other * other, 0) / count + epsilon));
/** erf by its series, for arguments below 1. */
const erf = (z: number): number => {
  let total = 0;
  let term = z;
  for (let n = 0; n < 40; n++) {
    total += term / (2 * n + 1);
    term *= -(z * z) / (n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
};

type Meaning = readonly [expression: string, of: (e: Example) => readonly number[]];

const operators: readonly Meaning[] = [
  ["x @ W", (e) => vectorMatrix(e.x, W)],
  ["W @ h", (e) => matrixVector(W, e.h)],
  ["M @ h", (e) => matrixVector(e.M, e.h)],
  ["h @ M", (e) => vectorMatrix(e.h, e.M)],
  ["b @ M", (e) => vectorMatrix(b, e.M)],
  ["M @ b", (e) => matrixVector(e.M, b)],
  ["b @ U", () => vectorMatrix(b, U)],
  ["h @ b", (e) => [sum(e.h.map((z, k) => z * b[k]))]],
  ["b @ h", (e) => [sum(e.h.map((z, k) => z * b[k]))]],
  ["h @ h", (e) => [sum(e.h.map((z) => z * z))]],
  ["M @ U", (e) => matrixMatrix(e.M, U)],
  ["U @ M", (e) => matrixMatrix(U, e.M)],
  ["M @ M", (e) => matrixMatrix(e.M, e.M)],
  ["W @ U", () => matrixMatrix(W, U)],
  ["A @ M", (e) => A.flatMap((each) => matrixMatrix(each, e.M))],
  ["M @ A", (e) => A.flatMap((each) => matrixMatrix(e.M, each))],
  ["A @ A", () => A.flatMap((each) => matrixMatrix(each, each))],
  ["A @ h", (e) => A.flatMap((each) => matrixVector(each, e.h))],
  ["x @ W * h", (e) => vectorMatrix(e.x, W).map((z, k) => z * e.h[k])],
  ["2 * h @ U", (e) => vectorMatrix(e.h, U).map((z) => 2 * z)],
  ["-h^2", (e) => e.h.map((z) => -(z * z))],
  ["2^3^2 + 0 * s", () => [512]],
  ["-2^2 + 0 * s", () => [-4]],
  ["2^-1 + 0 * s", () => [0.5]],
  ["exp(h)^0.5", (e) => e.h.map((z) => Math.exp(z / 2))],
  ["10 - 3 - 2 + 0 * s", () => [5]],
  ["16 / 4 / 2 + 0 * s", () => [2]],
  ["h / b", (e) => e.h.map((z, k) => z / b[k])],
  ["h % 0.3", (e) => e.h.map((z) => z - 0.3 * Math.floor(z / 0.3))],
  ["1 - h", (e) => e.h.map((z) => 1 - z)],
  ["s * h", (e) => e.h.map((z) => e.s * z)],
  ["s * U", (e) => U.flat().map((z) => e.s * z)],
  ["h + M", (e) => e.M.flatMap((row) => row.map((z, k) => z + e.h[k]))],
  ["h + K", (e) => K.flatMap((row) => row.map((z, k) => z + e.h[k]))],
  ["M[0:1] + M", (e) => e.M.flatMap((row) => row.map((z, k) => z + e.M[0][k]))],
  ["h > b", (e) => e.h.map((z, k) => Number(z > b[k]))],
  ["h >= b", (e) => e.h.map((z, k) => Number(z >= b[k]))],
  ["h < b", (e) => e.h.map((z, k) => Number(z < b[k]))],
  ["h <= b", (e) => e.h.map((z, k) => Number(z <= b[k]))],
  ["i == 1", (e) => [Number(e.i === 1)]],
  ["i != 1", (e) => [Number(e.i !== 1)]],
  ["m and not m or h > 0", (e) => e.h.map((z) => Number(z > 0))],
  ["(h > 0) * h", (e) => e.h.map((z) => (z > 0 ? z : 0))],
  ["(t + 1) * s", (e) => [8 * e.s]],
  ["(t % 4 == 3) * s", (e) => [e.s]],
  ["t / 2 * s", (e) => [3.5 * e.s]],
  ["where(1 < 2, h, b)", (e) => e.h],
  ["where(train, h, b)", (e) => e.h],
  ["where(not train or 1 == 2, h, b)", () => b],
  ["pi * s", (e) => [Math.PI * e.s]],
  ["exp(-inf) + s", (e) => [e.s]],
  ["h[1]", (e) => [e.h[1]]],
  ["h[-1]", (e) => [e.h[3]]],
  ["M[1]", (e) => e.M[1]],
  ["M[.., 1]", (e) => e.M.map((row) => row[1])],
  ["M[:, 1]", (e) => e.M.map((row) => row[1])],
  ["M[1, 2]", (e) => [e.M[1][2]]],
  ["M[1:3, 0]", (e) => e.M.slice(1, 3).map((row) => row[0])],
  ["M[1:, -2:]", (e) => e.M.slice(1).flatMap((row) => row.slice(-2))],
  ["M[:]", (e) => e.M.flat()],
  ["M[i, 1:3]", (e) => e.M[e.i].slice(1, 3)],
  ["M[:, i]", (e) => e.M.map((row) => row[e.i])],
  ["A[1, .., 0]", () => A[1].map((row) => row[0])],
  ["A[:, 1, 2:]", () => A.flatMap((matrix) => matrix[1].slice(2))],
  ["A[.., 1, :]", () => A.flatMap((matrix) => matrix[1])],
  ["A[.., 0:2, 1]", () => A.flatMap((matrix) => matrix.slice(0, 2).map((row) => row[1]))],
  ["A[1]", () => A[1].flat()],
  ["A[i]", (e) => A[e.i].flat()],
  ["M[i]", (e) => e.M[e.i]],
  ["M[.., i]", (e) => e.M.map((row) => row[e.i])],
  ["M[t % 4]", (e) => e.M[3]],
  ["A[t % 2] @ h", (e) => matrixVector(A[1], e.h)],
  ["h[1:3]", (e) => e.h.slice(1, 3)],
  ["h[:-1]", (e) => e.h.slice(0, -1)],
  ["h[-2:]", (e) => e.h.slice(-2)],
  ["M[1:3]", (e) => e.M.slice(1, 3).flat()],
  ["M[.., 1:3]", (e) => e.M.flatMap((row) => row.slice(1, 3))],
  ["h[units / 2:units]", (e) => e.h.slice(2)],
  ["M[1][2:][0]", (e) => [e.M[1][2]]],
  ["v[1:]", (e) => e.v.slice(1)],
];

const functions: readonly Meaning[] = [
  ["tanh(h)", (e) => e.h.map(Math.tanh)],
  ["sigmoid(h)", (e) => e.h.map(sigmoid)],
  ["exp(h)", (e) => e.h.map(Math.exp)],
  ["log(exp(h))", (e) => e.h],
  ["log1p(abs(h))", (e) => e.h.map((z) => Math.log1p(Math.abs(z)))],
  ["expm1(h)", (e) => e.h.map(Math.expm1)],
  ["sqrt(abs(h))", (e) => e.h.map((z) => Math.sqrt(Math.abs(z)))],
  ["rsqrt(abs(h))", (e) => e.h.map((z) => 1 / Math.sqrt(Math.abs(z)))],
  ["sin(h)", (e) => e.h.map(Math.sin)],
  ["cos(h)", (e) => e.h.map(Math.cos)],
  ["erf(h)", (e) => e.h.map(erf)],
  ["floor(3 * h)", (e) => e.h.map((z) => Math.floor(3 * z))],
  ["sign(h)", (e) => e.h.map(Math.sign)],
  ["abs(h)", (e) => e.h.map(Math.abs)],
  ["stopGradient(h)", (e) => e.h],
  ["relu(h)", (e) => e.h.map((z) => Math.max(z, 0))],
  ["relu(-3) + s", (e) => [e.s]],
  ["square(h)", (e) => e.h.map((z) => z * z)],
  ["softplus(h)", (e) => e.h.map((z) => Math.log(1 + Math.exp(z)))],
  ["softplus(2) + s", (e) => [Math.log(1 + Math.exp(2)) + e.s]],
  ["logSigmoid(h)", (e) => e.h.map((z) => Math.log(sigmoid(z)))],
  ["silu(h)", (e) => e.h.map((z) => z * sigmoid(z))],
  ["gelu(h)", (e) => e.h.map((z) => 0.5 * z * (1 + erf(z / Math.SQRT2)))],
  ["pow(exp(h), 3)", (e) => e.h.map((z) => Math.exp(3 * z))],
  ["mod(h, 0.4)", (e) => e.h.map((z) => z - 0.4 * Math.floor(z / 0.4))],
  ["where(m, h, b)", (e) => e.h.map((z, k) => (e.m[k] ? z : b[k]))],
  ["where(h > 0, h, 0.1 * h)", (e) => e.h.map((z) => (z > 0 ? z : 0.1 * z))],
  ["where(m, 1, 0)", (e) => e.m.map(Number)],
  ["where(m, M, 0)", (e) => e.M.flatMap((row) => row.map((z, k) => (e.m[k] ? z : 0)))],
  ["sum(h)", (e) => [sum(e.h)]],
  ["sum(M)", (e) => [sum(e.M.flat())]],
  ["sum(M, 0)", (e) => transposed(e.M).map(sum)],
  ["sum(M, axis = -1)", (e) => e.M.map(sum)],
  ["sum(b)", () => [sum(b)]],
  ["sum(s)", (e) => [e.s]],
  ["mean(M)", (e) => [mean(e.M.flat())]],
  ["mean(v)", (e) => [mean(e.v)]],
  ["variance(h)", (e) => [variance(e.h)]],
  ["norm(h)", (e) => [Math.hypot(...e.h)]],
  ["norm(0 * h)", () => [0]],
  ["logsumexp(h)", (e) => [Math.log(sum(e.h.map(Math.exp)))]],
  ["max(h)", (e) => [Math.max(...e.h)]],
  ["max(M, axis = 0)", (e) => transposed(e.M).map((column) => Math.max(...column))],
  ["max(h, 0)", (e) => e.h.map((z) => Math.max(z, 0))],
  ["max(h, b)", (e) => e.h.map((z, k) => Math.max(z, b[k]))],
  ["min(h)", (e) => [Math.min(...e.h)]],
  ["min(h, b)", (e) => e.h.map((z, k) => Math.min(z, b[k]))],
  ["logAddExp(h, b)", (e) => e.h.map((z, k) => Math.log(Math.exp(z) + Math.exp(b[k])))],
  ["softmax(h)", (e) => softmax(e.h)],
  ["softmax(M, 0)", (e) => transposed(transposed(e.M).map(softmax)).flat()],
  ["logSoftmax(h)", (e) => softmax(e.h).map(Math.log)],
  ["layerNorm(h)", (e) => normalized(e.h, 1e-5)],
  ["layerNorm(h, epsilon = 0.1)", (e) => normalized(e.h, 0.1)],
  ["rmsNorm(h)", (e) => scaled(e.h, e.h.length, 1e-5)],
  ["rmsNorm(h, epsilon = 0.1)", (e) => scaled(e.h, e.h.length, 0.1)],
  ["unitNorm(h)", (e) => scaled(e.h, 1, 1e-5)],
  ["unitNorm(h, epsilon = 0.1)", (e) => scaled(e.h, 1, 0.1)],
  ["cumsum(h)", (e) => e.h.map((_, k) => sum(e.h.slice(0, k + 1)))],
  ["cummax(h)", (e) => e.h.map((_, k) => Math.max(...e.h.slice(0, k + 1)))],
  ["cumlogsumexp(h)", (e) => e.h.map((_, k) => Math.log(sum(e.h.slice(0, k + 1).map(Math.exp))))],
  ["sum(split(M, 2, 0))", (e) => e.M.slice(0, 2).flat()],
  ["concat(x, h, b)", (e) => [...e.x, ...e.h, ...b]],
  ["concat(M, U, axis = 0)", (e) => [...e.M.flat(), ...U.flat()]],
  ["reshape(h, [2, 2])", (e) => e.h],
  ["reshape(h, [units / 2, 2])[1]", (e) => e.h.slice(2)],
  ["transpose(M)", (e) => transposed(e.M).flat()],
  ["transpose(W)", () => transposed(W).flat()],
  ["roll(h, 1)", (e) => [e.h[3], e.h[0], e.h[1], e.h[2]]],
  ["roll(h, -1)", (e) => [e.h[1], e.h[2], e.h[3], e.h[0]]],
  ["roll(h, 4)", (e) => e.h],
  ["roll(v, 1)", (e) => [...e.v.slice(-1), ...e.v.slice(0, -1)]],
  ["roll(v, -1)", (e) => [...e.v.slice(1), e.v[0]]],
  ["outer(x, h)", (e) => e.x.flatMap((p) => e.h.map((q) => p * q))],
  ["outer(b, x)", (e) => b.flatMap((p) => e.x.map((q) => p * q))],
  ["outer(x, b)", (e) => e.x.flatMap((p) => b.map((q) => p * q))],
  ["dot(h, b)", (e) => [sum(e.h.map((z, k) => z * b[k]))]],
  ["dot(M, U)", (e) => [sum(e.M.flat().map((z, k) => z * U.flat()[k]))]],
  ["conv(M, A)", (e) => e.M.flatMap((_, p) => windowOf(e.M, A, p))],
  ["conv(M, A) + conv(M, 2 * A)", (e) => e.M.flatMap((_, p) => windowOf(e.M, A, p).map((z) => 3 * z))],
  [
    "conv(reshape(h, [4, 1]), reshape(W, [3, 1, 4]))",
    (e) => {
      const around = [0, ...e.h].map((z) => [z]);
      const window = W.map((row) => [row]);
      return e.h.flatMap((_, p) => windowOf(around, window, p));
    },
  ],
  [
    "conv(reshape(b, [2, 2, 1]), reshape(W, [1, 3, 1, 4]))[1][0]",
    () => [0, 1, 2, 3].map((f) => b[2] * W[1][f] + b[3] * W[2][f]),
  ],
  ["zeros([units]) + h", (e) => e.h],
  ["ones([2, units]) * h", (e) => [...e.h, ...e.h]],
  ["eye(units) * h", (e) => e.h.flatMap((z, k) => e.h.map((_, j) => (j === k ? z : 0)))],
  ["index(units) * h", (e) => e.h.map((z, k) => z * k)],
  ["oneHot(i, 3)", (e) => [0, 1, 2].map((k) => Number(k === e.i))],
  ["dropout(h, 0)", (e) => e.h],
  ["dropoutMask(0, [units])", () => [1, 1, 1, 1]],
  ["zoneout(h, b, 0)", (e) => e.h],
];

/** Σ values[p + k][c] · window[k][c][f] for every f; zeros behind the end. */
function windowOf(
  values: readonly (readonly number[])[],
  window: readonly (readonly (readonly number[])[])[],
  p: number,
): readonly number[] {
  return window[0][0].map((_, f) =>
    sum(window.flatMap((taps, k) => (values[p + k] ?? []).map((z, c) => z * taps[c][f]))),
  );
}

function expectValues(expression: string, of: Meaning[1], options?: Parameters<typeof graphOf>[1]): void {
  const lines = expression.startsWith("sum(split(")
    ? ["p, q = split(M, 2, 0)", "y = p + 0 * q"]
    : [`y = ${expression}`];
  const values = valuesOf(lines, options);
  examples.forEach((example, k) => {
    const expected = of(example);
    expect(values[k], expression).toHaveLength(expected.length);
    expected.forEach((value, at) => {
      expect(values[k][at], `${expression} [${at}] of example ${k}`).toBeCloseTo(value, 12);
    });
  });
}

describe("operators", () => {
  test.each(operators)("%s", (expression, of) => {
    expectValues(expression, of);
  });
});

describe("functions", () => {
  test.each(functions)("%s", (expression, of) => {
    expectValues(expression, of);
  });

  test("each has a case", () => {
    const tested = functions.flatMap(([expression]) => expression.match(/[A-Za-z0-9]+(?=\()/g) ?? []);
    expect([...notationFunctions.keys()].filter((name) => !tested.includes(name))).toEqual([]);
  });

  test("outside training dropout changes nothing, masks are 1, and zoneout is its expectation", () => {
    expectValues("dropout(h, 0.5)", (e) => e.h, { training: false });
    expectValues("dropoutMask(0.5, [units]) * h", (e) => e.h, { training: false });
    expectValues("zoneout(h, b, 0.25)", (e) => e.h.map((z, k) => 0.75 * z + 0.25 * b[k]), { training: false });
  });

  test("while training the mean stays, and zoneout takes one or the other", () => {
    const dropped = valuesOf(["y = dropout(h, 0.5)"]).flat();
    examples.flatMap((e) => e.h).forEach((z, k) => expect([0, 2 * z]).toContainEqual(dropped[k]));
    expect(dropped.some((value) => value === 0) && dropped.some((value) => value !== 0)).toBe(true);
    const mixed = valuesOf(["y = zoneout(h, b, 0.5)"]).flat();
    examples.flatMap((e) => e.h.map((z, k) => [z, b[k]])).forEach((pair, k) => expect(pair).toContainEqual(mixed[k]));
  });

  test("a document's own stand for their expressions", () => {
    expectValues("f(h)", (e) => e.h.map((z) => Math.tanh(z * 4) + 1), {
      functions: ["g(a) = tanh(a * units)", "f(a) = g(a) + 1"],
    });
  });
});

test("repetitions are written out, with their index as a number", () => {
  const values = valuesOf([
    {
      repeat: "depth",
      index: "l",
      carry: { r: "h" },
      equations: ["u = where(l == 0, b, 0)", "r' = tanh(r @ A[l] + u)"],
    },
    "y = r",
  ]);
  examples.forEach((e, k) => {
    const first = vectorMatrix(e.h, A[0]).map((z, i) => Math.tanh(z + b[i]));
    const second = vectorMatrix(first, A[1]).map(Math.tanh);
    second.forEach((value, at) => expect(values[k][at]).toBeCloseTo(value, 12));
  });
});

test("origins say the columns, and survive text, JSON, differentiation and passes", () => {
  const { graph } = graphOf(["f = sigmoid(x @ W + h @ U + b)", "y = sum(f * h)"]);
  const originOf = (part: string): string => `/equations/0:${part}`;
  const seen = (of: typeof graph): string[] => [
    ...new Set(of.nodes.flatMap(({ origin }) => (origin?.startsWith("/equations/0:") === true ? [origin] : []))),
  ];
  expect(graph.nodes.every(({ origin }) => origin !== undefined)).toBe(true);
  expect(seen(graph).sort()).toEqual(
    [originOf("13-17"), originOf("13-25"), originOf("13-29"), originOf("21-25"), originOf("5-30")].sort(),
  );
  const derived = gradient(graphOf(["y = sum(tanh(b @ U))"]).graph, { of: "y", wrt: ["U"] });
  expect(new Set(derived.nodes.map(({ origin }) => origin?.slice(0, 13)))).toContain("/equations/0:");
  for (const each of [graph, derived, optimize(derived)]) {
    expect(printGraph(parseGraph(printGraph(each)))).toBe(printGraph(each));
    expect(seen(parseGraph(printGraph(each)))).toEqual(seen(each));
    expect(seen(graphFromJson(graphToJson(each)))).toEqual(seen(each));
  }
});
