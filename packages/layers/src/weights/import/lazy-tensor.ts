/**
 * Tensors that are computed element by element when somebody asks: taking a part, turning around, adding and joining need no
 * memory, whatever a mapping says.
 */
import { sameDims } from "@latchgrad/core";
import type { TensorStep } from "./mapping-schema.js";

export interface LazyTensor {
  readonly dims: readonly number[];
  /** The element at a row-major index. */
  at(index: number): number;
}

/** Says what would have to be so, and what is. */
export type Refuse = (expected: string, received: string) => never;

const formatDims = (dims: readonly number[]): string => `[${dims.join(",")}]`;
export const countOf = (dims: readonly number[]): number => dims.reduce((product, size) => product * size, 1);

/** The size of an axis that has to be there. */
function axisSize({ dims }: LazyTensor, axis: number, refuse: Refuse): number {
  if (axis >= dims.length) return refuse(`the tensor has an axis ${axis}, counted from 0`, formatDims(dims));
  return dims[axis];
}

/** What a step of a rule makes of a tensor. `gate` is the number of the gate, `gates` how many there are. */
export function applyStep(
  x: LazyTensor,
  step: TensorStep,
  { gate, gates }: { readonly gate: number | undefined; readonly gates: number | undefined },
  refuse: Refuse,
): LazyTensor {
  if (step === "transpose") return transpose(x);
  const { block, of = gates, slice, index, scale, axis } = step;
  if (scale !== undefined) return { dims: x.dims, at: (i) => scale * x.at(i) };
  const size = axisSize(x, axis, refuse);
  if (slice !== undefined) return part(x, axis, slice[0], slice[1], refuse);
  if (index !== undefined) {
    const { dims, at } = part(x, axis, index, index + 1, refuse);
    return { dims: dims.toSpliced(axis, 1), at };
  }
  const number = block === "gate" ? gate : block;
  if (number === undefined || of === undefined)
    return refuse("a block has a number and a count, which the gates of the rule can give", JSON.stringify(step));
  if (number >= of || size % of !== 0)
    return refuse(`axis ${axis} has ${of} blocks of equal size, and the one that is meant`, formatDims(x.dims));
  return part(x, axis, (number * size) / of, ((number + 1) * size) / of, refuse);
}

/** Indices `from` to `to` of an axis. */
function part(x: LazyTensor, axis: number, from: number, to: number, refuse: Refuse): LazyTensor {
  const size = x.dims[axis];
  if (from > to || to > size)
    return refuse(`axis ${axis} has the indices from ${from} up to but not including ${to}`, formatDims(x.dims));
  const inner = countOf(x.dims.slice(axis + 1));
  const row = (to - from) * inner;
  return {
    dims: x.dims.with(axis, to - from),
    at: (i) => x.at(Math.floor(i / row) * size * inner + from * inner + (i % row)),
  };
}

function transpose(x: LazyTensor): LazyTensor {
  const dims = x.dims.toReversed();
  return {
    dims,
    at(index) {
      // The last axis of the result, which changes fastest, is the first of x, and so on.
      let rest = index;
      let from = 0;
      let stride = countOf(x.dims);
      for (let axis = dims.length - 1; axis >= 0; axis--) {
        stride /= dims[axis];
        from += (rest % dims[axis]) * stride;
        rest = Math.floor(rest / dims[axis]);
      }
      return x.at(from);
    },
  };
}

/** The sum, element by element. */
export function sumOf(parts: readonly LazyTensor[], refuse: Refuse): LazyTensor {
  const [{ dims }] = parts;
  if (!parts.every((each) => sameDims(each.dims, dims)))
    return refuse("tensors that are added have equal dims", parts.map((each) => formatDims(each.dims)).join(" and "));
  return { dims, at: (i) => parts.reduce((sum, each) => sum + each.at(i), 0) };
}

/** The tensors side by side along an axis. */
export function concatOf(parts: readonly LazyTensor[], axis: number, refuse: Refuse): LazyTensor {
  const [first] = parts;
  const sizes = parts.map((each) => axisSize(each, axis, refuse));
  if (!parts.every((each) => sameDims(each.dims.with(axis, 0), first.dims.with(axis, 0))))
    return refuse(
      `tensors that are joined have equal dims but for axis ${axis}`,
      parts.map((each) => formatDims(each.dims)).join(" and "),
    );
  const inner = countOf(first.dims.slice(axis + 1));
  const size = sizes.reduce((sum, each) => sum + each, 0);
  return {
    dims: first.dims.with(axis, size),
    at(index) {
      const outer = Math.floor(index / (size * inner));
      let rest = index - outer * size * inner;
      let k = 0;
      for (; rest >= sizes[k] * inner; k++) rest -= sizes[k] * inner;
      return parts[k].at(outer * sizes[k] * inner + rest);
    },
  };
}
