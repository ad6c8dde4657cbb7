/** Fused elementwise loops as steps of a program. */
import type { LaneFunction } from "../kernel/kernel.js";
import type { DType } from "../shape/tensor-type.js";
import type { Precision } from "./lanes-target.js";
import type { Lowering } from "./lowering.js";
import { coalesce, writeMap, type MapKernel, type MapOutput } from "./map.js";
import type { Block, Kernel } from "./program.js";
import { divideMap, rowLength, usesOfMap, workOfMap } from "./share-map.js";
import type { StoredTensor, Tensor } from "./tensors.js";
import { operationsOf, type LaneCall } from "./vectorizable.js";
import type { Walk } from "./walks.js";

export interface FusedNode extends LaneCall {
  /** Tells lane functions apart. */
  readonly key: string;
}

/** The node that is this number for all elements. */
export const constantNode = (dtype: DType, value: number): FusedNode => ({
  lane: (k) => k.constant(dtype, value),
  key: `${dtype} ${Object.is(value, -0) ? "-0" : String(value)}`,
  args: [],
});

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
  const constants = splats.map(({ dtype, value }) => constantNode(dtype, value));
  const all = [...constants, ...nodes.map((node) => ({ ...node, args: node.args.map(numberOf) }))];
  const walks = [...read.map(({ strides }) => strides), ...outputs.map(({ to }) => to.strides)];
  const merged = coalesce(dims, walks);
  const kernel: MapKernel = {
    dims: merged.dims,
    inputs: read.map(({ dtype }, i): Walk => ({ dtype, strides: merged.strides[i] })),
    nodes: all,
    operations: operationsOf(
      read.map(({ dtype }) => dtype),
      all,
    ),
    outputs: outputs.map(({ value, to }, i): MapOutput => ({
      dtype: to.dtype,
      strides: merged.strides[read.length + i],
      value: numberOf(value),
    })),
  };
  append(block, {
    kind: "call",
    kernel: mapKernel(kernel, all, rowLength(dims, merged.dims), precision),
    args: [...read.map((tensor) => tensor.place), ...outputs.map(({ to }) => to.place)],
  });
}

function mapKernel(map: MapKernel, nodes: readonly FusedNode[], row: number, precision: Precision): Kernel {
  const { dims, inputs, outputs } = map;
  return {
    key: `map ${JSON.stringify([dims, inputs, nodes.map((node) => [node.key, node.args]), outputs])}`,
    arity: inputs.length + outputs.length,
    takesPlaces: true,
    meets: (read, written) => {
      // Two results of one kernel never meet, nor do two operands.
      if (read >= inputs.length || written < inputs.length) return false;
      const [from, to] = [inputs[read], outputs[written - inputs.length]];
      return from.dtype === to.dtype && from.strides.every((stride, axis) => stride === to.strides[axis]);
    },
    write: (code, addresses) => {
      writeMap(code, map, precision, addresses);
    },
    sharing: () => ({
      uses: usesOfMap(map),
      work: workOfMap(map),
      stops: false,
      divisions: (threads) =>
        divideMap(map, row, threads).map((pieces) =>
          pieces.map(({ kernel, shifts }) => ({ kernel: mapKernel(kernel, nodes, row, precision), shifts })),
        ),
    }),
  };
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
