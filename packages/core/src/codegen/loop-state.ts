/**
 * Where carries of a loop are while it runs. Usually each has memory of its own, to which its next value is brought at the end of a step. A large one
 * whose values are stacked anyway moves through the stack instead, which has a row more for that: a step reads it in one row and
 * makes the next in the row behind, and nothing is copied. Decision 0071.
 */
import type { Graph, Node, ValueId } from "../ir/graph.js";
import { elementCount } from "../shape/strides.js";
import { sizesOf } from "../shape/tensor.js";
import { LARGE_IN_A_STEP } from "../shape/typical-bytes.js";
import { BYTES } from "./lanes-target.js";
import type { Lowering } from "./lowering.js";
import type { Block, Loop } from "./program.js";
import { rowOf, viewOf, type StoredTensor, type Tensor } from "./tensors.js";

/** One carry. */
export interface HeldCarry {
  /** Where a step reads it, and where its next value goes. */
  readonly before: StoredTensor;
  readonly after: StoredTensor;
  /** Where it is when the loop is done. */
  readonly last: StoredTensor;
  readonly isInStack: boolean;
}

export interface HeldState {
  readonly carries: readonly HeldCarry[];
  readonly stacks: readonly StoredTensor[];
}

interface LoopToHold {
  readonly lowering: Lowering;
  readonly node: Node;
  readonly loop: Loop;
  /** In which the loop is. */
  readonly block: Block;
  readonly consts: number;
  readonly initial: readonly Tensor[];
}

/** Which stacks hold a carry: as it is before each step, and as it is after. */
interface StacksOfCarry {
  readonly before: number | undefined;
  readonly after: number | undefined;
}

const found = (index: number): number | undefined => (index < 0 ? undefined : index);

function findStacks(region: Graph, consts: number, carries: number, carry: number): StacksOfCarry {
  const ys = region.outputs.slice(carries).map(({ value }) => value);
  const next = region.outputs[carry].value;
  const isMade = next >= region.params.length;
  return {
    before: found(ys.indexOf(consts + carry)),
    // Of equal values, what a step computes goes to the first.
    after: isMade ? found(ys.indexOf(next)) : undefined,
  };
}

/** Rows of a stack from one on. */
const rowsFrom = (stack: StoredTensor, first: number, count: number): StoredTensor => {
  const dims = [count, ...stack.dims.slice(1)];
  return viewOf(
    stack,
    dims.map((_, axis) => (axis === 0 ? first : 0)),
    dims.map((_, axis) => ({ axis, step: 1 })),
    dims,
  );
};

const rowAt = (stack: StoredTensor, row: number): StoredTensor => {
  const { dims, strides, ...rest } = rowsFrom(stack, row, 1);
  return { ...rest, dims: dims.slice(1), strides: strides.slice(1) };
};

/** Allocates the carries and stacks of a loop, and brings the initial values of the carries to where the first step reads them. */
export function holdLoop({ lowering, node, loop, block, consts, initial }: LoopToHold): HeldState {
  const [region] = node.regions;
  const { count, reverse, body } = loop;
  const types = node.types.slice(initial.length);
  const stacks: (StoredTensor | undefined)[] = types.map(() => undefined);
  const inBody = (tensor: StoredTensor): StoredTensor => ({ ...tensor, block: body });
  const nextValues = new Set<ValueId>();
  const carries = initial.map((tensor, k): HeldCarry => {
    const { before, after } = findStacks(region, consts, initial.length, k);
    // The stack of a small one may better take the memory of another, which has as many rows.
    const isLarge = elementCount(tensor.dims) * BYTES[tensor.dtype] >= LARGE_IN_A_STEP;
    const next = region.outputs[k].value;
    const isTaken = [before, after].some((j) => j !== undefined && stacks[j] !== undefined);
    if (!isLarge || isTaken || nextValues.has(next) || (before === undefined && after === undefined)) {
      const held = lowering.allocate(tensor, block);
      lowering.copy(tensor, held, block);
      return { before: inBody(held), after: inBody(held), last: held, isInStack: false };
    }
    nextValues.add(next);
    const all = lowering.allocate({ dtype: tensor.dtype, dims: [count + 1, ...tensor.dims] }, block);
    lowering.copy(tensor, rowAt(all, reverse ? count : 0), block);
    const rows = { before: rowsFrom(all, reverse ? 1 : 0, count), after: rowsFrom(all, reverse ? 0 : 1, count) };
    if (before !== undefined) stacks[before] = rows.before;
    if (after !== undefined) stacks[after] = rows.after;
    return {
      before: rowOf(rows.before, loop),
      after: rowOf(rows.after, loop),
      last: rowAt(all, reverse ? 0 : count),
      isInStack: true,
    };
  });
  return {
    carries,
    stacks: types.map((type, j) => stacks[j] ?? lowering.allocate({ dtype: type.dtype, dims: sizesOf(type) }, block)),
  };
}
