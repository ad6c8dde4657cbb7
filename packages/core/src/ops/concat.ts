/** concat and reverse: elements moved as whole blocks along an axis. */
import { anInteger, integers } from "../ir/attrs.js";
import type { Placement } from "../kernel/kernel.js";
import { addDims, type Dim } from "../shape/dim.js";
import { elementCount, forEachOffset, stridesOf } from "../shape/strides.js";
import { sizesOf } from "../shape/tensor.js";
import { sameDims, withoutAxes } from "../shape/tensor-type.js";
import type { Op } from "./op.js";
import { forAllSteps } from "./reduce.js";
import { existingAxis, increasingAxes, sameElementType } from "./rules.js";
import { slice } from "./slice.js";

export const concat: Op<"any", { readonly axis: number }> = {
  kind: "op",
  name: "concat",
  summary: "Tensors one after the other along an axis.",
  formula: "out[.., offset_k + i, ..] = x_k[.., i, ..] with offset_k the sum of the earlier lengths",
  operands: ["x"],
  arity: "any",
  attrs: { axis: anInteger },
  constraints: [
    { label: "C1", says: "at least one operand", holds: (inputs) => inputs.length > 0 },
    existingAxis("C2"),
    sameElementType("C3"),
    {
      label: "C4",
      says: "operands of equal dims on all other axes",
      holds: (inputs, { axis }) =>
        inputs.every(
          ({ dims }) =>
            dims.length === inputs[0].dims.length &&
            sameDims(withoutAxes(dims, [axis]), withoutAxes(inputs[0].dims, [axis])),
        ),
    },
  ],
  traits: { cheap: true },
  result: (inputs, { axis }) => ({
    dtype: inputs[0].dtype,
    dims: inputs[0].dims.with(axis, addDims(...inputs.map(({ dims }) => dims[axis]))),
  }),
  evaluate(inputs, { axis }, type) {
    const out = new Float64Array(elementCount(sizesOf(type)));
    const outer = elementCount(sizesOf(type).slice(0, axis));
    let end = 0;
    for (let row = 0; row < outer; row++)
      for (const { data } of inputs) {
        const length = data.length / outer;
        out.set(data.subarray(row * length, (row + 1) * length), end);
        end += length;
      }
    return out;
  },
  kernel(inputs, { axis }, { dims }) {
    let end = 0;
    const placements = inputs.map((input): Placement => {
      const low = dims.map((_, i) => (i === axis ? end : 0));
      end += sizesOf(input)[axis];
      return { low, spacing: dims.map(() => 1) };
    });
    return { kind: "place", placements, fill: undefined };
  },
  vjp({ emit, cotangent: g, inputs, attrs: { axis } }) {
    const rank = g.type.dims.length;
    let offset: Dim = 0;
    return inputs.map(({ type: { dims } }) => {
      const start = new Array<Dim>(rank).fill(0).with(axis, offset);
      offset = addDims(offset, dims[axis]);
      return emit(slice, [g], { start, limit: dims.with(axis, offset), step: new Array<number>(rank).fill(1) });
    });
  },
  stacked: ({ emit, inputs, isStacked, attrs: { axis }, length }) =>
    emit(
      concat,
      inputs.map((x, i) => forAllSteps(emit, x, isStacked[i], length)),
      { axis: axis + 1 },
    ),
};

export const reverse: Op<1, { readonly axes: readonly number[] }> = {
  kind: "op",
  name: "reverse",
  summary: "The elements in opposite order along axes.",
  formula: "out[.., i, ..] = x[.., n - 1 - i, ..] on each of the axes, of length n",
  operands: ["x"],
  arity: 1,
  attrs: { axes: integers },
  constraints: [increasingAxes("C1")],
  traits: { cheap: true, linear: [[0]], view: true },
  result: ([x]) => x,
  evaluate([x], { axes }) {
    const sizes = sizesOf(x.type);
    const out = new Float64Array(x.data.length);
    const strides = stridesOf(sizes);
    const last = axes.reduce((sum, axis) => sum + (sizes[axis] - 1) * strides[axis], 0);
    const backward = strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride));
    forEachOffset(sizes, backward, last, (flat, offset) => (out[flat] = x.data[offset]));
    return out;
  },
  // The last element of an axis without any is not read, so that it may start anywhere.
  kernel: ([x], { axes }) => ({
    kind: "view",
    starts: sizesOf(x).map((length, axis) => (axes.includes(axis) ? Math.max(0, length - 1) : 0)),
    reads: x.dims.map((_, axis) => ({ axis, step: axes.includes(axis) ? -1 : 1 })),
  }),
  vjp: ({ emit, cotangent: g, attrs }) => [emit(reverse, [g], attrs)],
  stacked: ({ emit, inputs, attrs: { axes } }) => emit(reverse, inputs, { axes: axes.map((axis) => axis + 1) }),
};
