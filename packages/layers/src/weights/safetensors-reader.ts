/**
 * Reads safetensors files. Nothing in a file is believed: its whole layout is checked before any element is read, and no
 * memory is taken but for elements that are there.
 */
import { CheckpointError, suggestName, type Issue, type TensorData } from "@latchgrad/core";
import { MOST_ISSUES } from "../config/limits.js";
import {
  elementNames,
  elementOf,
  isElementName,
  LENGTH_BYTES,
  LONGEST_HEADER,
  type ElementName,
} from "./safetensors-format.js";
import { parseHeader, quoteName, tensorName, type HeaderEntry } from "./safetensors-header.js";

/** A tensor in a file. */
export interface StoredTensor {
  readonly name: string;
  /** Element type as the file calls it: "F32", "BF16". */
  readonly dtype: ElementName;
  readonly dims: readonly number[];
  /** Its elements, a part of the file. */
  readonly bytes: Uint8Array;
  /** Where they begin in the file. */
  readonly offset: number;
}

export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of their elements in the file. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/**
 * The tensors of a safetensors file, whose elements `readTensor` gives. The file is refused unless it keeps to every rule of the format:
 * header within the file and at most 100 MB, JSON with no key twice, known element types, elements that fill their shapes, no
 * gap, no overlap, nothing behind the last. Throws CheckpointError with all problems of the layout at once.
 */
export function readSafetensors(file: Uint8Array): SafetensorsFile {
  checkBytes(file);
  const dataStart = headerEnd(file);
  const { metadata, entries } = parseHeader(file, LENGTH_BYTES, dataStart);
  const sorted = entries.toSorted((a, b) => a.from - b.from || a.to - b.to);
  const issues = [...sorted.flatMap(sizeIssues), ...placeIssues(sorted, dataStart, file.length)];
  if (issues.length > 0) throw new CheckpointError(issues.slice(0, MOST_ISSUES));
  const tensors = sorted.flatMap(({ name, dtype, shape, from, to }): readonly StoredTensor[] => {
    const offset = dataStart + from;
    if (!isElementName(dtype)) return [];
    return [{ name, dtype, dims: shape, bytes: file.subarray(offset, dataStart + to), offset }];
  });
  return { metadata, tensors: new Map(tensors.map((stored) => [stored.name, stored])) };
}

/** The type of a stored tensor as the file calls it: "BF16[4,3]". */
export const formatStored = ({ dtype, dims }: Pick<StoredTensor, "dtype" | "dims">): string =>
  `${dtype}[${dims.join(",")}]`;

/** The tensors of a safetensors file by name: what encodeSafetensors was given. Throws CheckpointError. */
export const decodeSafetensors = (file: Uint8Array): Readonly<Record<string, TensorData>> =>
  Object.fromEntries([...readSafetensors(file).tensors].map(([name, stored]) => [name, readTensor(stored)]));

/** Throws CheckpointError for what a program without types may give in place of a file. */
function checkBytes(file: unknown): void {
  if (file instanceof Uint8Array) return;
  throw new CheckpointError([
    {
      code: "safetensors.bytes",
      problem: "a safetensors file is given as its bytes",
      at: { kind: "value", name: "file" },
      expected: "a Uint8Array",
      received: file === null ? "null" : typeof file,
      hint: file instanceof ArrayBuffer ? "new Uint8Array(buffer)" : undefined,
    },
  ]);
}

/** The length of the header, which has to lie within the file. */
function headerEnd(file: Uint8Array): number {
  const refuseLength = (facts: { readonly problem: string; readonly received: string }): never => {
    throw new CheckpointError([{ code: "safetensors.header-length", ...facts, at: { kind: "bytes", offset: 0 } }]);
  };
  if (file.length < LENGTH_BYTES)
    return refuseLength({
      problem: "a safetensors file begins with the length of its header, in 8 bytes",
      received: `a file of ${file.length} bytes`,
    });
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  if (length > BigInt(LONGEST_HEADER))
    return refuseLength({ problem: "a header has at most 100 MB", received: `${length} bytes` });
  const end = LENGTH_BYTES + Number(length);
  if (end > file.length)
    return refuseLength({
      problem: "the header lies within the file",
      received: `a header of ${length} bytes in a file of ${file.length}`,
    });
  return end;
}

const entryIssue = (code: string, { name, at }: HeaderEntry, facts: Omit<Issue, "code" | "at">): Issue => ({
  code: `safetensors.${code}`,
  ...facts,
  at: { kind: "bytes", offset: at, name: tensorName(name) },
});

/** Element types that there are not, and elements that do not fill their shape. */
function sizeIssues(entry: HeaderEntry): readonly Issue[] {
  const { dtype, shape, from, to } = entry;
  if (!isElementName(dtype))
    return [
      entryIssue("dtype", entry, {
        problem: "the element type is one of the format",
        received: quoteName(dtype),
        hint: suggestName(dtype, elementNames),
      }),
    ];
  if (from > to)
    return [
      entryIssue("offsets", entry, { problem: "a tensor ends behind its beginning", received: `[${from},${to}]` }),
    ];
  const bits = countOf(shape) * elementOf(dtype).bits;
  if (bits === (to - from) * 8) return [];
  return [
    entryIssue("size", entry, {
      problem: "the elements of a tensor fill its shape exactly",
      expected: Number.isSafeInteger(bits)
        ? `${Math.ceil(bits / 8)} bytes for ${dtype}[${shape.join(",")}]`
        : "a tensor that fits into a file",
      received: `${to - from} bytes`,
    }),
  ];
}

/** How many elements a shape has; NaN where so many cannot be counted, even if another size is 0. */
const countOf = (shape: readonly number[]): number =>
  shape.reduce((count, size) => (Number.isSafeInteger(count * size) ? count * size : NaN), 1);

/** Gaps, overlaps, and an end that is not that of the file. `sorted` is in the order of the elements. */
function placeIssues(sorted: readonly HeaderEntry[], dataStart: number, fileEnd: number): readonly Issue[] {
  const issues: Issue[] = [];
  let end = 0;
  for (const entry of sorted) {
    if (entry.from !== end)
      issues.push(
        entryIssue("offsets", entry, {
          problem: "tensors lie one behind the other, without a gap and without an overlap",
          expected: `a beginning at ${end}`,
          received: `[${entry.from},${entry.to}]`,
        }),
      );
    end = Math.max(end, entry.to);
  }
  if (dataStart + end !== fileEnd)
    issues.push({
      code: "safetensors.end",
      problem: "the last tensor ends where the file ends",
      at: { kind: "bytes", offset: dataStart + end },
      expected: `a file of ${dataStart + end} bytes`,
      received: `${fileEnd} bytes`,
      hint: fileEnd < dataStart + end ? "the file was cut off; copy or download it again" : undefined,
    });
  return issues;
}

const ARRAYS = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array, bool: Uint8Array } as const;

/**
 * The elements of a tensor in a file: half floats and bfloat16 as f32, integers as i32 (U32 and U64 as u32), without rounding.
 * Throws CheckpointError for element types that nothing here can hold, integers of 64 bits that do not fit, and a bool
 * that is neither 0 nor 1.
 */
export function readTensor({ name, dtype, dims, bytes, offset }: StoredTensor): TensorData {
  const { bits, reading } = elementOf(dtype);
  const refuseElements = (code: string, at: number, facts: Omit<Issue, "code" | "at">): never => {
    throw new CheckpointError([
      { code: `safetensors.${code}`, ...facts, at: { kind: "bytes", offset: at, name: tensorName(name) } },
    ]);
  };
  if (reading === undefined)
    return refuseElements("unread-dtype", offset, {
      problem: "elements are of a type that can be read here",
      expected: `one of ${readable.join(", ")}`,
      received: dtype,
    });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const step = bits / 8;
  const data = new ARRAYS[reading.dtype](bytes.byteLength / step);
  for (let i = 0; i < data.length; i++) {
    const value = reading.read(view, i * step);
    data[i] = value;
    // A float is the same or NaN; an integer that was wrapped around is another, and so is a bool of 2.
    const changed = data[i] !== value && !Number.isNaN(value);
    if (changed || (reading.dtype === "bool" && value > 1))
      refuseElements("value", offset + i * step, {
        problem: "every element is a value of the type that it is read as",
        expected: reading.dtype,
        received: String(value),
      });
  }
  return { dtype: reading.dtype, dims, data };
}

const readable: readonly string[] = elementNames.filter((name) => isElementName(name) && elementOf(name).reading);
