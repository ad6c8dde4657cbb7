/**
 * Writes tensors as a safetensors file, which PyTorch, JAX and others read: the
 * length of the header (u64), the header (JSON), then the elements of all
 * tensors without a gap, everything little-endian.
 */
import { RunError, type TensorData } from "@latchgrad/core";
import { LENGTH_BYTES, LONGEST_HEADER, METADATA, WRITTEN, type WrittenElement } from "./safetensors-format.js";

/** The elements begin at a multiple of this, so that readers can map the file into memory. */
const ALIGNMENT = 8;
interface Placed {
  readonly name: string;
  readonly tensor: TensorData;
  readonly format: WrittenElement;
  /** First byte, counted from the end of the header. */
  readonly from: number;
  readonly to: number;
}

/**
 * The bytes of a safetensors file. The same tensors give the same bytes, in whatever order they come.
 * Throws RunError for a tensor whose elements do not fill its dims, and for names the format keeps for itself.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, TensorData>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const placed = placeAll(tensors);
  const header = encodeHeader(placed, metadata);
  const dataStart = LENGTH_BYTES + header.length;
  const bytes = new Uint8Array(dataStart + (placed.at(-1)?.to ?? 0));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, LENGTH_BYTES);
  for (const { tensor, format, from } of placed)
    for (let i = 0; i < tensor.data.length; i++)
      format.write(view, dataStart + from + i * format.bytes, tensor.data[i]);
  return bytes;
}

/** Wide elements come first, so that every tensor is aligned without gaps; then by name, as other writers do it. */
function placeAll(tensors: Readonly<Record<string, TensorData>>): readonly Placed[] {
  let end = 0;
  return Object.entries(tensors)
    .map(([name, tensor]) => ({ name, tensor, format: WRITTEN[tensor.dtype] }))
    .sort((a, b) => b.format.bytes - a.format.bytes || (a.name < b.name ? -1 : 1))
    .map((entry): Placed => {
      checkTensor(entry.name, entry.tensor);
      const from = end;
      end += entry.tensor.data.length * entry.format.bytes;
      return { ...entry, from, to: end };
    });
}

function checkTensor(name: string, { dims, data }: TensorData): void {
  if (name === METADATA) refuse(name, "no tensor is called as the format calls its own remarks", {});
  const count = dims.reduce((product, size) => product * size, 1);
  if (data.length !== count)
    refuse(name, "the elements fill the dims exactly", {
      expected: `${count} elements for [${dims.join(",")}]`,
      received: `${data.length} elements`,
    });
}

function refuse(
  name: string,
  problem: string,
  facts: { readonly expected?: string; readonly received?: string },
): never {
  throw new RunError([{ code: "weights.tensor", problem, at: { kind: "value", name: `tensor ${name}` }, ...facts }]);
}

/** The header, filled up with spaces to where the elements may begin. */
function encodeHeader(placed: readonly Placed[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const entries = placed.map(({ name, tensor, format, from, to }): readonly [string, unknown] => [
    name,
    { dtype: format.name, shape: tensor.dims, data_offsets: [from, to] },
  ]);
  const remarks: readonly (readonly [string, unknown])[] =
    Object.keys(metadata).length === 0 ? [] : [[METADATA, metadata]];
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries([...remarks, ...entries])));
  const length = Math.ceil((LENGTH_BYTES + text.length) / ALIGNMENT) * ALIGNMENT - LENGTH_BYTES;
  if (length > LONGEST_HEADER)
    refuse(METADATA, "a header has at most 100 MB", { received: `${length} bytes for ${placed.length} tensors` });
  const header = new Uint8Array(length).fill(" ".charCodeAt(0));
  header.set(text);
  return header;
}
