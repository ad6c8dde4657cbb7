/** Our own cells against each other: separate gates and hand-fused ones, GRU and simple RNN. */
import { latchgrad } from "../latchgrad.ts";
import { load } from "../machine.ts";
import { measure, type Effort } from "../measure.ts";
import { fusedLstm } from "../fused-lstm.ts";
import { peak } from "../peak.ts";
import type { Group } from "../results.ts";
import { batchOf, modelOf, type CellType, type Sizes } from "../workload.ts";

export const FUSED = "lstm, hand-fused";
const CELLS: readonly CellType[] = ["lstm", "gru", "rnn"];

export async function measureCells(sizes: Sizes, effort: Effort): Promise<Group> {
  const batch = batchOf(sizes);
  const timings = await measure(
    [
      peak(),
      latchgrad(FUSED, fusedLstm(sizes), batch),
      ...CELLS.map((cell) => latchgrad(cell, modelOf(cell, sizes), batch)),
    ],
    effort,
  );
  return { sizes, timings, load: load(), absent: {} };
}
