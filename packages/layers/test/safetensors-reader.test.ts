// The reader of safetensors files, judged by files that Python wrote, by what Python says of broken ones, and by the format's
// rules over random damage.
import { readFileSync } from "node:fs";
import { CheckpointError, type TensorData } from "@latchgrad/core";
import { describe, expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors, readSafetensors, readTensor } from "../src/index";
import { fileOf } from "./plain-safetensors";
import { issuesOf, readFixture, type Stored } from "./support";

const bytesOf = (name: string): Uint8Array => readFileSync(new URL(`fixtures/weights/${name}`, import.meta.url));

const zeros = (count: number): Uint8Array => new Uint8Array(count);

const f32 = (dims: readonly number[], ...values: readonly number[]): TensorData => ({
  dtype: "f32",
  dims,
  data: Float32Array.from(values),
});

const mixed: Readonly<Record<string, TensorData>> = {
  mask: { dtype: "bool", dims: [3], data: Uint8Array.of(1, 0, 1) },
  "memory.W": f32([2, 3], 1, -2, 3.5, -0, 1e-7, NaN),
  step: { dtype: "i32", dims: [], data: Int32Array.of(-5) },
  key: { dtype: "u32", dims: [2], data: Uint32Array.of(4294967295, 1) },
  exact: { dtype: "f64", dims: [1], data: Float64Array.of(Math.PI) },
  nothing: f32([0, 4]),
};

describe("a file that was written here", () => {
  test("is read as what was written, bit for bit", () => {
    expect(decodeSafetensors(encodeSafetensors(mixed))).toEqual(mixed);
  });

  test("keeps its remarks", () => {
    expect(readSafetensors(encodeSafetensors(mixed, { model: "größe" })).metadata).toEqual({ model: "größe" });
  });

  test("may lie anywhere in a buffer", () => {
    const file = encodeSafetensors(mixed);
    const shifted = new Uint8Array(file.length + 3);
    shifted.set(file, 3);
    expect(decodeSafetensors(shifted.subarray(3))).toEqual(mixed);
  });

  test("gives parts of itself, no copies, until elements are asked for", () => {
    const file = encodeSafetensors(mixed);
    for (const { bytes } of readSafetensors(file).tensors.values()) expect(bytes.buffer).toBe(file.buffer);
  });

  test("may have a tensor with a name that means something to JavaScript", () => {
    const tensors = Object.fromEntries([["__proto__", f32([1], 7)]]);
    const read = decodeSafetensors(encodeSafetensors(tensors));
    expect(Object.entries(read)).toEqual(Object.entries(tensors));
  });
});

test("every element type that Python writes is read without rounding", () => {
  const file = readSafetensors(bytesOf("python.safetensors"));
  expect(file.metadata).toEqual({ größe: "ü" });
  const values = JSON.parse(new TextDecoder().decode(bytesOf("python.json"))) as Readonly<Record<string, Stored>>;
  const types = { i8: "i32", i16: "i32", u8: "i32", u16: "i32", i64: "i32", u64: "u32", f16: "f32", bf16: "f32" };
  expect([...file.tensors.keys()].sort()).toEqual(Object.keys(values).sort());
  for (const [name, { dims, data }] of Object.entries(values)) {
    const stored = file.tensors.get(name);
    if (stored === undefined) return expect.fail(name);
    const read = readTensor(stored);
    expect(read.dims, name).toEqual(dims);
    expect([...read.data], name).toEqual(data.map(Number));
    if (stored.dtype.toLowerCase() === name)
      expect(read.dtype, name).toBe((types as Readonly<Record<string, string>>)[name] ?? name);
  }
});

interface Verdict {
  readonly name: string;
  readonly file: string;
  /** Absent where safetensors refuses the file. */
  readonly tensors?: Readonly<
    Record<string, { readonly dtype: string; readonly shape: readonly number[]; readonly bytes: string }>
  >;
}

/** What safetensors takes and this reader does not, with the code that it gives. */
const STRICTER: Readonly<Record<string, string>> = {
  "padded by line breaks": "safetensors.syntax",
  "a space in front": "safetensors.syntax",
  "the same tensor twice": "safetensors.duplicate-key",
  "100 axes": "safetensors.axes",
  "an unknown key": "safetensors.entry",
  "a remark twice": "safetensors.duplicate-key",
  "null as remarks": "safetensors.syntax",
};

const base64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

describe("of files that may be broken", () => {
  const verdicts = readFixture<Verdict>("weights/verdicts.json");

  test.each(verdicts.map((verdict) => [verdict.name, verdict] as const))(
    "safetensors and this reader think the same: %s",
    (name, { file, tensors }) => {
      const content = base64(file);
      const code = STRICTER[name];
      if (tensors === undefined || code !== undefined) {
        const issues = issuesOf(() => readSafetensors(content));
        for (const issue of issues) {
          expect(issue.code).toMatch(/^safetensors\./);
          expect(issue.at.kind).toBe("bytes");
        }
        if (code !== undefined) expect(issues.map((issue) => issue.code)).toEqual([code]);
        return;
      }
      const read = [...readSafetensors(content).tensors].map(([key, { dtype, dims, bytes }]) => [
        key,
        { dtype, shape: dims, bytes: btoa(String.fromCharCode(...bytes)) },
      ]);
      expect(Object.fromEntries(read)).toEqual(tensors);
    },
  );

  test("both occur often", () => {
    const accepted = verdicts.filter(({ tensors }) => tensors !== undefined).length;
    expect(accepted).toBeGreaterThan(40);
    expect(verdicts.length - accepted).toBeGreaterThan(200);
  });
});

describe("a refusal", () => {
  const one = (entry: string): string => `{"memory.W":${entry}}`;
  const facts = (file: Uint8Array): unknown =>
    issuesOf(() => readSafetensors(file)).map(({ code, at }) => [
      code,
      at.kind === "bytes" ? at.offset : at.kind,
      at.kind === "bytes" ? at.name : undefined,
    ]);

  test("names the tensor and the byte", () => {
    const entry = '{"dtype":"F32","shape":[2,2],"data_offsets":[0,8]}';
    expect(facts(fileOf(one(entry), zeros(8)))).toEqual([["safetensors.size", 9, 'tensor "memory.W"']]);
    const [issue] = issuesOf(() => readSafetensors(fileOf(one(entry), zeros(8))));
    expect(issue).toMatchObject({ expected: "16 bytes for F32[2,2]", received: "8 bytes" });
    expect(new CheckpointError([issue]).message).toContain('at       byte 9   in tensor "memory.W"');
  });

  test("points to where the header stops being one", () => {
    expect(facts(fileOf(one('{"dtype":F32}')))).toEqual([["safetensors.syntax", 29, 'tensor "memory.W"']]);
    expect(facts(fileOf("{} x"))).toEqual([["safetensors.syntax", 11, undefined]]);
  });

  test("tells all problems of the layout at once", () => {
    const entries = [
      '"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}',
      '"b":{"dtype":"F32","shape":[9],"data_offsets":[4,8]}',
      '"c":{"dtype":"F32","shape":[1],"data_offsets":[6,10]}',
    ];
    expect(issuesOf(() => readSafetensors(fileOf(`{${entries.join()}}`, zeros(12)))).map(({ code }) => code)).toEqual([
      "safetensors.dtype",
      "safetensors.size",
      "safetensors.offsets",
      "safetensors.end",
    ]);
  });

  test("names the nearest element type, and says when a file was cut off", () => {
    const entry = (dtype: string): string => `{"dtype":"${dtype}","shape":[2],"data_offsets":[0,8]}`;
    expect(issuesOf(() => readSafetensors(fileOf(one(entry("f32")), zeros(8))))[0].hint).toBe('did you mean "F32"?');
    expect(issuesOf(() => readSafetensors(fileOf(one(entry("F32")), zeros(7))))[0].hint).toMatch(/cut off/);
  });

  test("of elements that no type here can hold says which and where", () => {
    const read = (dtype: string, bytes: readonly number[]): unknown => {
      const header = `{"x":{"dtype":"${dtype}","shape":[1],"data_offsets":[0,${bytes.length}]}}`;
      const file = fileOf(header, Uint8Array.from(bytes));
      return issuesOf(() => decodeSafetensors(file)).map(({ code, received, at }) => [
        code,
        received,
        at.kind === "bytes" && at.offset === file.length - bytes.length,
      ]);
    };
    expect(read("F8_E4M3", [1])).toEqual([["safetensors.unread-dtype", "F8_E4M3", true]]);
    expect(read("BOOL", [2])).toEqual([["safetensors.value", "2", true]]);
    expect(read("I64", [0, 0, 0, 0, 1, 0, 0, 0])).toEqual([["safetensors.value", "4294967296", true]]);
  });

  test("comes at once, and before memory is taken, however much a header promises", () => {
    const lies = [
      fileOf("{}", zeros(0), 2n ** 63n),
      fileOf("{}", zeros(0), 99_000_000),
      fileOf('{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,9007199254740988]}}'),
      fileOf('{"a":{"dtype":"F32","shape":[2147483647],"data_offsets":[0,8589934588]}}'),
      fileOf(`{"a":{"dtype":"F32","shape":[${"9".repeat(100_000)}],"data_offsets":[0,8]}}`, zeros(8)),
    ];
    const before = process.memoryUsage().arrayBuffers;
    for (const file of lies) expect(issuesOf(() => decodeSafetensors(file))[0].code).toMatch(/^safetensors\./);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });
});
