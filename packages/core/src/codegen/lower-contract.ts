/** Contractions as matrix products: groups of axes become one row, column, depth and batch axis each, by copying an operand where they must. */
import type { Kernel as KernelSpec } from "../kernel/kernel.js";
import { elementCount, stridesOf } from "../shape/strides.js";
import {
  columnGroups,
  rowGroups,
  writeContract,
  type Addend,
  type ContractKernel,
  type Groups,
  type Layout,
} from "./contract.js";
import { BYTES, type Precision } from "./lanes-target.js";
import { matrixVectorKernel, matrixVectorOf, type GroupStrides } from "./lower-matrix-vector.js";
import type { Lowering } from "./lowering.js";
import { coalesce } from "./map.js";
import type { Block, Kernel } from "./program.js";
import { divideContract, usesOfContract, workOfContract } from "./share-contract.js";
import { shiftPlace, viewOf, type StoredTensor, type Tensor } from "./tensors.js";
import { TILE_PARAMS, tileColumns, tileShape, writeTile } from "./tile.js";

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
function strideOf({ tensor, ...axes }: Side, group: "batch" | "free" | "contract"): number | undefined {
  const { dims, strides } = coalesce(
    axes[group].map((axis) => tensor.dims[axis]),
    [axes[group].map((axis) => tensor.strides[axis])],
  );
  return dims.length > 1 ? undefined : (strides[0][0] ?? 0);
}

/** The side with its axes in the order batch, then `order`, in memory of its own. */
function reordered(lowering: Lowering, side: Side, order: "free first" | "contract first"): Side {
  const { tensor, batch, free, contract } = side;
  const axes = [...batch, ...(order === "free first" ? [...free, ...contract] : [...contract, ...free])];
  const copy = lowering.contiguous(transposed(tensor, axes));
  const at = (group: readonly number[]): readonly number[] => group.map((axis) => axes.indexOf(axis));
  return { tensor: copy, batch: at(batch), free: at(free), contract: at(contract) };
}

const transposed = (tensor: StoredTensor, axes: readonly number[]): Tensor =>
  viewOf(
    tensor,
    [],
    axes.map((axis) => ({ axis, step: 1 })),
    axes.map((axis) => tensor.dims[axis]),
  );

/** Appends the product of the first two operands, added to the third if the kernel has an addend, into `out`, which is row-major over batch, free axes of x, free axes of y. */
export function contractSteps(
  lowering: Lowering,
  { batchX, batchY, contractX, contractY, hasAddend }: ContractSpec,
  [leftOperand, rightOperand, addendOperand]: readonly Tensor[],
  out: StoredTensor,
  block: Block,
): void {
  const stored = (tensor: Tensor): StoredTensor => (tensor.kind === "splat" ? lowering.contiguous(tensor) : tensor);
  const x: Side = {
    tensor: stored(leftOperand),
    batch: batchX,
    free: freeAxes(leftOperand, batchX, contractX),
    contract: contractX,
  };
  const y: Side = {
    tensor: stored(rightOperand),
    batch: batchY,
    free: freeAxes(rightOperand, batchY, contractY),
    contract: contractY,
  };
  const count = (side: Side, group: "batch" | "free" | "contract"): number =>
    elementCount(side[group].map((axis) => side.tensor.dims[axis]));
  const [batch, rows, columns, depth] = [count(x, "batch"), count(x, "free"), count(y, "free"), count(x, "contract")];
  const addendTensor = hasAddend ? stored(addendOperand) : undefined;
  if (out.dtype === "f32" && (rows === 1) !== (columns === 1)) {
    const [matrix, vector] = rows === 1 ? [y, x] : [x, y];
    const product = matrixVectorOf(
      { batch, free: Math.max(rows, columns), depth },
      groupStrides(matrix),
      groupStrides(vector),
      addendTensor === undefined ? undefined : groupStrides(sideOfResult(addendTensor, batchX.length)),
    );
    if (product !== undefined) {
      const args = [matrix.tensor, vector.tensor, out, ...(addendTensor === undefined ? [] : [addendTensor])];
      lowering.append(block, {
        kind: "call",
        kernel: matrixVectorKernel(product, lowering.precision),
        args: args.map(({ place }) => place),
      });
      return;
    }
  }
  const shape = tileShape(out.dtype, lowering.precision);
  const pays = (reads: number, length: number): boolean =>
    batch === 1 && reads >= LEAST_READS && length * depth >= LEAST_ELEMENTS;

  // Rows are read as they lie when each step of the contracted index is next to the one before; a copy that makes one
  // axis of several moves whole rows.
  const isRowMajor = strideOf(x, "contract") === 1;
  const left =
    pays(columns / tileColumns(out.dtype, shape), rows) && !isRowMajor
      ? panelsOf(lowering, x, rowGroups(rows, shape))
      : strided(lowering, x, "free first");
  const right = pays(rows / shape.rows, columns)
    ? panelsOf(lowering, y, columnGroups(columns, out.dtype, shape))
    : strided(lowering, y, "contract first");
  const freeOfX = x.free.length;
  const addend = addendTensor === undefined ? undefined : addendOf(lowering, addendTensor, batchX.length, freeOfX);
  appendProduct(lowering, block, [left.tensor, right.tensor, out, ...(addend === undefined ? [] : [addend.tensor])], {
    dtype: out.dtype,
    shape,
    batch,
    rows,
    columns,
    depth,
    left: left.layout,
    right: right.layout,
    out: { batch: rows * columns, row: columns },
    addend: addend?.strides,
  });
}

const groupStrides = (side: Side): GroupStrides => ({
  batch: strideOf(side, "batch"),
  free: strideOf(side, "free"),
  contract: strideOf(side, "contract"),
});

/** What has the axes of a result, all behind those of the batch as one group. */
function sideOfResult(tensor: StoredTensor, batches: number): Side {
  const axes = tensor.dims.map((_, axis) => axis);
  return { tensor, batch: axes.slice(0, batches), free: axes.slice(batches), contract: [] };
}

/** The addend where it is, or copied when its axes do not walk as those of the result, or four columns do not lie side by side. */
function addendOf(
  lowering: Lowering,
  tensor: StoredTensor,
  batches: number,
  freeOfX: number,
): { readonly tensor: StoredTensor; readonly strides: Addend } {
  const axes = tensor.dims.map((_, axis) => axis);
  const side: Side = {
    tensor,
    batch: axes.slice(0, batches),
    free: axes.slice(batches, batches + freeOfX),
    contract: axes.slice(batches + freeOfX),
  };
  const [batch, row, column] = [strideOf(side, "batch"), strideOf(side, "free"), strideOf(side, "contract")];
  if (batch === undefined || row === undefined || row < 0 || (column !== 0 && column !== 1))
    return addendOf(lowering, lowering.contiguous(tensor), batches, freeOfX);
  return { tensor, strides: { batch, row, column } };
}

interface Laid {
  readonly tensor: StoredTensor;
  readonly layout: Layout;
}

/** The operand where it is, or copied when groups of its axes have no stride of their own, or its columns are apart. */
function strided(lowering: Lowering, side: Side, order: "free first" | "contract first"): Laid {
  const outer = strideOf(side, "free");
  // Instructions reach rows and columns by what they add to an address, which is not negative.
  const isFit =
    outer !== undefined &&
    outer >= 0 &&
    strideOf(side, "contract") !== undefined &&
    strideOf(side, "batch") !== undefined &&
    (order === "free first" || outer <= 1);
  const fit = isFit ? side : reordered(lowering, side, order);
  const stride = (group: "batch" | "free" | "contract"): number => strideOf(fit, group) ?? 0;
  const isOneColumn = order === "contract first" && elementCount(fit.free.map((axis) => fit.tensor.dims[axis])) === 1;
  return {
    tensor: fit.tensor,
    layout: {
      kind: "strided",
      batch: stride("batch"),
      outer: isOneColumn ? 1 : stride("free"),
      depth: stride("contract"),
    },
  };
}

/** Tiles of the other operand that must read a panel before copying it pays. */
const LEAST_READS = 4;
/** Below this many elements the operand stays in the nearest cache as it is. */
const LEAST_ELEMENTS = 2048;

/**
 * Panels that are filled at once where neighbours of a step lie side by side: together they read whole cache lines, which rows far apart
 * would push out before the next panel reads the rest of them.
 */
const GROUPS_AT_ONCE = 4;

/** The operand copied into panels. A weight that no step of a loop changes is copied in front of the loop. */
function panelsOf(lowering: Lowering, { tensor, free, contract }: Side, groups: readonly Groups[]): Laid {
  const axes = [...contract, ...free];
  const dims = axes.map((axis) => tensor.dims[axis]);
  const key = `panels ${JSON.stringify([axes, contract.length, groups])}`;
  const fill = (panels: StoredTensor, block: Block): void => {
    // The free axes as one, which a copy gives them where they have no common stride.
    const side = strideOf({ tensor, batch: [], free, contract }, "free");
    const source = side === undefined ? lowering.contiguous(transposed(tensor, axes)) : transposed(tensor, axes);
    if (source.kind === "splat") return;
    const steps = dims.slice(0, contract.length);
    const stepStrides = source.strides.slice(0, contract.length);
    const outer = side ?? 1;
    const perStep = elementCount(steps);
    let done = 0;
    /** Copies groups of one size, `atOnce` of them in each walk over the contracted axes. */
    const fillGroups = (count: number, atOnce: number, size: number): void => {
      if (count === 0) return;
      const part = [count, ...steps, atOnce, size];
      const place = (of: StoredTensor, first: number) => shiftPlace(of.place, first * BYTES[tensor.dtype]);
      lowering.copy(
        {
          ...source,
          dims: part,
          strides: [atOnce * size * outer, ...stepStrides, size * outer, outer],
          place: place(source, done * outer),
        },
        {
          ...panels,
          dims: part,
          strides: [atOnce * size * perStep, ...stridesOf([...steps, size]).slice(0, -1), size * perStep, 1],
          place: place(panels, done * perStep),
        },
        block,
      );
      done += count * atOnce * size;
    };
    for (const { count, size } of groups) {
      const atOnce = outer === 1 ? GROUPS_AT_ONCE : 1;
      fillGroups(Math.floor(count / atOnce), atOnce, size);
      fillGroups(count % atOnce, 1, size);
    }
  };
  return { tensor: lowering.prepared(tensor, key, [elementCount(dims)], fill), layout: { kind: "panels", groups } };
}

function appendProduct(
  lowering: Lowering,
  block: Block,
  tensors: readonly StoredTensor[],
  kernel: ContractKernel,
): void {
  lowering.append(block, {
    kind: "call",
    kernel: productKernel(kernel, lowering.precision),
    args: tensors.map((tensor) => tensor.place),
  });
}

const productKernel = (product: ContractKernel, precision: Precision): Kernel => ({
  key: `contract ${JSON.stringify(product)}`,
  arity: product.addend === undefined ? 3 : 4,
  flops: 2 * product.batch * product.rows * product.columns * product.depth,
  write: (code) => {
    writeContract(code, product, (tile) =>
      code.function(`tile ${JSON.stringify(tile)}`, TILE_PARAMS, (body) => {
        writeTile(body, tile, precision);
      }),
    );
  },
  sharing: () => ({
    uses: usesOfContract(product),
    work: workOfContract(product),
    stops: false,
    divisions: (threads) =>
      divideContract(product, threads).map((pieces) =>
        pieces.map(({ kernel, shifts }) => ({ kernel: productKernel(kernel, precision), shifts })),
      ),
  }),
});
