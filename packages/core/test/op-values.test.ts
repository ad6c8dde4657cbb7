/** What the definitions of ops give: worked examples where an index can go wrong, and special values where a number can. */
import { describe, expect, test } from "vitest";
import { pullback } from "../src/autodiff/pullback.js";
import { RunError } from "../src/errors/errors.js";
import { randomFrom } from "./random.js";
import { evaluateAt, tensorOf } from "./directional.js";
import { evaluateUse, graphOf, parseUse } from "./use.js";

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;
const UINT_MAX = 2 ** 32 - 1;

/** One elementwise op applied to each column of `operands`; Object.is tells -0 from 0. */
const unary = (name: string, dtype: string, x: readonly number[]): readonly number[] =>
  evaluateUse(`${name}(${dtype}[${x.length}])`, x);
const binary = (name: string, dtype: string, x: readonly number[], y: readonly number[]): readonly number[] =>
  evaluateUse(`${name}(${dtype}[${x.length}], ${dtype}[${y.length}])`, x, y);

describe("special values of floats", () => {
  test.each([
    ["neg", [0, Infinity], [-0, -Infinity]],
    ["abs", [-0, -Infinity, NaN], [0, Infinity, NaN]],
    ["sign", [-0, 0, -Infinity, NaN], [-0, 0, -1, NaN]],
    ["floor", [-0.5, -0, 2.5, -Infinity, NaN], [-1, -0, 2, -Infinity, NaN]],
    ["exp", [-Infinity, Infinity, 1000, -1000, NaN], [0, Infinity, Infinity, 0, NaN]],
    ["log", [0, -0, Infinity, -1, NaN], [-Infinity, -Infinity, Infinity, NaN, NaN]],
    ["log1p", [-1, 1e-20, -0, -2, Infinity], [-Infinity, 1e-20, -0, NaN, Infinity]],
    ["expm1", [1e-20, -0, -Infinity, Infinity], [1e-20, -0, -1, Infinity]],
    ["tanh", [1000, -1000, -0, 1e-20, NaN], [1, -1, -0, 1e-20, NaN]],
    ["sigmoid", [1000, -1000, 0, Infinity, -Infinity, NaN], [1, 0, 0.5, 1, 0, NaN]],
    ["sqrt", [0, -0, Infinity, -1], [0, -0, Infinity, NaN]],
    ["rsqrt", [0, Infinity, 4, -1], [Infinity, 0, 0.5, NaN]],
    ["sin", [-0, Infinity], [-0, NaN]],
    ["cos", [0, Infinity], [1, NaN]],
    ["erf", [-0, 6, -6, Infinity, -Infinity, 1e-20, NaN], [-0, 1, -1, 1, -1, (2 / Math.sqrt(Math.PI)) * 1e-20, NaN]],
  ])("%s of %o is %o", (name, x, expected) => {
    expect(unary(name, "f64", x)).toEqual(expected);
  });

  test.each([
    ["add", [Infinity, Infinity, -0], [-Infinity, 1, -0], [NaN, Infinity, -0]],
    ["mul", [0, -0, Infinity], [Infinity, 5, -2], [NaN, -0, -Infinity]],
    ["div", [1, -1, 0, 1, Infinity], [0, 0, 0, -Infinity, Infinity], [Infinity, -Infinity, NaN, -0, NaN]],
    ["max", [NaN, 1, -0, -Infinity], [1, NaN, 0, 3], [NaN, NaN, 0, 3]],
    ["min", [NaN, 1, -0, -Infinity], [1, NaN, 0, 3], [NaN, NaN, -0, -Infinity]],
    ["pow", [0, 0, 0, -8, 4, Infinity], [0, 2, -1, 1 / 3, -0.5, 0], [1, 0, Infinity, NaN, 0.5, 1]],
    [
      "logAddExp",
      [1000, -Infinity, Infinity, -Infinity, Infinity, 3, 0, NaN, 1],
      [1000, -Infinity, Infinity, 2, -Infinity, -1000, 0, Infinity, NaN],
      [1000 + Math.LN2, -Infinity, Infinity, 2, Infinity, 3, Math.LN2, NaN, NaN],
    ],
    ["mod", [5, -5, 5, -5, 1, 6], [3, 3, -3, -3, 0, 3], [2, 1, -1, -2, NaN, 0]],
    ["eq", [NaN, -0, Infinity], [NaN, 0, Infinity], [0, 1, 1]],
    ["lt", [NaN, -0, -Infinity, 1], [1, 0, Infinity, NaN], [0, 0, 1, 0]],
    ["le", [NaN, -0, 0, 1], [NaN, 0, -0, NaN], [0, 1, 1, 0]],
  ])("%s of %o and %o is %o", (name, x, y, expected) => {
    expect(binary(name, "f64", x, y)).toEqual(expected);
  });

  test("select passes the branch that is not chosen by, also NaN", () => {
    expect(evaluateUse("select(bool[3], f32[3], f32[3])", [1, 0, 1], [1, NaN, -0], [NaN, 2, NaN])).toEqual([1, 2, -0]);
  });
});

describe("integers wrap, and division by zero gives zero", () => {
  test.each([
    ["add", "i32", [INT_MAX, INT_MIN], [1, -1], [INT_MIN, INT_MAX]],
    ["add", "u32", [UINT_MAX, 1], [1, 1], [0, 2]],
    ["sub", "i32", [INT_MIN, 0], [1, INT_MIN], [INT_MAX, INT_MIN]],
    ["sub", "u32", [0, 5], [1, 3], [UINT_MAX, 2]],
    ["mul", "i32", [65537, INT_MIN, 123456789], [65537, -1, 987654321], [131073, INT_MIN, -67153019]],
    ["mul", "u32", [UINT_MAX, 65537], [UINT_MAX, 65537], [1, 131073]],
    ["div", "i32", [7, -7, 7, INT_MIN, 5, -1], [2, 2, -2, -1, 0, 2], [3, -3, -3, INT_MIN, 0, 0]],
    ["div", "u32", [UINT_MAX, 7, 7], [2, 0, 8], [INT_MAX, 0, 0]],
    ["mod", "i32", [7, -7, 7, -7, 5, INT_MIN], [3, 3, -3, -3, 0, -1], [1, 2, -2, -1, 0, 0]],
    ["mod", "u32", [UINT_MAX, 7], [10, 0], [5, 0]],
    ["max", "i32", [INT_MIN, 3], [0, 3], [0, 3]],
    ["min", "u32", [UINT_MAX, 3], [0, 4], [0, 3]],
    ["lt", "u32", [UINT_MAX, 0], [0, UINT_MAX], [0, 1]],
  ])("%s on %s of %o and %o is %o", (name, dtype, x, y, expected) => {
    expect(binary(name, dtype, x, y)).toEqual(expected.map((value) => value + 0));
  });

  test.each([
    ["neg", "i32", [INT_MIN, 5], [INT_MIN, -5]],
    ["neg", "u32", [1, 0], [UINT_MAX, 0]],
    ["abs", "i32", [INT_MIN, -3], [INT_MIN, 3]],
    ["sign", "i32", [-7, 0, 7], [-1, 0, 1]],
    ["sign", "u32", [0, UINT_MAX], [0, 1]],
  ])("%s on %s of %o is %o", (name, dtype, x, expected) => {
    expect(unary(name, dtype, x)).toEqual(expected);
  });

  test("sums and products in reductions and contractions wrap too", () => {
    expect(evaluateUse("reduceSum(i32[3]) {axes=[0]}", [INT_MAX, INT_MAX, 3])).toEqual([1]);
    expect(evaluateUse("reduceSum(u32[2]) {axes=[0]}", [UINT_MAX, 2])).toEqual([1]);
    expect(evaluateUse("cumsum(i32[3]) {axis=0, reverse=false}", [INT_MAX, 1, 1])).toEqual([
      INT_MAX,
      INT_MIN,
      INT_MIN + 1,
    ]);
    const dot = (dtype: string): string =>
      `dotGeneral(${dtype}[2], ${dtype}[2]) {contractX=[0], contractY=[0], batchX=[], batchY=[]}`;
    expect(evaluateUse(dot("i32"), [INT_MAX, INT_MAX], [INT_MAX, 1])).toEqual([INT_MIN]);
    expect(evaluateUse(dot("u32"), [UINT_MAX, UINT_MAX], [UINT_MAX, 1])).toEqual([0]);
    expect(evaluateUse("scatterAdd(i32[1], i32[1], i32[1]) {axis=0, batch=0}", [INT_MAX], [0], [1])).toEqual([INT_MIN]);
  });
});

describe("cast", () => {
  test.each([
    ["i32", [1.9, -1.9, NaN, Infinity, 2 ** 31, -0.5], [1, -1, 0, INT_MAX, INT_MAX, 0]],
    ["u32", [1.9, -1, 2 ** 32 + 5], [1, 0, UINT_MAX]],
    ["bool", [0, -0, 0.1, NaN], [0, 0, 1, 1]],
    ["f32", [0.1, 1e40, -0], [0.1, 1e40, -0]],
    ["f64", [0.1, NaN], [0.1, NaN]],
  ])("to %s turns %o into %o", (dtype, x, expected) => {
    expect(evaluateUse(`cast(f64[${x.length}]) {dtype="${dtype}"}`, x)).toEqual(expected);
  });
});

describe("reductions", () => {
  test("reduceSum keeps the axes that it is not over", () => {
    const x = [1, 2, 3, 4, 5, 6];
    expect(evaluateUse("reduceSum(f32[2,3]) {axes=[0]}", x)).toEqual([5, 7, 9]);
    expect(evaluateUse("reduceSum(f32[2,3]) {axes=[1]}", x)).toEqual([6, 15]);
    expect(evaluateUse("reduceSum(f32[2,0]) {axes=[1]}", [])).toEqual([0, 0]);
  });

  test("reduceMax of nothing is the least value, and NaN wins", () => {
    expect(evaluateUse("reduceMax(f32[1,0]) {axes=[1]}", [])).toEqual([-Infinity]);
    expect(evaluateUse("reduceMax(i32[0]) {axes=[0]}", [])).toEqual([INT_MIN]);
    expect(evaluateUse("reduceMax(u32[0]) {axes=[0]}", [])).toEqual([0]);
    expect(evaluateUse("reduceMax(f32[3]) {axes=[0]}", [1, NaN, Infinity])).toEqual([NaN]);
    expect(evaluateUse("reduceMax(f32[2,2]) {axes=[0]}", [1, 5, 3, 4])).toEqual([3, 5]);
  });

  test("argmax takes the first of equals, and NaN as the largest", () => {
    expect(evaluateUse("argmax(f32[4]) {axis=0}", [1, 3, 3, 2])).toEqual([1]);
    expect(evaluateUse("argmax(f32[4]) {axis=0}", [1, NaN, 9, NaN])).toEqual([1]);
    expect(evaluateUse("argmax(f32[2]) {axis=0}", [-Infinity, -Infinity])).toEqual([0]);
    expect(evaluateUse("argmax(f32[2,3]) {axis=0}", [1, 5, 2, 3, 4, 2])).toEqual([1, 0, 0]);
    expect(evaluateUse("argmax(i32[2,3]) {axis=1}", [-1, -5, -2, 3, 4, 2])).toEqual([0, 1]);
  });
});

describe("shapes", () => {
  const six = [1, 2, 3, 4, 5, 6];

  test("broadcast repeats along the axes that it adds", () => {
    expect(evaluateUse("broadcast(f32[2]) {dims=[3,2], axes=[1]}", [1, 2])).toEqual([1, 2, 1, 2, 1, 2]);
    expect(evaluateUse("broadcast(f32[2]) {dims=[2,3], axes=[0]}", [1, 2])).toEqual([1, 1, 1, 2, 2, 2]);
  });

  test("transpose puts axis order[k] at k", () => {
    expect(evaluateUse("transpose(f32[2,3]) {order=[1,0]}", six)).toEqual([1, 4, 2, 5, 3, 6]);
    expect(evaluateUse("transpose(f32[1,2,3]) {order=[2,0,1]}", six)).toEqual([1, 4, 2, 5, 3, 6]);
  });

  test("slice begins at start, ends before limit and takes every step-th", () => {
    expect(evaluateUse("slice(f32[6]) {start=[1], limit=[6], step=[2]}", six)).toEqual([2, 4, 6]);
    expect(evaluateUse("slice(f32[6]) {start=[1], limit=[5], step=[2]}", six)).toEqual([2, 4]);
    expect(evaluateUse("slice(f32[2,3]) {start=[1,0], limit=[2,3], step=[1,2]}", six)).toEqual([4, 6]);
  });

  test("pad fills before, after and between", () => {
    expect(evaluateUse("pad(f32[3], f32) {low=[1], high=[2], interior=[1]}", [1, 2, 3], [9])).toEqual([
      9, 1, 9, 2, 9, 3, 9, 9,
    ]);
    expect(evaluateUse("pad(f32[1,2], f32) {low=[1,0], high=[0,1], interior=[5,0]}", [1, 2], [0])).toEqual([
      0, 0, 0, 1, 2, 0,
    ]);
    expect(evaluateUse("pad(f32[0], f32) {low=[1], high=[1], interior=[4]}", [], [7])).toEqual([7, 7]);
  });

  test("concat takes whole blocks in turn", () => {
    expect(evaluateUse("concat(f32[2,1], f32[2,2]) {axis=1}", [1, 2], [3, 4, 5, 6])).toEqual([1, 3, 4, 2, 5, 6]);
    expect(evaluateUse("concat(f32[1,2], f32[2,2]) {axis=0}", [1, 2], [3, 4, 5, 6])).toEqual(six);
  });

  test("reverse turns round the named axes only", () => {
    expect(evaluateUse("reverse(f32[2,3]) {axes=[1]}", six)).toEqual([3, 2, 1, 6, 5, 4]);
    expect(evaluateUse("reverse(f32[2,3]) {axes=[0]}", six)).toEqual([4, 5, 6, 1, 2, 3]);
    expect(evaluateUse("reverse(f32[2,3]) {axes=[0,1]}", six)).toEqual([6, 5, 4, 3, 2, 1]);
  });

  test("iota counts along its axis", () => {
    expect(evaluateUse('iota() {dtype="i32", dims=[2,3], axis=1}')).toEqual([0, 1, 2, 0, 1, 2]);
    expect(evaluateUse('iota() {dtype="i32", dims=[2,3], axis=0}')).toEqual([0, 0, 0, 1, 1, 1]);
  });
});

describe("indices", () => {
  const table = [10, 11, 20, 21, 30, 31];

  test("gather looks up rows, or elements of a row per example", () => {
    expect(evaluateUse("gather(f32[3,2], i32[2]) {axis=0, batch=0}", table, [2, 0])).toEqual([30, 31, 10, 11]);
    expect(evaluateUse("gather(f32[3,2], i32[3]) {axis=1, batch=1}", table, [1, 0, 1])).toEqual([11, 20, 31]);
    expect(evaluateUse("gather(f32[3,2], i32[2]) {axis=1, batch=0}", table, [1, 0])).toEqual([11, 10, 21, 20, 31, 30]);
  });

  test("scatterAdd adds up what meets", () => {
    expect(
      evaluateUse("scatterAdd(f32[3], i32[4], f32[4]) {axis=0, batch=0}", [1, 1, 1], [2, 0, 2, 2], [1, 2, 3, 4]),
    ).toEqual([3, 1, 9]);
    expect(evaluateUse("scatterAdd(f32[2,2], i32[2], f32[2]) {axis=1, batch=1}", [0, 0, 0, 0], [1, 0], [5, 6])).toEqual(
      [0, 5, 6, 0],
    );
  });

  test.each([
    ["gather(f32[3,2], i32[2,2]) {axis=0, batch=0}", [0, 1, 3, 0], "3 at element [1,0] of indices", "0 to 2"],
    ["gather(f32[3,2], i32[2,2]) {axis=0, batch=0}", [0, -1, 0, 0], "-1 at element [0,1] of indices", "0 to 2"],
    [
      "gather(f32[0,2], i32[1]) {axis=0, batch=0}",
      [0],
      "0 at element [0] of indices",
      "no indices, because the axis is empty",
    ],
  ])("%s refuses %o", (use, indices, received, expected) => {
    const x = use.startsWith("gather(f32[0") ? [] : table;
    let thrown: unknown;
    try {
      evaluateUse(use, x, indices);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(RunError);
    expect((thrown as RunError).issues).toMatchObject([{ code: "gather.index", received, expected }]);
  });

  test("a dynamic window moves inside", () => {
    const x = [0, 1, 2, 3, 4];
    expect(evaluateUse("dynamicSlice(f32[5], i32[1]) {sizes=[2]}", x, [1])).toEqual([1, 2]);
    expect(evaluateUse("dynamicSlice(f32[5], i32[1]) {sizes=[2]}", x, [4])).toEqual([3, 4]);
    expect(evaluateUse("dynamicSlice(f32[5], i32[1]) {sizes=[2]}", x, [-3])).toEqual([0, 1]);
    expect(evaluateUse("dynamicUpdateSlice(f32[5], f32[2], i32[1])", x, [8, 9], [9])).toEqual([0, 1, 2, 8, 9]);
    expect(evaluateUse("dynamicUpdateSlice(f32[2,2], f32[1,2], i32[2])", [1, 2, 3, 4], [8, 9], [1, 1])).toEqual([
      1, 2, 8, 9,
    ]);
  });
});

describe("prefixes", () => {
  test("cumsum includes the element itself", () => {
    expect(evaluateUse("cumsum(f32[3]) {axis=0, reverse=false}", [1, 2, 3])).toEqual([1, 3, 6]);
    expect(evaluateUse("cumsum(f32[3]) {axis=0, reverse=true}", [1, 2, 3])).toEqual([6, 5, 3]);
    expect(evaluateUse("cumsum(f32[2,2]) {axis=0, reverse=false}", [1, 2, 3, 4])).toEqual([1, 2, 4, 6]);
  });

  test("cummax keeps the largest so far, and NaN from the first on", () => {
    expect(evaluateUse("cummax(f32[6]) {axis=0, reverse=false}", [1, 3, 2, NaN, 9, 1])).toEqual([
      1,
      3,
      3,
      NaN,
      NaN,
      NaN,
    ]);
    expect(evaluateUse("cummax(i32[2,3]) {axis=1, reverse=true}", [1, 3, 2, 5, INT_MIN, 4])).toEqual([
      3, 3, 2, 5, 4, 4,
    ]);
  });

  test("cumlogsumexp neither overflows nor makes NaN of infinities", () => {
    const [a, b, c] = evaluateUse("cumlogsumexp(f64[3]) {axis=0, reverse=false}", [1000, 1000, 1000]);
    expect([a, b - 1000, c - 1000].map((value) => value.toFixed(9))).toEqual([
      "1000.000000000",
      Math.log(2).toFixed(9),
      Math.log(3).toFixed(9),
    ]);
    const edges = [-Infinity, -Infinity, 2, -Infinity, Infinity, 1];
    expect(evaluateUse("cumlogsumexp(f64[6]) {axis=0, reverse=false}", edges)).toEqual([
      ...[-Infinity, -Infinity, 2, 2, Infinity, Infinity],
    ]);
  });

  test("windows and overlapAdd, by hand", () => {
    const steps = "axes=[0], steps=[2], dilations=[3]";
    expect(evaluateUse(`windows(f32[7]) {${steps}, sizes=[2]}`, [1, 2, 3, 4, 5, 6, 7])).toEqual([1, 4, 3, 6]);
    expect(evaluateUse(`overlapAdd(f32[2,2]) {${steps}, lengths=[7]}`, [1, 2, 4, 8])).toEqual([1, 0, 4, 2, 0, 8, 0]);
    const overlapping = "axes=[0], steps=[1], dilations=[1]";
    expect(evaluateUse(`overlapAdd(i32[2,2]) {${overlapping}, lengths=[3]}`, [1, INT_MAX, 1, 2])).toEqual([
      1,
      INT_MIN,
      2,
    ]);
  });

  test("linearRecurrence begins with h0 at the end where it starts", () => {
    const [a, b] = [
      [2, 3, 4],
      [1, 1, 1],
    ];
    expect(evaluateUse("linearRecurrence(f32[3], f32[3], f32) {axis=0, reverse=false}", a, b, [5])).toEqual([
      11, 34, 137,
    ]);
    expect(evaluateUse("linearRecurrence(f32[3], f32[3], f32) {axis=0, reverse=true}", a, b, [5])).toEqual([
      129, 64, 21,
    ]);
    expect(
      evaluateUse(
        "linearRecurrence(f32[2,2], f32[2,2], f32[2]) {axis=1, reverse=false}",
        [1, 1, 2, 2],
        [0, 1, 0, 1],
        [1, 3],
      ),
    ).toEqual([1, 2, 6, 13]);
  });

  test("coupledRecurrence with the factors of a rotation multiplies complex numbers", () => {
    // (3 + 4i) · (1 + 2i) + (1 - 1i) = -4 + 9i; times i, plus 2: -7 - 4i; from the end the other way round.
    const [re, im] = [
      [1, 0],
      [2, 1],
    ];
    const factors = [re, im.map((v) => -v), im, re];
    const use = "coupledRecurrence(f32[2], f32[2], f32[2], f32[2], f32[2], f32[2], f32, f32)";
    const given = [...factors, [1, 2], [-1, 0], [3], [4]];
    expect(evaluateUse(`${use} {axis=0, reverse=false}`, ...given)).toEqual([-4, -7, 9, -4]);
    // (3 + 4i)·i + 2 = -2 + 3i; (-2 + 3i)·(1 + 2i) + 1 - i = -7 - 2i.
    expect(evaluateUse(`${use} {axis=0, reverse=true}`, ...given)).toEqual([-7, -2, -2, 3]);
  });
});

describe("dotGeneral", () => {
  test("is the matrix product, in each arrangement of its operands", () => {
    const [x, y] = [
      [1, 2, 3, 4, 5, 6],
      [1, 0, 2, 1, 0, 3],
    ];
    const xTransposed = [1, 4, 2, 5, 3, 6];
    const product = [5, 11, 14, 23];
    const axes = "batchX=[], batchY=[]";
    expect(evaluateUse(`dotGeneral(f32[2,3], f32[3,2]) {contractX=[1], contractY=[0], ${axes}}`, x, y)).toEqual(
      product,
    );
    expect(
      evaluateUse(`dotGeneral(f32[3,2], f32[3,2]) {contractX=[0], contractY=[0], ${axes}}`, xTransposed, y),
    ).toEqual(product);
  });

  test("pairs batch axes in the order given", () => {
    const use = "dotGeneral(f32[2,2], f32[2,2]) {contractX=[], contractY=[], batchX=[1,0], batchY=[0,1]}";
    expect(evaluateUse(use, [1, 2, 3, 4], [1, 10, 100, 1000])).toEqual([1, 30, 200, 4000]);
  });

  test("sums in the order of the contracted index, bit for bit", () => {
    const [rows, inner, columns] = [3, 11, 5];
    const random = randomFrom("order of sums");
    const x = Array.from({ length: rows * inner }, random);
    const y = Array.from({ length: inner * columns }, random);
    const expected = Array.from({ length: rows * columns }, (_, at) => {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += x[Math.floor(at / columns) * inner + k] * y[k * columns + (at % columns)];
      return sum;
    });
    const use = `dotGeneral(f64[${rows},${inner}], f64[${inner},${columns}]) {contractX=[1], contractY=[0], batchX=[], batchY=[]}`;
    expect(evaluateUse(use, x, y)).toEqual(expected);
  });

  test("does not pass over products with zero", () => {
    const use = "dotGeneral(f32[2], f32[2]) {contractX=[0], contractY=[0], batchX=[], batchY=[]}";
    expect(evaluateUse(use, [0, 1], [NaN, 1])).toEqual([NaN]);
    expect(evaluateUse(use, [0, 1], [Infinity, 1])).toEqual([NaN]);
  });
});

describe("derivatives where they are a convention", () => {
  /** Cotangents of the operands, for a cotangent of ones. */
  function pulled(text: string, ...data: readonly (readonly number[])[]): readonly (readonly number[])[] {
    const use = parseUse(text);
    const wrt = use.inputs.map((_, i) => `p${i}`);
    const graph = pullback(graphOf(use), { of: ["out"], wrt });
    const tensors = graph.params.map(
      ({ name, type }, i) => [name, { type, data: Float64Array.from(data[i] ?? data[0].map(() => 1)) }] as const,
    );
    const results = evaluateAt(graph, new Map(tensors), {});
    return wrt.map((name) => [...tensorOf(results, `grad.${name}`).data]);
  }

  test("max and min share between equal elements", () => {
    expect(pulled("max(f64[3], f64[3])", [1, 2, 2], [2, 2, 1])).toEqual([
      [0, 0.5, 1],
      [1, 0.5, 0],
    ]);
    expect(pulled("min(f64[3], f64[3])", [1, 2, 2], [2, 2, 1])).toEqual([
      [1, 0.5, 0],
      [0, 0.5, 1],
    ]);
  });

  test("cummax hands back to the first of equal elements, in the direction of the walk", () => {
    const x = [2, 2, 1, 3, 3];
    const cotangent = [1, 10, 100, 1000, 10000];
    const of = (reverse: boolean, ...data: readonly (readonly number[])[]): readonly number[] =>
      pulled(`cummax(f64[${data[0].length}]) {axis=0, reverse=${reverse}}`, ...data)[0];
    expect(of(false, x, cotangent)).toEqual([111, 0, 0, 11000, 0]);
    expect(of(true, x, cotangent)).toEqual([0, 0, 0, 0, 11111]);
    expect(of(false, [-Infinity, -Infinity])).toEqual([2, 0]);
  });

  test("cumlogsumexp has a derivative at -inf", () => {
    const [found] = pulled("cumlogsumexp(f64[3]) {axis=0, reverse=false}", [-Infinity, 0, -Infinity]);
    expect(found).toEqual([1, 2, 0]);
  });

  test("reduceMax shares between all that are largest", () => {
    const graph = pullback(graphOf(parseUse("reduceMax(f64[4]) {axes=[0]}")), { of: ["out"], wrt: ["p0"] });
    const [x, ct] = graph.params.map(({ type }) => type);
    const point = new Map([
      ["p0", { type: x, data: Float64Array.of(3, 1, 3, 2) }],
      ["ct.out", { type: ct, data: Float64Array.of(1) }],
    ]);
    expect([...tensorOf(evaluateAt(graph, point, {}), "grad.p0").data]).toEqual([0.5, 0, 0.5, 0]);
  });

  test("abs has 0 at 0; sign and floor have 0 everywhere", () => {
    expect(pulled("abs(f64[3])", [-2, 0, 2])).toEqual([[-1, 0, 1]]);
    expect(pulled("sign(f64[2])", [-2, 0])).toEqual([[0, 0]]);
    expect(pulled("floor(f64[2])", [-2, 0.5])).toEqual([[0, 0]]);
  });

  test("pow has finite ones at base 0 and exponents of 0, 1 and 2", () => {
    expect(pulled("pow(f64[3], f64[3])", [0, 0, 0], [0, 1, 2])[0]).toEqual([0, 1, 0]);
    expect(pulled("pow(f64[3], f64[3])", [0, 0, -2], [1, 2, 2])[1]).toEqual([0, 0, 0]);
  });

  test("and so has the derivative of that derivative", () => {
    const first = pullback(graphOf(parseUse("pow(f64[5], f64[5])")), { of: ["out"], wrt: ["p0"] });
    const second = pullback(first, { of: ["grad.p0"], wrt: ["p0"] });
    const type = first.params[0].type;
    const at = (data: readonly number[]) => ({ type, data: Float64Array.from(data) });
    const point = new Map([
      ["p0", at([0, 0, 0, 0, 2])],
      ["p1", at([0, 1, 2, 3, 3])],
      ["ct.out", at([1, 1, 1, 1, 1])],
      ["ct.grad.p0", at([1, 1, 1, 1, 1])],
    ]);
    expect([...tensorOf(evaluateAt(second, point, {}), "grad.grad.p0").data]).toEqual([0, 0, 2, 0, 12]);
  });

  test("stopGradient lets nothing through", () => {
    expect(pulled("stopGradient(f64[2])", [1, 2])).toEqual([[0, 0]]);
  });
});
