/** Tensors in a module's memory, seen as arrays. */
import type { MemoryPlan } from "../codegen/plan-memory.js";
import type { Port } from "../codegen/program.js";
import { elementCount } from "../shape/strides.js";
import type { NumberArray, TensorData } from "../shape/tensor-data.js";

const MOST_PAGES = 65_536;
/** What a module's memory can be. */
export const MOST_BYTES = MOST_PAGES * 65_536;

/** bool is a mask inside, 0 or -1 in four bytes, and 0 or 1 in one byte outside. */
const ARRAYS = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array, bool: Int32Array } as const;

export interface View {
  readonly port: Port;
  readonly array: NumberArray;
}

export const viewOf = (memory: WebAssembly.Memory, plan: Pick<MemoryPlan, "addresses">, port: Port): View => ({
  port,
  array: new ARRAYS[port.dtype](memory.buffer, plan.addresses[port.buffer.id], elementCount(port.dims)),
});

export function put({ port, array }: View, { data }: TensorData): void {
  if (port.dtype === "bool") array.set(Int32Array.from(data, (value) => -Number(value !== 0)));
  else array.set(data);
}

export const take = ({ port: { dtype, dims }, array }: View): TensorData => ({
  dtype,
  dims,
  data: dtype === "bool" ? Uint8Array.from(array, (value) => value & 1) : array.slice(),
});
