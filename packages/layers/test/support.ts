// What the tests of this package share: fixtures, tensors, and models from short documents.
import { readFileSync } from "node:fs";
import {
  ConfigError,
  LatchgradError,
  toTensor,
  type DType,
  type Issue,
  type Tensor,
  type TensorType,
} from "@latchgrad/core";
import { expect } from "vitest";
import {
  buildModel,
  initialParams,
  readModelConfig,
  type Model,
  type ModelDocument,
  type Signature,
} from "../src/index";

/** A tensor in a fixture. */
export interface Stored {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

export const readFixture = <Case>(name: string): readonly Case[] =>
  (
    JSON.parse(readFileSync(new URL(`fixtures/${name}`, import.meta.url), "utf8")) as {
      readonly cases: readonly Case[];
    }
  ).cases;

export const tensor = (dtype: DType, dims: readonly number[], data: ArrayLike<number>): Tensor => ({
  type: { dtype, dims },
  data: Float64Array.from(data),
});

export const fromStored = ({ dims, data }: Stored, dtype: DType = "f64"): Tensor => tensor(dtype, dims, data);

/** Axes of a stored tensor in another order. */
export function permute({ dims, data }: Stored, order: readonly number[]): Stored {
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((a, b) => a * b, 1));
  const sizes = order.map((axis) => dims[axis]);
  const out = new Array<number>(data.length);
  for (let flat = 0; flat < data.length; flat++) {
    let rest = flat;
    let from = 0;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += (rest % sizes[axis]) * strides[order[axis]];
      rest = Math.floor(rest / sizes[axis]);
    }
    out[flat] = data[from];
  }
  return { dims: sizes, data: out };
}

/** Asserts closeness, absolute for small numbers and relative for large ones. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  expect(actual.length, what).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
    if (!(error <= tolerance)) expect.fail(`${what}[${i}]: ${actual[i]} instead of ${expected[i]}`);
  }
}

/** A document around layers, with what tests do not care about filled in. */
export const documentOf = (layers: ModelDocument["layers"], rest: Partial<ModelDocument> = {}): ModelDocument => ({
  format: 1,
  name: "test",
  dtype: "f64",
  layers,
  loss: { type: "meanSquaredError" },
  ...rest,
});

export const modelOf = (document: ModelDocument, signature: Signature): Model =>
  buildModel(readModelConfig(document), signature);

export const typed = (dtype: DType, ...dims: TensorType["dims"]): TensorType => ({ dtype, dims });

/** Initial weights as tensors of the reference executor. */
export const weightsOf = (model: Model, seed = "test"): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(initialParams(model, seed)).map(([name, data]) => [name, toTensor(data)]));

/** Numbers that look random and are the same every time. */
export const numbers = (count: number, start = 1): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + start)) * 0.9);

/** The issues of the LatchgradError that `action` throws. */
export function issuesOf(action: () => unknown): readonly Issue[] {
  try {
    action();
  } catch (error) {
    if (error instanceof LatchgradError) return error.issues;
    throw error;
  }
  return expect.fail("nothing was thrown");
}

/** Code and pointer of each issue of the ConfigError that `action` throws. */
export function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.issues.map(({ code, at }) => `${code} ${at.kind === "config" ? at.pointer : at.kind}`);
  }
  return expect.fail("nothing was thrown");
}
