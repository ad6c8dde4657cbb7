/** Tensors of a safetensors file. TODO replaced by the reader of layers. */
import { CheckpointError, type DType, type TensorData, type TensorsByName } from "@latchgrad/core";

const ARRAYS = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array, bool: Uint8Array } as const;
const NAMES: Readonly<Record<string, DType>> = { F32: "f32", F64: "f64", I32: "i32", U32: "u32", BOOL: "bool" };

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

export function decodeTensors(bytes: Uint8Array): TensorsByName {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<string, Entry>;
  const tensors: Record<string, TensorData> = {};
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [from, to],
    },
  ] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const kind = NAMES[dtype] as DType | undefined;
    if (kind === undefined) throw new CheckpointError([]);
    tensors[name] = {
      dtype: kind,
      dims: shape,
      data: new ARRAYS[kind](bytes.slice(8 + length + from, 8 + length + to).buffer),
    };
  }
  return tensors;
}
