/** Fused elementwise loops as steps of a program. */
import type { LaneFunction } from "../kernel/kernel.js";
import type { Lowering } from "./lowering.js";
import { writeMap, type MapKernel, type MapOutput, type Walk } from "./map.js";
import type { Block } from "./program.js";
import type { StoredTensor, Tensor } from "./tensors.js";
import type { LaneCall } from "./vectorizable.js";

export interface FusedNode extends LaneCall {
  /** Tells lane functions apart. */
  readonly key: string;
}

/** Appends one fused loop. Splats among the inputs become constants in the loop. */
export function mapStep(
  { precision, append }: Pick<Lowering, "precision" | "append">,
  block: Block,
  dims: readonly number[],
  inputs: readonly Tensor[],
  nodes: readonly FusedNode[],
  outputs: readonly { readonly value: number; readonly to: StoredTensor }[],
): void {
  const read = inputs.filter((input) => input.kind === "stored");
  const splats = inputs.filter((input) => input.kind === "splat");
  // Values are numbered anew: stored inputs, then constants, then nodes.
  let nextRead = 0;
  let nextSplat = read.length;
  const renumbered = inputs.map((input) => (input.kind === "stored" ? nextRead++ : nextSplat++));
  const numberOf = (value: number): number => (value < inputs.length ? renumbered[value] : value);
  const constants = splats.map(({ dtype, value }): FusedNode => ({
    lane: (k) => k.constant(dtype, value),
    key: `${dtype} ${Object.is(value, -0) ? "-0" : String(value)}`,
    args: [],
  }));
  const all = [...constants, ...nodes.map((node) => ({ ...node, args: node.args.map(numberOf) }))];
  const kernel: MapKernel = {
    dims,
    inputs: read.map(({ dtype, strides }): Walk => ({ dtype, strides })),
    nodes: all,
    outputs: outputs.map(({ value, to }): MapOutput => ({
      dtype: to.dtype,
      strides: to.strides,
      value: numberOf(value),
    })),
  };
  const key = `map ${JSON.stringify([kernel.dims, kernel.inputs, all.map((node) => [node.key, node.args]), kernel.outputs])}`;
  append(block, {
    kind: "call",
    kernel: {
      key,
      arity: read.length + outputs.length,
      write: (code) => {
        writeMap(code, kernel, precision);
      },
    },
    args: [...read.map((tensor) => tensor.place), ...outputs.map(({ to }) => to.place)],
  });
}

const identity: LaneFunction = (_, x) => x;

/** Appends a loop that copies elements; dims are those of both. */
export const copyStep = (
  lowering: Pick<Lowering, "precision" | "append">,
  block: Block,
  from: Tensor,
  to: StoredTensor,
): void => {
  mapStep(lowering, block, to.dims, [from], [{ lane: identity, key: "copy", args: [0] }], [{ value: 1, to }]);
};
