// The format of safetensors files in the plainest words, for files whose header is written without blanks and without needless
// escapes: what the reader has to find, made in another way.

export interface PlainTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

const SIZES: Readonly<Record<string, number>> = {
  ...{ F64: 8, I64: 8, U64: 8, C64: 8, F32: 4, I32: 4, U32: 4, F16: 2, BF16: 2, I16: 2, U16: 2, I8: 1, U8: 1, BOOL: 1 },
  ...{ F8_E4M3: 1, F8_E5M2: 1 },
};

/** A file of a header, without its length, and elements. */
export function fileOf(
  header: string,
  data: Uint8Array = new Uint8Array(),
  headerLength?: number | bigint,
): Uint8Array {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength ?? text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

/** A file of tensors, one behind the other, that `readPlain` can read. */
export function writePlain(tensors: readonly (readonly [string, PlainTensor])[]): Uint8Array {
  let end = 0;
  const entries = tensors.map(([name, { dtype, shape, bytes }]) => {
    const from = end;
    end += bytes.length;
    return [name, { dtype, shape, data_offsets: [from, end] }] as const;
  });
  const data = Uint8Array.from(tensors.flatMap(([, { bytes }]) => [...bytes]));
  return fileOf(JSON.stringify(Object.fromEntries(entries)), data);
}

/** The tensors in a file, or undefined where it is none. */
export function readPlain(file: Uint8Array): Readonly<Record<string, PlainTensor>> | undefined {
  try {
    return readOrThrow(file);
  } catch {
    return undefined;
  }
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

function demand(condition: boolean): void {
  if (!condition) throw new Error("not a safetensors file");
}

function readOrThrow(file: Uint8Array): Readonly<Record<string, PlainTensor>> {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  demand(8 + length <= file.length);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const text = decoder.decode(file.subarray(8, 8 + length)).replace(/ +$/, "");
  const header = JSON.parse(text) as Readonly<Record<string, Entry>>;
  // What comes back the same had no key twice, no number such as 1e0 and nothing around it.
  demand(text.startsWith("{") && JSON.stringify(header) === text);
  const { __metadata__: remarks = {}, ...entries } = header;
  demand(Object.prototype.toString.call(remarks) === "[object Object]");
  demand(Object.values(remarks).every((remark) => typeof remark === "string"));
  let end = 0;
  const sorted = Object.entries(entries).sort(
    ([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1],
  );
  const tensors = sorted.map(([name, entry]): readonly [string, PlainTensor] => {
    const { dtype, shape, data_offsets: offsets } = entry;
    const [from, to] = offsets;
    demand(Object.keys(entry).length === 3 && Array.isArray(shape) && Array.isArray(offsets) && offsets.length === 2);
    demand([...shape, from, to].every((number) => Number.isSafeInteger(number) && number >= 0));
    demand(from === end && to - from === shape.reduce((a, b) => a * b, SIZES[dtype]));
    end = to;
    return [name, { dtype, shape, bytes: file.subarray(8 + length + from, 8 + length + to) }];
  });
  demand(8 + length + end === file.length);
  return Object.fromEntries(tensors);
}
