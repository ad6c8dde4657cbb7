/** Reductions as kernels, for one thread and for several; some over the same axes together, with what their elements are computed by. */
import type { LaneFunction } from "../kernel/kernel.js";
import { axisOfParts, PARTS } from "../kernel/parts.js";
import { elementCount, stridesOf } from "../shape/strides.js";
import { BYTES, type Precision } from "./lanes-target.js";
import { constantNode, type FusedNode } from "./lower-map.js";
import type { Lowering } from "./lowering.js";
import { coalesce } from "./map.js";
import type { Block, Kernel } from "./program.js";
import { partsPerVector, widthOfReduce, writeReduce, type ReduceInput, type ReduceKernel } from "./reduce.js";
import { rowLength } from "./share-map.js";
import { rangesOf, type Division } from "./sharing.js";
import { spanOf } from "./spans.js";
import type { StoredTensor, Tensor } from "./tensors.js";

/** What is combined: a tensor; or what a lane function computes of others of the same dims, element by element. */
export type Combined = Tensor | Computed;

export interface Computed extends Omit<FusedNode, "args"> {
  readonly kind: "computed";
  readonly args: readonly Combined[];
}

/** One reduction. */
export interface Reduction {
  /** Tells combinations apart. */
  readonly name: string;
  readonly initial: number;
  readonly combine: LaneFunction;
  /** Of what is combined. */
  readonly dims: readonly number[];
  readonly combined: Combined;
  readonly out: StoredTensor;
}

interface NamedKernel extends ReduceKernel {
  readonly nodes: readonly FusedNode[];
  readonly names: readonly string[];
}

/** Appends reductions of tensors of the same dims over the same axes: one kernel where parts are lanes, else one for each. */
export function reduceSteps(
  lowering: Pick<Lowering, "precision" | "append" | "contiguous">,
  block: Block,
  axes: readonly number[],
  reductions: readonly Reduction[],
): void {
  const { kernel, inputs } = kernelOf(lowering, axes, reductions);
  const merged = merge(kernel);
  if (reductions.length > 1 && partsPerVector(merged.kernel) === 1) {
    for (const reduction of reductions) reduceSteps(lowering, block, axes, [reduction]);
    return;
  }
  lowering.append(block, {
    kind: "call",
    kernel: mergedKernel(merged.kernel, merged.row, lowering.precision),
    args: [...inputs.map(({ place }) => place), ...reductions.map(({ out }) => out.place)],
  });
}

function kernelOf(
  lowering: Pick<Lowering, "contiguous">,
  axes: readonly number[],
  reductions: readonly Reduction[],
): { readonly kernel: NamedKernel; readonly inputs: readonly StoredTensor[] } {
  const [{ dims }] = reductions;
  const [kept, reduced] = [false, true].map((wanted) =>
    dims.map((_, axis) => axis).filter((axis) => axes.includes(axis) === wanted),
  );
  const all = reductions.map(({ combined }) => (combined.kind === "splat" ? lowering.contiguous(combined) : combined));
  const inputs: StoredTensor[] = [];
  const inputNumber = (tensor: StoredTensor): number => {
    const known = inputs.findIndex(({ place, strides, dtype }) => {
      return place === tensor.place && dtype === tensor.dtype && strides.join() === tensor.strides.join();
    });
    return known < 0 ? inputs.push(tensor) - 1 : known;
  };
  const read = (combined: Combined): void => {
    if (combined.kind === "computed") combined.args.forEach(read);
    else if (combined.kind === "stored") inputNumber(combined);
  };
  all.forEach(read);
  // Values that are computed get their numbers once all inputs are known.
  const nodes: FusedNode[] = [];
  const numbers = new Map<Combined, number>();
  const numberOf = (combined: Combined): number => {
    if (combined.kind === "stored") return inputNumber(combined);
    const known = numbers.get(combined);
    if (known !== undefined) return known;
    const node =
      combined.kind === "splat"
        ? constantNode(combined.dtype, combined.value)
        : { ...combined, args: combined.args.map(numberOf) };
    const number = inputs.length + nodes.push(node) - 1;
    numbers.set(combined, number);
    return number;
  };
  const values = all.map(numberOf);
  return {
    inputs,
    kernel: {
      kept: kept.map((axis) => dims[axis]),
      reduced: reduced.map((axis) => dims[axis]),
      inputs: inputs.map(({ dtype, strides }): ReduceInput => ({
        dtype,
        kept: kept.map((axis) => strides[axis]),
        reduced: reduced.map((axis) => strides[axis]),
      })),
      nodes,
      results: reductions.map(({ initial, combine, out }, i) => ({
        value: values[i],
        dtype: out.dtype,
        initial,
        combine,
      })),
      names: reductions.map(({ name, initial }) => `${name} ${String(initial)}`),
    },
  };
}

/** Axes merged where all inputs are walked over as if they were one. */
function merge(kernel: NamedKernel): { readonly kernel: NamedKernel; readonly row: number } {
  const { kept, inputs } = kernel;
  const outer = coalesce(kept, [...inputs.map((input) => input.kept), stridesOf(kept)]);
  const inner = mergeReduced(
    kernel.reduced,
    inputs.map((input) => input.reduced),
  );
  return {
    row: rowLength(kept, outer.dims),
    kernel: {
      ...kernel,
      kept: outer.dims,
      reduced: inner.dims,
      inputs: inputs.map(({ dtype }, i) => ({ dtype, kept: outer.strides[i], reduced: inner.strides[i] })),
    },
  };
}

/** The last axis is merged with those in front of it only where each element stays in its part. */
function mergeReduced(dims: readonly number[], strides: readonly (readonly number[])[]): ReturnType<typeof coalesce> {
  const last = axisOfParts(dims);
  if (last === undefined || dims.includes(0))
    return { dims: [dims.includes(0) ? 0 : 1], strides: strides.map(() => [0]) };
  const count = dims[last] % PARTS === 0 ? last + 1 : last;
  const merged = coalesce(
    dims.slice(0, count),
    strides.map((walk) => walk.slice(0, count)),
  );
  return {
    dims: [...merged.dims, ...dims.slice(count, last + 1)],
    strides: strides.map((walk, i) => [...merged.strides[i], ...walk.slice(count, last + 1)]),
  };
}

function mergedKernel(kernel: NamedKernel, row: number, precision: Precision): Kernel {
  const { kept, reduced, inputs, nodes, results, names } = kernel;
  return {
    key: `reduce ${JSON.stringify([kept, reduced, inputs, nodes.map((node) => [node.key, node.args]), results, names])}`,
    arity: inputs.length + results.length,
    takesPlaces: true,
    write: (code, addresses) => {
      writeReduce(code, kernel, precision, addresses);
    },
    sharing: () => ({
      uses: [
        ...inputs.map((input) => ({
          span: spanOf([...kept, ...reduced], [...input.kept, ...input.reduced], BYTES[input.dtype]),
          writes: false,
        })),
        ...results.map(({ dtype }) => ({ span: spanOf(kept, stridesOf(kept), BYTES[dtype]), writes: true })),
      ],
      work: workOf(kernel),
      stops: false,
      divisions: (threads) =>
        divide(kernel, row, threads).map((pieces) =>
          pieces.map((piece) => ({ kernel: mergedKernel(piece.kernel, row, precision), shifts: piece.shifts })),
        ),
    }),
  };
}

/** What it takes to make one result of parts in lanes, beside reading elements. */
const JOIN = 8;

function workOf(kernel: ReduceKernel): number {
  const elements =
    elementCount(kernel.reduced) * (kernel.inputs.length + kernel.nodes.length + kernel.results.length - 1);
  const width = partsPerVector(kernel);
  const perResult = width > 1 ? elements / width + JOIN * kernel.results.length : elements / widthOfReduce(kernel);
  return elementCount(kernel.kept) * perResult;
}

/** Cuts along the first axis of the result. What is combined is never cut. */
function divide(kernel: NamedKernel, row: number, threads: number): readonly Division<NamedKernel>[] {
  const { kept, inputs, results } = kernel;
  if (kept.length === 0) return [];
  const [size, ...rest] = kept;
  const unit = rest.length === 0 ? widthOfReduce(kernel) : 1;
  const partOf = (
    begin: number,
    count: number,
  ): { readonly kernel: NamedKernel; readonly shifts: readonly number[] } => ({
    kernel: { ...kernel, kept: [count, ...rest] },
    shifts: [
      ...inputs.map((input) => begin * input.kept[0] * BYTES[input.dtype]),
      ...results.map(({ dtype }) => begin * elementCount(rest) * BYTES[dtype]),
    ],
  });
  return [row, unit].flatMap((each) => {
    const ranges = rangesOf(size, each, threads);
    const isCut = ranges.length > 1 && ranges.every(({ begin }) => begin % unit === 0);
    return isCut ? [ranges.map(({ begin, count }) => partOf(begin, count))] : [];
  });
}
