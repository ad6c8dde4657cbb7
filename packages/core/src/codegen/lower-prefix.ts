/** Prefix kernels as steps of a program: a loop along the axis, whose body is one map over all lines. */
import type { Kernel as KernelSpec } from "../kernel/kernel.js";
import { mapStep } from "./lower-map.js";
import type { Lowering } from "./lowering.js";
import { loopIn, type Block } from "./program.js";
import { rowOf, viewOf, type StoredTensor, type Tensor } from "./tensors.js";

type PrefixSpec = KernelSpec & { readonly kind: "prefix" };

/** Of an operand or the result, what a step works on. */
type Rows = <T extends Tensor>(tensor: T) => T;

/** Appends the states into `out`. `key` tells lane functions apart. */
export function prefixSteps(
  lowering: Lowering,
  { axis, reverse, initial, next }: PrefixSpec,
  operands: readonly Tensor[],
  out: StoredTensor,
  block: Block,
  key: string,
): void {
  const length = out.dims[axis];
  if (length === 0) return;
  const others = out.dims.map((_, i) => i).filter((i) => i !== axis);
  const reads = others.map((from) => ({ axis: from, step: 1 }));
  const rest = others.map((i) => out.dims[i]);
  const startAt = (start: number): readonly number[] => out.dims.map((_, i) => (i === axis ? start : 0));
  const elements = operands.filter((_, i) => i !== initial);
  const step = (into: Block, before: Tensor, rows: Rows): void => {
    const inputs = [before, ...elements.map((x) => rows(x))];
    const args = inputs.map((_, i) => i);
    const to = rows(out);
    mapStep(lowering, into, rest, inputs, [{ lane: next, key, args }], [{ value: inputs.length, to }]);
  };

  const first: Rows = (tensor) => viewOf(tensor, startAt(reverse ? length - 1 : 0), reads, rest);
  if (initial === undefined) lowering.copy(first(elements[0]), first(out), block);
  else step(block, operands[initial], first);
  if (length === 1) return;
  const loop = loopIn(block, length - 1, reverse);
  const rowsFrom =
    (start: number): Rows =>
    (tensor) =>
      rowOf(viewOf(tensor, startAt(start), [{ axis, step: 1 }, ...reads], [length - 1, ...rest]), loop);
  // Going up, row i of the loop is element i + 1, and the state before it element i; going down the other way round.
  step(loop.body, rowsFrom(reverse ? 1 : 0)(out), rowsFrom(reverse ? 0 : 1));
  lowering.append(block, { kind: "loop", loop });
}
