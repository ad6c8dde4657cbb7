/** dotGeneral: every contraction of two tensors, from the matrix product to batched outer products. */
import { integers } from "../ir/attrs.js";
import { elementCount, forEachOffset, stridesOf } from "../shape/strides.js";
import { sizesOf, type Tensor } from "../shape/tensor.js";
import { sameDims, type Dims, type TensorType } from "../shape/tensor-type.js";
import type { Emit, Op, Value } from "./op.js";
import { transpose } from "./reshape.js";
import { allAxes, allNumeric, behindSteps, isAxis, sameElementType } from "./rules.js";

export type Axes = readonly number[];
export type DotAttrs = {
  readonly contractX: Axes;
  readonly contractY: Axes;
  readonly batchX: Axes;
  readonly batchY: Axes;
};

/** The axes that are neither batch nor contracted. */
const freeAxes = (rank: number, ...used: readonly Axes[]): Axes =>
  allAxes(rank).filter((axis) => !used.some((axes) => axes.includes(axis)));

const areDistinctAxes = (axes: Axes, rank: number): boolean =>
  axes.every((axis, i) => isAxis(axis, rank) && axes.indexOf(axis) === i);

const dimsAt = (type: TensorType, axes: Axes): Dims => axes.map((axis) => type.dims[axis]);

export const dotGeneral: Op<2, DotAttrs> = {
  kind: "op",
  name: "dotGeneral",
  summary:
    "Product of two tensors, summed over contracted axes, along batch axes; the result has batch axes, then the free ones of x, of y.",
  formula: "out[b.., i.., j..] = Σ_k x[b.., i.., k..] · y[b.., k.., j..]",
  operands: ["x", "y"],
  arity: 2,
  attrs: { contractX: integers, contractY: integers, batchX: integers, batchY: integers },
  constraints: [
    {
      label: "C1",
      says: "distinct axes of each operand, as many of x as of y, to contract and for the batch",
      holds: ([x, y], { contractX, contractY, batchX, batchY }) =>
        contractX.length === contractY.length &&
        batchX.length === batchY.length &&
        areDistinctAxes([...batchX, ...contractX], x.dims.length) &&
        areDistinctAxes([...batchY, ...contractY], y.dims.length),
    },
    {
      label: "C2",
      says: "contracted dims of x equal those of y",
      holds: ([x, y], { contractX, contractY }) => sameDims(dimsAt(x, contractX), dimsAt(y, contractY)),
      hint: "for an input weight, rows = input size; for a recurrent weight, rows = hidden size",
    },
    {
      label: "C3",
      says: "batch dims of x equal those of y",
      holds: ([x, y], { batchX, batchY }) => sameDims(dimsAt(x, batchX), dimsAt(y, batchY)),
    },
    allNumeric("C4"),
    sameElementType("C5"),
  ],
  traits: { linear: [[0], [1]] },
  result: ([x, y], { contractX, contractY, batchX, batchY }) => ({
    dtype: x.dtype,
    dims: [
      ...dimsAt(x, batchX),
      ...dimsAt(x, freeAxes(x.dims.length, batchX, contractX)),
      ...dimsAt(y, freeAxes(y.dims.length, batchY, contractY)),
    ],
  }),
  evaluate([x, y], { contractX, contractY, batchX, batchY }, type) {
    const freeX = freeAxes(x.type.dims.length, batchX, contractX);
    const freeY = freeAxes(y.type.dims.length, batchY, contractY);
    const countOf = (tensor: Tensor, axes: Axes): number =>
      elementCount(axes.map((axis) => sizesOf(tensor.type)[axis]));
    const left = inOrder(x, [...batchX, ...freeX, ...contractX]);
    const right = inOrder(y, [...batchY, ...contractY, ...freeY]);
    const batches = countOf(x, batchX);
    const rows = countOf(x, freeX);
    const columns = countOf(y, freeY);
    const contracted = countOf(x, contractX);
    const accumulate = type.dtype === "i32" || type.dtype === "u32" ? addProductsWrapped : addProducts;
    const out = new Float64Array(batches * rows * columns);
    for (let batch = 0; batch < batches; batch++)
      for (let i = 0; i < rows; i++) {
        const outRow = out.subarray((batch * rows + i) * columns, (batch * rows + i + 1) * columns);
        accumulate(outRow, left, (batch * rows + i) * contracted, right, batch * contracted * columns, contracted);
      }
    return type.dtype === "u32" ? out.map((value) => value >>> 0) : out;
  },
  kernel: (_, attrs) => ({ kind: "contract", ...attrs, hasAddend: false }),
  // For X·Y: dX = G·Yᵀ and dY = Xᵀ·G. Each is again a dotGeneral, whose axes come out in an order that a transpose repairs.
  vjp({ emit, cotangent: g, inputs: [x, y], attrs: { contractX, contractY, batchX, batchY } }) {
    const freeX = freeAxes(x.type.dims.length, batchX, contractX);
    const freeY = freeAxes(y.type.dims.length, batchY, contractY);
    const batch = allAxes(batchX.length);
    const rowsOfG = freeX.map((_, i) => batch.length + i);
    const columnsOfG = freeY.map((_, i) => batch.length + freeX.length + i);
    const ofX = emit(dotGeneral, [g, y], { contractX: columnsOfG, contractY: freeY, batchX: batch, batchY });
    const ofY = emit(dotGeneral, [x, g], { contractX: freeX, contractY: rowsOfG, batchX, batchY: batch });
    return [
      withAxesAt(emit, ofX, [...batchX, ...freeX, ...inOrderOf(contractX, contractY)]),
      withAxesAt(emit, ofY, [...batchY, ...inOrderOf(contractY, contractX), ...freeY]),
    ];
  },
  stacked({ emit, inputs: [x, y], isStacked: [xIsStacked, yIsStacked], attrs }) {
    const { contractX, contractY, batchX, batchY } = attrs;
    const behind = (axes: Axes, isStacked: boolean): number[] => axes.map((axis) => (isStacked ? axis + 1 : axis));
    if (xIsStacked && yIsStacked)
      return emit(dotGeneral, [x, y], {
        contractX: behind(contractX, true),
        contractY: behind(contractY, true),
        batchX: behindSteps(batchX),
        batchY: behindSteps(batchY),
      });
    const product = emit(dotGeneral, [x, y], {
      contractX: behind(contractX, xIsStacked),
      contractY: behind(contractY, yIsStacked),
      batchX: behind(batchX, xIsStacked),
      batchY: behind(batchY, yIsStacked),
    });
    // The steps are now the first free axis of the operand that has them.
    const freeOfX = x.type.dims.length - contractX.length - batchX.length;
    const steps = batchX.length + (xIsStacked ? 0 : freeOfX);
    const others = allAxes(product.type.dims.length).filter((axis) => axis !== steps);
    return steps === 0 ? product : emit(transpose, [product], { order: [steps, ...others] });
  },
  // One product for each element, which is larger in sum than what it is made of.
  isCheap: ({ contractX }) => contractX.length === 0,
  summed: ({ emit, inputs, attrs: { contractX, contractY, batchX, batchY } }) =>
    emit(dotGeneral, inputs, {
      contractX: behindSteps(contractX),
      contractY: behindSteps(contractY),
      batchX: batchX.map((axis) => axis + 1),
      batchY: batchY.map((axis) => axis + 1),
    }),
};

/**
 * row[j] += Σ_k x[xStart + k] · y[yStart + k·n + j], n being the length of the row. k runs outside j, so that
 * the inner loop reads contiguous rows of y; four at a time, which halves the time and keeps each sum in order of k.
 */
function addProducts(
  row: Float64Array,
  x: Float64Array,
  xStart: number,
  y: Float64Array,
  yStart: number,
  count: number,
): void {
  const n = row.length;
  let k = 0;
  for (; k + 3 < count; k += 4) {
    const [x0, x1, x2, x3] = [x[xStart + k], x[xStart + k + 1], x[xStart + k + 2], x[xStart + k + 3]];
    const at0 = yStart + k * n;
    const [at1, at2, at3] = [at0 + n, at0 + 2 * n, at0 + 3 * n];
    for (let j = 0; j < n; j++) row[j] = row[j] + x0 * y[at0 + j] + x1 * y[at1 + j] + x2 * y[at2 + j] + x3 * y[at3 + j];
  }
  for (; k < count; k++) for (let j = 0; j < n; j++) row[j] += x[xStart + k] * y[yStart + k * n + j];
}

/** The same for integers, whose exact products do not fit f64. */
function addProductsWrapped(
  row: Float64Array,
  x: Float64Array,
  xStart: number,
  y: Float64Array,
  yStart: number,
  count: number,
): void {
  const n = row.length;
  for (let k = 0; k < count; k++)
    for (let j = 0; j < n; j++) row[j] = (row[j] + Math.imul(x[xStart + k], y[yStart + k * n + j])) | 0;
}

/** `axes` sorted by the partner axes with which they are contracted, which is the order in which those come out. */
const inOrderOf = (axes: Axes, partners: Axes): Axes =>
  allAxes(axes.length)
    .sort((a, b) => partners[a] - partners[b])
    .map((i) => axes[i]);

/** Moves axis k of `value` to place targets[k]. */
function withAxesAt(emit: Emit, value: Value, targets: Axes): Value {
  const order = targets.map((_, axis) => targets.indexOf(axis));
  return order.every((from, axis) => from === axis) ? value : emit(transpose, [value], { order });
}

/** The elements with the axes in another order; x itself when that is the order they have. */
function inOrder({ type, data }: Tensor, order: Axes): Float64Array {
  const sizes = sizesOf(type);
  // Where axes of size 1 go makes no difference to the elements.
  const moved = order.filter((axis) => sizes[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || moved[i - 1] < axis)) return data;
  const strides = stridesOf(sizes);
  const out = new Float64Array(data.length);
  forEachOffset(
    moved.map((axis) => sizes[axis]),
    moved.map((axis) => strides[axis]),
    0,
    (flat, offset) => (out[flat] = data[offset]),
  );
  return out;
}
