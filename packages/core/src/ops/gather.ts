/**
 * gather and scatterAdd, each other's transpose. Both speak of x as
 * [batch..., pre..., n, post...], where n is `axis` and indices choose along it, and of
 * indices as [batch..., rest...]; what is gathered, or added, is [batch..., pre..., rest..., post...].
 */
import { RunError } from "../errors/errors.js";
import { anInteger } from "../ir/attrs.js";
import { indexOf } from "../kernel/indices.js";
import type { LoopCode } from "../kernel/kernel.js";
import { elementCount } from "../shape/strides.js";
import { sizesOf, type Tensor } from "../shape/tensor.js";
import { sameDims, type Dims, type TensorType } from "../shape/tensor-type.js";
import type { Op } from "./op.js";
import { allNumeric, existingAxis, filled, sharedConstraint, wrapTo } from "./rules.js";

export type GatherAttrs = { readonly axis: number; readonly batch: number };

const gatheredDims = ({ dims }: TensorType, indices: TensorType, { axis, batch }: GatherAttrs): Dims => [
  ...dims.slice(0, axis),
  ...indices.dims.slice(batch),
  ...dims.slice(axis + 1),
];

/** The rules of both ops, whose first operands are x and indices. */
const indexing = [
  sharedConstraint("C1", "indices of type i32", ([, indices]) => indices.dtype === "i32", "cast the indices to i32"),
  existingAxis("C2"),
  sharedConstraint("C3", "0 ≤ batch ≤ axis, and no more batch axes than indices has", ([, indices], attrs) => {
    const { axis, batch } = attrs as GatherAttrs;
    return batch >= 0 && batch <= axis && batch <= indices.dims.length;
  }),
  sharedConstraint("C4", "equal dims of x and indices on the batch axes", ([x, indices], attrs) => {
    const { batch } = attrs as GatherAttrs;
    return sameDims(x.dims.slice(0, batch), indices.dims.slice(0, batch));
  }),
];

/** The sizes that matter: x is [batches, rows, choices, length], indices [batches, rest], the other [batches, rows, rest, length]. */
function sizesOfRuns(x: TensorType, indices: TensorType, { axis, batch }: GatherAttrs) {
  const sizes = sizesOf(x);
  return {
    batches: elementCount(sizes.slice(0, batch)),
    rows: elementCount(sizes.slice(batch, axis)),
    choices: sizes[axis],
    length: elementCount(sizes.slice(axis + 1)),
    rest: elementCount(sizesOf(indices).slice(batch)),
  };
}

/**
 * Calls visit(offset in x, offset in what is gathered, length) for each run of contiguous elements,
 * in row-major order of the latter. Throws RunError at an index outside x.
 */
function forEachRun(
  name: string,
  x: TensorType,
  indices: Tensor,
  attrs: GatherAttrs,
  visit: (inX: number, inGathered: number, length: number) => void,
): void {
  const { batches, rows, choices, length, rest } = sizesOfRuns(x, indices.type, attrs);
  checkRange(name, indices, choices);
  let inGathered = 0;
  for (let example = 0; example < batches; example++)
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < rest; i++) {
        const chosen = indices.data[example * rest + i];
        visit(((example * rows + row) * choices + chosen) * length, inGathered, length);
        inGathered += length;
      }
}

function checkRange(name: string, indices: Tensor, choices: number): void {
  const wrong = indices.data.findIndex((index) => index < 0 || index >= choices);
  if (wrong < 0) return;
  throw new RunError([
    {
      code: `${name}.index`,
      problem: `indices of ${name} lie within the axis that they index`,
      at: { kind: "value", name },
      expected: choices === 0 ? "no indices, because the axis is empty" : `0 to ${choices - 1}`,
      received: `${indices.data[wrong]} at element [${coordinates(wrong, sizesOf(indices.type)).join(",")}] of indices`,
    },
  ]);
}

/**
 * The same as loops: visit(offset of an element in x, in what is gathered). Elements of x may be visited more than
 * once, in one order, with "update".
 */
function loopOverRuns<V>(
  code: LoopCode<V>,
  [x, indices]: readonly TensorType[],
  attrs: GatherAttrs,
  kind: "read" | "update",
  visit: (inX: V, inGathered: V) => void,
): void {
  const { lanes } = code;
  const { batches, rows, choices, length, rest } = sizesOfRuns(x, indices, attrs);
  code.each(batches * rest, (i) => {
    code.checked(code.load(1, i), choices);
  });
  code.each(batches, (example) => {
    code.each(rows, (row) => {
      const block = indexOf(lanes, 0, [example, rows], [row, 1]);
      const run = (i: V): void => {
        const chosen = code.load(1, indexOf(lanes, 0, [example, rest], [i, 1]));
        const inX = indexOf(lanes, 0, [block, choices * length], [chosen, length]);
        const inGathered = indexOf(lanes, 0, [block, rest * length], [i, length]);
        code.each(length, (k) => {
          visit(lanes.add(inX, k), lanes.add(inGathered, k));
        });
      };
      if (kind === "read") code.each(rest, run);
      else code.loop(rest, run);
    });
  });
}

/** The index on each axis of the element with a flat index. */
const coordinates = (flat: number, sizes: readonly number[]): readonly number[] =>
  sizes.map((size, axis) => Math.floor(flat / elementCount(sizes.slice(axis + 1))) % size);

export const gather: Op<2, GatherAttrs> = {
  kind: "op",
  name: "gather",
  summary: "Looks up elements along an axis by index; the first `batch` axes of x and indices run together.",
  formula: "out[b.., p.., r.., q..] = x[b.., p.., indices[b.., r..], q..]",
  operands: ["x", "indices"],
  arity: 2,
  attrs: { axis: anInteger, batch: anInteger },
  constraints: indexing,
  traits: {},
  result: ([x, indices], attrs) => ({ dtype: x.dtype, dims: gatheredDims(x, indices, attrs) }),
  evaluate([x, indices], attrs, type) {
    const out = new Float64Array(elementCount(sizesOf(type)));
    forEachRun("gather", x.type, indices, attrs, (from, to, length) => {
      out.set(x.data.subarray(from, from + length), to);
    });
    return out;
  },
  kernel: (inputs, attrs) => ({
    kind: "loops",
    write(code) {
      loopOverRuns(code, inputs, attrs, "read", (from, to) => {
        code.write(to, code.load(0, from));
      });
    },
  }),
  vjp: ({ emit, cotangent: g, inputs: [x, indices], attrs }) => [
    emit(scatterAdd, [filled(emit, x.type, 0), indices, g], attrs),
    null,
  ],
};

export const scatterAdd: Op<3, GatherAttrs> = {
  kind: "op",
  name: "scatterAdd",
  summary: "Adds updates to the elements of x that gather would look up; what meets at one element adds up.",
  formula: "out[b.., p.., n, q..] = x[b.., p.., n, q..] + Σ_r updates[b.., p.., r.., q..] where indices[b.., r..] = n",
  operands: ["x", "indices", "updates"],
  arity: 3,
  attrs: { axis: anInteger, batch: anInteger },
  constraints: [
    ...indexing,
    {
      label: "C5",
      says: "updates of the type that gather has with these indices",
      holds: ([x, indices, updates], attrs) =>
        updates.dtype === x.dtype && sameDims(updates.dims, gatheredDims(x, indices, attrs)),
    },
    allNumeric("C6"),
  ],
  traits: {},
  result: ([x]) => x,
  evaluate([x, indices, updates], attrs, type) {
    const out = Float64Array.from(x.data);
    forEachRun("scatterAdd", x.type, indices, attrs, (to, from, length) => {
      for (let i = 0; i < length; i++) out[to + i] += updates.data[from + i];
    });
    return out.map(wrapTo(type.dtype));
  },
  kernel: (inputs, attrs) => ({
    kind: "update",
    write(code) {
      loopOverRuns(code, inputs, attrs, "update", (to, from) => {
        code.write(to, code.lanes.add(code.read(to), code.load(2, from)));
      });
    },
  }),
  vjp: ({ emit, cotangent: g, inputs: [, indices], attrs }) => [g, null, emit(gather, [g, indices], attrs)],
};
