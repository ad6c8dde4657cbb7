/** Overlap kernels as steps of a program: for every element of a window one map that adds it at all positions. */
import type { Kernel as KernelSpec, LaneFunction } from "../kernel/kernel.js";
import { mapStep } from "./lower-map.js";
import type { Lowering } from "./lowering.js";
import { loopIn, type Block } from "./program.js";
import { rowOf, viewOf, type StoredTensor, type Tensor } from "./tensors.js";

type OverlapSpec = KernelSpec & { readonly kind: "overlap" };

const sum: LaneFunction = (k, x, y) => k.add(x, y);

/** Appends the windows of `x`, added up in their places, into `out`. */
export function overlapSteps(
  lowering: Lowering,
  { axes, steps, dilations }: OverlapSpec,
  x: Tensor,
  out: StoredTensor,
  block: Block,
): void {
  lowering.copy({ kind: "splat", dtype: out.dtype, dims: out.dims, value: 0 }, out, block);
  const rank = out.dims.length;
  const positions = x.dims.slice(0, rank);
  const sizes = x.dims.slice(rank);
  if (x.dims.includes(0)) return;
  const all = out.dims.map((_, axis) => axis);
  // Both with the axes of the window in front: one index of them is one element of every window.
  let from: Tensor = viewOf(
    x,
    [],
    [...sizes.map((_, i) => rank + i), ...all].map((axis) => ({ axis, step: 1 })),
    [...sizes, ...positions],
  );
  let to: StoredTensor = viewOf(
    out,
    [],
    [
      ...axes.map((axis, i) => ({ axis, step: dilations[i] })),
      ...all.map((axis) => ({ axis, step: steps[axes.indexOf(axis)] ?? 1 })),
    ],
    [...sizes, ...positions],
  );
  let innermost = block;
  const loops = sizes.map((size) => {
    const loop = loopIn(innermost, size, false);
    innermost = loop.body;
    from = rowOf(from, loop);
    to = rowOf(to, loop);
    return loop;
  });
  const key = `overlap ${out.dtype}`;
  mapStep(lowering, innermost, positions, [to, from], [{ lane: sum, key, args: [0, 1] }], [{ value: 2, to }]);
  loops.forEach((loop, i) => {
    lowering.append(i === 0 ? block : loops[i - 1].body, { kind: "loop", loop });
  });
}
