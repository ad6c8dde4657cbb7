/** Contractions as matrix products: groups of axes become one row, column, depth and batch axis each, by copying an operand where they must. */
import type { Kernel as KernelSpec } from "../kernel/kernel.js";
import { elementCount } from "../shape/strides.js";
import { TILE_COLUMNS, TILE_ROWS, writeContract, writeTile, type ContractKernel } from "./contract.js";
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
function reordered(lowering: Lowering, side: Side, order: "free first" | "contract first"): Side {
  const { tensor, batch, free, contract } = side;
  const axes = [...batch, ...(order === "free first" ? [...free, ...contract] : [...contract, ...free])];
  const dims = axes.map((axis) => tensor.dims[axis]);
  const view = viewOf(
    tensor,
    [],
    axes.map((axis) => ({ axis, step: 1 })),
    dims,
  );
  const copy = lowering.contiguous(view);
  const at = (group: readonly number[]): readonly number[] => group.map((axis) => axes.indexOf(axis));
  return { tensor: copy, batch: at(batch), free: at(free), contract: at(contract) };
}

/** Appends the product of x and y into `out`, which is row-major over batch, free axes of x, free axes of y. */
export function contractSteps(
  lowering: Lowering,
  { batchX, batchY, contractX, contractY }: ContractSpec,
  leftOperand: Tensor,
  rightOperand: Tensor,
  out: StoredTensor,
  block: Block,
): void {
  const stored = (tensor: Tensor): StoredTensor => (tensor.kind === "splat" ? lowering.contiguous(tensor) : tensor);
  let x: Side = {
    tensor: stored(leftOperand),
    batch: batchX,
    free: freeAxes(leftOperand, batchX, contractX),
    contract: contractX,
  };
  let y: Side = {
    tensor: stored(rightOperand),
    batch: batchY,
    free: freeAxes(rightOperand, batchY, contractY),
    contract: contractY,
  };
  if (strideOf([y], "free") === undefined || (strideOf([y], "free")?.[0] ?? 1) > 1)
    y = reordered(lowering, y, "contract first");
  if (strideOf([x], "free") === undefined) x = reordered(lowering, x, "free first");
  if (strideOf([x, y], "contract") === undefined || strideOf([x, y], "batch") === undefined) {
    x = reordered(lowering, x, "free first");
    y = reordered(lowering, y, "contract first");
  }
  const count = (side: Side, group: readonly number[]): number =>
    elementCount(group.map((axis) => side.tensor.dims[axis]));
  const one = (strides: readonly number[] | undefined): number => strides?.[0] ?? 0;
  const [xDepth = 0, yDepth = 0] = strideOf([x, y], "contract") ?? [];
  const [xBatch = 0, yBatch = 0] = strideOf([x, y], "batch") ?? [];
  const [batch, rows, columns, depth] = [count(x, x.batch), count(x, x.free), count(y, y.free), count(x, x.contract)];
  const left: Matrix = { tensor: x.tensor, outer: one(strideOf([x], "free")), depth: xDepth };
  const right: Matrix = { tensor: y.tensor, outer: columns === 1 ? 1 : one(strideOf([y], "free")), depth: yDepth };
  const sizes = { rows, columns, depth };
  const packed = batch === 1 ? packedParts(sizes) : { left: false, right: false };
  const panels = {
    left: packed.left ? panelsOf(lowering, left, rows, depth, TILE_ROWS) : unpacked(left, TILE_ROWS),
    right: packed.right ? panelsOf(lowering, right, columns, depth, TILE_COLUMNS) : unpacked(right, TILE_COLUMNS),
  };
  appendProduct(lowering, block, [panels.left.tensor, panels.right.tensor, out], {
    dtype: out.dtype,
    batch,
    ...sizes,
    left: { batch: xBatch, row: panels.left.outer, depth: panels.left.depth, tile: panels.left.tile },
    right: { batch: yBatch, column: panels.right.outer, depth: panels.right.depth, tile: panels.right.tile },
    out: { batch: rows * columns, row: columns },
  });
}

/** A matrix with the contracted index as one axis; `outer` and `depth` are elements between neighbours. */
interface Matrix {
  readonly tensor: StoredTensor;
  readonly outer: number;
  readonly depth: number;
}

interface Panels extends Matrix {
  /** Elements from one group of rows or columns to the next. */
  readonly tile: number;
}

const unpacked = (matrix: Matrix, group: number): Panels => ({ ...matrix, tile: group * matrix.outer });

/** Tiles of the other operand that must read a panel before copying it pays. */
const LEAST_READS = 4;
/** Below this many elements the operand stays in the nearest cache as it is. */
const LEAST_ELEMENTS = 2048;

/** Which operands to copy into panels: those that are read often, and whose groups fill tiles without a rest. */
const packedParts = ({ rows, columns, depth }: Pick<ContractKernel, "rows" | "columns" | "depth">) => ({
  left: rows % TILE_ROWS === 0 && columns / TILE_COLUMNS >= LEAST_READS && rows * depth >= LEAST_ELEMENTS,
  right: columns % TILE_COLUMNS === 0 && rows / TILE_ROWS >= LEAST_READS && columns * depth >= LEAST_ELEMENTS,
});

/**
 * The operand copied so that what one tile reads lies side by side: groups of rows or columns, for each all steps of
 * the contracted index. A weight that no step of a loop changes is copied in front of the loop.
 */
function panelsOf(
  lowering: Lowering,
  { tensor, outer, depth }: Matrix,
  length: number,
  steps: number,
  group: number,
): Panels {
  const panels: StoredTensor = {
    ...tensor,
    dims: [length / group, steps, group],
    strides: [group * outer, depth, outer],
  };
  return { tensor: lowering.contiguous(panels), outer: 1, depth: group, tile: steps * group };
}

function appendProduct(
  lowering: Lowering,
  block: Block,
  tensors: readonly StoredTensor[],
  kernel: ContractKernel,
): void {
  const { precision } = lowering;
  lowering.append(block, {
    kind: "call",
    kernel: {
      key: `contract ${JSON.stringify(kernel)}`,
      arity: tensors.length,
      write: (code) => {
        writeContract(code, kernel, (tile) => {
          const { dtype, left, right, out } = kernel;
          const key = `tile ${JSON.stringify([tile, dtype, left.row, left.depth, right.depth, out.row])}`;
          return code.function(key, tensors.length, (body) => {
            writeTile(body, kernel, tile, precision);
          });
        });
      },
    },
    args: tensors.map((tensor) => tensor.place),
  });
}
