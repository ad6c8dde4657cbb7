// The writer of safetensors files, judged by a reader that knows nothing but the format.
import type { TensorData } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { encodeSafetensors } from "../src/weights/safetensors";

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

interface File {
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly entries: Readonly<Record<string, Entry>>;
  readonly data: Uint8Array;
  readonly dataStart: number;
}

const readFile = (bytes: Uint8Array): File => {
  const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + headerLength));
  expect(header[0]).toBe("{");
  const { __metadata__: metadata, ...entries } = JSON.parse(header) as Record<string, Entry> & {
    __metadata__?: Record<string, string>;
  };
  return { metadata, entries, data: bytes.slice(8 + headerLength), dataStart: 8 + headerLength };
};

const f32 = (dims: readonly number[], ...values: readonly number[]): TensorData => ({
  dtype: "f32",
  dims,
  data: Float32Array.from(values),
});

const mixed: Readonly<Record<string, TensorData>> = {
  mask: { dtype: "bool", dims: [3], data: Uint8Array.of(1, 0, 1) },
  "memory.W": f32([2, 3], 1, -2, 3.5, 0, 1e-7, -1e30),
  step: { dtype: "i32", dims: [], data: Int32Array.of(-5) },
  key: { dtype: "u32", dims: [2], data: Uint32Array.of(4294967295, 1) },
  exact: { dtype: "f64", dims: [1], data: Float64Array.of(Math.PI) },
  nothing: f32([0, 4]),
};

describe("a safetensors file", () => {
  test("holds every element, little-endian, at the offsets that its header says", () => {
    const { entries, data } = readFile(encodeSafetensors(mixed));
    const view = new DataView(data.buffer);
    const start = (name: string): number => entries[name].data_offsets[0];
    expect(entries["memory.W"]).toMatchObject({ dtype: "F32", shape: [2, 3] });
    const W = Array.from({ length: 6 }, (_, i) => view.getFloat32(start("memory.W") + 4 * i, true));
    expect(W).toEqual([1, -2, 3.5, 0, 1e-7, -1e30].map(Math.fround));
    expect(entries.step).toMatchObject({ dtype: "I32", shape: [] });
    expect(view.getInt32(start("step"), true)).toBe(-5);
    expect(entries.key).toMatchObject({ dtype: "U32", shape: [2] });
    expect([view.getUint32(start("key"), true), view.getUint32(start("key") + 4, true)]).toEqual([4294967295, 1]);
    expect(entries.exact).toMatchObject({ dtype: "F64", shape: [1] });
    expect(view.getFloat64(start("exact"), true)).toBe(Math.PI);
    expect(entries.mask).toMatchObject({ dtype: "BOOL", shape: [3] });
    expect([...data.subarray(start("mask"), start("mask") + 3)]).toEqual([1, 0, 1]);
  });

  test("has no gap, no overlap and nothing behind its last tensor", () => {
    const { entries, data } = readFile(encodeSafetensors(mixed));
    const ranges = Object.values(entries)
      .map(({ data_offsets }) => data_offsets)
      .sort(([a, aEnd], [b, bEnd]) => a - b || aEnd - bEnd);
    let end = 0;
    for (const [from, to] of ranges) {
      expect(from).toBe(end);
      end = to;
    }
    expect(end).toBe(data.length);
  });

  test("aligns every tensor to its own elements", () => {
    const { entries, dataStart } = readFile(encodeSafetensors(mixed));
    expect(dataStart % 8).toBe(0);
    const sizes: Readonly<Record<string, number>> = { F64: 8, F32: 4, I32: 4, U32: 4, BOOL: 1 };
    for (const { dtype, data_offsets } of Object.values(entries))
      expect((dataStart + data_offsets[0]) % sizes[dtype]).toBe(0);
  });

  test("is the same for tensors in another order", () => {
    const reversed = Object.fromEntries(Object.entries(mixed).toReversed());
    expect(encodeSafetensors(reversed)).toEqual(encodeSafetensors(mixed));
  });

  test("keeps remarks and names of any letters", () => {
    const { metadata, entries } = readFile(encodeSafetensors({ "größe/λ": f32([1], 1) }, { model: "größe" }));
    expect(metadata).toEqual({ model: "größe" });
    expect(Object.keys(entries)).toEqual(["größe/λ"]);
  });

  test("can be empty", () => {
    const { metadata, entries, data } = readFile(encodeSafetensors({}));
    expect([metadata, entries, data.length]).toEqual([undefined, {}, 0]);
  });
});

describe("refused are", () => {
  const codeOf = (action: () => unknown): unknown => {
    try {
      return action();
    } catch (error) {
      return (error as { issues?: readonly { code: string }[] }).issues?.map(({ code }) => code);
    }
  };

  test("tensors whose elements do not fill their dims", () => {
    expect(codeOf(() => encodeSafetensors({ W: f32([2, 2], 1, 2, 3) }))).toEqual(["weights.tensor"]);
  });

  test("a tensor with the name of the remarks", () => {
    expect(codeOf(() => encodeSafetensors({ __metadata__: f32([1], 1) }))).toEqual(["weights.tensor"]);
  });
});
