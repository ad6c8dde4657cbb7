/**
 * Prefix kernels as steps of a program: a loop along the axis, whose body is one map over all lines; or one kernel, where it is elements of a line
 * that are neighbours rather than lines.
 */
import type { Kernel as KernelSpec } from "../kernel/kernel.js";
import { BYTES, type Precision } from "./lanes-target.js";
import { mapStep } from "./lower-map.js";
import type { Lowering } from "./lowering.js";
import { coalesce } from "./map.js";
import { writePrefix, type PrefixKernel } from "./prefix.js";
import { loopIn, type Block, type Kernel } from "./program.js";
import { rangesOf } from "./sharing.js";
import { spanOf } from "./spans.js";
import { rowOf, viewOf, type StoredTensor, type Tensor } from "./tensors.js";
import { WIDTH } from "./turned.js";

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
  const [x] = elements;
  const lines = isOne && initial.length === 0 && x.kind === "stored" ? linesOf(x, out, axis) : undefined;
  if (lines !== undefined && x.kind === "stored") {
    const kernel = prefixKernel({ ...lines, reverse, next: next[0] }, key, lowering.precision);
    lowering.append(block, { kind: "call", kernel, args: [x.place, out.place] });
    return;
  }
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

/** Lines whose elements are neighbours, both of the operand and of the result, and lie equally far apart; undefined where they do not. */
function linesOf(
  x: StoredTensor,
  out: StoredTensor,
  axis: number,
): Pick<PrefixKernel, "lines" | "length" | "from" | "to"> | undefined {
  if (x.dtype !== "f32" || out.dtype !== "f32" || x.strides[axis] !== 1 || out.strides[axis] !== 1) return undefined;
  const { dims, strides } = coalesce(
    out.dims.filter((_, i) => i !== axis),
    [x, out].map((tensor) => tensor.strides.filter((_, i) => i !== axis)),
  );
  const [lines = 1] = dims;
  const [from, to] = strides.map(([stride = 0]) => stride);
  if (dims.length > 1 || lines < WIDTH || from < 0 || to < 0) return undefined;
  return { lines, length: out.dims[axis], from, to };
}

/** `key` tells lane functions apart. */
function prefixKernel(prefix: PrefixKernel, key: string, precision: Precision): Kernel {
  const { lines, length, from, to } = prefix;
  return {
    key: `prefix ${key} ${JSON.stringify(prefix)}`,
    arity: 2,
    write: (code) => {
      writePrefix(code, prefix, precision);
    },
    sharing: () => ({
      uses: [from, to].map((apart, i) => ({
        span: spanOf([lines, length], [apart, 1], BYTES.f32),
        writes: i === 1,
      })),
      // Each element waits for the one before it.
      work: 4 * length * Math.ceil(lines / WIDTH),
      stops: false,
      divisions: (threads) => {
        const ranges = rangesOf(lines, WIDTH, threads);
        if (ranges.length < 2) return [];
        return [
          ranges.map(({ begin, count }) => ({
            kernel: prefixKernel({ ...prefix, lines: count }, key, precision),
            shifts: [begin * from * BYTES.f32, begin * to * BYTES.f32],
          })),
        ];
      },
    }),
  };
}
