/** Contractions as matrix products: groups of axes become one row, column, depth and batch axis each, by copying an operand where they must. */
import type { Kernel as KernelSpec } from "../kernel/kernel.js";
import { elementCount } from "../shape/strides.js";
import { writeContract, writeTile, type ContractKernel } from "./contract.js";
import type { Lowering } from "./lowering.js";
import { coalesce } from "./map.js";
import type { Block } from "./program.js";
import { viewOf, type StoredTensor, type Tensor } from "./tensors.js";

type ContractSpec = KernelSpec & { readonly kind: "contract" };

interface Side {
  readonly tensor: StoredTensor;
  readonly batch: readonly number[];
  readonly free: readonly number[];
  readonly contract: readonly number[];
}

const freeAxes = (tensor: Tensor, batch: readonly number[], contract: readonly number[]): readonly number[] =>
  tensor.dims.map((_, axis) => axis).filter((axis) => !batch.includes(axis) && !contract.includes(axis));

/** One stride for a group of axes, or undefined when there is none. */
function strideOf(sides: readonly Side[], group: "batch" | "free" | "contract"): readonly number[] | undefined {
  const dims = sides[0][group].map((axis) => sides[0].tensor.dims[axis]);
  const merged = coalesce(
    dims,
    sides.map((side) => side[group].map((axis) => side.tensor.strides[axis])),
  );
  if (merged.dims.length > 1) return undefined;
  return merged.strides.map((strides) => strides[0] ?? 0);
}

/** The side with its axes in the order batch, then `order`, in memory of its own. */
function reordered(lowering: Lowering, side: Side, order: "free first" | "contract first", block: Block): Side {
  const { tensor, batch, free, contract } = side;
  const axes = [...batch, ...(order === "free first" ? [...free, ...contract] : [...contract, ...free])];
  const dims = axes.map((axis) => tensor.dims[axis]);
  const view = viewOf(
    tensor,
    [],
    axes.map((axis) => ({ axis, step: 1 })),
    dims,
  );
  const copy = lowering.contiguous(view, block);
  const at = (group: readonly number[]): readonly number[] => group.map((axis) => axes.indexOf(axis));
  return { tensor: copy, batch: at(batch), free: at(free), contract: at(contract) };
}

/** Appends the product of x and y into `out`, which is row-major over batch, free axes of x, free axes of y. */
export function contractSteps(
  lowering: Lowering,
  { batchX, batchY, contractX, contractY }: ContractSpec,
  left: Tensor,
  right: Tensor,
  out: StoredTensor,
  block: Block,
): void {
  const stored = (tensor: Tensor): StoredTensor =>
    tensor.kind === "splat" ? lowering.contiguous(tensor, block) : tensor;
  let x: Side = { tensor: stored(left), batch: batchX, free: freeAxes(left, batchX, contractX), contract: contractX };
  let y: Side = { tensor: stored(right), batch: batchY, free: freeAxes(right, batchY, contractY), contract: contractY };
  if (strideOf([y], "free") === undefined || (strideOf([y], "free")?.[0] ?? 1) > 1)
    y = reordered(lowering, y, "contract first", block);
  if (strideOf([x], "free") === undefined) x = reordered(lowering, x, "free first", block);
  if (strideOf([x, y], "contract") === undefined || strideOf([x, y], "batch") === undefined) {
    x = reordered(lowering, x, "free first", block);
    y = reordered(lowering, y, "contract first", block);
  }
  const count = (side: Side, group: readonly number[]): number =>
    elementCount(group.map((axis) => side.tensor.dims[axis]));
  const [xDepth, yDepth] = strideOf([x, y], "contract") ?? [0, 0];
  const [xBatch, yBatch] = strideOf([x, y], "batch") ?? [0, 0];
  const columns = count(y, y.free);
  const kernel: ContractKernel = {
    dtype: out.dtype,
    batch: count(x, x.batch),
    rows: count(x, x.free),
    columns,
    depth: count(x, x.contract),
    left: { batch: xBatch, row: strideOf([x], "free")?.[0] ?? 0, depth: xDepth },
    right: { batch: yBatch, depth: yDepth, column: columns === 1 ? 1 : (strideOf([y], "free")?.[0] ?? 1) },
    accumulate: false,
  };
  const { precision } = lowering;
  lowering.append(block, {
    kind: "call",
    kernel: {
      key: `contract ${JSON.stringify(kernel)}`,
      arity: 3,
      write: (code) => {
        writeContract(code, kernel, (rows, tileColumns, width) =>
          code.function(
            `tile ${rows} ${tileColumns} ${width} ${JSON.stringify({ ...kernel, batch: 0, rows: 0 })}`,
            3,
            (tile) => {
              writeTile(tile, kernel, rows, tileColumns, width, precision);
            },
          ),
        );
      },
    },
    args: [x.tensor.place, y.tensor.place, out.place],
  });
}
