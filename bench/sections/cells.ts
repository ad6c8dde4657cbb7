/** Cells: separate gates and hand-fused ones, and cells of the library, each beside the same cell in PyTorch and JAX. */
import { load } from "../machine.ts";
import { measure, type Effort } from "../measure.ts";
import { FUSED, withProcesses } from "../own.ts";
import { peak } from "../peak.ts";
import type { PythonPeers } from "../peers/python.ts";
import type { Group } from "../results.ts";
import type { CellType, Sizes } from "../workload.ts";

export const OWN_CELLS: readonly CellType[] = ["lstm", "lstmPeephole", "cifg", "lstmLayerNorm", "gru", "mgu", "rnn"];
/** Cells that the Python files have as well. */
const COMPARED = OWN_CELLS.filter((cell) => cell !== "rnn");

export const inTorch = (cell: CellType): string => `${cell}, PyTorch`;
export const inJax = (cell: CellType): string => `${cell}, JAX`;

/** All with one thread. */
export async function measureCells(sizes: Sizes, effort: Effort, { torch, jax }: PythonPeers): Promise<Group> {
  const { timings, absent } = await withProcesses(sizes, async (own) =>
    measure(
      [
        peak(),
        ...[FUSED, ...OWN_CELLS].flatMap(own),
        ...COMPARED.flatMap((cell) => (torch === undefined ? [] : [torch.one.contender(inTorch(cell), cell, sizes)])),
        ...COMPARED.flatMap((cell) => (jax === undefined ? [] : [jax.one.contender(inJax(cell), cell, sizes)])),
      ],
      effort,
    ),
  );
  return { sizes, timings, load: load(), absent };
}
