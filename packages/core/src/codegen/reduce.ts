/**
 * Reduce kernels: folds over some axes, in the order of kernel/parts.ts, of tensors or of what is computed from them on the
 * way. Where results are neighbours, a vector of them at a time, each part in a vector of its own; where elements along
 * the last axis are, parts are lanes.
 */
import type { LaneFunction } from "../kernel/kernel.js";
import { joinParts, PARTS } from "../kernel/parts.js";
import type { DType } from "../shape/tensor-type.js";
import type { Code } from "./assembler.js";
import {
  BYTES,
  firstLanes,
  lanesFrom,
  load,
  loadLane,
  store,
  storeLane,
  wasmLanes,
  type Operand,
  type Precision,
  type Width,
} from "./lanes-target.js";
import type { Address } from "./program.js";
import { operationsOf, type LaneCall } from "./vectorizable.js";
import { advanceWalks, beginWalks } from "./walks.js";

/** How a tensor is walked over, along the axes of the result and along those that are combined. */
export interface ReduceInput {
  readonly dtype: DType;
  readonly kept: readonly number[];
  readonly reduced: readonly number[];
}

export interface ReduceResult {
  /** Index of a value, whose elements are combined: inputs first, then nodes. */
  readonly value: number;
  readonly dtype: DType;
  readonly initial: number;
  readonly combine: LaneFunction;
}

/** Axes are merged where they can be. Results are row-major. There is at least one axis that is combined. */
export interface ReduceKernel {
  readonly kept: readonly number[];
  readonly reduced: readonly number[];
  readonly inputs: readonly ReduceInput[];
  readonly nodes: readonly LaneCall[];
  readonly results: readonly ReduceResult[];
}

const vectorWidthOf = ({ inputs, nodes }: ReduceKernel): Width =>
  operationsOf(
    inputs.map(({ dtype }) => dtype),
    nodes,
  ).width;

/** Whether neighbours lie side by side, or are one element; not all of them the latter. */
const areNeighbours = (strides: readonly (number | undefined)[]): boolean =>
  strides.includes(1) && strides.every((stride) => stride === 1 || stride === 0);

/** How many results that are neighbours are computed at once; fewer at the end of their axis are computed one by one. */
export const widthOfReduce = (kernel: ReduceKernel): Width =>
  areNeighbours(kernel.inputs.map(({ kept }) => kept.at(-1))) ? vectorWidthOf(kernel) : 1;

/** How many parts are lanes of one vector; 1 where they are not. */
export function partsPerVector(kernel: ReduceKernel): Width {
  const width = vectorWidthOf(kernel);
  const isLong = (kernel.reduced.at(-1) ?? 1) >= width;
  const inLanes = isLong && areNeighbours(kernel.inputs.map(({ reduced }) => reduced.at(-1)));
  return widthOfReduce(kernel) === 1 && inLanes ? width : 1;
}

/**
 * Vectors of neighbouring results that are folded together: a cache line. Where rows lie far apart, the rest of a line that was read for
 * one vector would be gone before the next one needs it. Their parts are more than registers, and wait in the nearest cache.
 */
const VECTORS_AT_ONCE = 4;

/** Where a fold stands: the value of a variable is replaced. */
function replace(code: Code, variable: Operand, by: Operand): void {
  code.get(by.local);
  code.set(variable.local);
}

/** Writes the kernel's function body. Addresses: of the inputs, then of the results. */
export function writeReduce(
  code: Code,
  kernel: ReduceKernel,
  precision: Precision,
  addresses: readonly Address[],
): void {
  const { kept, reduced, inputs, nodes, results } = kernel;
  if (kept.includes(0)) return;
  const rank = kept.length;
  const dims = [...kept, ...reduced];
  const positions = beginWalks(
    code,
    addresses,
    inputs.map(({ dtype, kept: outer, reduced: inner }) => ({ dtype, strides: [...outer, ...inner] })),
  );
  const advanceAll = (by: (strides: readonly number[]) => number): void => {
    advanceWalks(code, positions, by);
  };
  const last = dims.length - 1;
  const lastSize = reduced.at(-1) ?? 1;
  const perVector = partsPerVector(kernel);
  // An offset in an instruction is not negative.
  const ahead = inputs.every((input) => (input.reduced.at(-1) ?? 0) >= 0);

  /** The values whose elements are combined, from what `read` gives for the inputs. */
  const computed = (width: Width, read: (input: number) => Operand): readonly Operand[] => {
    const lanes = wasmLanes(code, width, precision);
    const values = new Map<number, Operand>();
    const valueOf = (value: number): Operand => {
      const known = values.get(value) ?? read(value);
      values.set(value, known);
      return known;
    };
    nodes.forEach(({ lane, args }, i) => values.set(inputs.length + i, lane(lanes, ...args.map(valueOf))));
    return results.map(({ value }) => valueOf(value));
  };

  /** Goes over what is combined for a result; `take` takes some elements of the last axis, and moves behind them. */
  const walk = (take: (count: number) => void): void => {
    if (reduced.includes(0)) return;
    const nest = (axis: number): void => {
      if (axis >= last) {
        const turns = Math.floor(lastSize / PARTS);
        if (turns > 0)
          code.repeat(turns, () => {
            take(PARTS);
          });
        if (lastSize % PARTS > 0) take(lastSize % PARTS);
        return;
      }
      code.repeat(dims[axis], () => {
        nest(axis + 1);
        advanceAll((strides) => strides[axis] - strides[axis + 1] * dims[axis + 1]);
      });
    };
    nest(rank);
  };
  const targets = beginWalks(
    code,
    addresses.slice(inputs.length),
    results.map(({ dtype }) => ({ dtype, strides: [1] })),
  );

  /** Results that are neighbours: vectors of them, as wide as the width says. */
  const foldResults = (width: Width, vectors: number): void => {
    const lanes = wasmLanes(code, width, precision);
    const count = Math.max(1, Math.min(PARTS, lastSize));
    const indices = Array.from({ length: vectors }, (_, i) => i);
    const parts = indices.map(() =>
      results.map(({ dtype, initial }) => Array.from({ length: count }, () => lanes.constant(dtype, initial))),
    );
    walk((size) => {
      for (let part = 0; part < size; part++) {
        for (const vector of indices) {
          const values = computed(width, (input) => {
            const { dtype, kept: outer } = inputs[input];
            const { at, bytes, strides } = positions[input];
            const isSame = outer.at(-1) === 0;
            const offset = (ahead ? part * strides[last] : 0) + (isSame ? 0 : vector * width * BYTES[dtype]);
            return load(code, dtype, at, bytes + offset, width, isSame);
          });
          values.forEach((value, i) => {
            replace(code, parts[vector][i][part], results[i].combine(lanes, parts[vector][i][part], value));
          });
        }
        if (!ahead) advanceAll((strides) => strides[last]);
      }
      if (ahead) advanceAll((strides) => size * strides[last]);
    });
    for (const vector of indices)
      results.forEach(({ combine, dtype }, i) => {
        const { at, bytes } = targets[i];
        const joined = joinParts(parts[vector][i], (x, y) => combine(lanes, x, y));
        store(code, joined, at, bytes + vector * width * BYTES[dtype], width);
      });
  };

  /** One of each result, whose parts are lanes. */
  const foldLanes = (width: Exclude<Width, 1>): void => {
    const lanes = wasmLanes(code, width, precision);
    const count = Math.min(PARTS / width, Math.ceil(lastSize / width));
    const parts = results.map(({ dtype, initial }) =>
      Array.from({ length: count }, () => lanes.constant(dtype, initial)),
    );
    walk((size) => {
      for (let part = 0; part * width < size; part++) {
        const first = part * width;
        const there = Math.min(width, size - first);
        const values = computed(width, (input) => {
          const { dtype } = inputs[input];
          const { at, bytes, strides } = positions[input];
          const step = strides[last];
          if (there === width || step === 0) return load(code, dtype, at, bytes + first * step, width, step === 0);
          let elements = lanes.constant(dtype, 0);
          for (let lane = 0; lane < there; lane++)
            elements = loadLane(code, elements, at, bytes + (first + lane) * step, lane);
          return elements;
        });
        values.forEach((value, i) => {
          const { dtype, initial, combine } = results[i];
          // What is computed in lanes without an element is none.
          const elements =
            there === width
              ? value
              : lanes.select(firstLanes(code, dtype, there), value, lanes.constant(dtype, initial));
          replace(code, parts[i][part], combine(lanes, parts[i][part], elements));
        });
      }
      advanceAll((strides) => size * strides[last]);
    });
    results.forEach(({ combine }, i) => {
      let sum = joinParts(parts[i], (x, y) => combine(lanes, x, y), PARTS / width);
      for (let half = width / 2; half >= 1; half /= 2) sum = combine(lanes, sum, lanesFrom(code, sum, half));
      storeLane(code, sum, targets[i].at, targets[i].bytes);
    });
  };
  const fold = (width: Width, vectors: number): void => {
    if (perVector > 1) foldLanes(perVector as Exclude<Width, 1>);
    else foldResults(width, vectors);
  };
  /** How far the fold has moved from where it began. */
  const moved = (strides: readonly number[]): number => strides[rank] * dims[rank];
  const run = (width: Width, vectors: number, count: number): void => {
    if (count === 0) return;
    code.repeat(count, () => {
      fold(width, vectors);
      advanceAll((strides) => strides[rank - 1] * width * vectors - moved(strides));
      advanceWalks(code, targets, ([element]) => element * width * vectors);
    });
  };
  const nest = (axis: number): void => {
    if (rank === 0) {
      fold(1, 1);
      return;
    }
    if (axis === rank - 1) {
      const width = widthOfReduce(kernel);
      const vectors = Math.floor(kept[axis] / width);
      const together = width > 1 ? VECTORS_AT_ONCE : 1;
      run(width, together, Math.floor(vectors / together));
      run(width, 1, vectors % together);
      run(1, 1, kept[axis] % width);
      return;
    }
    code.repeat(kept[axis], () => {
      nest(axis + 1);
      advanceAll((strides) => strides[axis] - strides[axis + 1] * kept[axis + 1]);
    });
  };
  nest(0);
}
