/** Nodes other than elementwise ones as steps of a program, by the kind of their kernel. */
import type { Graph, Node } from "../ir/graph.js";
import type { Kernel as KernelSpec } from "../kernel/kernel.js";
import { elementCount, stridesOf } from "../shape/strides.js";
import { sizesOf } from "../shape/tensor.js";
import { BYTES } from "./lanes-target.js";
import { contractSteps } from "./lower-contract.js";
import { overlapSteps } from "./lower-overlap.js";
import { prefixSteps } from "./lower-prefix.js";
import type { Lowering } from "./lowering.js";
import { writeLoops, type LoopsKernel } from "./loops.js";
import type { Block, Kernel, Place } from "./program.js";
import { divideTurns, shapeOf } from "./share-loops.js";
import type { Use } from "./sharing.js";
import { cutView, isCut, placed, samePlace, viewOf, type StoredTensor, type Tensor } from "./tensors.js";

function call(lowering: Lowering, block: Block, kernel: Kernel, args: readonly Place[]): void {
  lowering.append(block, { kind: "call", kernel, args });
}

/** Appends what a node's kernel takes, and gives the tensor of its result. `target` allocates memory for it, or names its place. */
export function lowerKernel(
  lowering: Lowering,
  graph: Graph,
  node: Node,
  kernel: Exclude<KernelSpec, { readonly kind: "map" | "reduce" }>,
  operands: readonly Tensor[],
  block: Block,
  target: () => StoredTensor,
): Tensor {
  const [type] = node.types;
  const dims = sizesOf(type);
  switch (kernel.kind) {
    case "constant": {
      const [first = 0] = kernel.data;
      if (kernel.data.every((value) => Object.is(value, first)))
        return { kind: "splat", dtype: type.dtype, dims, value: first };
      return lowering.constant({ dtype: type.dtype, dims }, kernel.data);
    }
    case "view":
      return viewOf(operands[0], kernel.starts, kernel.reads, dims);
    case "reshape": {
      const [x] = operands;
      if (x.kind === "splat") return { ...x, dims };
      if (isCut(x.dims, dims)) return cutView(x, dims);
      return { ...lowering.contiguous(x), dims, strides: stridesOf(dims) };
    }
    case "place": {
      const out = target();
      const fill = kernel.fill === undefined ? undefined : operands[kernel.fill];
      if (fill !== undefined)
        lowering.copy(
          viewOf(
            fill,
            [],
            dims.map(() => "repeat"),
            dims,
          ),
          out,
          block,
        );
      kernel.placements.forEach((placement, i) => {
        const part = placed(out, placement, operands[i].dims);
        if (operands[i].kind !== "stored" || !samePlace(operands[i], part)) lowering.copy(operands[i], part, block);
      });
      return out;
    }
    case "contract": {
      const out = target();
      contractSteps(lowering, kernel, operands, out, block);
      return out;
    }
    case "overlap": {
      const out = target();
      overlapSteps(lowering, kernel, operands[0], out, block);
      return out;
    }
    case "prefix": {
      const out = target();
      prefixSteps(lowering, kernel, operands, out, block, `${node.op} ${type.dtype} ${String(kernel.next.length)}`);
      return out;
    }
    case "update":
    case "loops": {
      const arrays = operands.map((operand) => lowering.contiguous(operand));
      const out = target();
      if (kernel.kind === "update") lowering.copy(operands[0], out, block);
      const site = lowering.siteOf(graph, node, "index");
      const key = `loops ${node.op} ${site} ${JSON.stringify([node.attrs, arrays.map(({ dtype, dims: sizes }) => [dtype, sizes]), type])}`;
      const loops = { operands: arrays.map(({ dtype }) => dtype), result: type.dtype, site, write: kernel.write };
      const sizes = [...arrays, out].map(({ dtype, dims: size }) => elementCount(size) * BYTES[dtype]);
      call(lowering, block, loopsKernel(key, loops, sizes), [...arrays.map(({ place }) => place), out.place]);
      return out;
    }
    default:
      return kernel satisfies never;
  }
}

/** `sizes`: bytes of the operands and of the result, all of which it may touch. */
function loopsKernel(key: string, loops: LoopsKernel, sizes: readonly number[]): Kernel {
  return {
    key: loops.turns === undefined ? key : `${key} ${JSON.stringify(loops.turns)}`,
    arity: sizes.length,
    write: (code) => {
      writeLoops(code, loops);
    },
    sharing: () => {
      const shape = shapeOf(loops);
      return {
        uses: sizes.map((bytes, i): Use => ({
          span: { first: 0, bytes, strides: [] },
          writes: i === sizes.length - 1,
        })),
        work: (shape.work * (loops.turns?.count ?? 1)) / (loops.turns === undefined ? 1 : shape.turns),
        stops: shape.stops,
        divisions: (threads) =>
          divideTurns(shape, threads).map((ranges) =>
            ranges.map((turns) => ({
              kernel: loopsKernel(key, { ...loops, turns }, sizes),
              shifts: sizes.map(() => 0),
            })),
          ),
      };
    },
  };
}
