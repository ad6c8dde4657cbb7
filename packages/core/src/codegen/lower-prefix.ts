/** Prefix kernels as steps of a program: a loop along the axis, whose body is one map over all lines. */
import type { Kernel as KernelSpec } from "../kernel/kernel.js";
import { mapStep } from "./lower-map.js";
import type { Lowering } from "./lowering.js";
import { loopIn, type Block } from "./program.js";
import { rowOf, viewOf, type StoredTensor, type Tensor } from "./tensors.js";

type PrefixSpec = KernelSpec & { readonly kind: "prefix" };

/** Of an operand or the result, what a step works on. */
type Rows = <T extends Tensor>(tensor: T) => T;

/** Appends the states into `out`. `key` tells lane functions apart; it holds the op and the number of states. */
export function prefixSteps(
  lowering: Lowering,
  { axis, reverse, initial, next }: PrefixSpec,
  operands: readonly Tensor[],
  out: StoredTensor,
  block: Block,
  key: string,
): void {
  const isOne = next.length === 1;
  const line = isOne ? out.dims : out.dims.slice(1);
  const length = line[axis];
  if (length === 0) return;
  const others = line.map((_, i) => i).filter((i) => i !== axis);
  const reads = others.map((from) => ({ axis: from, step: 1 }));
  const rest = others.map((i) => line[i]);
  const startAt = (start: number): readonly number[] => line.map((_, i) => (i === axis ? start : 0));
  const outs = next.map((_, i) => {
    const along = line.map((_, to) => ({ axis: to + 1, step: 1 }));
    return isOne ? out : viewOf(out, [i, ...line.map(() => 0)], along, line);
  });
  const elements = operands.filter((_, i) => !initial.includes(i));
  const step = (into: Block, before: readonly Tensor[], rows: Rows): void => {
    const inputs = [...before, ...elements.map((x) => rows(x))];
    const args = inputs.map((_, i) => i);
    mapStep(
      lowering,
      into,
      rest,
      inputs,
      next.map((lane, i) => ({ lane, key: isOne ? key : `${key} ${String(i)}`, args })),
      outs.map((to, i) => ({ value: inputs.length + i, to: rows(to) })),
    );
  };

  const first: Rows = (tensor) => viewOf(tensor, startAt(reverse ? length - 1 : 0), reads, rest);
  if (initial.length === 0) lowering.copy(first(elements[0]), first(out), block);
  else
    step(
      block,
      initial.map((i) => operands[i]),
      first,
    );
  if (length === 1) return;
  const loop = loopIn(block, length - 1, reverse);
  const rowsFrom =
    (start: number): Rows =>
    (tensor) =>
      rowOf(viewOf(tensor, startAt(start), [{ axis, step: 1 }, ...reads], [length - 1, ...rest]), loop);
  // Going up, row i of the loop is element i + 1, and the states before it element i; going down the other way round.
  step(loop.body, outs.map(rowsFrom(reverse ? 1 : 0)), rowsFrom(reverse ? 0 : 1));
  lowering.append(block, { kind: "loop", loop });
}
