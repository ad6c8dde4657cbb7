/**
 * Every op's kernel description against its definition, without any machine code: a description run on number
 * lanes gives what `evaluate` gives, rounded to the element type.
 */
import { describe, expect, test } from "vitest";
import { RunError } from "../src/errors/errors.js";
import { bindGraph } from "../src/graph/bind.js";
import type { Kernel } from "../src/kernel/kernel.js";
import { ops } from "../src/ops/index.js";
import { elementCount } from "../src/shape/strides.js";
import { sizesOf, type Tensor } from "../src/shape/tensor.js";
import { isFloat, type DType } from "../src/shape/tensor-type.js";
import { bindingsOf, every, pointOf } from "./case-inputs.js";
import { IndexOutOfRange, runKernel } from "./kernel-machine.js";
import { evaluateUse, graphOf, inferUse, parseUse, type Use } from "./use.js";

const EPSILON: Readonly<Partial<Record<DType, number>>> = { f32: 2 ** -23, f64: 2 ** -52 };
/** The smallest f32; results near it have few digits. */
const SMALLEST = 2 ** -149;
/** In units of the last place, of the result or of what a sum amounts to without cancelling. */
const ULPS = 4;

/** The tensor as it is in memory. */
const rounded = ({ type, data }: Tensor): Tensor => ({
  type,
  data: type.dtype === "f32" ? Float64Array.from(Float32Array.from(data)) : data,
});

const magnitudes = ({ type, data }: Tensor): Tensor => ({
  type,
  data: isFloat(type.dtype) ? data.map(Math.abs) : data,
});

/** The kinds that compute; the others only move elements. */
const COMPUTING: readonly Kernel["kind"][] = ["map", "reduce", "contract", "overlap", "prefix", "loops", "update"];

function run({ op, attrs }: Use, inputs: readonly Tensor[]): { readonly kernel: Kernel; readonly actual: Tensor } {
  const types = inputs.map((input) => input.type);
  const type = op.result(types, attrs);
  const kernel = op.kernel(types, attrs, type);
  return { kernel, actual: { type, data: runKernel(kernel, inputs, type) } };
}

type Data = readonly (readonly number[])[];

const operandsOf = ({ inputs }: Use, data: Data): readonly Tensor[] =>
  inputs.map((type, i): Tensor => ({ type, data: Float64Array.from(data[i]) }));

/** What the use's kernel makes of operands with these elements. */
function runUse(text: string, ...data: Data): readonly number[] {
  const use = parseUse(text);
  return [...run(use, operandsOf(use, data)).actual.data];
}

function expectAgreement(use: Use, inputs: readonly Tensor[]): void {
  const { kernel, actual } = run(use, inputs);
  const { type } = actual;
  const expected = rounded({ type, data: use.op.evaluate(inputs, use.attrs, type) }).data;
  expect(actual.data).toHaveLength(elementCount(sizesOf(type)));
  const epsilon = EPSILON[type.dtype];
  if (epsilon === undefined || !COMPUTING.includes(kernel.kind)) {
    expect([...actual.data]).toEqual([...expected]);
    return;
  }
  // The sum of magnitudes; of elementwise functions it says nothing.
  const sizes =
    kernel.kind === "map" ? expected.map(Math.abs) : use.op.evaluate(inputs.map(magnitudes), use.attrs, type);
  actual.data.forEach((value, i) => {
    if (Object.is(value, expected[i])) return;
    expect(Math.abs(value - expected[i]), `element ${i}: ${value}, not ${expected[i]}`).toBeLessThanOrEqual(
      ULPS * epsilon * Math.max(sizes[i], Math.abs(expected[i])) + SMALLEST,
    );
  });
}

describe.each(every)("$name", ({ valid }) => {
  for (const each of valid)
    for (const bindings of bindingsOf(each)) {
      const use = parseUse(each.use);
      test(`${each.use} ${JSON.stringify(bindings)}`, () => {
        const graph = bindGraph(graphOf(use), bindings);
        const [{ attrs }] = graph.nodes;
        expectAgreement({ ...use, attrs }, [...pointOf(each, bindings).values()].map(rounded));
      });
    }
});

/** Numbers at which definitions differ when nobody has thought of them. */
const AWKWARD: Readonly<Record<"f32" | "i32" | "u32", readonly number[]>> = {
  f32: [NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, -2.5, 2 ** 31, -(2 ** 33), 2 ** 33, 2 ** -149, -(2 ** 127)],
  i32: [0, 1, -1, 2, -3, 7, 2 ** 24 + 1, 2 ** 31 - 1, -(2 ** 31)],
  u32: [0, 1, 2, 3, 7, 2 ** 24 + 1, 2 ** 31, 2 ** 32 - 1],
};

function expectSame(text: string, ...data: Data): void {
  const { dtype } = inferUse(parseUse(text));
  const expected = evaluateUse(text, ...data);
  expect(runUse(text, ...data)).toEqual(dtype === "f32" ? expected.map(Math.fround) : expected);
}

/** The op applied to all pairs of awkward numbers. */
function pairsFor(name: string, dtype: keyof typeof AWKWARD): readonly [use: string, ...data: Data] {
  const numbers = AWKWARD[dtype];
  const type = `${dtype}[${numbers.length ** 2}]`;
  return [`${name}(${type}, ${type})`, numbers.flatMap((x) => numbers.map(() => x)), numbers.flatMap(() => numbers)];
}

const INTEGER_OPS = ["add", "sub", "mul", "div", "mod", "max", "min", "eq", "lt", "le"];
const FLOAT_OPS = ["add", "sub", "mul", "div", "max", "min", "eq", "lt", "le"];

describe("is exact for awkward numbers", () => {
  test.each([
    ...FLOAT_OPS.map((name) => [name, "f32"] as const),
    ...INTEGER_OPS.flatMap((name) => [[name, "i32"] as const, [name, "u32"] as const]),
  ])("%s of %s", (name, dtype) => {
    expectSame(...pairsFor(name, dtype));
  });

  test.each([
    ...["neg", "abs", "sign", "floor", "sqrt"].map((name) => [name, "f32"] as const),
    ...["neg", "abs", "sign"].flatMap((name) => [[name, "i32"] as const, [name, "u32"] as const]),
  ])("%s of %s", (name, dtype) => {
    expectSame(`${name}(${dtype}[${AWKWARD[dtype].length}])`, AWKWARD[dtype]);
  });

  test.each(["f32", "i32", "u32"] as const)("cast of %s", (from) => {
    for (const to of ["f32", "i32", "u32", "bool"])
      expectSame(`cast(${from}[${AWKWARD[from].length}]) {dtype="${to}"}`, AWKWARD[from]);
  });

  test("reduceMax and argmax, of which NaN is the maximum", () => {
    const rows = [1, NaN, 3, -Infinity, -Infinity, -Infinity, NaN, 2, NaN, 3, 1, 3];
    for (const op of ["reduceMax(f32[4,3]) {axes=[1]}", "argmax(f32[4,3]) {axis=1}"]) expectSame(op, rows);
    for (const op of ["reduceMax(i32[0,2]) {axes=[0]}", "reduceMax(u32[0,2]) {axes=[0]}"]) expectSame(op, []);
    expectSame("argmax(i32[2,2]) {axis=0}", [-5, 2, -3, 2]);
  });

  test.each([-9, -1, 0, 1, 2, 3, 9])("a window that starts at %d is moved inside", (start) => {
    expectSame("dynamicSlice(i32[5], i32[1]) {sizes=[3]}", [1, 2, 3, 4, 5], [start]);
    expectSame("dynamicUpdateSlice(i32[5], i32[3], i32[1])", [1, 2, 3, 4, 5], [7, 8, 9], [start]);
  });
});

describe("is as close as ever for awkward numbers", () => {
  test.each(["cos", "erf", "exp", "expm1", "log", "log1p", "rsqrt", "sigmoid", "sin", "tanh"])("%s", (name) => {
    const use = parseUse(`${name}(f32[${AWKWARD.f32.length}])`);
    expectAgreement(use, operandsOf(use, [AWKWARD.f32]));
  });

  test("pow", () => {
    const [text, ...data] = pairsFor("pow", "f32");
    const use = parseUse(text);
    expectAgreement(use, operandsOf(use, data));
  });
});

test.each([
  ["gather(f32[3], i32[2]) {axis=0, batch=0}", 3],
  ["gather(f32[3], i32[2]) {axis=0, batch=0}", -1],
  ["gather(f32[0,3], i32[2]) {axis=1, batch=0}", 3],
  ["scatterAdd(f32[3], i32[2], f32[2]) {axis=0, batch=0}", 3],
  ["scatterAdd(f32[3], i32[2], f32[2]) {axis=0, batch=0}", -(2 ** 31)],
])("%s stops at index %d", (text, index) => {
  const data = parseUse(text).inputs.map((type) =>
    type.dtype === "i32" ? [0, index] : new Array<number>(elementCount(sizesOf(type))).fill(1),
  );
  expect(() => evaluateUse(text, ...data)).toThrow(RunError);
  expect(() => runUse(text, ...data)).toThrow(IndexOutOfRange);
});

test("randomBits has the definition's bits for any key and step", () => {
  for (const [key, step] of [
    [[0, 0], 0],
    [[2 ** 32 - 1, 2 ** 31], -1],
    [[7, 9], 2 ** 31 - 1],
  ] as const)
    expectSame('randomBits(u32[2], i32) {stream="dropout", dims=[9]}', key, [step]);
});

test("scan runs as a loop, call in place", () => {
  const attrs = {
    consts: 1,
    carries: 2,
    length: 5,
    reverse: true,
    lengths: "none",
    checkpoint: 0,
    truncate: [],
  } as const;
  expect(ops.scan.structure(4, attrs)).toEqual({ kind: "loop", consts: 1, carries: 2, count: 5, reverse: true });
  expect(ops.call.structure(2, {})).toEqual({ kind: "inline" });
});
