/**
 * Reads the tensors of a checkpoint's safetensors files, whose layout encodeSafetensors describes. Checksums
 * were compared before, but they can be made for any bytes: nothing in a file is believed before it is checked.
 */
import { CheckpointError, type DType, type TensorData, type TensorsByName } from "@latchgrad/core";
import { readJsonText, readWithSchema } from "@latchgrad/layers";
import * as z from "zod";

const ARRAYS = { F32: Float32Array, F64: Float64Array, I32: Int32Array, U32: Uint32Array, BOOL: Uint8Array } as const;
const DTYPES: Readonly<Record<keyof typeof ARRAYS, DType>> = {
  F32: "f32",
  F64: "f64",
  I32: "i32",
  U32: "u32",
  BOOL: "bool",
};
/** Bytes in front of the header, which hold its length. */
const LENGTH_BYTES = 8;

const count = z.int().nonnegative();
const entrySchema = z.strictObject({
  dtype: z.enum(["F32", "F64", "I32", "U32", "BOOL"]),
  shape: z.array(count),
  data_offsets: z.tuple([count, count]),
});
const headerSchema = z.record(z.string(), entrySchema);

/** The tensors in the bytes of `file`, by name. Throws CheckpointError or ConfigError where the bytes are no such file. */
export function decodeTensors(bytes: Uint8Array, file: string): TensorsByName {
  const refuse = (received: string): never => {
    throw new CheckpointError([
      {
        code: "checkpoint.tensors",
        problem: "the weights and the state of a checkpoint are safetensors files",
        at: { kind: "value", name: file },
        received,
      },
    ]);
  };
  if (bytes.length < LENGTH_BYTES) return refuse(`${bytes.length} bytes`);
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const room = bytes.length - LENGTH_BYTES;
  if (headerBytes > BigInt(room)) return refuse(`a header of ${headerBytes} bytes where there are ${room}`);
  const dataStart = LENGTH_BYTES + Number(headerBytes);
  const header = readWithSchema(
    headerSchema,
    readJsonText(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, dataStart))),
  );

  const tensorOf = ({ dtype, shape, data_offsets: [from, to] }: z.output<typeof entrySchema>, name: string) => {
    const elements = shape.reduce((product, size) => product * size, 1);
    const wanted = elements * ARRAYS[dtype].BYTES_PER_ELEMENT;
    if (to - from !== wanted || dataStart + to > bytes.length)
      return refuse(
        `${name} ${DTYPES[dtype]}[${shape.join(",")}] in bytes ${from} to ${to} of ${bytes.length - dataStart}`,
      );
    // A copy, because the bytes of a file need not be aligned as arrays of numbers are.
    const data = new ARRAYS[dtype](bytes.slice(dataStart + from, dataStart + to).buffer);
    return { dtype: DTYPES[dtype], dims: shape, data } satisfies TensorData;
  };
  return Object.fromEntries(Object.entries(header).map(([name, entry]) => [name, tensorOf(entry, name)]));
}
