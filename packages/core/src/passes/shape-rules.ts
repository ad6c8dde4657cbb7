/** Rules of ops that only move elements: moves that change nothing go, and two in a row become one. */
import { ops } from "../ops/index.js";
import type { ValueId } from "../ir/graph.js";
import type { PadAttrs } from "../ops/slice.js";
import { addDims } from "../shape/dim.js";
import { sameDims, withoutAxes } from "../shape/tensor-type.js";
import { ruleFor, type Rule, type Use } from "./rule.js";

const isIdentity = (axes: readonly number[]): boolean => axes.every((axis, i) => axis === i);
const isZero = (count: number | string): boolean => count === 0;

interface Padded {
  readonly inputs: readonly [ValueId, ValueId];
  readonly attrs: PadAttrs;
}

/** The axis along which the second operand begins where the first one ends, while both lie alike on the others; undefined: there is none. */
function neighbourAxis({ typeOf }: Pick<Use, "typeOf">, first: Padded, second: Padded): number | undefined {
  const [one, other] = [first, second].map(({ inputs: [x], attrs }) => ({ ...attrs, dims: typeOf(x).dims }));
  if ([...one.interior, ...other.interior].some((gap) => gap !== 0)) return undefined;
  const axes = one.low.flatMap((low, axis) => (low === other.low[axis] ? [] : [axis]));
  const [axis] = axes;
  if (axes.length !== 1 || addDims(one.low[axis], one.dims[axis]) !== other.low[axis]) return undefined;
  return sameDims(withoutAxes(one.dims, [axis]), withoutAxes(other.dims, [axis])) ? axis : undefined;
}

export const shapeRules: readonly Rule[] = [
  ruleFor(ops.reshape, "reshape to the same dims = x", "nothing moves", ({ inputs: [x], type, typeOf }) =>
    sameDims(typeOf(x).dims, type.dims) ? x : undefined,
  ),
  ruleFor(
    ops.reshape,
    "reshape(reshape(x)) = reshape(x)",
    "both keep the flat order",
    ({ inputs: [x], attrs, useOf, emit }) => {
      const inner = useOf(ops.reshape, x);
      return inner === undefined ? undefined : emit(ops.reshape, inner.inputs, attrs);
    },
  ),
  ruleFor(ops.transpose, "transpose in the same order = x", "nothing moves", ({ inputs: [x], attrs }) =>
    isIdentity(attrs.order) ? x : undefined,
  ),
  ruleFor(ops.transpose, "transpose(transpose(x)) = transpose(x)", "two permutations are one", (use) => {
    const inner = use.useOf(ops.transpose, use.inputs[0]);
    if (inner === undefined) return undefined;
    return use.emit(ops.transpose, inner.inputs, { order: use.attrs.order.map((axis) => inner.attrs.order[axis]) });
  }),
  ruleFor(ops.broadcast, "broadcast to the same dims = x", "nothing is repeated", ({ inputs: [x], type, typeOf }) =>
    sameDims(typeOf(x).dims, type.dims) ? x : undefined,
  ),
  ruleFor(
    ops.broadcast,
    "broadcast(broadcast(x)) = broadcast(x)",
    "repeating twice is repeating over all new axes",
    (use) => {
      const inner = use.useOf(ops.broadcast, use.inputs[0]);
      if (inner === undefined) return undefined;
      const axes = inner.attrs.axes.map((axis) => use.attrs.axes[axis]);
      return use.emit(ops.broadcast, inner.inputs, { dims: use.attrs.dims, axes });
    },
  ),
  ruleFor(ops.slice, "slice of everything = x", "nothing is left out", ({ inputs: [x], attrs, type, typeOf }) =>
    attrs.start.every(isZero) && attrs.step.every((by) => by === 1) && sameDims(typeOf(x).dims, type.dims)
      ? x
      : undefined,
  ),
  ruleFor(ops.pad, "pad by nothing = x", "nothing is added", ({ inputs: [x], attrs: { low, high, interior } }) =>
    [...low, ...high, ...interior].every(isZero) ? x : undefined,
  ),
  ruleFor(ops.concat, "concat(x) = x", "one part is the whole", ({ inputs }) =>
    inputs.length === 1 ? inputs[0] : undefined,
  ),
  ruleFor(ops.concat, "concat(concat(x, y), z) = concat(x, y, z)", "the same parts in the same order", (use) => {
    const parts = use.inputs.flatMap((id) => {
      const inner = use.useOf(ops.concat, id);
      return inner?.attrs.axis === use.attrs.axis ? inner.inputs : [id];
    });
    return parts.length === use.inputs.length ? undefined : use.emit(ops.concat, parts, use.attrs);
  }),
  ruleFor(
    ops.add,
    "pad(x) + pad(y) = pad(concat(x, y))",
    "with 0 around both and one behind the other, each element is of one of them",
    (use) => {
      const pads = use.inputs.flatMap((id) => use.useOf(ops.pad, id) ?? []);
      if (pads.length < 2 || pads.some(({ inputs }) => use.splatOf(inputs[1]) !== 0)) return undefined;
      const [one, other] = pads;
      const axis = neighbourAxis(use, one, other) ?? neighbourAxis(use, other, one);
      if (axis === undefined) return undefined;
      const [first, second] = neighbourAxis(use, one, other) === axis ? [one, other] : [other, one];
      const both = use.emit(ops.concat, [first.inputs[0], second.inputs[0]], { axis });
      const attrs = { ...first.attrs, high: first.attrs.high.with(axis, second.attrs.high[axis]) };
      return use.emit(ops.pad, [both, first.inputs[1]], attrs);
    },
  ),
  ruleFor(ops.reverse, "reverse over no axes = x", "nothing moves", ({ inputs: [x], attrs }) =>
    attrs.axes.length === 0 ? x : undefined,
  ),
  ruleFor(ops.reverse, "reverse(reverse(x)) = x", "the second undoes the first", ({ inputs: [x], attrs, useOf }) => {
    const inner = useOf(ops.reverse, x);
    return inner !== undefined && sameAxes(inner.attrs.axes, attrs.axes) ? inner.inputs[0] : undefined;
  }),
  ruleFor(ops.reduceSum, "reduceSum over no axes = x", "nothing is added", ({ inputs: [x], attrs }) =>
    attrs.axes.length === 0 ? x : undefined,
  ),
  ruleFor(ops.reduceMax, "reduceMax over no axes = x", "nothing is compared", ({ inputs: [x], attrs }) =>
    attrs.axes.length === 0 ? x : undefined,
  ),
  ruleFor(ops.reduceSum, "reduceSum over axes of size 1 = reshape(x)", "a sum of one is itself", (use) =>
    use.attrs.axes.every((axis) => use.typeOf(use.inputs[0]).dims[axis] === 1)
      ? use.emit(ops.reshape, use.inputs, { dims: use.type.dims })
      : undefined,
  ),
  ruleFor(ops.reduceMax, "reduceMax over axes of size 1 = reshape(x)", "the maximum of one is itself", (use) =>
    use.attrs.axes.every((axis) => use.typeOf(use.inputs[0]).dims[axis] === 1)
      ? use.emit(ops.reshape, use.inputs, { dims: use.type.dims })
      : undefined,
  ),
  ruleFor(ops.gather, "gather(x, iota) = x", "each element is looked up at its own place", (use) => {
    const { axis, batch } = use.attrs;
    const [x, indices] = use.inputs;
    const isOwnIndex = batch === 0 && use.useOf(ops.iota, indices) !== undefined;
    return isOwnIndex && sameDims(use.typeOf(indices).dims, [use.typeOf(x).dims[axis]]) ? x : undefined;
  }),
];

const sameAxes = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((axis, i) => axis === b[i]);
